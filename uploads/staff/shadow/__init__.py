"""Test this change, in the admin.

admin.py   the rules, with their tests beside them
asked.py   the change that is meant: from the form of a rule that isn't saved, or chosen in a list
page.py    asking for a test, all tests, what one found, making what was tested
found.py   what a test found, as its page shows it
"""

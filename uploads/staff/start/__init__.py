"""Where staff begin: the list of work, and the figures behind it.

page.py     the list of all that waits for a person
acts.py     what is noted and decided there
figures.py  what is going on, in numbers
"""

"""What waits for a person: found, counted, and put in the order in which it matters; what people note of it.

shared_values.py   wrong values over all vendors, and SKUs that two claim
everywhere.py      what is decided about them, for all vendors at once
comments.py        what staff and a vendor's people say to each other
forms.py           what is typed to say it
mailing.py         and its mails
"""

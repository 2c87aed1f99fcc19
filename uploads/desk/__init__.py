"""What waits for a person: found, counted, and put in the order in which it matters; what people note of it.

work_list.py       all of it, group by group
things.py          a thing that waits, and a group of such things
failed_uploads.py  files that could not be imported
programs.py         what programs and sources wait for
newcomers.py       companies to approve, and new names
troubles.py        what isn't in order with the platform
answers.py         what vendors said and nobody has answered
shared_work.py     wrong values over all vendors, and SKUs that two claim, as work
items.py           what people note: who does it, until when, that it is done
waiting_count.py   how much waits, for every page
shared_values.py   the same as they are counted
everywhere.py      what is decided about them, for all vendors at once
comments.py        what staff and a vendor's people say to each other
forms.py           what is typed to say it
mailing.py         and its mails
"""

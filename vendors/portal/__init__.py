"""The vendors' pages about companies and people; those about feeds are in uploads/portal.

start.py        where somebody who opens the platform belongs
apply.py        a company applies
prove.py        the code that was sent to an address
profile.py      its data, kept by its owners
members.py      who works for it
tokens.py       what its programs prove themselves with
webhooks.py     what its programs are told, and what came of it
invitations.py  a colleague follows the link in the mail
"""

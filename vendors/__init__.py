"""Who may send products: vendors, and who may see which of them (access.py).

A company applies on the web (apply.py) and staff decide (approval.py); its owners keep its data (profile.py) and say
who works for it (members.py, invitations.py; the pages are member_pages.py and invitation_pages.py). start.py leads
people to where they belong, letters.py writes to them.
"""

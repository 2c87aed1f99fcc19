"""The HTTP API for a vendor's programs, below /api/v1/.

base.py      what all calls have in common: whose token, limits, answers that are given twice, refusals
problems.py  refusals as RFC 9457 has them, each kind with its explanation
cursors.py   long lists a page at a time, by opaque cursors
shapes.py    the base of what is sent and answered
me.py        what a token is, and what it may
urls.py      the addresses
"""

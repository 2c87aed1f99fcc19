"""The HTTP API for a vendor's programs, below /api/v1/.

base.py      what all calls have in common: whose token, limits, answers that are given twice, refusals
limits.py    how many calls a token may make
idempotent.py the same call twice is done once
problems.py  refusals as RFC 9457 has them, each kind with its explanation
cursors.py   long lists a page at a time, by opaque cursors
shapes.py    the base of what is sent and answered
feeds.py     announce a feed or send it, submit it, answer, cancel
feed_out.py  a feed, as programs are told of it
listing.py   all feeds of a vendor
rows.py      what became of each row; the failed ones as a file
row_outcomes.py  the same as it is asked of the database
corrections.py   failed rows, corrected or tried again
products.py      the catalog, and how a product came to be
reference.py     columns, categories, codes
targets.py   where a file is put, on a site whose storage programs can't reach
me.py        what a token is, and what it may
urls.py      the addresses
"""

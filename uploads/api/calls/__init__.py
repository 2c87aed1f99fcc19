"""The calls of the HTTP API. Each module has a router with some, or adds its own to another's.

feeds.py        announce a feed or send it, submit it, answer, cancel
listing.py      all feeds of a vendor
rows.py         what became of each row; the failed ones as a file
corrections.py  failed rows, corrected or tried again
products.py     the catalog, and how a product came to be
reference.py    columns, categories, codes
webhooks.py     where events are told, and what came of it
me.py           what a token is, and what it may
"""

"""The admin's pages about uploads, for staff.

uploads.py      uploads, and the page of one
actions.py      what can be done to uploads: shown first with its effect, logged after
errors.py       what is wrong with rows
corrections.py  one failed row, corrected
mending.py      failed rows, corrected many at once
shadow/         a change of rules, tested on past rows before it is made
everywhere/     wrong values of all vendors, mended for all of them at once
ledger.py       what became of each record, and how far the stream was read
records.py      what DynamoDB has of an upload
jobs.py         work that somebody asked for
sources.py      where feeds are fetched from
rules.py        what a vendor's columns and values mean
severities/     which problems keep rows out, and for whom
thresholds/     beyond what files are held, and for whom
products.py     products with their import and their timeline
categories.py   categories with the rows that wait for one
vendors.py      vendors with their quality
programs/       what vendors' programs have: tokens, webhooks
find.py         the search over everything
talk/           what staff say to each other and to vendors
start/          where staff begin: the list of work, and the figures
listing.py      what these lists share
pages/          the pages of one upload, one vendor, one product
"""

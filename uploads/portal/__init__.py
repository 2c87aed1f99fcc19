"""The vendors' pages about feeds; those about companies and people are in vendors/portal.

urls.py         all addresses below /vendor/
pages.py        what these pages share
home.py         where a vendor begins
upload.py       a file is sent: choose, preview, confirm
progress.py     how an upload gets on
errors.py       what is wrong with its rows
corrections.py  failed rows are corrected and retried
values.py       what waits, and all wrong values of a field at once
settled.py      rows that are ignored, or closed since
undo.py         what an upload changed is taken back
messages.py     what staff and the vendor say to each other
catalog.py      the vendor's products
sources/        where feeds are fetched from
history.py      its uploads over time
quality.py      how its files got better or worse
find.py         where one product is
"""

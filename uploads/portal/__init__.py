"""The vendors' pages about feeds; those about companies and people are in vendors/portal.

urls.py      all addresses below /vendor/
pages.py     where a vendor begins
upload.py    a file is sent: choose, preview, confirm
guide.py     what each column is, and a template
progress.py  how an upload gets on
errors.py    what is wrong with its rows, and how it is corrected
catalog.py   the vendor's products
quality.py   its uploads over time, and where a product is
"""

"""Severities in the admin: which problems keep rows out, of all vendors, of one, in a category.

listing.py  the page and the form: what was said is added to, and never changed
codes.py    the table of all kinds of problems, with what counts for whom and from when
"""

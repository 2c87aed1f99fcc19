"""Thresholds in the admin: beyond what files and records of programs are held, for all, a category or a vendor.

listing.py  the page and the form
table.py    what counts of each kind: the default, or what staff set in its place, and by whom
"""

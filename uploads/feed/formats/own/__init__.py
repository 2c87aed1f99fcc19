"""Lists of the vendor's own, beside lists.py.

changes.py  those that only change products that are in the catalog
"""

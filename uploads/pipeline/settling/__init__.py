"""Errors that nobody has to do anything about any more, though their rows were not retried.

identity.py  which product a failed row is about
settle.py    errors are settled or opened, and their uploads' counters with them
closing.py   errors whose product came right in another way
totals.py    counts of wrong values over all vendors
"""

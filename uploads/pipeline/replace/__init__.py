"""A file that is the vendor's whole catalog: what it lacks is retired, after its last row.

absent.py   the step: what is absent is retired in slices, or its stock is set to 0
lacked.py   which products are absent
why_not.py  why nothing may be retired by a file
"""

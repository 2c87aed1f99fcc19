"""A file that is the vendor's whole catalog: what it lacks is retired, after its last row.

absent.py   the step: finds what is absent, in slices, and retires it or sets its stock to 0
why_not.py  why nothing may be retired by a file
"""

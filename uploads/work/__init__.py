"""How work gets to workers, whatever it is about.

jobs.py  what people ask for and takes longer than a page: done in slices
"""

"""The table itself, where its stream can't be trusted to have shown everything (invariant 6).

continuity.py  since when nothing was put into the table that nobody has seen, and where that is in doubt
scan.py        the whole table read for records that still wait
"""

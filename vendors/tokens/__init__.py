"""What a vendor's programs prove themselves with.

check.py  whose token this is, and whether it still works
"""

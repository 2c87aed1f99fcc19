"""What a vendor's programs prove themselves with.

texts.py  what a token looks like
check.py  whose token this is, and whether it still works
make.py   making tokens, and revoking them
expiring.py which tokens are about to expire
"""

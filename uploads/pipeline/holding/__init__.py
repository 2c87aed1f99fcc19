"""Vendors whose rows don't take effect just now: what comes for them waits in the table, and goes on when they do.

pausing.py   staff pause a vendor's feeds, and resume them
withheld.py  the records of a batch that are left as they are, and the mark on their uploads
window.py    what programs did within the last hour, held against the thresholds of files
answering.py  what is decided of records that wait since they look wrong
waiting.py   what these would do now, by which an owner may answer or not
did.py       what a record comes to, as the catalog is asked and as the hour counts it
release.py   what waited, fed to the same commit once nothing holds it back
"""

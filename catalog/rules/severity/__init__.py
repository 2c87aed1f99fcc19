"""How grave problems are, and what is worth a look in rows that nothing is wrong with.

severities.py  which problems are errors for a vendor and a category, by what staff said
doubts.py      values that can be stored, and are perhaps not what was meant
"""

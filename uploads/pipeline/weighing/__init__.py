"""How grave a row's problems are, as staff said.

severities.py  what they said by now, of each vendor
"""

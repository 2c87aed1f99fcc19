"""What a cell means, where that takes more than a look.

action.py    what the row asks for
category.py  which category of ours
emptied.py   that a field is to be emptied
gtin.py      which GTIN, and whether its check digit is right
image.py     the address of a picture
stock.py     which stock quantity
"""

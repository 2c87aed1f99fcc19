"""How each field of a product is read from a row: for a plan it is made ready once, then called for every row.

What depends on the plan alone is decided when a reader is made, so what is left for a row is to look into its cells.

step.py         what a reader is given, and what it adds to
cells.py        a field's cell, in a row or in its head
category.py     which of our categories, by the cell or by an answer
identifiers.py  product ID and SKU, made of others where they are missing
texts.py        name with options, brand, description
shown.py        GTIN and picture of an export
amounts.py      price, currency and stock
"""

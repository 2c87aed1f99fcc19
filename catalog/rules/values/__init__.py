"""What a cell means, where that takes more than a look.

category.py  which category of ours
stock.py     which stock quantity
"""

"""What is wrong in files of many vendors, mended for all of them at once in the admin.

page.py     the wrong values of all vendors, by field
one.py      the form of one of them, wherever it stands
claims.py   SKUs that two vendors claim
gtins.py    GTINs that products of two vendors have
"""

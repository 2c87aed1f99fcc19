"""The validated catalog: products and the category whitelist.

    rules/              what a product must be, pure
    models.py           products, their changes, and categories
    committer.py        drafts → products; the only writer of products that feeds bring
    snapshot.py         the products as they stand, which that decides by
    near.py             which product is perhaps meant by an identifier that none has
    by_hand.py          products that staff enter, edit and delete
    same_gtins.py       GTINs that products of two vendors have
    search.py           products by words, SKU or ID
    category_tree.py    the whitelist as a tree
    category_import.py  the whitelist as a spreadsheet
    forms.py            a product as a form
    admin.py            products in the admin
    category_admin.py   categories in the admin

Nothing here knows of uploads.
"""

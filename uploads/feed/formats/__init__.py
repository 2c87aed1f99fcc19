"""What files of shops and ERPs mean, and lists of the vendor's own: pure, like all of uploads.feed.

model.py      a Format, the Plan of one file, and its way through JSON
known/        the formats, as data
detect.py     which format a file has, by its headers
plan.py       how one file is understood: its columns, its answers, what is said
lists.py      the same for a list of the vendor's own
own/          whether such a list only changes products
names.py      the names that columns of such lists go by
groups.py     rows that belong together, and what is remembered of a group's first row
meaning.py    one row → the fields of a product, or why it is none, or what has no answer yet
ruled.py      the same where the vendor has rules for values that it keeps writing
derived.py    which values of a row aren't what stands in its cells, and where each comes from
made.py       values that are made of cells: SKUs, names with options, whole cents
left_out.py   which rows are no products
fields/       how each field of a product is read from a row
stock.py      how many there are, by numbers and by words
categories.py which category a path or a list of categories means
texts.py      HTML and escapes → text
survey.py     what all rows say: the questions that are left, with counts; what is left out
"""

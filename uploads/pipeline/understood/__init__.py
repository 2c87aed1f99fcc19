"""Files of known formats, as the pipeline meets them: what their rows mean is uploads.feed.formats'.

categories.py  our categories, as a cell's meaning needs them
heads.py       the first rows of groups, kept in PostgreSQL from before the first row is staged
derived.py     which values of its rows aren't what stands in their cells, and why
values.py      a row → the values that are validated, or why it is left out
"""

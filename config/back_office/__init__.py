"""The frame of the admin: what every page of staff stands in. Nothing here knows of vendors or uploads but their names.

site.py        the admin itself: lists are filtered by what they offer, titles say what one sees
saved_views.py views of a list that people come back to
columns.py     the columns of a list
counts.py      how many rows each choice of a filter has
peek.py        a row beside its list
models.py      what of this is kept
granting.py    groups and permissions, for migrations
navigation.py  what stands in the navigation, in the words of the work
tags.py        the same for templates
"""

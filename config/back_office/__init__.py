"""The frame of the admin: what every page of staff stands in. Nothing here knows of vendors or uploads but their names.

site.py        the admin itself: lists are filtered by what they offer, titles say what one sees
navigation.py  what stands in the navigation, in the words of the work
tags.py        the same for templates
"""

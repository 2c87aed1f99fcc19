"""The vendors' pages about sources: where their feeds are fetched from, and when. Owners change them, all may look.

addresses.py  all sources, and one of them with its runs
form.py       add and change
acts.py       fetch now, test, pause, go on, confirm the server's key, delete
runs.py       one run, live
"""

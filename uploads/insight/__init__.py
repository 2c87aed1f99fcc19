"""Questions about uploads and products, which only read.

progress.py    where an upload stands
timeline.py    what became of one product
sku_search.py  where one product is
operations.py  what is going on, in numbers
charts.py      the same as charts
downloads.py   an upload's files
"""

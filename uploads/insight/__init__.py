"""Questions about uploads and products, which only read.

progress.py      where an upload stands
reading.py       how an upload's file was read, and why
warned_rows.py   what an upload's warnings are about
timeline.py      what became of one product
derived_values.py what a row was read as, where its cells don't say so
sku_search.py    where one product is
finding.py       what staff look for by a few letters
operations.py    what is going on, in numbers
metrics.py       the same for /metrics
cloudwatch.py    some of it for CloudWatch, in lines of the log
charts.py        the same as charts
error_habits.py  which kinds of error a vendor makes most, and of warning
downloads.py     an upload's files
workbooks.py     files to correct or fill in and send back: failed rows, the catalog
guide.py         what the columns of a feed are, and the template
"""

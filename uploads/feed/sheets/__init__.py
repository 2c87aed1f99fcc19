"""The parts of a workbook → rows of text, as people see them.

handed_out.py  the columns of files that we hand out, and how such a file is known
budget.py   what a workbook may cost as a whole
codes.py    a number format's code → what it shows of a number
numbers.py  a number and its format → text
parts.py    the workbook's list of sheets, its formats and its shared texts
rows.py     a sheet → its rows
notes.py    what people should know of how it was read
"""

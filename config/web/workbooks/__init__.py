"""Workbooks that we hand out, written row by row to disk.

writing.py  the file, its sheets, and texts that stay texts whatever they look like
table.py    a sheet that helps whoever fills it in: its header, widths, drop-downs, marked cells with notes
"""

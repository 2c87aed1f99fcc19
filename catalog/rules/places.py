"""Where a row stands, in words: its number, and beside it where the person's own program shows it.

Rows are numbered from 1 below the header, without blank ones. A text editor counts lines from the top of the file, and
a record may take several; a spreadsheet counts the rows of a sheet. Digits stand without separators: people paste them
into "go to line".
"""

from catalog.rules.money import quoted


def place(row: int, line: int | None = None, sheet: str = "") -> str:
    """`line` is that of the file or the row of the sheet, from 1; 0 or None where neither is known.

    >>> place(12, 14)
    'row 12 (line 14)'
    >>> place(12, 14, "Products")
    'row 12 (row 14 of the sheet “Products”)'
    >>> place(12), place(12, 12)
    ('row 12', 'row 12')
    """
    beside = in_file(line, sheet) if line != row else ""
    return f"row {row} ({beside})" if beside else f"row {row}"


def in_file(line: int | None, sheet: str = "") -> str:
    """The second half of `place` alone, "" where it is not known.

    >>> in_file(14), in_file(14, "Products")
    ('line 14', 'row 14 of the sheet “Products”')
    """
    if not line:
        return ""
    return f"row {line} of the sheet {quoted(sheet)}" if sheet else f"line {line}"

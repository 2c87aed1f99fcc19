"""Cells that a spreadsheet would run as a formula, made harmless in every file that we hand out.

A leading apostrophe tells the spreadsheet that what follows is text. It is taken back when one of our own files is
sent in again (`unguard` in catalog/rules/cells.py), so nothing is changed by the round trip: a cell that starts with
apostrophes of its own gets one more.

The same is done behind every character at which a spreadsheet might begin a cell of its own. Excel opens a CSV file
with the list separator of the country: where that is the semicolon, `Lamp;=1+1` is two cells, and quotes around it
don't help, since they begin in the middle of what Excel takes for a cell.
"""

import re

_RUNS = "[=+\\-@＝＋－＠]"  # what spreadsheets take for the start of a formula; the full-width forms count as well
# At the start of a cell also what they skip before one; further on not, else every CRLF would get an apostrophe.
_FORMULA = re.compile(f"'*(?:{_RUNS}|[\t\r\n])")
_INNER_FORMULA = re.compile(f"[;\t\r\n](?:(?<=;)|(?<=..))(?=['\"]*{_RUNS})", re.DOTALL)


def guard(cell: str) -> str:
    """The cell as it is safe to open in a spreadsheet."""
    guarded = _INNER_FORMULA.sub(r"\g<0>'", cell)
    return f"'{guarded}" if _FORMULA.match(cell) else guarded

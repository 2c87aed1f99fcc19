"""Cells that a spreadsheet would run as a formula, made harmless in every file that we hand out.

A leading apostrophe tells the spreadsheet that what follows is text. It is taken back when one of our own files is
sent in again, so nothing is changed by the round trip: a cell that starts with apostrophes of its own gets one more.
"""

import re

# What spreadsheets take for the start of a formula, or skip before one; the full-width forms count as well.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")


def guard(cell: str) -> str:
    """The cell as it is safe to open in a spreadsheet."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """What `guard` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell

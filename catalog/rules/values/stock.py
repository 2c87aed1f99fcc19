"""Which stock quantity a cell means."""

from decimal import Decimal

from catalog.rules.fields import MAX_STOCK
from catalog.rules.money import MAX_NUMBER_LENGTH, ascii_digits, exact_number, quoted, readings, typewritten
from catalog.rules.problems import Code, Problem

SOLD_OUT = frozenset({"out of stock", "out_of_stock", "outofstock", "out-of-stock", "sold out", "none"})


def number(cell: str) -> list[Decimal]:
    """What a cell means that was a number at its source."""
    try:
        return [exact_number(cell)]
    except ValueError:
        return []


def quantities(cell: str) -> list[Decimal]:
    """All that the cell can mean, largest first. As with prices, `1,200` and `1.200` are two things: exports of weights
    and of fractional units write 1.2 with three decimals, so 1200 would be a guess.
    """
    text = typewritten(cell)
    if len(text) > MAX_NUMBER_LENGTH:
        return []
    if text.startswith("-"):
        return [-value for value in readings(text[1:])]
    return readings(text)


def problem_of(cell: str, found: list[Decimal]) -> Problem | None:
    """What is wrong with a cell of which this was `found` to be all that it can mean."""
    if not found:
        if other := ascii_digits(cell):
            message = f"{quoted(cell)} is not written with the digits 0 to 9."
            return Problem("stock_quantity", Code.INVALID_STOCK, message, _whole(other))
        return _invalid_stock(cell, "0" if cell.casefold() in SOLD_OUT else "")
    quantity = found[0]
    if quantity < 0:
        return Problem("stock_quantity", Code.NEGATIVE_STOCK, f"The stock quantity {quoted(cell)} is below 0.", "0")
    if len(found) > 1:
        whole = " or ".join(f"{q:.0f}" for q in found if q == int(q))
        message = f"{quoted(cell)} can be thousands or decimals. Write {whole}, without a separator."
        return Problem("stock_quantity", Code.INVALID_STOCK, message, whole)
    if quantity > MAX_STOCK:
        message = f"The stock quantity {quoted(cell)} is above the limit of {MAX_STOCK}."
        return Problem("stock_quantity", Code.STOCK_TOO_LARGE, message)
    return None if quantity == int(quantity) else _invalid_stock(cell, "")


def _whole(text: str) -> str:
    """The stock quantity that the text can only mean, or ""."""
    return text if problem_of(text, quantities(text)) is None else ""


def _invalid_stock(cell: str, suggestion: str) -> Problem:
    message = f"{quoted(cell)} is not a stock quantity. Write a whole number such as 25, or 0 when it is sold out."
    return Problem("stock_quantity", Code.INVALID_STOCK, message, suggestion)

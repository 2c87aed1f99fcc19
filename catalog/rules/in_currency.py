"""Whether a row is in the currency that is expected: what its price is marked with, and what its column for it says."""

from catalog.rules import cells, currencies
from catalog.rules.money import marked, quoted
from catalog.rules.problems import Code, Problem


def plain(cell: str | None) -> str:
    """A cell without what can't be seen in it or only wraps it."""
    return cells.unwrapped(cells.seen(cells.trimmed(cell or "")))


def marks_of(price: str) -> frozenset[str] | None:
    """The currencies that a price, as its cell came, is marked with: none without a mark, None for what is no price."""
    return marked(plain(price))


def codes_in(cell: str | None) -> frozenset[str]:
    """The currencies that a cell of a column for them, as it came, can mean; none for one that names no currency."""
    return currencies.meanings(plain(cell))


def other_price(cell: str, marks: frozenset[str], expected: str) -> Problem:
    """A price that is marked as something else than what is expected."""
    return _other("price", f"The price {quoted(cell)}", marks, expected)


def problem_with(cell: str, expected: str) -> Problem | None:
    """What is wrong with a plain cell that names a currency; `expected` is "" where any is right."""
    codes = currencies.meanings(cell)
    if expected in codes or (not expected and len(codes) == 1):
        return None
    if codes and expected:
        return _other("currency", "The price of this row", codes, expected)
    message = f"{quoted(cell)} is not a currency. Write its code of three letters, such as {expected or 'USD'}."
    return Problem("currency", Code.INVALID_CURRENCY, message)


def _other(field: str, price: str, codes: frozenset[str], expected: str) -> Problem:
    remedy = f"Write it in {expected}, or send it in a file of its own."
    message = f"{price} is in {currencies.named(codes)}; this upload is in {expected}. {remedy}"
    return Problem(field, Code.OTHER_CURRENCY, message)

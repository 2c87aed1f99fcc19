"""Cells that ask for a field to be emptied: the word for it, as people and other programs write it, and what is said
where every product has a value."""

import re
from typing import Final

from catalog.rules import cells
from catalog.rules.fields import LABELS, OPTIONAL
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

CLEAR: Final = "[clear]"
LONGEST: Final = 24  # no spelling is longer, and no text that is longer is looked at
# The word with the brackets that people remember, which is no text of anybody's; and Magento's.
_CLEAR: Final = re.compile(r"(?:\[{1,2}|{) ?clear ?(?:\]{1,2}|})|__empty__value__")
# Where no word at all would be right, so that only what is said of it differs.
_ASKS: Final = re.compile(
    r"[\[({<]{0,2} ?(?:clear|empty|delete|remove|erase|leer|leeren|löschen|loeschen|vide|vider|effacer|supprimer"
    r"|vacío|vaciar|borrar|eliminar|vuoto|svuota|cancella) ?[\])}>]{0,2}"
)
_WORDED: Final = ("price", "stock_quantity", "category", "currency")
_EVERY: Final = "every product has one"
# Why it stays, and what to do.
_SAID: Final = {
    "vendor_product_id": ("it says which product the row is about", "Write the product’s ID."),
    "product_name": (_EVERY, "Write the name."),
    "category": (_EVERY, "Write one of our list."),
    "sku": ("products are found by it", "Write the product’s SKU."),
    "price": (_EVERY, "Write the price. To end the product, write retire in a column “action”."),
    "stock_quantity": (_EVERY, "Write 0 where it is sold out."),
    "currency": ("a price is always in one", "Write its code of three letters, such as USD, or leave the cell empty."),
}


def clears(cell: str) -> bool:
    """Whether a trimmed cell is the word that empties a field which needn't have a value.

    >>> clears("[clear]"), clears("[ Clear ]"), clears("clear")
    (True, True, False)
    """
    return len(cell) <= LONGEST and _CLEAR.fullmatch(cell.casefold()) is not None


def cannot_be(field: str, cell: str) -> Problem | None:
    """What is said of a trimmed cell that asks to empty a field of which every product has a value; None of others."""
    if len(cell) > LONGEST or field in OPTIONAL - {"currency"}:
        return None
    word = cell.casefold()
    if not _CLEAR.fullmatch(word) and not (field in _WORDED and _ASKS.fullmatch(word)):
        return None
    why, remedy = _SAID[field]
    message = f"The {LABELS[field]} can’t be emptied with {quoted(cell)}, since {why}. {remedy}"
    code = Code.INVALID_CURRENCY if field == "currency" else Code.MISSING_VALUE
    return Problem(field, code, message, "0" if field == "stock_quantity" else "")


def or_cleared(problem: Problem, cell: str) -> Problem:
    """What is wrong with the value of a field that needn't have one, and how to empty it if that is what was meant."""
    if len(cell) > LONGEST or not _ASKS.fullmatch(cell.casefold()):
        return problem
    message = f"{problem.message} To empty the {LABELS[problem.field]}, write {CLEAR}."
    return problem._replace(message=message, suggestion=CLEAR)


def or_left(problem: Problem, cell: str | None) -> Problem:
    """The same problem in a row where an empty cell leaves what is there."""
    if problem.code != Code.MISSING_VALUE or not cannot_be(problem.field, cells.unwrapped(cells.trimmed(cell or ""))):
        return problem
    hint = f"Leave the cell empty to keep the {LABELS[problem.field]} as it is."
    return problem._replace(message=f"{problem.message} {hint}")

"""Which rows are no products of their own, by what stands in them: what isn't for sale, pictures, totals, headings."""

import re
from collections.abc import Callable, Mapping
from itertools import compress
from typing import Final, NamedTuple

from uploads.feed.formats.model import CONTINUATION, HEADING, PICTURE, REMARK, TOTAL, Plan, Reason, Rule

Cells = Mapping[str, str]

# Rows that sum up those above them begin so.
_TOTAL: Final = re.compile(
    r"(?:grand |sub[- ]?|sum )?total(?:e|s|i|en)?\b|summe\b|gesamt(?:summe|betrag|wert)?\b|zwischensumme\b|somme\b"
    r"|suma\b|somma\b|totaal\b|totalt\b|razem\b|celkem\b|итого\b|всего\b",
    re.IGNORECASE,
)
_OF_GROUP: Final = re.compile(r".*\b(?:total|totale|gesamt|summe|somme|suma|somma)", re.IGNORECASE)
SHORT_HEADING: Final = 60  # characters; a longer line of text is a remark
MORE_COLUMNS: Final = 3  # only in a table of so many a row with one cell is conspicuous
SHOWN: Final = 60
REMEMBERED: Final = 100


class ByRule(NamedTuple):
    """Why a row is left out, and whether its variants are left out with it."""

    reason: Reason
    carries: bool


def rule_reader(plan: Plan) -> Callable[[Cells], ByRule | None]:
    """The first of the plan's rules that leaves a row out, without those whose rows are taken all the same."""
    passed: type[set[str]] = set  # cells by which no row is left out: there are a few, in all rows
    rules = [(rule.column, passed(), _leaves_out(rule), rule) for rule in plan.rules if rule.reason not in plan.taken]
    marks = "'" if plan.apostrophes else ""

    def read(cells: Cells) -> ByRule | None:
        for column, known, leaves_out, rule in rules:
            cell = cells.get(column) or ""
            if cell in known:
                continue
            if leaves_out(cell.partition(",")[0].strip().lstrip(marks).casefold()):
                return _by_rule(rule, cell)
            if len(known) < REMEMBERED and len(cell) <= SHOWN:
                known.add(cell)
        return None

    return read


def _leaves_out(rule: Rule) -> Callable[[str], bool]:
    """Whether a rule leaves a row out, by the first word of its cell in small letters."""
    words, any_word, unless = frozenset(rule.words), "*" in rule.words, rule.unless

    def leaves_out(word: str) -> bool:
        if word:
            return any_word or (word in words) != unless
        return not unless and word in words

    return leaves_out


def _by_rule(rule: Rule, cell: str) -> ByRule:
    return ByRule(Reason(rule.reason, rule.said.replace("{}", cell.strip().lstrip("'")[:SHOWN])), rule.carries)


def empty_reader(plan: Plan) -> Callable[[Cells], str]:
    """The reason for a row that has nothing of a product in it, "" for all others: a picture, or a row that goes on."""
    telling = [
        *plan.columns.get("price", ()), *plan.columns.get("product_name", ()), *plan.columns.get("sku", ()),
        *plan.columns.get("stock_quantity", ()), *plan.columns.get("vendor_product_id", ()), *plan.options,
    ]  # fmt: skip
    key = plan.group.refers if plan.group and plan.group.kind == "shared" else ""
    telling = [column for column in dict.fromkeys(telling) if column != key]
    pictures, with_key = frozenset(plan.pictures), frozenset((*plan.pictures, key))
    categories = frozenset(plan.columns.get("category", ()))
    otherwise = CONTINUATION if telling else ""

    def read(cells: Cells) -> str:
        for column in telling:
            cell = cells.get(column)
            if cell and not cell.isspace():
                return ""
        filled = [column for column in compress(cells, cells.values()) if not cells[column].isspace()]
        if not pictures.isdisjoint(filled) and with_key.issuperset(filled):
            return PICTURE
        return otherwise if categories.isdisjoint(filled) else ""

    return read


def is_total(text: str) -> bool:
    """Whether a row whose first cell this is sums up those above it."""
    return _TOTAL.match(text) is not None


def own_list_reader(plan: Plan) -> Callable[[Cells], Reason | None]:
    """Whether a row of somebody's own list is a total, a heading or a remark between the products."""
    names = plan.columns.get("product_name", ())
    numbers = plan.columns.get("sku", ()) + plan.columns.get("vendor_product_id", ())
    prices = frozenset(plan.columns.get("price", ()) + plan.columns.get("stock_quantity", ()))
    name, price = next(iter(names), ""), next(iter(plan.columns.get("price", ())), "")
    number = numbers[0] if len(numbers) == 1 and not names else ""

    def read(cells: Cells) -> Reason | None:
        # Nearly all: of a list without names those whose number is one.
        if name and price and cells.get(name) and cells.get(price) and any(cells.get(one) for one in numbers):
            return None
        if number and cells.get(price) and (text := cells.get(number)) and not is_total(text.lstrip()):
            return None
        filled = [(column, text) for column, cell in cells.items() if (text := cell.strip())]
        if not filled:
            return None
        column, text = filled[0]
        is_named = column not in names and any(cells.get(one, "").strip() for one in names)
        is_numbered = column not in numbers and any(cells.get(one, "").strip() for one in numbers)
        if _TOTAL.match(text) and not is_named and not is_numbered:
            return Reason(TOTAL, "A total of the rows above.")
        if _OF_GROUP.fullmatch(text) and not is_named and not is_numbered and not cells.get(price, "").strip():
            return Reason(TOTAL, "A total of the rows above.")
        if len(filled) > 1 or len(cells) < MORE_COLUMNS or column in prices or not _is_prose(text):
            return None
        if len(text) > SHORT_HEADING or text.endswith((".", "!", "*")):
            return Reason(REMARK, "A remark below the table.")
        return Reason(HEADING, "A group heading: one cell over the whole width.")

    return read


def _is_prose(text: str) -> bool:
    """Whether a cell alone in its row is words, not the number of an item whose other cells are missing."""
    if not any(char.isalpha() for char in text):
        return False
    return " " in text or not any(char.isdigit() for char in text)

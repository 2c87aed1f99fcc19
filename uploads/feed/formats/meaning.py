"""What one row of a file means by its plan: the fields of a product, or why it is none, or what has no answer yet.

A pure function of the row, and of its head where it is a variant. It is called for every row at validation: a plan is
made ready once (`reader`, fields/), and most rows cost a few look-ups. What the file says stays as it came, so the
validator judges it as it would judge any cell; what was made of several cells, of words or of an answer is named in
`derived`.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from catalog.rules.fields import REQUIRED
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.fields.amounts import amount_readers
from uploads.feed.formats.fields.category import Category, category_reader
from uploads.feed.formats.fields.cells import cell_reader
from uploads.feed.formats.fields.identifiers import identifiers_reader
from uploads.feed.formats.fields.step import Cells, Open, Values
from uploads.feed.formats.fields.texts import PLAIN, text_readers
from uploads.feed.formats.groups import Head, has_other_stock, key_reader, place_reader
from uploads.feed.formats.left_out import empty_reader, is_total, own_list_reader, rule_reader
from uploads.feed.formats.made import program_numbers
from uploads.feed.formats.model import (
    ADDED_UP,
    BY_ANSWER,
    CONTINUATION,
    PARENT,
    PICTURE,
    REASONS,
    UPDATE,
    Plan,
    Reason,
)

NONE: Final[frozenset[str]] = frozenset()


class Meaning(NamedTuple):
    """What a row means.

    `values` are as the validator takes them: a field that isn't there has no column, and "" is an empty cell. `derived`
    are the fields of it that aren't simply what stands in a cell. `open` are pairs of a question's kind and what it is
    about (a cell, or ""). `problem` is what makes the row an error before its values are looked at. `numeric` are the
    fields whose value was a number at its source. `guessed` is the cell that the category was chosen from, if it was.
    """

    values: Mapping[str, str | None]
    derived: frozenset[str] = NONE
    left_out: Reason | None = None
    problem: Problem | None = None
    open: tuple[tuple[str, str], ...] = ()
    numeric: frozenset[str] = NONE
    guessed: str = ""


class Reader:
    """A plan made ready, with the categories that there are."""

    def __init__(self, plan: Plan, categories: Categories) -> None:
        self.plan, self.categories = plan, categories
        self.place_of, self._keys = place_reader(plan), key_reader(plan)
        self._left_out = _left_out_reader(plan)
        self._summed = plan.group is not None and plan.group.kind == "summed"
        has_heads, inherited = plan.group is not None and not self._summed, frozenset(plan.inherited)
        self._has_heads = has_heads
        needed = [one for one in ("product_name", "category") if one in inherited and plan.columns.get(one)]
        self._needed = [cell_reader(plan, meant) for meant in needed]
        self._known: dict[str, Category] = {}
        self._category = (
            category_reader(plan, categories, self._known)
            if plan.mode != UPDATE or plan.columns.get("category")
            else None
        )
        self._identifiers = identifiers_reader(plan)
        self._steps = (self._identifiers, *text_readers(plan), *amount_readers(plan))
        self._machine_numbers = plan.machine_numbers
        self._quick = self._quick_reader() or _quick_changes(plan)

    def __call__(self, cells: Cells, head: Head | None = None, row: int = 0, numeric: frozenset[str] = NONE) -> Meaning:
        """`row` is the row's number, by which its head is told from its variants; `numeric` the headers whose cell was
        a number with a fraction in a workbook."""
        if self.plan.ours:
            came = {meant: cells[columns[0]] for meant, columns in self.plan.columns.items() if columns[0] in cells}
            return Meaning(came, numeric=self._numeric(cells, numeric, {}))
        if self._quick and not numeric and (at_once := self._quick(cells)):
            return at_once
        if reason := self._left_out(cells, head, row):
            return Meaning({}, left_out=reason)
        names = None
        if self._has_heads:
            if head is None or not head.row or head.clash:
                if problem := self._without_head(cells, head):
                    return Meaning({}, problem=problem)
            elif head.row != row:
                names = head.cells
        values: Values = {}
        derived: list[str] = []
        asked: Open = []
        guessed = ""
        if self._category:
            category, inherited = self._category(cells, names)
            if category.left_out:
                which = quoted(category.value) if category.value else "No category"
                said = f"{which}: left out, as was answered for this category."
                return Meaning({}, left_out=Reason(BY_ANSWER, said))
            asked += category.open
            values["category"] = category.value
            guessed = category.guessed
            if category.derived or inherited:
                derived.append("category")
        read_from = self._added_up(cells, head, derived) if self._summed and head is not None else cells
        for step in self._steps:
            step(read_from, names, values, derived, asked)
        found = self._numeric(cells, numeric, values) if numeric else NONE
        if self._machine_numbers:
            found |= program_numbers(values)
        return Meaning(values, frozenset(derived) if derived else NONE, None, None, tuple(asked), found, guessed)

    def _quick_reader(self) -> Callable[[Cells], Meaning | None] | None:
        """Of a list of the vendor's own, what a row means in which all cells say it by themselves, as in nearly all;
        None for any other row, and for plans by which that can't be."""
        plan, known = self.plan, self._known
        simple = plan.own_list and plan.category_numbers and plan.mode != UPDATE
        simple = simple and not (plan.html or plan.handle or plan.added)
        if not simple or not all(plan.columns.get(meant) for meant in REQUIRED) or "currency" in plan.columns:
            return None
        own_id, name, category, sku, price, stock = (plan.columns[meant][0] for meant in REQUIRED)
        texts = [
            (meant, plan.columns[meant][0]) for meant in ("brand", "description", *PLAIN) if plan.columns.get(meant)
        ]

        def read(cells: Cells) -> Meaning | None:
            get = cells.get
            found = known.get(get(category) or "")
            amount, quantity, number = get(price) or "", get(stock) or "", get(sku) or ""
            title, own = get(name) or "", get(own_id) or ""
            if (
                found is None or found.derived or found.open or found.left_out
                or not _is_plain(amount) or not quantity.isdigit()
                or not (number.isalnum() or (number.isascii() and number.replace("-", "").isalnum()))
                or not title or title.isspace() or not own or own.isspace()
            ):  # fmt: skip
                return None
            values: dict[str, str | None] = {
                "category": found.value, "vendor_product_id": own, "sku": number, "product_name": title,
            }  # fmt: skip
            for meant, column in texts:
                text = get(column) or ""
                values[meant] = "" if text.isspace() else text
            values["price"], values["stock_quantity"] = amount, quantity
            return Meaning(values)

        return read

    def identifiers(self, cells: Cells) -> tuple[str, str]:
        """The SKU and the product ID that the row has if it is a product, whatever its head has."""
        values: Values = {}
        self._identifiers(cells, cells, values, [], [])
        return values.get("sku") or "", values.get("vendor_product_id") or ""

    def _without_head(self, cells: Cells, head: Head | None) -> Problem | None:
        """What is wrong with a variant that would need the cells of a head, and there is none, or there are two."""
        keys = self._keys(cells)
        if not keys.head and not keys.above:
            return None
        if all(read(cells) for read in self._needed):
            return None
        key = f" {quoted(keys.head)}" if keys.head else ""
        why = "two different products have it" if head and head.clash else "no row of this file has it"
        message = (
            f"The row is a variant of the product{key}, and {why}. Send its name and category in this row, or the "
            "product's own row too."
        )
        return Problem("vendor_product_id", Code.VARIANT_WITHOUT_PRODUCT, message)

    def _added_up(self, cells: Cells, head: Head, derived: list[str]) -> Cells:
        """The row with the stock of all rows of its group."""
        columns = self.plan.columns.get("stock_quantity")
        if not columns:
            return cells
        if head.variants:
            derived.append("stock_quantity")
        return cells if has_other_stock(cells, self.plan, head) else {**cells, columns[0]: head.stock}

    def _numeric(self, cells: Cells, numeric: frozenset[str], values: Mapping[str, str | None]) -> frozenset[str]:
        """The fields that are read from a cell that is a number at its source."""
        found = []
        for meant, columns in self.plan.columns.items():
            column = next((one for one in columns if (cells.get(one) or "").strip()), "")
            if column in numeric and (not values or values.get(meant) == cells[column].strip()):
                found.append(meant)
        return frozenset(found)


def _is_plain(amount: str) -> bool:
    """Whether a price is digits alone, or has two decimals."""
    return amount[-3:-2] in (".", ",") or amount.isdigit()


def _quick_changes(plan: Plan) -> Callable[[Cells], Meaning | None] | None:
    """The same of a list that changes prices, stock or both of products by one number of theirs, and has nothing else
    that counts."""
    by, *other = [meant for meant in ("sku", "vendor_product_id") if plan.columns.get(meant)] or [""]
    amounts = [meant for meant in ("price", "stock_quantity") if plan.columns.get(meant)]
    simple = plan.own_list and plan.mode == UPDATE and not (plan.added or plan.flags or plan.thousands or plan.ours)
    if (
        not simple
        or not by
        or other
        or not amounts
        or {by, *amounts} != {one for one in plan.columns if plan.columns[one]}
    ):
        return None
    key, price, stock = (next(iter(plan.columns.get(meant, ())), "") for meant in (by, "price", "stock_quantity"))

    def read(cells: Cells) -> Meaning | None:
        get = cells.get
        number = get(key) or ""
        if not (number[-1:].isdigit() and number.isascii() and number.replace("-", "").isalnum()) or is_total(number):
            return None
        values: dict[str, str | None] = {by: number}
        if price:
            values["price"] = amount = get(price) or ""
            if not _is_plain(amount):
                return None
        if stock:
            values["stock_quantity"] = quantity = get(stock) or ""
            if not quantity.isdigit():
                return None
        return Meaning(values)

    return read


def _left_out_reader(plan: Plan) -> Callable[[Cells, Head | None, int], Reason | None]:
    """Why a row is no product of its own, by its cells and its head, told from it by its number; None for a product."""
    by_rule, empty, own = rule_reader(plan), empty_reader(plan), own_list_reader(plan)
    group, taken = plan.group, frozenset(plan.taken)
    summed = group is not None and group.kind == "summed"
    parents = group is not None and group.parents and PARENT not in taken

    def of_group(head: Head, row: int) -> Reason | None:
        is_variant = head.row not in (0, row)
        if summed:
            said = f"Another place of row {head.row:,}: its stock is added to it."
            return Reason(ADDED_UP, said) if is_variant else None
        if is_variant and head.left_out and head.left_out not in taken and not head.clash:
            why = REASONS[head.left_out][0].removeprefix("{:,} ")
            return Reason(head.left_out, f"Belongs to row {head.row:,}, which is left out ({why}).")
        if parents and head.row == row and head.variants:
            return Reason(PARENT, "It is sold by its variants.")
        return None

    def read(cells: Cells, head: Head | None, row: int) -> Reason | None:
        if found := by_rule(cells):
            return found.reason
        if (reason := empty(cells)) and reason not in taken:
            at = f" of row {head.row:,}" if head and head.row not in (0, row) else ""
            if reason == PICTURE:
                return Reason(PICTURE, f"A further picture{at}.")
            return Reason(CONTINUATION, "A further line of the row above; it has no product in it.")
        return of_group(head, row) if head is not None and group is not None else None

    def read_list(cells: Cells, head: Head | None, row: int) -> Reason | None:
        found = by_rule(cells)
        return found.reason if found else own(cells)

    return read_list if plan.own_list else read


def reader(plan: Plan, categories: Categories) -> Reader:
    """The plan made ready; once for a plan and the same categories."""
    kept: Reader | None = plan.__dict__.get("_reader")
    if kept is None or kept.categories is not categories:
        kept = Reader(plan, categories)
        object.__setattr__(plan, "_reader", kept)
    return kept


def meaning(
    cells: Cells,
    plan: Plan,
    categories: Categories,
    head: Head | None = None,
    row: int = 0,
    numeric: frozenset[str] = NONE,
) -> Meaning:
    """What one row means."""
    return reader(plan, categories)(cells, head, row, numeric)


def once(problems: list[Problem], plan: Plan) -> list[Problem]:
    """The problems without those that say the same of product ID and SKU where these are one number."""
    if len(problems) < 2 or not plan.one_number:
        return problems
    codes = {problem.code for problem in problems if problem.field not in ("", plan.one_number)}
    return [problem for problem in problems if problem.field != plan.one_number or problem.code not in codes]

"""What one row of a file means by its plan: the fields of a product, or why it is none, or what has no answer yet.

A pure function of the row, and of its head where it is a variant. It is called for every row at validation: a plan is
made ready once (`reader`), and most rows cost a few look-ups. What the file says stays as it came, so the validator
judges it as it would judge any cell; what was made of several cells, of words or of an answer is named in `derived`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from catalog.rules.fields import FIELDS, REQUIRED
from catalog.rules.identifiers import repaired_sku
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head, has_other_stock, key_reader
from uploads.feed.formats.left_out import empty_reader, own_list_reader, rule_reader
from uploads.feed.formats.made import (
    first_of,
    own_or_inherited,
    path_of,
    program_numbers,
    rounded_price,
    slug,
    ungrouped,
    with_options,
    with_surcharge,
)
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
from uploads.feed.formats.stock import quantity_reader
from uploads.feed.formats.texts import one_line, readable

Cells = Mapping[str, str]
NONE: Final[frozenset[str]] = frozenset()
NO_CELLS: Final[Cells] = {}
YES: Final = "true"
LEAVE: Final = "leave"
PRODUCT_ID: Final = "product_id"
# Kinds of questions that a row may leave open.
EMPTY_SKU: Final = "empty_sku"
CATEGORY_FOR_ALL: Final = "category_for_all"
CATEGORY_VALUES: Final = "category_values"
QUANTITY: Final = "quantity_where_unknown"
NEGATIVE: Final = "negative_stock"
ROUND: Final = "round_prices"
REPAIR: Final = "repair_skus"

CACHED: Final = 4096


class Meaning(NamedTuple):
    """What a row means.

    `values` are as the validator takes them: a field that isn't there has no column, and "" is an empty cell. `derived`
    are the fields of it that aren't simply what stands in a cell. `open` are pairs of a question's kind and what it is
    about (a cell, or ""). `problem` is what makes the row an error before its values are looked at. `numeric` are the
    fields whose value was a number at its source.
    """

    values: Mapping[str, str | None]
    derived: frozenset[str] = NONE
    left_out: Reason | None = None
    problem: Problem | None = None
    open: tuple[tuple[str, str], ...] = ()
    numeric: frozenset[str] = NONE


class _Category(NamedTuple):
    value: str
    derived: bool = False
    left_out: bool = False
    open: tuple[tuple[str, str], ...] = ()


class Reader:
    """A plan made ready, with the categories that there are."""

    def __init__(self, plan: Plan, categories: Categories) -> None:
        self.plan, self.categories = plan, categories
        self.keys = key_reader(plan)
        self._rule, self._empty, self._own = rule_reader(plan), empty_reader(plan), own_list_reader(plan)
        self._quantity = quantity_reader(plan)
        self._read = {meant: first_of(plan.columns.get(meant, ()), apostrophes=plan.apostrophes) for meant in FIELDS}
        if plan.category_levels:
            self._read["category"] = path_of(plan.columns.get("category", ()))
        self._has = {meant: bool(plan.columns.get(meant)) for meant in FIELDS}
        self._inherited = frozenset(plan.inherited) if plan.group else NONE
        self._found = {
            meant: own_or_inherited(read, inherits=meant in self._inherited) for meant, read in self._read.items()
        }
        self._one_number = plan.columns.get("sku") == plan.columns.get("vendor_product_id")
        self._known: dict[str, _Category] = {}
        self._has_options = bool(plan.options)
        self._options = re.compile(plan.option_values) if plan.option_values else None
        self._summed = plan.group is not None and plan.group.kind == "summed"
        own = plan.columns.get("vendor_product_id")
        self._sku_for_id = not plan.own_list or own in (None, plan.columns.get("sku"))
        self._rounds, self._repairs = plan.round_prices == YES, plan.repair_skus == YES
        self._quick = self._quick_reader()

    def __call__(self, cells: Cells, head: Head | None = None, row: int = 0, numeric: frozenset[str] = NONE) -> Meaning:
        """`row` is the row's number, by which its head is told from its variants; `numeric` the headers whose cell was
        a number with a fraction in a workbook."""
        plan = self.plan
        if plan.ours:
            came = {meant: cells[columns[0]] for meant, columns in plan.columns.items() if columns[0] in cells}
            return Meaning(came, numeric=self._numeric(cells, numeric, {}))
        if self._quick and not numeric and (at_once := self._quick(cells)):
            return at_once
        reason = self._left_out(cells, head, row)
        if reason:
            return Meaning({}, left_out=reason)
        names = self._named_head(cells, head, row)
        if isinstance(names, Problem):
            return Meaning({}, problem=names)
        values: dict[str, str | None] = {}
        derived: list[str] = []
        asked: list[tuple[str, str]] = []
        if plan.mode != UPDATE or self._has["category"]:
            category, inherited = self._category(cells, names)
            if category.left_out:
                which = quoted(category.value) if category.value else "No category"
                said = f"{which}: left out, as was answered for this category."
                return Meaning({}, left_out=Reason(BY_ANSWER, said))
            if category.open:
                asked += category.open
            values["category"] = category.value
            if category.derived or inherited:
                derived.append("category")
        self._identifiers(cells, names, values, derived, asked)
        self._texts(cells, names, values, derived)
        self._price(cells, names, values, derived, asked)
        self._stock(cells, head, names, values, derived, asked)
        found = self._numeric(cells, numeric, values) if numeric else NONE
        if plan.machine_numbers:
            found |= program_numbers(values)
        return Meaning(values, frozenset(derived), None, None, tuple(asked), found)

    def _quick_reader(self) -> Callable[[Cells], Meaning | None] | None:
        """Of a list of the vendor's own, what a row means in which all cells say it by themselves, as in nearly all;
        None for any other row, and for plans by which that can't be."""
        plan, known = self.plan, self._known
        simple = plan.own_list and plan.category_numbers and plan.mode != UPDATE
        simple = simple and not (plan.html or plan.handle or plan.added)
        if not simple or not all(self._has[meant] for meant in REQUIRED) or "currency" in plan.columns:
            return None
        own_id, name, category, sku, price, stock = (plan.columns[meant][0] for meant in REQUIRED)
        texts = [(meant, plan.columns[meant][0]) for meant in ("brand", "description") if self._has[meant]]

        def read(cells: Cells) -> Meaning | None:
            get = cells.get
            found = known.get(get(category) or "")
            amount, quantity, number = get(price) or "", get(stock) or "", get(sku) or ""
            title, own = get(name) or "", get(own_id) or ""
            if (
                found is None or found.derived or found.open or found.left_out
                or not (amount[-3:-2] in (".", ",") or amount.isdigit()) or not quantity.isdigit()
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
        values: dict[str, str | None] = {}
        self._identifiers(cells, cells, values, [], [])
        return values.get("sku") or "", values.get("vendor_product_id") or ""

    # --- what the row is -----------------------------------------------------------------------------------------

    def _left_out(self, cells: Cells, head: Head | None, row: int) -> Reason | None:
        plan, group = self.plan, self.plan.group
        if plan.rules and (found := self._rule(cells)):
            return found.reason
        if plan.own_list:
            return self._own(cells)
        is_variant = head is not None and head.row not in (0, row)
        if (reason := self._empty(cells)) and reason not in plan.taken:
            at = f" of row {head.row:,}" if head and is_variant else ""
            if reason == PICTURE:
                return Reason(PICTURE, f"A further picture{at}.")
            return Reason(CONTINUATION, "A further line of the row above; it has no product in it.")
        if head is None or group is None:
            return None
        if self._summed:
            said = f"Another place of row {head.row:,}: its stock is added to it."
            return Reason(ADDED_UP, said) if is_variant else None
        if is_variant and head.left_out and head.left_out not in plan.taken and not head.clash:
            why = REASONS[head.left_out][0].removeprefix("{:,} ")
            return Reason(head.left_out, f"Belongs to row {head.row:,}, which is left out ({why}).")
        if head.row == row and group.parents and head.variants and PARENT not in plan.taken:
            return Reason(PARENT, "It is sold by its variants.")
        return None

    def _named_head(self, cells: Cells, head: Head | None, row: int) -> Cells | Problem | None:
        """The cells of the head that a variant may take from; a Problem where it would need one and there is none."""
        if self.plan.group is None or self._summed:
            return None
        if head is not None and head.row and not head.clash:
            return head.cells if head.row != row else None
        keys = self.keys(cells)
        if not keys.head and not keys.above:
            return None
        needed = [one for one in ("product_name", "category") if one in self._inherited and self._has[one]]
        if all(self._read[one](cells) for one in needed):
            return None
        key = f" {quoted(keys.head)}" if keys.head else ""
        why = "two different products have it" if head and head.clash else "no row of this file has it"
        message = (
            f"The row is a variant of the product{key}, and {why}. Send its name and category in this row, or the "
            "product's own row too."
        )
        return Problem("vendor_product_id", Code.VARIANT_WITHOUT_PRODUCT, message)

    # --- fields --------------------------------------------------------------------------------------------------

    def _category(self, cells: Cells, head: Cells | None) -> tuple[_Category, bool]:
        """What the cell means, and whether it is the head's."""
        cell, inherited = self._found["category"](cells, head)
        cell = cell.strip()
        if not self.plan.category_numbers and cell.isdigit():
            cell = ""
        found = self._known.get(cell)
        if found is None:
            if len(self._known) >= CACHED:
                self._known.clear()
            found = self._known[cell] = self._category_of(cell)
        return found, inherited

    def _category_of(self, cell: str) -> _Category:
        plan, ours = self.plan, self.categories
        if not cell:
            answer = plan.category_values.get(cell, plan.category_for_all)
            if answer is None:
                return _Category(cell, left_out=True)
            name = ours.named(answer)
            return _Category(name, derived=True) if name else _Category("", open=((CATEGORY_FOR_ALL, ""),))
        if cell in plan.category_values:
            answer = plan.category_values[cell]
            if answer is None:
                return _Category(cell, left_out=True)
            if name := ours.named(answer):
                return _Category(name, derived=ours.named(cell) != name)
        if name := ours.of_cell(cell, plan.lists, plan.paths):
            return _Category(name, derived=ours.named(cell) != name)
        return _Category(cell, open=() if plan.other_categories_left else ((CATEGORY_VALUES, cell),))

    def _identifiers(
        self,
        cells: Cells,
        names: Cells | None,
        values: dict[str, str | None],
        derived: list[str],
        asked: list[tuple[str, str]],
    ) -> None:
        plan = self.plan
        sku = self._read["sku"](cells)
        own = sku if self._one_number else self._read["vendor_product_id"](cells)
        if not sku.strip() and (plan.handle or plan.mode != UPDATE):
            if plan.handle:
                options = self._options_of(cells) if names is not None or not plan.options_of_variants else ()
                handle = (cells.get(plan.handle) or "").strip()
                sku = slug([one_line(handle) if plan.html else handle, *options])
                derived.append("sku")
            elif plan.id_for_sku and own:
                if plan.empty_sku == PRODUCT_ID:
                    sku = own
                    derived.append("sku")
                elif not plan.empty_sku:
                    asked.append((EMPTY_SKU, own.strip()))
        if not own.strip() and plan.mode != UPDATE and self._sku_for_id:
            own = sku
            derived.append("vendor_product_id")
        if self._has["vendor_product_id"] or plan.mode != UPDATE:
            values["vendor_product_id"] = own
        if self._has["sku"] or plan.mode != UPDATE:
            if not sku.isalnum() and (better := repaired_sku(sku)):
                if self._repairs:
                    sku = better
                    derived.append("sku")
                elif not plan.repair_skus:
                    asked.append((REPAIR, sku.strip()))
            values["sku"] = sku

    def _options_of(self, cells: Cells) -> list[str]:
        found: list[str] = []
        for column in self.plan.options:
            cell = cells.get(column)
            if not cell or not (cell := cell.strip()):
                continue
            if self._options is None:
                if cell.casefold() not in self.plan.option_words:
                    found.append(cell)
                continue
            values = (text for one in self._options.findall(cell) if (text := one.strip()))
            found += [text for text in values if text.casefold() not in self.plan.option_words]
        return found

    def _texts(self, cells: Cells, head: Cells | None, values: dict[str, str | None], derived: list[str]) -> None:
        plan = self.plan
        if self._has["product_name"]:
            own = cells if head is None or not plan.names_of_heads else NO_CELLS
            cell, inherited = self._found["product_name"](own, head)
            name = one_line(cell) if plan.html and ("<" in cell or "&" in cell or "\n" in cell) else cell
            has_options = self._has_options and (head is not None or not plan.options_of_variants)
            if has_options and name and (options := self._options_of(cells)):
                name = with_options(name.strip(), options, always=inherited)
            values["product_name"] = name
            if inherited or name != cell:
                derived.append("product_name")
        if self._has["brand"]:
            values["brand"], inherited = self._found["brand"](cells, head)
            if inherited:
                derived.append("brand")
        if self._has["description"]:
            cell, inherited = self._found["description"](cells, head)
            text = cell
            if cell and (plan.html or plan.escapes):
                text = readable(cell, html=plan.html, escapes=plan.escapes)
            values["description"] = text
            if inherited or text != cell:
                derived.append("description")

    def _price(
        self,
        cells: Cells,
        head: Cells | None,
        values: dict[str, str | None],
        derived: list[str],
        asked: list[tuple[str, str]],
    ) -> None:
        plan = self.plan
        if self._has["currency"]:
            values["currency"] = self._found["currency"](cells, head)[0]
        if not self._has["price"]:
            if plan.mode != UPDATE:
                values["price"] = ""
            return
        cell, inherited = self._found["price"](cells, head)
        if plan.surcharge and head is not None:
            cell, inherited = with_surcharge(cell, cells.get(plan.surcharge) or ""), True
        came, cell = cell, ungrouped(cell, plan.thousands)
        price = cell
        if not plan.round_prices or self._rounds:
            rounded = rounded_price(cell, machine=plan.machine_numbers)
            if rounded and self._rounds:
                price = rounded
            elif rounded:
                asked.append((ROUND, cell.strip()))
        values["price"] = price
        if inherited or price != came:
            derived.append("price")

    def _stock(
        self,
        cells: Cells,
        head: Head | None,
        names: Cells | None,
        values: dict[str, str | None],
        derived: list[str],
        asked: list[tuple[str, str]],
    ) -> None:
        plan = self.plan
        if plan.mode == UPDATE and not self._has["stock_quantity"]:
            return
        if self._summed and head is not None and not has_other_stock(cells, plan, head):
            cells = {**cells, plan.columns["stock_quantity"][0]: head.stock}
        found = self._quantity(cells, names)
        cell = found.cell
        is_derived = found.derived or bool(self._summed and head and head.variants)
        if found.unknown:
            is_derived = True
            cell = plan.quantity
            if not cell:
                asked.append((QUANTITY, ""))
                if plan.own_list:  # as long as nobody says it, it is a word where a number should be
                    cell = self._read["stock_quantity"](cells)
        elif found.below_zero:
            if plan.negative_stock == "0":
                cell, is_derived = "0", True
            elif not plan.negative_stock:
                asked.append((NEGATIVE, (cell or "").strip()))
        values["stock_quantity"] = cell
        if is_derived:
            derived.append("stock_quantity")

    def _numeric(self, cells: Cells, numeric: frozenset[str], values: Mapping[str, str | None]) -> frozenset[str]:
        """The fields that are read from a cell that is a number at its source."""
        found = []
        for meant, columns in self.plan.columns.items():
            column = next((one for one in columns if (cells.get(one) or "").strip()), "")
            if column in numeric and (not values or values.get(meant) == cells[column].strip()):
                found.append(meant)
        return frozenset(found)


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

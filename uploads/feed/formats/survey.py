"""What all rows of a file say together: what becomes of them, and the questions that they leave open.

Fed with one meaning after another, in constant memory. Only rows of products are asked about.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.rules.fields import LABELS
from catalog.rules.identifiers import repaired_sku
from catalog.rules.problems import ngettext
from uploads.feed.columns import quoted, short
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.made import rounded_price
from uploads.feed.formats.meaning import Meaning
from uploads.feed.formats.model import (
    CATEGORY_FOR_ALL,
    CATEGORY_VALUES,
    EMPTY_SKU,
    LEAVE,
    NEGATIVE,
    PRODUCT_ID,
    QUANTITY,
    REASONS,
    REPAIR,
    ROUND,
    YES,
    Plan,
)
from uploads.feed.questions import Choice, Question

NO: Final = "false"
MOST_VALUES: Final = 2_000  # different cells of a category that are kept
MOST_CHARS: Final = 1_000_000  # and at most so much of them
EXAMPLES: Final = 3


@dataclass
class _Value:
    """A cell that has no category yet: in how many rows it stands, and the names of some of them."""

    rows: int = 0
    names: list[str] = field(default_factory=list)


class Survey:
    """A tally over rows."""

    def __init__(self, plan: Plan, categories: Categories) -> None:
        self.plan, self.categories = plan, categories
        self.rows = self.products = self.variants_without_product = 0
        self.left_out: dict[str, int] = {}
        self.more_values = 0
        """Rows whose cell isn't among those that are kept, since there are too many."""
        self._values: dict[str, _Value] = {}
        self._chars = 0
        self._open: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def note(self, meaning: Meaning) -> None:
        self.rows += 1
        if meaning.left_out:
            reason = meaning.left_out.reason
            self.left_out[reason] = self.left_out.get(reason, 0) + 1
            return
        if meaning.problem:
            self.variants_without_product += 1
            return
        self.products += 1
        for kind, about in meaning.open:
            if kind == CATEGORY_VALUES:
                self._note_value(about, meaning.values)
                continue
            self._open[kind] = self._open.get(kind, 0) + 1
            examples = self._examples.setdefault(kind, [])
            if about and about not in examples and len(examples) < EXAMPLES:
                examples.append(about)

    def _note_value(self, cell: str, values: Mapping[str, str | None]) -> None:
        if cell not in self._values:
            if len(self._values) >= MOST_VALUES or self._chars + len(cell) > MOST_CHARS:
                self.more_values += 1
                return
            self._chars += len(cell)
        value = self._values.setdefault(cell, _Value())
        value.rows += 1
        name = short(values.get("product_name") or "")
        if name and name not in value.names and len(value.names) < EXAMPLES:
            value.names.append(name)

    def said(self, *, of_first: bool = False) -> list[str]:
        """What was left out, and how often, in the order in which it was met; `of_first`, if there are more rows."""
        counted = [ngettext(*REASONS[reason], rows).format(rows) for reason, rows in self.left_out.items()]
        where = f" of the first {self.rows:,} rows" if of_first else ""
        return [f"Left out{where}: {', '.join(counted)}."] if counted else []

    def questions(self) -> list[Question]:
        """What is open, each with how many rows depend on it, in the order in which it is asked."""
        asked = {
            EMPTY_SKU: self._about_skus, CATEGORY_FOR_ALL: self._about_category, QUANTITY: self._about_quantity,
            NEGATIVE: self._about_negative, ROUND: self._about_rounding, REPAIR: self._about_repair,
        }  # fmt: skip
        found = [make(self._open[kind]) for kind, make in asked.items() if self._open.get(kind)]
        if self._values:
            found.insert(sum(one.kind in (EMPTY_SKU, CATEGORY_FOR_ALL) for one in found), self._about_values())
        return found

    # --- each question -------------------------------------------------------------------------------------------

    def _shown(self, kind: str) -> str:
        return quoted(self._examples.get(kind, []), " and ")

    def _about_skus(self, rows: int) -> Question:
        text = ngettext(
            "{:,} row has no SKU. Use its product ID, such as {}? A SKU must be yours alone on this platform.",
            "{:,} rows have no SKU. Use their product IDs, such as {}? A SKU must be yours alone on this platform.",
            rows,
        ).format(rows, self._shown(EMPTY_SKU))
        choices = Choice(PRODUCT_ID, "Use the product ID", rows), Choice(LEAVE, "Leave these rows as errors", rows)
        return Question(EMPTY_SKU, EMPTY_SKU, "sku", text, choices, PRODUCT_ID, rows)

    def _about_category(self, rows: int) -> Question:
        if rows == self.products:
            text = "No row has a category. Which one is right for all of them?" + self._or_column("category")
        else:
            text = ngettext(
                "{:,} row has no category. Which one is it?", "{:,} rows have no category. Which one for these?", rows
            ).format(rows)
        choices = tuple(Choice(name, name) for name in self.categories.names)
        return Question(CATEGORY_FOR_ALL, CATEGORY_FOR_ALL, "category", text, choices, "", rows)

    def _about_values(self) -> Question:
        """The cells with a close category first; the suggestion is JSON: cell → category."""
        close = {cell: name for cell in self._values if (name := self.categories.near(cell, self.plan.paths))}
        in_order = sorted(self._values.items(), key=lambda entry: (entry[0] not in close, -entry[1].rows))
        choices = tuple(Choice(cell, _label(cell, value), value.rows) for cell, value in in_order)
        rows = sum(value.rows for value in self._values.values()) + self.more_values
        text = ngettext(
            "{:,} category of this file is not on our list. Which one of ours is it?",
            "{:,} categories of this file are not on our list. Which ones of ours are they?",
            len(self._values),
        ).format(len(self._values))
        if self.more_values:
            text += f" There are more; these are the first {len(self._values):,}."
        suggestion = json.dumps(close, ensure_ascii=False) if close else ""
        return Question(CATEGORY_VALUES, CATEGORY_VALUES, "category", text, choices, suggestion, rows)

    def _or_column(self, field: str) -> str:
        """What else a person can do about a field that no column of an own list is read as."""
        if not self.plan.own_list or self.plan.columns.get(field):
            return ""
        return f" If a column has the {LABELS[field]}, say so in the table of columns instead."

    def _about_quantity(self, rows: int) -> Question:
        forms = (
            ("Of {:,} product the list doesn’t say how many there are. Which quantity?",
             "Of {:,} products the list doesn’t say how many there are. Which quantity for each?")
            if self.plan.own_list else
            ("{:,} product is in stock without a number. Which quantity?",
             "{:,} products are in stock without a number. Which quantity for each?")
        )  # fmt: skip
        text = ngettext(*forms, rows).format(rows)
        text += "" if self.plan.flags else self._or_column("stock_quantity")
        return Question(QUANTITY, QUANTITY, "stock_quantity", text, (), "", rows)

    def _about_negative(self, rows: int) -> Question:
        text = ngettext(
            "{:,} product has a stock below 0, such as {}. Read it as 0?",
            "{:,} products have a stock below 0, such as {}. Read it as 0?",
            rows,
        ).format(rows, self._shown(NEGATIVE))
        choices = Choice("0", "Read it as 0", rows), Choice(LEAVE, "Leave these rows as errors", rows)
        return Question(NEGATIVE, NEGATIVE, "stock_quantity", text, choices, "0", rows)

    def _about_rounding(self, rows: int) -> Question:
        example = self._examples[ROUND][0]
        rounded = rounded_price(example, machine=self.plan.machine_numbers)
        text = ngettext(
            "{:,} price has more than two decimals. Round it to cents, {} to {}?",
            "{:,} prices have more than two decimals. Round them to cents, such as {} to {}?",
            rows,
        ).format(rows, short(example), rounded)
        choices = Choice(YES, "Round to cents", rows), Choice(NO, "Leave these rows as errors", rows)
        return Question(ROUND, ROUND, "price", text, choices, YES, rows)

    def _about_repair(self, rows: int) -> Question:
        example = self._examples[REPAIR][0]
        text = ngettext(
            "{:,} SKU has characters that a SKU may not have. Write {} for {}?",
            "{:,} SKUs have characters that a SKU may not have. Write them like {} for {}?",
            rows,
        ).format(rows, short(repaired_sku(example)), quoted([example], ""))
        choices = Choice(YES, "Write them so", rows), Choice(NO, "Leave these rows as errors", rows)
        return Question(REPAIR, REPAIR, "sku", text, choices, YES, rows)


def _label(cell: str, value: _Value) -> str:
    return f"{cell} ({', '.join(value.names)})" if value.names else cell

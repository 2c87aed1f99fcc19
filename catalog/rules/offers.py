"""A row that only changes a product that is in the catalog: its price, its stock, whatever its file has columns for.

Each cell is judged as one of a whole product is. What the file has no column for stays as it is in the catalog.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from catalog.rules.fields import LABELS
from catalog.rules.money import quoted
from catalog.rules.problems import Problem
from catalog.rules.severity.severities import could_be_stored, keeps_out
from catalog.rules.validator import Rules, looked_at


class OfferDraft(NamedTuple):
    """A right row. `by` is the field by which its product is found, the product ID where it has one, else the SKU;
    `values` is field → value as ProductDraft has it, for each field with a column, the one that it is found by too.
    """

    by: str
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        return str(self.values[self.by])


class ValidatedOffer(NamedTuple):
    """As validator.Validated. Where the row names no category, how grave its problems are depends on its product's:
    then there is a draft if they can all be warnings, and committer.decide has the last word.
    """

    draft: OfferDraft | None
    problems: list[Problem]


# What is right anyway, in place of what the row doesn't say.
_STAND_INS: Final = {
    "vendor_product_id": "1", "product_name": "Any", "category": "Any", "sku": "1", "price": "1", "stock_quantity": "0",
}  # fmt: skip
_ANY: Final = Rules.from_names(["Any"])
_KINDS: Final = {  # by whether it has prices, and stock
    (True, True): "list of prices and stock", (True, False): "price list",
    (False, True): "stock list", (False, False): "list of changes",
}  # fmt: skip


def validate_offer(
    values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str] = frozenset(), currency: str = ""
) -> ValidatedOffer:
    """Judges one row, whose arguments are those of `validate`. Values have a product ID or a SKU."""
    has_category = "category" in values
    judged, problems = looked_at({**_STAND_INS, **values}, rules if has_category else _ANY, numeric, currency)
    if problems:
        problems = rules.severities.settled(problems, judged.category if has_category else "")
        if keeps_out(problems) if has_category else not could_be_stored(problems):
            return ValidatedOffer(None, problems)
    changed = {field: getattr(judged, field) for field in values}
    if "price" in values:
        changed["currency"] = judged.currency
    by = "vendor_product_id" if "vendor_product_id" in values else "sku"
    return ValidatedOffer(
        OfferDraft(by, {field: value for field, value in changed.items() if value is not None}), problems
    )


def not_in_catalog(offer: OfferDraft) -> str:
    """Why nothing came of a right row."""
    kind = _KINDS["price" in offer.values, "stock_quantity" in offer.values]
    return f"No product in the catalog has the {LABELS[offer.by]} {quoted(offer.key)}; a {kind} adds none."

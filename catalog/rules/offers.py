"""A row that only changes a product that is in the catalog: its price, its stock, whatever its file has columns for.

Each cell is judged as one of a whole product is. What the file has no column for stays as it is in the catalog, and so
does what its cell is empty for. The same takes rows that retire a product, in whatever file they stand.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from catalog.rules.cells import trimmed
from catalog.rules.fields import ACTION, FIELDS, LABELS, REQUIRED, RETIRED
from catalog.rules.leftovers import stands_for_nothing
from catalog.rules.money import quoted
from catalog.rules.problems import Problem
from catalog.rules.severity.severities import could_be_stored, keeps_out
from catalog.rules.validator import ProductDraft, Rules, Validated, said_in, validate
from catalog.rules.values import action, emptied
from catalog.rules.values.stock import SOLD_OUT


class OfferDraft(NamedTuple):
    """A right row. `by` is the field by which its product is found, the product ID where it has one, else the SKU;
    `values` is field → value as ProductDraft has it, for each field that the row says, the one that it is found by too.
    `listed`: it stands in a list of another program, which has products that we don't, and perhaps IDs of its own: if
    no product has the ID, the SKU counts. Both only say which product is meant; neither is changed.
    """

    by: str
    values: Mapping[str, Any]
    listed: bool = False

    @property
    def key(self) -> str:
        return str(self.values[self.by])

    @property
    def changes(self) -> dict[str, Any]:
        """What the product is to have."""
        return {field: value for field, value in self.values.items() if field not in IDENTIFIERS}

    def over(self, current: ProductDraft) -> ProductDraft:
        """The product as it stands with what is to be changed of it."""
        columns = [*current]
        for field, value in self.changes.items():
            columns[_PLACES[field]] = value
        return ProductDraft._make(columns)

    @property
    def retires(self) -> bool:
        """Whether it ends its product."""
        return self.values.get("status") == RETIRED


def keys(draft: ProductDraft | OfferDraft) -> tuple[str, str]:
    """The product ID and the SKU that a draft names; "" for one that it doesn't."""
    if isinstance(draft, OfferDraft):
        return draft.values.get("vendor_product_id", ""), draft.values.get("sku", "")
    return draft.vendor_product_id, draft.sku


class ValidatedOffer(NamedTuple):
    """As validator.Validated. Where the row names no category, how grave its problems are depends on its product's:
    then there is a draft if they can all be warnings, and committer.decide has the last word.
    """

    draft: OfferDraft | None
    problems: list[Problem]


_FIELDS: Final = frozenset(FIELDS)
_PLACES: Final = {field: place for place, field in enumerate(ProductDraft._fields)}
IDENTIFIERS: Final = ("vendor_product_id", "sku")
_MISSED: Final = frozenset(REQUIRED) - {*IDENTIFIERS}  # what no product can be without
_KINDS: Final = {  # by whether it has prices, and stock
    (True, True): "list of prices and stock", (True, False): "price list",
    (False, True): "stock list", (False, False): "list of changes",
}  # fmt: skip
_NO_CATEGORY: Final = Rules.from_names([])


def validate_row(
    values: Mapping[str, str | None],
    rules: Rules,
    numeric: frozenset[str] = frozenset(),
    currency: str = "",
    *,
    only_changes: bool = False,
    listed: bool = False,
) -> Validated | ValidatedOffer:
    """Judges one row by what it asks for: a whole product or, in a file that `only_changes`, what is changed of one;
    or that one is retired. `listed` is as in `validate_offer`, and the other arguments are those of `validate`.
    """
    asked, problem = action.read(values[ACTION] or "") if ACTION in values else (action.UPSERT, None)
    if asked == action.RETIRE:
        return _retiring(values, numeric, listed=only_changes and listed)
    judged: Validated | ValidatedOffer
    if only_changes:
        judged = validate_offer(values, rules, numeric, currency, listed=listed)
    else:
        judged = validate(values, rules, numeric, currency)
    return judged._replace(draft=None, problems=[*judged.problems, problem]) if problem else judged


def validate_offer(
    values: Mapping[str, str | None],
    rules: Rules,
    numeric: frozenset[str] = frozenset(),
    currency: str = "",
    *,
    listed: bool = False,
) -> ValidatedOffer:
    """Judges one row, whose arguments are those of `validate`. Values have a product ID or a SKU.

    An empty cell, or a word for nothing, leaves what is there; `[clear]` empties what needn't have a value. In a
    `listed` row, of another program, a price or stock is missing then: who made that didn't know that it would leave
    anything.
    """
    given = {
        field: cell
        for field, cell in values.items()
        # Nearly all end in a digit, as no word for nothing does.
        if field in _FIELDS and ((cell and cell[-1].isdigit()) or (listed and field in _MISSED) or _says(cell, field))
    }
    by = _found_by(values, given)
    given.setdefault(by, "")
    said, problems = said_in(given, rules, numeric, currency)
    if problems:
        if not listed:
            problems = [one if one.field == by else emptied.or_left(one, given.get(one.field)) for one in problems]
        problems = rules.severities.settled(problems, said.get("category", ""))
        if keeps_out(problems) if "category" in said else not could_be_stored(problems):
            return ValidatedOffer(None, problems)
    if currency and "price" in said:
        said.setdefault("currency", currency)
    if None in said.values():
        said = {field: value for field, value in said.items() if value is not None}
    return ValidatedOffer(OfferDraft(by, said, listed), problems)


def _retiring(values: Mapping[str, str | None], numeric: frozenset[str], *, listed: bool) -> ValidatedOffer:
    """A row that retires its product: nothing but what that is found by counts, and a right SKU beside its ID."""
    by = _found_by(values, values)
    named, problems = said_in({by: values.get(by)}, _NO_CATEGORY, numeric, "")
    if keeps_out(problems):
        return ValidatedOffer(None, problems)
    if by != "sku" and _says(cell := values.get("sku"), "sku"):
        beside, wrong = said_in({"sku": cell}, _NO_CATEGORY, numeric, "")
        named |= {} if keeps_out(wrong) else beside
    return ValidatedOffer(OfferDraft(by, {**named, "status": RETIRED}, listed), problems)


def _found_by(values: Mapping[str, str | None], given: Mapping[str, str | None]) -> str:
    """The field by which the product is found: the product ID where the row has one, else the SKU."""
    for field in IDENTIFIERS:
        if (given.get(field) or "").strip():
            return field
    return "vendor_product_id" if "vendor_product_id" in values else "sku"


def _says(cell: str | None, field: str) -> bool:
    """Whether a cell says anything. What stands for "sold out" doesn't say how many there are, and is asked about."""
    text = trimmed(cell or "")
    if not text:
        return False
    return not stands_for_nothing(text, strictly=True) or (field == "stock_quantity" and text.casefold() in SOLD_OUT)


def not_in_catalog(offer: OfferDraft) -> str:
    """Why nothing came of a right row of a list."""
    kind = _KINDS["price" in offer.values, "stock_quantity" in offer.values]
    return f"No product in the catalog has the {LABELS[offer.by]} {quoted(offer.key)}; a {kind} adds none."

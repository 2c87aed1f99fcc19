"""Rows that only change a product and name no category: how grave their problems are depends on that of their product
(catalog.committer.decide), as it is now. Of a row without a product nothing is said: it fails, or is left alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from catalog.models import Product
from catalog.rules.offers import OfferDraft
from catalog.rules.severity.severities import keeps_out
from uploads.pipeline.judge import Judged


class Named(NamedTuple):
    """A product as a row names it: by its product ID or its SKU."""

    vendor_id: str
    by: str
    key: str


class Stands(NamedTuple):
    """What matters here of a product as it is now."""

    category: str
    sku: str


NOTHING: Final = Stands("", "")  # of a product that is gone


def settled(judged: Sequence[Judged]) -> list[Judged]:
    """The same rows, and of those that only change a product its category counts."""
    names = [_named(one) for one in judged]
    found = standing(name for name in names if name)
    return [
        _in_category(one, found[name].category) if name in found else one
        for one, name in zip(judged, names, strict=True)
    ]  # fmt: skip


def standing(named: Iterable[Named]) -> dict[Named, Stands]:
    """Those that there are (through products_vendor_id_vendor_product_id_key and products_sku_key)."""
    asked: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name in named:
        asked[name.vendor_id, name.by].add(name.key)
    found = {}
    for (vendor_id, by), keys in asked.items():
        theirs = Product.objects.filter(**{"vendor_id": vendor_id, f"{by}__in": sorted(keys)})
        for key, category, sku in theirs.values_list(by, "category", "sku"):
            found[Named(vendor_id, by, key)] = Stands(category, sku)
    return found


def _named(one: Judged) -> Named | None:
    """The product on whose category it depends; None for a row that depends on none."""
    draft = one.draft
    if not one.problems or not isinstance(draft, OfferDraft) or draft.values.get("category") or draft.retires:
        return None
    return Named(one.record.vendor_id, draft.by, draft.key)


def _in_category(one: Judged, category: str) -> Judged:
    problems = one.severities.settled(one.problems, category)
    return one._replace(problems=problems, draft=None if keeps_out(problems) else one.draft)

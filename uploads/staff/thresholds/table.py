"""What counts of each kind of threshold now, for all or for one vendor: as the check itself chooses it, and who set it.

Of what vendors have of their own the table for all says how many there are; which these are stands in the list below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode

from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.models import GuardThreshold
from uploads.pipeline.guard import thresholds
from uploads.pipeline.guard.thresholds import Threshold

OF: Final = {
    **dict.fromkeys(map(str, GuardThreshold.BY_CATEGORY), "products of the file that are in the catalog"),
    "retired": "the vendor’s active products", "fewer_rows": "rows of its last file", "errors": "rows of the file",
}  # fmt: skip
CATEGORIES: Final = 1_000  # rows about categories that are looked at: a category has three of them at most


@dataclass(frozen=True)
class Counts:
    """A threshold that counts: for `whom` in words, who set it and when, and its page; "" and None for a default."""

    one: Threshold
    whom: str
    by: str
    since: datetime | None
    url: str


@dataclass(frozen=True)
class Line:
    """A kind of threshold, with what counts of it: for all first. `vendors` have one of their own instead."""

    label: str
    of: str
    counts: tuple[Counts, ...]
    vendors: int = 0
    vendors_url: str = ""
    add_url: str = ""


def of_all(*, may_add: bool) -> list[Line]:
    """For all vendors that have none of their own."""
    rows = list(_rows(Q(vendor=None)))
    apart = dict(
        GuardThreshold.objects.exclude(vendor=None).order_by().values_list("kind").annotate(vendors=Count("pk"))
    )
    return _lines("", rows, apart, may_add=may_add)


def of_vendor(vendor_id: str, *, may_add: bool) -> list[Line]:
    """For one vendor: its own, or what counts in their place."""
    return _lines(vendor_id, list(_rows(Q(vendor=None) | Q(vendor=vendor_id))), {}, may_add=may_add)


def _rows(which: Q) -> "Iterable[GuardThreshold]":
    found = GuardThreshold.objects.filter(which).select_related("updated_by")
    return found.order_by("category", "kind")[:CATEGORIES]


def _lines(vendor_id: str, rows: Sequence[GuardThreshold], apart: dict[str, int], *, may_add: bool) -> list[Line]:
    stored = {thresholds.as_threshold(row): row for row in rows}
    counting = thresholds.counting(vendor_id, stored)
    lines = []
    for default in thresholds.DEFAULTS:
        of_kind = [one for one in counting if one.kind == default.kind]
        is_set = any(one.vendor_id == vendor_id and not one.category for one in stored if one.kind == default.kind)
        lines.append(
            Line(
                GuardThreshold.Kind(default.kind).label, OF[default.kind],
                tuple(_counts(one, stored.get(one), of_kind) for one in of_kind),
                apart.get(default.kind, 0), list_url("uploads_guardthreshold", kind=default.kind),
                _adding(of_kind[0], vendor_id) if may_add and not is_set else "",
            )
        )  # fmt: skip
    return lines


def _counts(one: Threshold, row: GuardThreshold | None, of_kind: Sequence[Threshold]) -> Counts:
    whom = "all vendors"
    if one.vendor_id:
        whom = "this vendor"
    elif one.category:
        whom = f"products in {visible(one.category)}"
    elif any(other.category for other in of_kind):
        whom = "all other products"
    if row is None:
        return Counts(one, whom, "", None, "")
    by = visible(str(row.updated_by)) if row.updated_by else "somebody"
    return Counts(one, whom, by, row.updated_at, page_url("uploads_guardthreshold", row.pk))


def _adding(one: Threshold, vendor_id: str) -> str:
    """The form, filled in with what counts so far."""
    asked: dict[str, str | int] = {
        "kind": one.kind, "limit_percent": one.limit, "minimum": one.minimum, "owner_percent": one.owner_limit,
    }  # fmt: skip
    asked |= {"vendor": vendor_id} if vendor_id else {}
    return f"{reverse('admin:uploads_guardthreshold_add')}?{urlencode(asked)}"

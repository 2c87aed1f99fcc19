"""Beyond what a file is held: the defaults, what staff set instead, and which of these counts for a vendor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from uploads.models import GuardThreshold

Kind = GuardThreshold.Kind


@dataclass(frozen=True)
class Threshold:
    """One of them, stored or not. `limit` is the share in percent beyond which a file is held, where it is a share of
    at least `minimum`; up to `owner_limit` percent the vendor's owners may let it through, beyond that staff may.

    With a `category` it is about the products of that alone; with a `vendor_id` about files of that vendor.
    """

    kind: str
    limit: int
    owner_limit: int
    minimum: int = 20
    is_on: bool = True
    category: str = ""
    vendor_id: str = ""


# What counts where staff set nothing. A file is held for what no usual day brings: prices and stocks of a nightly list
# move in a few percent of the products. An owner may know of a sale or a clearance, but nobody clears a whole catalog
# without a word. What is wrong stays out anyway, so owners may always let the rest of such a file through.
DEFAULTS: Final = (
    Threshold(Kind.PRICE_FALLS, limit=10, owner_limit=50),
    Threshold(Kind.PRICE_RISES, limit=10, owner_limit=50),
    Threshold(Kind.ZERO_STOCK, limit=30, owner_limit=60),
    Threshold(Kind.RETIRED, limit=15, owner_limit=50),
    Threshold(Kind.FEWER_ROWS, limit=50, owner_limit=90),
    Threshold(Kind.ERRORS, limit=50, owner_limit=100),
)
BY_CATEGORY: Final = frozenset(map(str, GuardThreshold.BY_CATEGORY))


def of(vendor_id: str) -> tuple[Threshold, ...]:
    """Those that count for a vendor's files now."""
    return counting(vendor_id, stored())


def stored() -> list[Threshold]:
    """All that staff set."""
    rows = GuardThreshold.objects.all()
    return [as_threshold(row) for row in rows]


def as_threshold(row: GuardThreshold) -> Threshold:
    return Threshold(
        row.kind, row.limit_percent, row.owner_percent, row.minimum, row.is_on, row.category, row.vendor_id or ""
    )


def counting(vendor_id: str, given: Iterable[Threshold]) -> tuple[Threshold, ...]:
    """Of the given ones and the defaults those that count for a vendor's files, the most specific of each kind.

    Where the vendor has one of its own, that is about all its products; else each category's own is about its
    products, and the one for all about the others. Those that are off are among them: they stand in the place of wider
    ones.
    """
    given = [one for one in given if one.vendor_id in ("", vendor_id)]
    found = list[Threshold]()
    for default in DEFAULTS:
        of_kind = [one for one in given if one.kind == default.kind]
        if own := [one for one in of_kind if one.vendor_id]:
            found += own[:1]
            continue
        general = [one for one in of_kind if not one.category]
        found += general[:1] or [default]
        found += [one for one in of_kind if one.category and one.kind in BY_CATEGORY]
    return tuple(found)


def categories(counting: Sequence[Threshold]) -> frozenset[str]:
    """The categories that have some of their own: their products are counted apart."""
    return frozenset(one.category for one in counting if one.category)

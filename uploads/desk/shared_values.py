"""Wrong values over all vendors, and SKUs that two of them claim: how many rows wait with each, largest first.

Nothing is counted here: the counts are kept up as rows fail and are mended (uploads/models/values.py), the totals a few
seconds late. Every question is bounded and goes by an index, however many values there are; what a row says of a value
is one probe of the errors each (idx_validation_errors_value).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection
from psycopg.sql import SQL, Composable

from catalog.rules.fields import LABELS, READ
from config.web.text import visible
from vendors.models import Vendor

COUNTED: Final = 1_000  # values of a field; of more a page says "1,000 or more"
LOOKED_AT: Final = 20_000  # counts of vendors, and claims, in one question
SEARCHED: Final = 5_000  # values among which a text is looked for, the largest
CLAIMED: Final = 2_000  # SKUs of which the claims are looked at, the largest


@dataclass(frozen=True)
class SharedValue:
    """A wrong value of a field, in small letters; "" is empty cells. `spelling` is one that a file has, `message` and
    `suggestion` what was said of one of its rows."""

    field: str
    value: str
    spelling: str
    rows: int
    vendors: int
    since: datetime
    message: str = ""
    suggestion: str = ""

    @property
    def shown(self) -> str:
        return visible(self.spelling)

    @property
    def label(self) -> str:
        return LABELS[self.field]

    @property
    def key(self) -> str:
        """What it is called where something is noted of it (WorkItem.key)."""
        return f"{self.field}:{self.value}"

    @property
    def place(self) -> "Place":
        return Place(self.rows, self.field, self.value)


class Place(NamedTuple):
    """Where a portion ended: what follows is smaller, or comes after it in the same order."""

    rows: int
    field: str
    value: str


class Sum(NamedTuple):
    """How many values, in how many rows; `more` says that there are more of both."""

    values: int
    rows: int
    more: bool


@dataclass(frozen=True)
class OfVendor:
    """A vendor with rows that have some of the values asked for: which of them, as asked, and how many rows. `status`
    is its own, or paused, as its feeds are."""

    vendor_id: str
    name: str
    status: str
    rows: int
    values: Sequence[str]

    @property
    def active(self) -> bool:
        return self.status == Vendor.Status.ACTIVE


_SAID: Final = SQL(
    """
    SELECT s.field, s.value, s.spelling, s.rows, s.vendors, s.since, coalesce(e.error_message, ''),
           coalesce(e.suggestion, '')
      FROM ({}) s
      LEFT JOIN LATERAL (SELECT error_message, suggestion FROM validation_errors e
                          WHERE e.field = s.field AND lower(e.wrong_value) = s.value AND e.resolved_at IS NULL
                            AND e.severity = 'error'
                            AND open_value_claim(e.error_type, e.field, e.wrong_value) = false
                          LIMIT 1) e ON true
     ORDER BY s.rows DESC, s.field DESC, s.value DESC
    """
)
_LARGEST: Final = SQL(
    """
    SELECT field, value, spelling, rows, vendors, since FROM shared_values
     WHERE claim = false AND field = ANY (%s) AND {}
     ORDER BY rows DESC, field DESC, value DESC LIMIT %s
    """
)


def top(most: int, after: Place | None = None, field: str = "") -> list[SharedValue]:
    """The largest values of all fields or of one, from a place on (idx_shared_values_rows, idx_shared_values_field)."""
    which: list[Composable] = [SQL("field = %s")] if field else []
    which += [SQL("(rows, field, value) < (%s, %s, %s)")] if after else []
    asked: list[Any] = [*([field] if field else []), *(after or ())]
    return _read(_LARGEST.format(SQL(" AND ").join([SQL("true"), *which])), [list(READ), *asked, most])


def one(field: str, value: str) -> SharedValue | None:
    """One value, whatever its capitals; None where no row has it any more."""
    which = SQL("field = %s AND value = lower(%s)")
    return next(iter(_read(_LARGEST.format(which), [list(READ), field, value, 1])), None)


def some(pairs: Sequence[tuple[str, str]]) -> list[SharedValue]:
    """Those of these fields and values, in small letters, that rows have (by the table's key)."""
    if not pairs:
        return []
    which = SQL("(field, value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))")
    asked = [[field for field, _ in pairs], [value for _, value in pairs], len(pairs)]
    return _read(_LARGEST.format(which), [list(READ), *asked])


def find(text: str, most: int) -> list[SharedValue]:
    """Values that have a text in them, among the largest."""
    largest = _LARGEST.format(SQL("true"))
    found = SQL("SELECT * FROM ({}) l WHERE strpos(value, lower(%s)) > 0 ORDER BY rows DESC LIMIT %s").format(largest)
    return _read(found, [list(READ), SEARCHED, text, most])


def _read(query: Composable, asked: Sequence[Any]) -> list[SharedValue]:
    with connection.cursor() as cursor:
        cursor.execute(_SAID.format(query), list(asked))
        return [SharedValue(*row) for row in cursor.fetchall()]


def fields() -> dict[str, Sum]:
    """The fields that have wrong values, in the order of READ (idx_shared_values_field)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT f.field, t.values, t.rows
              FROM unnest(%s::text[]) AS f (field)
             CROSS JOIN LATERAL (SELECT count(*) AS values, sum(l.rows) AS rows
                                   FROM (SELECT rows FROM shared_values WHERE claim = false AND field = f.field
                                          ORDER BY rows DESC LIMIT %s) l) t
             WHERE t.values > 0
            """,
            [list(READ), COUNTED + 1],
        )
        found = {field: Sum(min(values, COUNTED), int(rows), values > COUNTED) for field, values, rows in cursor}
    return {field: found[field] for field in READ if field in found}


def totals() -> Sum:
    """How many values there are in how many rows, of all fields."""
    each = fields().values()
    return Sum(sum(one.values for one in each), sum(one.rows for one in each), any(one.more for one in each))


def vendors_with(field: str, values: Iterable[str], most: int) -> list[OfVendor]:
    """The vendors whose rows have any of these values, whatever their capitals; those with most rows first
    (idx_open_values_value)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.vendor_id, v.vendor_name,
                   CASE WHEN EXISTS (SELECT FROM vendor_holds h WHERE h.vendor_id = o.vendor_id AND h.ended_at IS NULL
                                                                  AND h.kind = 'pause') THEN 'paused' ELSE v.status END,
                   sum(o.rows)::bigint AS rows, array_agg(o.asked)
              FROM (SELECT o.vendor_id, o.rows, w.asked
                      FROM (SELECT min(asked) AS asked, lower(asked) AS value FROM unnest(%s::text[]) AS a (asked)
                             GROUP BY 2) w
                      JOIN open_values o ON o.claim = false AND o.field = %s AND o.value = w.value AND o.rows > 0
                     LIMIT %s) o
              JOIN vendors v ON v.vendor_id = o.vendor_id
             GROUP BY 1, 2, 3
             ORDER BY rows DESC, 1 LIMIT %s
            """,
            [list(values), field, LOOKED_AT, most],
        )
        return [OfVendor(*row) for row in cursor.fetchall()]


def of_vendor(vendor_id: str, most: int) -> list[SharedValue]:
    """A vendor's wrong values, the largest of LOOKED_AT (by the table's key); exact at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT field, value, spelling, rows, 1, since
              FROM (SELECT * FROM open_values WHERE vendor_id = %s AND claim = false AND rows > 0 LIMIT %s) o
             WHERE field = ANY (%s)
             ORDER BY rows DESC, field, value LIMIT %s
            """,
            [vendor_id, LOOKED_AT, list(READ), most],
        )
        return [SharedValue(*row) for row in cursor.fetchall()]


# --- SKUs that two vendors claim -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A SKU in rows of a vendor that another vendor's product has; or nobody's any more, then the rows may be right
    when they are tried again. `upload_id` and `row_number` are of one of the rows."""

    sku: str
    vendor_id: str
    name: str
    status: str
    rows: int
    since: datetime
    product_id: int | None
    product_name: str
    holder_id: str
    holder_name: str
    error_id: int | None
    upload_id: str
    row_number: int

    @property
    def shown(self) -> str:
        return visible(self.sku)

    @property
    def key(self) -> str:
        return f"{self.vendor_id}:{self.sku.lower()}"

    @property
    def active(self) -> bool:
        return self.status == Vendor.Status.ACTIVE


# The largest claims, each with its vendors (idx_open_values_value), the product (products_sku_key) and one of its rows.
# A vendor's own product is no claim of two: its next file, or the row itself, says what was meant.
_CLAIMS: Final = """
    SELECT o.spelling, o.vendor_id, v.vendor_name, v.status, o.rows, o.since, p.product_id,
           coalesce(p.product_name, ''), coalesce(p.vendor_id, ''), coalesce(h.vendor_name, ''), e.error_id,
           coalesce(e.upload_id, ''), coalesce(e.row_number, 0)
      FROM (SELECT value, rows FROM shared_values WHERE claim AND field = 'sku'
             ORDER BY rows DESC, value DESC LIMIT %s) s
     CROSS JOIN LATERAL (SELECT vendor_id, spelling, rows, since FROM open_values
                          WHERE claim AND field = 'sku' AND value = s.value AND rows > 0 OFFSET 0) o
      JOIN vendors v ON v.vendor_id = o.vendor_id
      LEFT JOIN LATERAL (SELECT product_id, product_name, vendor_id FROM products
                          WHERE sku = o.spelling OFFSET 0) p ON true
      LEFT JOIN vendors h ON h.vendor_id = p.vendor_id
      LEFT JOIN LATERAL (SELECT error_id, upload_id, row_number FROM validation_errors
                          WHERE field = 'sku' AND lower(wrong_value) = s.value AND vendor_id = o.vendor_id
                            AND resolved_at IS NULL AND severity = 'error' AND error_type = 'sku_taken' LIMIT 1) e
             ON true
     WHERE p.vendor_id IS DISTINCT FROM o.vendor_id
     ORDER BY s.rows DESC, s.value, o.rows DESC, o.vendor_id LIMIT %s
"""


def claims(most: int) -> list[Claim]:
    """The SKUs of which most rows wait, among the CLAIMED largest."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS, [CLAIMED, most])
        return [Claim(*row) for row in cursor.fetchall()]

"""Rows that are retried by themselves, since what they waited for has happened: which those are, and what is noted.

Such a job is a retry like any other (retry.py), of one upload's rows and asked for by nobody; its parameters say what
happened. It goes through the file in its order, so that of two rows about a product the first counts, and a slice costs
the same however many rows wait. A row is retried once for what happened, and MOST_ATTEMPTS times in all: then a person
has to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import connection
from psycopg.sql import SQL, Composable

from catalog.rules.problems import Code
from uploads.corrections.failed_rows import FailedRow, Key, Selection
from uploads.models import Happening, Job, SelfRetry, why_retried
from vendors import holds
from vendors.models import Vendor

Kind = Happening.Kind
BECAUSE: Final = "because"  # in a job's parameters
MOST_ATTEMPTS: Final = 20
FEW: Final = 2_000  # rows that are put into order anew for each slice
# What rows that wait for this have in which field.
CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    Kind.CATEGORY: (Code.UNKNOWN_CATEGORY, Code.INACTIVE_CATEGORY),
    Kind.VENDOR: (Code.VENDOR_NOT_ACTIVE,),
    Kind.SKU: (Code.SKU_TAKEN,),
}
FIELDS: Final[Mapping[str, str]] = {Kind.CATEGORY: "category", Kind.VENDOR: "", Kind.SKU: "sku"}
# An attempt that was made by itself since then has met what happened, and failed all the same.
_ONCE: Final = SQL(
    """
    {condition} AND e.attempt < %s AND (%s <> 'sku' OR e.wrong_value = ANY (%s))
    AND NOT EXISTS (SELECT FROM self_retries s
                     WHERE s.upload_id = e.upload_id AND s.record_id = e.record_id AND s.attempt = e.attempt
                       AND s.created_at >= %s::timestamptz)
    """
)


@dataclass(frozen=True)
class Because:
    """What happened. `whats` says of each value that rows were wrong for what it was: a category's name by the cell in
    small letters, a SKU by itself, the vendor's ID by "". `since` is when it was looked at first, in ISO 8601."""

    kind: str
    whats: Mapping[str, str]
    since: str

    @property
    def words(self) -> str:
        return why_retried(self.kind, sorted(set(self.whats.values())))

    def selection(self, vendor_id: str, upload_id: str = "") -> Selection:
        """The rows of a vendor, or of one upload, that waited for it."""
        codes = tuple(code.value for code in CODES[self.kind])
        values = () if self.kind == Kind.VENDOR else tuple(self.whats)
        return Selection(upload_id, vendor_id, FIELDS[self.kind], wrong_values=values, codes=codes)

    def condition(self, selection: Selection) -> tuple[Composable, list[Any]]:
        """Those of the selection that weren't retried for it, as SQL about `validation_errors e`."""
        condition, values = selection.condition()
        more = [MOST_ATTEMPTS, self.kind, list(self.whats), self.since]
        return _ONCE.format(condition=condition), [*values, *more]

    def as_parameter(self) -> dict[str, Any]:
        return {BECAUSE: asdict(self)}


def of(job: Job) -> Because | None:
    """Why the job retries rows; None where somebody asked for it."""
    kept = job.parameters.get(BECAUSE)
    return Because(**kept) if kept else None


def wanted(vendor_id: str | None) -> bool:
    """Whether the vendor may send products, isn't paused, and wants its rows retried by themselves."""
    if holds.why_no_retry(holds.of(vendor_id or "")):
        return False
    return Vendor.objects.filter(pk=vendor_id, status=Vendor.Status.ACTIVE, retries_by_itself=True).exists()


# Few rows are found by what they have in common; many by reading the upload's errors in their order, as far as a slice
# goes (idx_validation_errors_upload; the fence keeps the planner from finding and sorting all of them for each).
_BY_VALUE: Final = SQL("validation_errors")
_IN_ORDER: Final = SQL(
    """
    (SELECT * FROM validation_errors WHERE upload_id = %s AND severity = 'error' AND row_number >= %s
      ORDER BY row_number OFFSET 0)
    """
)


def next_keys(job: Job, because: Because, selection: Selection, most: int) -> list[Key]:
    """The next rows of the job's upload in the order of the file, behind those that are done."""
    condition, values = because.condition(selection)
    behind, many = int(job.position or 0), job.total > FEW and because.kind != Kind.VENDOR
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
                SELECT e.upload_id, e.row_number, e.record_id, e.vendor_id
                  FROM {} e WHERE {} AND e.row_number >= %s ORDER BY e.row_number LIMIT %s
                """
            ).format(_IN_ORDER if many else _BY_VALUE, condition),
            [*((selection.upload_id, behind) if many else ()), *values, behind, most],
        )
        return list(dict.fromkeys(Key(*row) for row in cursor.fetchall()))


def note(because: Because, rows: Sequence[FailedRow], wrong: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """Write down for what these rows are retried, in the transaction of their new attempts; `wrong` is what stood in
    their field."""
    SelfRetry.objects.bulk_create(
        SelfRetry(
            upload_id=row.upload_id, record_id=row.record_id, attempt=row.attempt + 1, kind=because.kind,
            what=_what(because, wrong.get((row.upload_id, row.record_id), ())),
        )
        for row in rows
    )  # fmt: skip


def _what(because: Because, values: Sequence[str]) -> str:
    known = [because.whats[value] for value in values if value in because.whats]
    return known[0] if known else next(iter(because.whats.values()))

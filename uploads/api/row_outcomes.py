"""What became of an upload's rows, a page at a time in constant memory, by the indexes that there are.

All rows are read from the ledger in the order of their records. Those with errors or warnings are read from these, in
the order of their rows: there may be ten among a million. A page looks at so many rows at most; where few of them are
wanted it has fewer, or none, and the next one goes on behind them. Products that a whole catalog lacks are no rows of
its file, and aren't among them, though the ledger has them: they are counted with the feed, and found in the catalog.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from catalog.models import Product
from catalog.rules.problems import ERROR, WARNING
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.models.ledger import ABSENT_RECORD

LOOKED_AT: Final = 10_000  # rows of the ledger that a page looks at
# Behind all products that a file lacks, and before its rows.
BEHIND_ABSENT: Final = ABSENT_RECORD.format(9_999_999_999)
SETTLED: Final = ("ignored", "newer_upload", "by_hand")
# The newest attempt of each record, behind a record (through record_outcomes_key).
_LEDGER = """
SELECT DISTINCT ON (record_id) record_id, row_number, line_number, outcome, product_id
  FROM record_outcomes WHERE upload_id = %s AND record_id > %s
 ORDER BY record_id, attempt DESC LIMIT %s
"""
_OF_RECORDS = """
SELECT DISTINCT ON (record_id) record_id, row_number, line_number, outcome, product_id
  FROM record_outcomes WHERE upload_id = %s AND record_id = ANY(%s) ORDER BY record_id, attempt DESC
"""


@dataclass(frozen=True)
class RowOutcome:
    """One row: where it stands, what became of it, and what is or was wrong with it."""

    record_id: str
    row: int
    line: int | None
    outcome: str
    vendor_product_id: str | None = None
    problems: list[ValidationError] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Of a row with errors, whether it waits for somebody: open, ignored or closed; "" for all others."""
        wrong = [one for one in self.problems if one.severity == ValidationError.Severity.ERROR]
        if self.outcome != RecordOutcome.Outcome.ERROR or not wrong:
            return ""
        if any(one.resolved_at is None for one in wrong):
            return "open"
        return "ignored" if wrong[0].resolution == ValidationError.Resolution.IGNORED else "closed"


@dataclass(frozen=True)
class Wanted:
    """Which rows: of an outcome, or with problems of a code or severity; "" for all."""

    outcome: str = ""
    code: str = ""
    severity: str = ""

    @property
    def by_problem(self) -> bool:
        return bool(self.code or self.severity or self.outcome == RecordOutcome.Outcome.ERROR)

    @property
    def severities(self) -> list[str]:
        """Of a code alone both: it can be an error of some rows and a warning of others."""
        if self.severity:
            return [self.severity]
        return [ERROR, WARNING] if self.code and self.outcome != RecordOutcome.Outcome.ERROR else [ERROR]


@dataclass(frozen=True)
class Page:
    """Rows, and the key behind which the next page begins; None when there is none."""

    rows: list[RowOutcome]
    behind: list[Any] | None


def page(upload: UploadHistory, wanted: Wanted, behind: Sequence[Any] | None, most: int) -> Page:
    """At most so many rows behind a key: [record] of the ledger's, [row, record] of those with problems."""
    if wanted.by_problem:
        return _with_problems(upload, wanted, behind, most)
    return _of_ledger(upload, wanted, behind, most)


def _of_ledger(upload: UploadHistory, wanted: Wanted, behind: Sequence[Any] | None, most: int) -> Page:
    after = str(behind[0]) if behind else BEHIND_ABSENT if upload.absent_state else ""
    looked_at = LOOKED_AT if wanted.outcome else most
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, [upload.pk, after, looked_at])
        found = cursor.fetchall()
    kept = [one for one in found if not wanted.outcome or one[3] == wanted.outcome]
    more = len(found) == looked_at or len(kept) > most
    kept, last = kept[:most], found[-1][0] if found else None
    if more and len(kept) == most:
        last = kept[-1][0]
    return Page(_whole(upload, kept), [last] if more and last is not None else None)


def _with_problems(upload: UploadHistory, wanted: Wanted, behind: Sequence[Any] | None, most: int) -> Page:
    first, *others = (_keys(upload, severity, wanted.code, behind, most + 1) for severity in wanted.severities)
    keys = first.union(*others).order_by("row_number", "record_id")[: most + 1] if others else first
    found = list(keys)
    with connection.cursor() as cursor:
        cursor.execute(_OF_RECORDS, [upload.pk, [record for _, record in found[:most]]])
        of_records = {one[0]: one for one in cursor.fetchall()}
    rows = [of_records[record] for _, record in found[:most] if record in of_records]
    kept = [one for one in rows if not wanted.outcome or one[3] == wanted.outcome]
    return Page(_whole(upload, kept), list(found[most - 1]) if len(found) > most else None)


def _keys(
    upload: UploadHistory, severity: str, code: str, behind: Sequence[Any] | None, most: int
) -> "QuerySet[ValidationError, tuple[int, str]]":
    """The first rows, by row and record, that have such a problem; of one severity, as the indexes have it."""
    settled = Q(resolved_at=None)
    if severity == ValidationError.Severity.ERROR:  # a warning is settled by a retry alone, and says nothing any more
        settled |= Q(resolution__in=SETTLED)
    problems = ValidationError.objects.filter(settled, upload=upload, severity=severity)
    if code:
        problems = problems.filter(error_type=code)
    if behind:
        row, record = behind
        problems = problems.filter(Q(row_number__gt=row) | Q(row_number=row, record_id__gt=record), row_number__gte=row)
    keys = problems.order_by("row_number", "record_id").values_list("row_number", "record_id")
    return keys.distinct()[:most]


def _whole(upload: UploadHistory, found: Sequence[Any]) -> list[RowOutcome]:
    """These ledger rows with their products and problems, by a query each."""
    ids = Product.objects.filter(pk__in={one[4] for one in found if one[4]})
    names = dict(ids.values_list("product_id", "vendor_product_id"))
    records = {one[0] for one in found}
    problems = defaultdict(list)
    if found:
        rows = {one[1] for one in found}
        of_rows = ValidationError.objects.filter(
            upload=upload, severity__in=["error", "warning"], row_number__in=rows, record_id__in=records
        ).defer("original_data")
        for one in of_rows.filter(Q(resolved_at=None) | Q(resolution__in=SETTLED)).order_by("row_number", "error_id"):
            problems[one.record_id].append(one)
    return [RowOutcome(record, row, line, outcome, names.get(product), problems[record])
            for record, row, line, outcome, product in found]  # fmt: skip


def open_problems(upload: UploadHistory, records: Sequence[str]) -> dict[str, list[ValidationError]]:
    """What is wrong with these records now."""
    found = defaultdict(list)
    numbers = RecordOutcome.objects.filter(upload_id=upload.pk, record_id__in=records).values("row_number")
    problems = ValidationError.objects.errors().filter(upload=upload, resolved_at=None, row_number__in=numbers)
    for one in problems.filter(record_id__in=records).order_by("row_number", "error_id").defer("original_data"):
        found[one.record_id].append(one)
    return found

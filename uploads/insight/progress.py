"""Where an upload stands, in the words and numbers that every surface shows: command line, admin, vendor pages."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from psycopg.sql import SQL

from catalog.rules.explained import waits_for
from catalog.rules.places import place
from config.web.text import counted, visible
from uploads.insight import reading
from uploads.models import UploadHistory, results
from uploads.pipeline import stage
from uploads.pipeline.guard import hold
from vendors import holds
from vendors.models import VendorHold

COUNTED = 10_000  # problems of a kind that pages count; of more they say that they are more

# The kinds of open problems of an upload and a severity: a step through idx_validation_errors_kind for each, however
# many problems there are.
OPEN_KINDS = SQL("""
WITH RECURSIVE codes (code) AS (
    SELECT min(error_type) FROM validation_errors
     WHERE upload_id = %(upload)s AND severity = %(severity)s AND resolved_at IS NULL
    UNION ALL
    SELECT (SELECT min(e.error_type) FROM validation_errors e
             WHERE e.upload_id = %(upload)s AND e.severity = %(severity)s AND e.resolved_at IS NULL
               AND e.error_type > c.code)
      FROM codes c WHERE c.code IS NOT NULL)
""")
# Of each of these codes the first row, as an example.
FIRST_OF_KIND = SQL("""
CROSS JOIN LATERAL (
      SELECT row_number, line_number, error_message, suggestion FROM validation_errors e
       WHERE e.upload_id = %(upload)s AND e.severity = %(severity)s AND e.resolved_at IS NULL AND e.error_type = c.code
       ORDER BY e.row_number LIMIT 1) first
""")


@dataclass(frozen=True)
class ErrorKind:
    """One kind of error of an upload and in how many rows it is, or of warning and how many there are; and an example.

    `place` says where that row stands (catalog.rules.places).
    """

    code: str
    count: int
    row_number: int
    line_number: int | None
    message: str
    suggestion: str
    more: bool = False  # than `count`
    sheet: str = ""

    @property
    def waits(self) -> str:
        """When its rows are retried by themselves, where the vendor wants that; "" for never."""
        return waits_for([self.code])

    @property
    def place(self) -> str:
        return place(self.row_number, self.line_number, self.sheet)

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "count": self.count,
            "row_number": self.row_number,
            "line_number": self.line_number,
            "place": self.place,
            "message": self.message,
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True)
class Progress:
    """An upload's numbers at one moment. `fraction` is 0…1, from rows with an outcome; an estimate while staging.

    `errors` and `warnings` are the kinds of open ones.
    """

    upload: UploadHistory
    fraction: float
    seconds: float
    errors: tuple[ErrorKind, ...]
    warnings: tuple[ErrorKind, ...] = ()
    hold: VendorHold | None = None  # why its rows wait, while it is under way

    @property
    def ended(self) -> bool:
        """Whether nothing changes by itself any more; of one that is held, before a person decides."""
        return self.upload.status != UploadHistory.Status.PROCESSING

    @property
    def result(self) -> results.Result:
        """What came of it, in a word."""
        return results.result(self.upload)

    @property
    def sentence(self) -> str:
        """What is going on, in plain words."""
        upload = self.upload
        if upload.status == UploadHistory.Status.FAILED:
            return upload.failure_reason
        if upload.status == UploadHistory.Status.HELD:
            return held_words(upload)
        if self.ended:
            if upload.status == UploadHistory.Status.COMPLETED:
                return results.sentence(upload)
            said = f"{upload.status.capitalize()}: {upload.valid_records:,} valid, {upload.open_records:,} with errors."
            return f"{said} {results.absent_words(upload)}".strip()
        if self.hold:
            return f"Waits: {upload.total_records:,} rows are checked. {said_of(self.hold, upload.vendor_id)}."
        if earlier := waits_for_file(upload):
            return f"Waiting for “{earlier}”, which was sent before: its products come first."
        if upload.guard == UploadHistory.Guard.DUE:
            return "Trying the whole file before anything is changed."
        if upload.file_rows is None and upload.source == UploadHistory.Source.FILE:
            return f"Reading the file: {upload.staged_rows:,} rows read, {upload.total_records:,} checked."
        if absent := results.absent_under_way(upload):
            return absent
        of_all = f" of {upload.file_rows:,}" if upload.file_rows else ""
        return f"Checking: {upload.total_records:,}{of_all} rows are checked."

    @property
    def warned(self) -> int:
        """How many rows have warnings."""
        return self.upload.warned_records

    @property
    def warned_words(self) -> str:
        """How many rows have warnings, in words; rows that failed for something else may be among them."""
        return counted(self.warned, "{} row has warnings", "{} rows have warnings")

    def as_json(self) -> dict[str, object]:
        """What programs get from `import_feed --json`."""
        upload = self.upload
        return {
            "upload_id": upload.upload_id,
            "status": upload.status,
            "result": self.result,
            "file_rows": upload.file_rows,
            "total_records": upload.total_records,
            "valid_records": upload.valid_records,
            "error_records": upload.error_records,
            "open_records": upload.open_records,
            "ignored_records": upload.ignored_records,
            "closed_records": upload.closed_records,
            "inserted": upload.inserted_records,
            "updated": upload.updated_records,
            "retired": upload.retired_records,
            "unchanged": upload.unchanged_records,
            "superseded": upload.superseded_records,
            "skipped": upload.skipped_records,
            "absent": upload.absent_records,
            "absent_state": upload.absent_state,
            "absent_to": upload.absent_to,
            "absent_why": upload.absent_why,
            "errors_by_type": {kind.code: kind.count for kind in self.errors},
            "error_examples": [kind.as_json() for kind in self.errors],
            "warning_records": self.warned,
            "warnings": sum(kind.count for kind in self.warnings),
            "warnings_by_type": {kind.code: kind.count for kind in self.warnings},
            "warning_examples": [kind.as_json() for kind in self.warnings],
            "sheet": upload.sheet,
            **reading.as_json(reading.layout_of(upload)),
            "error_report": upload.error_report_key,
            "failure_reason": upload.failure_reason,
            "guard": upload.guard,
            "held_for": upload.guard_findings,
            "held_until": upload.held_until.isoformat() if upload.held_until else None,
            "seconds": round(self.seconds, 2),
            "reading": reading.whole(layout) if (layout := reading.layout_of(upload)) else None,
        }


def waits_for_file(upload: UploadHistory) -> str:
    """The name of the file that one which is under way waits for before its first row, as people may read it."""
    if upload.file_rows is not None or upload.staged_rows or upload.source != UploadHistory.Source.FILE:
        return ""
    return visible(stage.waits_for(upload))


def held_words(upload: UploadHistory) -> str:
    """That it is held, and why, in a few sentences."""
    found = " ".join(f"{one.words}." for one in hold.findings_of(upload))
    return f"Held: nothing of it was imported. {found}"


def of(upload_id: str, most: int | None = None) -> Progress:
    """The upload as it stands, problems counted up to `most` of a kind. Raises UploadHistory.DoesNotExist."""
    upload = UploadHistory.objects.select_related("vendor").get(upload_id=upload_id)
    until = upload.completed_at or datetime.now(UTC)
    seconds = (until - upload.created_at).total_seconds()
    errors, warnings = error_kinds(upload, most), error_kinds(upload, most, "warning")
    return Progress(upload, fraction(upload), seconds, errors, warnings, held_back(upload))


def held_back(upload: UploadHistory) -> VendorHold | None:
    """What its rows wait for: of one that has ended, only where more came to it since."""
    if upload.status != UploadHistory.Status.PROCESSING and upload.withheld_from is None:
        return None
    hold = holds.of(upload.vendor_id)
    by_program = upload.source == UploadHistory.Source.DYNAMODB
    return hold if hold and (hold.kind == VendorHold.Kind.PAUSE or by_program) else None


def said_of(hold: VendorHold, vendor_id: str) -> str:
    """Why rows wait, as everybody may read it."""
    return holds.said(hold, f"The feeds of {vendor_id}")


def fraction(upload: UploadHistory) -> float:
    """How much of the upload has an outcome, 0…1; an estimate while it is staged."""
    if upload.status == UploadHistory.Status.HELD:
        return 0.0
    if upload.status != UploadHistory.Status.PROCESSING:
        return 1.0
    if upload.file_rows:
        return upload.total_records / upload.file_rows
    if upload.file_size and upload.staged_rows:
        read = upload.staged_offset / upload.file_size
        return min(1.0, read * upload.total_records / upload.staged_rows)
    return 0.0


def percent(upload: UploadHistory) -> int:
    """`fraction` as bars show it, 0…100."""
    return int(fraction(upload) * 100)


def not_checked(upload: UploadHistory) -> int:
    """Rows that are known of and have no outcome yet."""
    known = upload.file_rows if upload.file_rows is not None else upload.staged_rows
    return max(0, known - upload.total_records)


def each_quarter(percent: int) -> str:
    """What screen readers say aloud of work under way: not every second, but each quarter, and its end elsewhere."""
    return f"{percent // 25 * 25}%"


def error_kinds(upload: UploadHistory, most: int | None = None, severity: str = "error") -> tuple[ErrorKind, ...]:
    """The kinds of error of an upload, or of warning, most frequent first, each with its first row; counted up to
    `most` of a kind.
    """
    asked = {"upload": upload.pk, "most": most, "severity": severity, "sheet": upload.sheet}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED_KINDS, asked)
        return tuple(ErrorKind(*row) for row in cursor.fetchall())


_COUNTED_KINDS = SQL(
    """
    {}
    SELECT c.code, least(n.rows, %(most)s), first.row_number, first.line_number, first.error_message,
           first.suggestion, coalesce(n.problems > %(most)s, false), %(sheet)s::text
      FROM codes c
     CROSS JOIN LATERAL (
           SELECT count(*) AS problems,
                  CASE %(severity)s WHEN 'error' THEN count(DISTINCT (row_number, record_id)) ELSE count(*) END AS rows
             FROM (SELECT row_number, record_id FROM validation_errors e
                    WHERE e.upload_id = %(upload)s AND e.severity = %(severity)s AND e.resolved_at IS NULL
                      AND e.error_type = c.code
                    LIMIT %(most)s + 1) looked_at) n
     {}
     ORDER BY n.rows DESC, c.code
    """
).format(OPEN_KINDS, FIRST_OF_KIND)

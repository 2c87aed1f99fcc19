"""What is wrong with a feed's rows, by kind, with a few rows of each as samples."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection
from django.urls import reverse
from pydantic import Field

from catalog.rules.problems import ERROR, WARNING, Code, label_of
from uploads.api.feed_out import FeedOut, out
from uploads.api.shapes import Answered
from uploads.insight import progress
from uploads.models import Feed, UploadHistory

SAMPLES: Final = 3  # rows of each kind
KINDS: Final = 40
# Through idx_validation_errors_kind: a few rows of each code, however many have it.
_SAMPLES: Final = """
SELECT c.severity, c.code, s.row_number, s.line_number, s.field, s.error_message, s.suggestion, s.wrong_value
  FROM unnest(%s::text[], %s::text[]) AS c (code, severity)
 CROSS JOIN LATERAL (SELECT * FROM validation_errors e
                      WHERE e.upload_id = %s AND e.severity = c.severity AND e.error_type = c.code
                        AND e.resolved_at IS NULL
                      ORDER BY e.row_number LIMIT %s) s
"""


class Sample(Answered):
    """A row with such a problem."""

    row: int
    line: int | None
    field: str = ""
    value: str = ""
    message: str
    suggestion: str


class ProblemKind(Answered):
    """One kind of problem."""

    code: str
    label: str
    severity: str
    count: int = Field(description="Rows with such an error, or warnings of the kind.")
    more: bool = Field(default=False, description="There are even more than were counted.")
    explained: str = Field(description="The address where the code is explained.")
    samples: list[Sample]


class FeedWhole(FeedOut):
    """One feed, with what is wrong with its rows."""

    problems: list[ProblemKind] = Field(default=[], description="Open errors and warnings by kind, most first.")


def whole(feed: Feed | None, upload: UploadHistory | None) -> FeedWhole:
    """As `feed_out.out`, with a few samples of each kind of problem."""
    found = out(feed, upload).model_dump()
    return FeedWhole(**found, problems=of_upload(upload) if upload else _of_dry_run(feed))


def of_upload(upload: UploadHistory) -> list[ProblemKind]:
    most = progress.COUNTED
    found = [(severity, kind) for severity in (ERROR, WARNING) for kind in progress.error_kinds(upload, most, severity)]
    kinds = found[:KINDS]
    rows: dict[tuple[str, str], list[Sample]] = {(severity, kind.code): [] for severity, kind in kinds}
    with connection.cursor() as cursor:
        codes, severities = [kind.code for _, kind in kinds], [severity for severity, _ in kinds]
        cursor.execute(_SAMPLES, [codes, severities, upload.pk, SAMPLES])
        for severity, code, row, line, field, message, suggestion, value in cursor.fetchall():
            rows[severity, code].append(
                Sample(row=row, line=line, field=field, value=value, message=message, suggestion=suggestion)
            )
    return [
        _kind(kind.code, severity, kind.count, rows[severity, kind.code], more=kind.more) for severity, kind in kinds
    ]


def _of_dry_run(feed: Feed | None) -> list[ProblemKind]:
    """What a dry run found, with the first row of each."""
    result: dict[str, Any] = feed.job.result if feed and feed.job else {}
    ways = ((ERROR, "problems"), (WARNING, "warnings"))
    found = [(severity, *one) for severity, name in ways for one in result.get(name, {}).items()]
    return [_kind(code, severity, told["count"], _first(told)) for severity, code, told in found[:KINDS]]


def _first(told: dict[str, Any]) -> Iterable[Sample]:
    return [
        Sample(row=told["row"], line=told.get("line"), message=told["message"], suggestion=told.get("suggestion", ""))
    ]


def _kind(code: str, severity: str, count: int, samples: Iterable[Sample], *, more: bool = False) -> ProblemKind:
    return ProblemKind(
        code=code, label=label_of(code), severity=severity, count=count, more=more,
        explained=explained(code), samples=list(samples),
    )  # fmt: skip


def explained(code: str) -> str:
    """Where a code is explained; nowhere, for one that another program wrote."""
    return reverse("api:code", args=[code]) if code in list(Code) else ""

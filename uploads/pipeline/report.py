"""Step 8: the error report, the failed rows as a file that can be corrected and sent back; and rows with warnings."""

import csv
import io
import secrets
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import NamedTuple, TextIO

from django.db.models import QuerySet

from catalog.rules.fields import LABELS
from config.web import spreadsheet
from uploads.aws import storage
from uploads.feed.columns import short
from uploads.feed.formats.derived import Derived, can_derive
from uploads.feed.formats.ruled import ValueRules
from uploads.feed.parser import Layout
from uploads.feed.sheets.handed_out import CURRENCY_COLUMN, OUR_COLUMNS, READ_AS_COLUMN, REPORT_COLUMNS
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline.judge import value_rules
from uploads.pipeline.understood import heads
from uploads.pipeline.understood.derived import of_rows
from uploads.pipeline.understood.heads import filled

CHUNK = 2000
MOST_KEYS = 500_000  # 4 MB of them at a time
READ_AS_ROWS = 100_000  # of a report: a row takes 0.1 to 0.4 ms, and somebody waits for the end of the upload
NONE: frozenset[str] = frozenset()


def store(upload: UploadHistory) -> str:
    """Write the report of an upload into storage; returns its key."""
    # A name of its own each time: a second process that finishes the same upload must not touch the first one's report.
    name = upload.storage_key.rpartition("/")[2].removesuffix(".csv")
    key = f"{storage.REPORTS}/{upload.vendor_id}/{name}-{secrets.token_hex(4)}.csv"
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # the mark makes Excel read UTF-8
        write_report(upload, text)
        text.flush()
        storage.save(key, file)
        text.detach()
    return key


def write_report(upload: UploadHistory, out: TextIO, *, warnings: bool = False) -> None:
    """The failed rows as CSV, or those with warnings."""
    csv.writer(out, lineterminator="\r\n").writerows(report_rows(upload, warnings=warnings))


def report_rows(upload: UploadHistory, *, warnings: bool = False) -> Iterator[list[str]]:
    """The failed rows, each cell harmless in a spreadsheet: the columns of the file, then row, line, code, field,
    message, suggestion and severity, and how it was read where that isn't how it stands. The header comes first. With
    `warnings` it has the rows with such instead, most of which were accepted, and what there is to look at in them.

    As a file they can be corrected and sent back as they are: the added columns are ignored on the way in. One more
    says what the prices are in where the vendor's are in something else: cells that are filled in don't say it.
    """
    about = about_report(upload, warnings=warnings)
    added = [*REPORT_COLUMNS, *([READ_AS_COLUMN] if about.derives else [])]
    currency = [about.currency] if about.currency else []
    yield [*map(spreadsheet.guard, about.headers), *([CURRENCY_COLUMN] if currency else []), *added]
    for row in reported(upload, about, warnings=warnings):
        cells = [*(row.cells.get(header) or "" for header in about.headers), *currency]
        yield [spreadsheet.guard(cell) for cell in (*cells, *(row.said[name] for name in added))]


class About(NamedTuple):
    """What the report of an upload has beside its rows: the file's own columns, and what its prices are in where that
    has to be said. `derives` says whether values may come from somewhere else than their cells."""

    headers: list[str]
    currency: str
    layout: Layout | None
    rules: ValueRules | None
    derives: bool


class Reported(NamedTuple):
    """A failed row: its cells by header, none for one that can't be read, and of these which were filled in from its
    group; what our own columns say of it."""

    problems: list[ValidationError]
    cells: Mapping[str, str | None]
    filled: frozenset[str]
    said: Mapping[str, str]


def about_report(upload: UploadHistory, *, warnings: bool = False) -> About:
    layout = Layout.from_json(upload.layout) if upload.layout else None
    headers = [header for header in (layout.headers if layout else ()) if header not in OUR_COLUMNS]
    rules = value_rules([upload.vendor_id]).get(upload.vendor_id)
    may_derive = can_derive(layout.plan if layout else None, rules)
    return About(
        headers or _headers_seen(upload, warnings=warnings), _other_currency(upload), layout, rules, may_derive
    )


def reported(upload: UploadHistory, about: About, *, warnings: bool = False) -> Iterator[Reported]:
    """The failed rows in their order, a chunk at a time. A variant has the cells of its group's first row where it has
    none: in the report it may stand without that."""
    plan = about.layout.plan if about.layout else None
    rows, left = _problems_by_row(upload, warnings=warnings), READ_AS_ROWS
    while chunk := list(islice(rows, CHUNK)):
        came = [(problems[0].row_number, problems[0].original_data or {}) for problems in chunk]
        found = heads.of_rows(upload.pk, plan, came) if plan else [None] * len(came)
        derived = of_rows(upload.pk, about.layout, about.rules, came, found) if left > 0 else [()] * len(came)
        left -= len(came)
        for problems, (number, data), head, values in zip(chunk, came, found, derived, strict=True):
            if set(data) == {"raw"}:
                yield Reported(problems, {}, NONE, _said(problems, f"The line was: {data['raw']}", ()))
                continue
            cells = filled(data, plan, number, head) if plan else data
            changed = frozenset(header for header, cell in cells.items() if cell != data.get(header))
            yield Reported(problems, cells, changed, _said(problems, "", values))


def _said(problems: list[ValidationError], raw: str, values: tuple[Derived, ...]) -> dict[str, str]:
    """What our columns say of a row."""

    def of_all(found: Iterable[str | None]) -> str:
        return "; ".join(dict.fromkeys(filter(None, found)))

    return {
        "row_number": str(problems[0].row_number),
        "line_number": str(problems[0].line_number or ""),
        "error_code": of_all(problem.error_type for problem in problems),
        "error_field": of_all(problem.field for problem in problems),
        "error_message": of_all([*(problem.error_message for problem in problems), raw]),
        "error_suggestion": of_all(problem.suggestion for problem in problems),
        "error_severity": of_all(problem.severity for problem in problems),
        READ_AS_COLUMN: _read_as(values),
    }


def _read_as(values: tuple[Derived, ...]) -> str:
    """`product name “Shirt – M”, brand “Faden” (from row 1, the first of its group); …`"""
    by_why: dict[str, list[str]] = {}
    for one in values:
        by_why.setdefault(one.why, []).append(f"{LABELS[one.field]} “{short(one.value)}”")
    return "; ".join(f"{', '.join(found)} ({why})" for why, found in by_why.items())


def _other_currency(upload: UploadHistory) -> str:
    """What an upload's prices are in, unless that is the vendor's currency or each row says it; or ""."""
    layout = upload.layout or {}
    currency = str(layout.get("currency", ""))
    return "" if layout.get("currency_in_rows") or currency == upload.vendor.currency else currency


def _problems_by_row(upload: UploadHistory, *, warnings: bool) -> Iterator[list[ValidationError]]:
    found = unresolved(upload, warnings=warnings)
    for _, group in groupby(found, key=lambda problem: (problem.row_number, problem.record_id)):
        yield list(group)


def unresolved(upload: UploadHistory, *, warnings: bool) -> Iterator[ValidationError]:
    """The problems by row, a chunk at a time: a million of them don't fit into memory, and settings rules out cursors
    that stay on the server. What was resolved meanwhile is left out.

    Records of other programs may share a row number, or have none. No index has their order then, so whoever asks for
    the next sorts all of that number: that is done for ever more keys, up to MOST_KEYS, and the rows are read by those.
    """
    problems = _of(warnings=warnings).filter(upload=upload, resolved_at=None)
    behind, most = problems, CHUNK
    while True:
        keys, last = _keys(behind, most)
        for start in range(0, len(keys), CHUNK):
            found = problems.order_by().in_bulk(keys[start : start + CHUNK].tolist())
            yield from (found[key] for key in keys[start : start + CHUNK] if key in found)
        if last is None or len(keys) < most:
            return
        error_id, row, record_id = last
        behind = problems.filter(row_number__gte=row).exclude(row_number=row, record_id__lt=record_id)
        behind = behind.exclude(row_number=row, record_id=record_id, error_id__lte=error_id)
        most = min(4 * most, MOST_KEYS)


def _keys(problems: "QuerySet[ValidationError]", most: int) -> tuple["array[int]", tuple[int, int, str] | None]:
    """The first of these in their order, and where the last of them stands (idx_validation_errors_upload)."""
    keys, last = array("q"), None
    ordered = problems.order_by("row_number", "record_id", "error_id")
    for last in ordered.values_list("error_id", "row_number", "record_id")[:most].iterator(CHUNK):
        keys.append(last[0])
    return keys, last


def _of(*, warnings: bool) -> "QuerySet[ValidationError]":
    return ValidationError.objects.warnings() if warnings else ValidationError.objects.errors()


def _headers_seen(upload: UploadHistory, *, warnings: bool) -> list[str]:
    """The columns of records that came without a file."""
    seen: dict[str, None] = {}
    kept = _of(warnings=warnings).filter(upload=upload).values_list("original_data", flat=True)
    for data in kept[:1000]:
        seen.update(dict.fromkeys(data or {}))
    return [header for header in seen if header != "raw"]

"""Step 8: the error report, the failed rows as a file that can be corrected and sent back."""

import csv
import io
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from typing import TextIO

from config.web import spreadsheet
from uploads.aws import storage
from uploads.feed.columns import CURRENCY_COLUMN, REPORT_COLUMNS
from uploads.feed.parser import Layout
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline.understood import heads

CHUNK = 2000


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


def write_report(upload: UploadHistory, out: TextIO) -> None:
    """The failed rows as CSV."""
    csv.writer(out, lineterminator="\r\n").writerows(report_rows(upload))


def report_rows(upload: UploadHistory) -> Iterator[list[str]]:
    """The failed rows, each cell harmless in a spreadsheet: the columns of the file, then row, line, code, field,
    message and suggestion. The header comes first.

    As a file they can be corrected and sent back as they are: the added columns are ignored on the way in. One more
    says what the prices are in where the vendor's are in something else: cells that are filled in don't say it.
    """
    added = {*REPORT_COLUMNS, CURRENCY_COLUMN}
    headers = [header for header in (upload.layout or {}).get("headers", []) if header not in added]
    headers = headers or _headers_seen(upload)
    currency = _other_currency(upload)
    yield [*map(spreadsheet.guard, headers), *([CURRENCY_COLUMN] if currency else []), *REPORT_COLUMNS]
    for problems, data in _with_data(upload):
        raw = data.get("raw") if set(data) == {"raw"} else None
        messages = [problem.error_message for problem in problems] + ([f"The line was: {raw}"] if raw else [])
        cells = [
            *("" if raw else data.get(header) or "" for header in headers),
            *([currency] if currency else []),
            str(problems[0].row_number),
            str(problems[0].line_number or ""),
            *("; ".join(dict.fromkeys(filter(None, column))) for column in (
                [problem.error_type for problem in problems],
                [problem.field for problem in problems],
                messages,
                [problem.suggestion for problem in problems],
            )),
        ]  # fmt: skip
        yield [spreadsheet.guard(cell) for cell in cells]


def _other_currency(upload: UploadHistory) -> str:
    """What an upload's prices are in, unless that is the vendor's currency or each row says it; or ""."""
    layout = upload.layout or {}
    currency = str(layout.get("currency", ""))
    return "" if layout.get("currency_in_rows") or currency == upload.vendor.currency else currency


def _with_data(upload: UploadHistory) -> Iterator[tuple[list[ValidationError], Mapping[str, str | None]]]:
    """The problems of each row with its cells. A variant has those of its group's first row where it has none: in the
    report it may stand without that."""
    plan = Layout.from_json(upload.layout).plan if upload.layout else None
    rows = _problems_by_row(upload)
    while chunk := list(islice(rows, CHUNK)):
        cells = [problems[0].original_data or {} for problems in chunk]
        if plan and plan.group:
            numbers = [problems[0].row_number for problems in chunk]
            cells = heads.filled(upload.pk, plan, list(zip(numbers, cells, strict=True)))
        yield from zip(chunk, cells, strict=True)


def _problems_by_row(upload: UploadHistory) -> Iterator[list[ValidationError]]:
    for _, group in groupby(_unresolved(upload), key=lambda problem: (problem.row_number, problem.record_id)):
        yield list(group)


def _unresolved(upload: UploadHistory) -> Iterator[ValidationError]:
    """The problems by row, a chunk at a time: a million of them don't fit into memory, and settings rules out cursors
    that stay on the server. Each chunk starts at the last one's row (through idx_validation_errors_upload). Records of
    other programs may share a row number, or have none.
    """
    problems = (
        ValidationError.objects.errors()
        .filter(upload=upload, resolved_at=None)
        .order_by("row_number", "record_id", "error_id")
    )
    chunk = list(problems[:CHUNK])
    while chunk:
        yield from chunk
        row, record_id = chunk[-1].row_number, chunk[-1].record_id
        behind = problems.filter(row_number__gte=row).exclude(row_number=row, record_id__lt=record_id)
        behind = behind.exclude(row_number=row, record_id=record_id, error_id__lte=chunk[-1].error_id)
        chunk = list(behind[:CHUNK])


def _headers_seen(upload: UploadHistory) -> list[str]:
    """The columns of records that came without a file."""
    seen: dict[str, None] = {}
    kept = ValidationError.objects.errors().filter(upload=upload).values_list("original_data", flat=True)
    for data in kept[:1000]:
        seen.update(dict.fromkeys(data or {}))
    return [header for header in seen if header != "raw"]

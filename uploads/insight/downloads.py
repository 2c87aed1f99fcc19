"""Handing out an upload's files through the app: storage stays private, and each download asks who it is for."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import IO

import orjson
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from config.web.workbooks.writing import NotForExcel
from security.log import note
from security.models import Kind
from uploads.aws import storage
from uploads.insight import workbooks
from uploads.models import UploadHistory, results
from uploads.pipeline.report import unresolved, write_report

CHUNK = 256 * 1024
# Of an XLSX file that is made while somebody waits: a row of a dozen columns takes 0.1 ms and the time to read it.
XLSX_ROWS = 25_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TooManyRows(NotForExcel):
    """An XLSX file of so many rows isn't made; the message says what to do instead."""


def original(upload: UploadHistory) -> HttpResponseBase:
    """The file as it came, as an attachment. Raises FileMissing and StorageUnavailable."""
    if not upload.storage_key:
        raise storage.FileMissing(results.file_gone(upload) or "There is no file of this upload.")
    _note(upload, "file")
    if upload.original_key:
        return _stored(upload, upload.original_key, upload.file_name, XLSX)
    response = _stored(upload, upload.storage_key, upload.file_name)
    if upload.file_size is not None:
        response["Content-Length"] = str(upload.file_size)
    return response


def report(upload: UploadHistory) -> HttpResponseBase:
    """The failed rows so far, as an attachment. Raises FileMissing and StorageUnavailable."""
    _note(upload, "failed rows, CSV")
    name = f"{PurePosixPath(upload.file_name).stem}-errors.csv"
    if upload.error_report_key:
        return _stored(upload, upload.error_report_key, name)
    return _written(upload, name, warnings=False)


def warnings_report(upload: UploadHistory) -> HttpResponseBase:
    """The rows with warnings so far, as an attachment."""
    _note(upload, "rows with warnings, CSV")
    return _written(upload, f"{PurePosixPath(upload.file_name).stem}-warnings.csv", warnings=True)


def _written(upload: UploadHistory, name: str, *, warnings: bool) -> HttpResponseBase:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # the mark makes Excel read UTF-8
    write_report(upload, text, warnings=warnings)
    text.flush()
    text.detach()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")


def report_xlsx(upload: UploadHistory) -> HttpResponseBase:
    """The failed rows so far as a workbook that shows what is wrong. Raises NotForExcel."""
    _note(upload, "failed rows, XLSX")
    name = f"{PurePosixPath(upload.file_name).stem}-errors.xlsx"
    _refuse_many(upload.open_records)
    return xlsx(workbooks.of_report(upload), name)


def report_jsonl(upload: UploadHistory) -> HttpResponseBase:
    """The failed rows so far as JSON, a line for each problem with what the row said."""
    _note(upload, "failed rows, JSON lines")
    name = f"{PurePosixPath(upload.file_name).stem}-errors.jsonl"
    response = StreamingHttpResponse(_lines(upload), content_type="application/jsonl")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _lines(upload: UploadHistory) -> Iterator[bytes]:
    for one in unresolved(upload, warnings=False):
        yield orjson.dumps(
            {
                "row": one.row_number, "line": one.line_number, "field": one.field, "code": one.error_type,
                "severity": one.severity, "message": one.error_message, "suggestion": one.suggestion,
                "value": one.wrong_value, "data": one.original_data,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )  # fmt: skip


def _note(upload: UploadHistory, what: str) -> None:
    """Before the first byte of it leaves."""
    about = f"{what} of upload {upload.pk}: {upload.file_name}"
    note(Kind.DOWNLOADED, vendor_id=upload.vendor_id, about=about)


def catalog_xlsx(rows: Iterable[Sequence[object]], count: int, name: str) -> HttpResponseBase:
    """So many products of a catalog as an XLSX file. Raises NotForExcel."""
    _refuse_many(count)
    return xlsx(workbooks.of_catalog(rows), name)


def _refuse_many(count: int) -> None:
    if count > XLSX_ROWS:
        raise TooManyRows(f"An Excel file takes up to {XLSX_ROWS:,} rows here, and these are more. Download the CSV.")


def xlsx(file: IO[bytes], name: str) -> HttpResponseBase:
    """A workbook as an attachment."""
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


def _stored(upload: UploadHistory, key: str, name: str, content_type: str = "text/csv") -> HttpResponseBase:
    chunks = _chunks(upload.vendor_id, key)
    next(chunks)
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _chunks(vendor_id: str, key: str) -> Iterator[bytes]:
    """The file's content, after one empty chunk: a missing file shows before the response has begun."""
    with storage.opened_of(vendor_id, key) as file:
        yield b""
        yield from iter(partial(file.read, CHUNK), b"")

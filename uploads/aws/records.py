"""A record of `UploadRecords`: what a row looks like in the table, and how it is read back.

We write these items while staging, but any program may put its own, so reading assumes nothing: an item in a
shape that we can't use becomes a record that says why, never an exception.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem
from uploads.feed.parser import Row

PENDING = "pending_validation"
VALIDATED = "validated"
ERROR = "error"
EXPIRES = "expires_at"  # the attribute with the second, since 1970, from which on DynamoDB may delete the record

# DynamoDB's wire format: {"S": "text"}, {"N": "12.5"}, {"M": {...}}.
Item = dict[str, Any]
_EXACT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\.[0-9]{0,17}[1-9]")
_NO_LINE: Item = {"N": "0"}
_PENDING: Item = {"S": PENDING}
NO_NUMBERS: frozenset[str] = frozenset()
NO_DATA: Mapping[str, str | None] = MappingProxyType({})


class Record(NamedTuple):
    """One record as the consumer sees it.

    `data` is the row as it came, by the file's own headers; `numeric` names the headers whose value was a number
    in the table. `problem` says why the row can't be validated at all (unreadable in the file, or malformed here).
    """

    upload_id: str
    record_id: str
    vendor_id: str
    row_number: int
    status: str = PENDING
    data: Mapping[str, str | None] = NO_DATA
    numeric: frozenset[str] = NO_NUMBERS
    raw: str = ""
    problem: Problem | None = None
    line_number: int = 0  # where the row begins in its file or sheet; 0 where that isn't known
    attempt: int = 1  # the table knows of one; a row that is retried from what the ledger kept counts on

    @property
    def original(self) -> dict[str, str | None]:
        """What is kept beside an error for people: the row by header, or its raw text."""
        if self.raw:
            return {"raw": self.raw}
        return {storable(header): cell and storable(cell) for header, cell in self.data.items()}


def record_id(row_number: int) -> str:
    """`REC_0000001`: sorts by row up to ten million rows, and stays unique beyond."""
    return f"REC_{row_number:07d}"


def row_of(rec_id: str) -> int:
    """The row that `record_id` names, or 0 for an id that is not of its making."""
    digits = rec_id[4:]
    if not (rec_id.startswith("REC_") and digits.isascii() and digits.isdigit() and 7 <= len(digits) < 10):
        return 0
    return int(digits) if len(digits) == 7 or digits[0] != "0" else 0


def encode(upload_id: str, vendor_id: str, row: Row, created_at: str) -> Item:
    """The item for one row of a file. `created_at` is ISO 8601 in UTC with a Z."""
    item: Item = {
        "upload_id": {"S": upload_id},
        "record_id": {"S": record_id(row.number)},
        "vendor_id": {"S": vendor_id},
        "row_number": {"N": str(row.number)},
        "product_data": {"M": {header: {"S": cell} for header, cell in row.cells.items()}},
        "status": {"S": PENDING},
        "created_at": {"S": created_at},
    }
    if row.line:
        item["line_number"] = {"N": str(row.line)}
    if row.numeric:
        _put_numbers(item, row)
    if row.problem is not None:
        item["raw_row"] = {"S": row.raw}
        item["read_problem"] = {"S": json.dumps(row.problem[:4])}
    return item


def _put_numbers(item: Item, row: Row) -> None:
    """Cells that were numbers in a workbook go in as N where DynamoDB gives the very same text back. It drops the zeros
    of 12.50 and refuses more than 38 digits, so such a cell stays the text that was seen, and is named beside it.
    """
    cells = item["product_data"]["M"]
    as_text = []
    for header in row.numeric:
        if _EXACT.fullmatch(row.cells[header]):
            cells[header] = {"N": row.cells[header]}
        else:
            as_text.append(header)
    if as_text:
        item["numeric_columns"] = {"SS": sorted(as_text)}


def now_iso() -> str:
    """The present, as `created_at` wants it: `2026-01-31T10:30:45.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_pending(item: Mapping[str, Any]) -> bool:
    """Whether the item wants validation. Programs that leave the status out mean the same as those that write it."""
    return item.get("status") == _PENDING or (_text(item, "status") or PENDING) == PENDING


def decode(item: Mapping[str, Any]) -> Record:
    """Read an item, whoever put it. Never raises for what stands in it."""
    return _as_encoded(item) or _as_found(item)


def _as_encoded(item: Mapping[str, Any]) -> Record | None:
    """The record of an item in the shape that `encode` gives a row; None for any other shape, and for odd characters.

    Nearly all are of this shape, and to look closely at each takes three times as long.
    """
    try:
        upload_id, rec_id, vendor_id = item["upload_id"]["S"], item["record_id"]["S"], item["vendor_id"]["S"]
        status, number = item["status"]["S"], item["row_number"]["N"]
        line = item.get("line_number", _NO_LINE)["N"]
        data, numeric = _texts(item["product_data"]["M"])
        names = upload_id + rec_id + vendor_id + status + number + line
        row_number = int(number) if number.isdigit() and len(number) < 10 else -1
        line_number = int(line) if line.isdigit() and len(line) < 10 else -1
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if row_number < 0 or line_number < 0 or not status or not names.isascii() or "\0" in names:
        return None
    if "raw_row" in item or "read_problem" in item:
        return None
    numeric |= _numeric_columns(item)
    return Record(upload_id, rec_id, vendor_id, row_number, status, data, numeric, line_number=line_number)


def _texts(values: Mapping[str, Any]) -> tuple[dict[str, str | None], frozenset[str]]:
    """A row's cells, and which of them are numbers. Raises KeyError for one that is neither text nor a number."""
    try:
        return {header: value["S"] for header, value in values.items()}, NO_NUMBERS
    except KeyError:
        numeric = frozenset(header for header, value in values.items() if "N" in value)
        return {header: value["N" if header in numeric else "S"] for header, value in values.items()}, numeric


def _numeric_columns(item: Mapping[str, Any]) -> frozenset[str]:
    """The headers of cells that are texts here and were numbers in a workbook."""
    value = item.get("numeric_columns")
    if value is None:
        return NO_NUMBERS
    names = value.get("SS") if isinstance(value, dict) else None
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else NO_NUMBERS


def _as_found(item: Mapping[str, Any]) -> Record:
    rec_id = _text(item, "record_id")
    record = Record(
        upload_id=_text(item, "upload_id"),
        record_id=rec_id,
        vendor_id=_text(item, "vendor_id"),
        row_number=_row_number(item, rec_id),
        status=_text(item, "status") or PENDING,
        raw=_text(item, "raw_row"),
        problem=_read_problem(item),
        line_number=_line_number(item),
        numeric=_numeric_columns(item),
    )
    if record.problem is not None:
        return record
    return _with_data(record, item.get("product_data"))


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    text = value.get("S") if isinstance(value, dict) else None
    return storable(text) if isinstance(text, str) else ""


def storable(text: str) -> str:
    """The text with what PostgreSQL can't store made visible: NUL as ␀, half a surrogate pair as \\udXXX."""
    if text.isascii():
        return text.replace("\0", "␀")
    return text.replace("\0", "␀").encode(errors="backslashreplace").decode()


def _integer(item: Mapping[str, Any], name: str) -> int | None:
    value = item.get(name)
    number = (value.get("N") or value.get("S")) if isinstance(value, dict) else None
    return int(number) if isinstance(number, str) and re.fullmatch(r"[0-9]{1,18}", number) else None


def _row_number(item: Mapping[str, Any], rec_id: str) -> int:
    """The row's number; a program that leaves it out usually has it at the end of its record_id."""
    number = _integer(item, "row_number")
    if number is None:
        digits = re.search(r"([0-9]{1,18})$", rec_id)
        number = int(digits[1]) if digits else 0
    return number if number < 2**31 else 0


def _line_number(item: Mapping[str, Any]) -> int:
    """Where the row begins in its file; items of other programs, and of before lines were counted, don't say."""
    number = _integer(item, "line_number") or 0
    return number if number < 2**31 else 0


def _read_problem(item: Mapping[str, Any]) -> Problem | None:
    """The problem that the parser found, as `encode` wrote it. Another program's text under that name says nothing."""
    text = _text(item, "read_problem")
    if not text:
        return None
    try:
        field_name, code, message, suggestion = json.loads(text)
        return Problem(storable(str(field_name))[:50], Code(code), storable(str(message)), storable(str(suggestion)))
    except (ValueError, TypeError, RecursionError):
        return None


def _with_data(record: Record, product_data: object) -> Record:
    values = product_data.get("M") if isinstance(product_data, dict) else None
    if not isinstance(values, dict):
        return _malformed(
            record, "product_data is missing or not a map. Put the row there as a map of column to value."
        )
    data: dict[str, str | None] = {}
    numeric = set()
    for header, value in values.items():
        kind, content = next(iter(value.items()))
        if kind == "S":
            data[header] = content
        elif kind == "N":
            data[header] = content
            numeric.add(header)
        elif kind == "NULL":
            data[header] = None
        else:
            return _malformed(
                record, f"{quoted(header)} in product_data is neither text nor a number (its type is {kind})."
            )
    return record._replace(data=data, numeric=frozenset(numeric) | record.numeric)


def _malformed(record: Record, message: str) -> Record:
    return record._replace(problem=Problem("", Code.MALFORMED_RECORD, message))

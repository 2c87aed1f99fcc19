"""The columns of files that we hand out, and how such a file is known when it comes back.

As CSV they have the names that programs know, in workbooks the words that people read. Whatever the case, these mean no
field; and in a file with one of them the cells beside it were made harmless for spreadsheets.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from catalog.rules.fields import FIELDS, LABELS, READ, REQUIRED

LINE_COLUMN: Final = "line_number"
# The columns that our error report adds; a corrected report is uploaded as it is.
REPORT_COLUMNS: Final[tuple[str, ...]] = (
    "row_number",
    LINE_COLUMN,
    "error_code",
    "error_field",
    "error_message",
    "error_suggestion",
    "error_severity",
)
# The column that it adds where values may have been derived from something else than their cells.
READ_AS_COLUMN: Final = "read_as"
# The column that it adds where an upload's prices were not in the vendor's currency.
CURRENCY_COLUMN: Final = "upload_currency"
# The column that a vendor's export of its catalog adds.
CATALOG_COLUMN: Final = "catalog_updated_at"

# What workbooks call them. A file of somebody else's hardly has these.
IN_WORDS: Final = {
    "row_number": "Row in your file",
    LINE_COLUMN: "Line in your file",
    "error_code": "Kind of error",
    "error_field": "Wrong field",
    "error_message": "What is wrong",
    "error_suggestion": "What may be right",
    "error_severity": "Error or warning",
    READ_AS_COLUMN: "How it was read",
    CURRENCY_COLUMN: "Currency of these prices",
    CATALOG_COLUMN: "Last changed in the catalog",
}
OUR_COLUMNS: Final[tuple[str, ...]] = (*IN_WORDS, *IN_WORDS.values())
# And the fields: product ID → Product ID.
FIELDS_IN_WORDS: Final = {field: label[:1].upper() + label[1:] for field, label in LABELS.items() if field in READ}

# The columns by which staff's export of the table of products is known; newer ones may be missing in an older file.
_LATER: Final = frozenset({"gtin", "image_url"})
TABLE_COLUMNS: Final = frozenset({"product_id", "vendor_id", *FIELDS, "created_at", "updated_at"} - _LATER)
# The sheet of our workbooks that lists the categories to choose from; there is nothing to read in it.
CATEGORY_SHEET: Final = "Our categories"

_NAMES: Final = frozenset({*READ, *OUR_COLUMNS})
_WORDS: Final = frozenset({*_NAMES, *TABLE_COLUMNS, "status", *FIELDS_IN_WORDS.values()})
_MARKS: Final = frozenset(OUR_COLUMNS) - {LINE_COLUMN}  # vendors have such too


def is_ours(headers: Sequence[str]) -> bool:
    """Whether the headers are those of our template for programs, of an export, or of the report of one: field names
    and our own, and none that a product needs is missing. A list with nothing but the words for our fields may be
    anybody's."""
    written = {header.strip() for header in headers}
    return (written <= _NAMES and written.issuperset(REQUIRED)) or (is_export(headers) and written <= _WORDS)


def is_export(headers: Sequence[str]) -> bool:
    """Whether the rows are those of an export of the catalog, whatever was put beside them."""
    return bool(column_in(headers, CATALOG_COLUMN)) or {header.strip() for header in headers} >= TABLE_COLUMNS


_MAY_LACK: Final = ("gtin", "image_url")


@lru_cache(maxsize=256)
def says_nothing(headers: tuple[str, ...]) -> frozenset[str]:
    """The fields of which an empty cell says nothing in this file: in an export of the catalog, what a product never
    had."""
    return frozenset(_MAY_LACK) if is_export(headers) else frozenset()


def has_guarded_cells(headers: Sequence[str]) -> bool:
    """Whether what keeps cells from being run is to be taken back."""
    return not _MARKS.isdisjoint(headers) or is_export(headers)


def column_in(headers: Sequence[str], name: str) -> str:
    """How a file has one of our columns: by its name, by our words for it, or "" for not at all."""
    return next((one for one in (name, IN_WORDS[name]) if one in headers), "")

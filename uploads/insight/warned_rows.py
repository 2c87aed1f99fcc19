"""The warnings of one upload as its vendor looks at them: the kinds there are, and the rows of a kind, page by page.

Nothing is to be done about them here: such rows were read. Both through idx_validation_errors_kind, as errors are.

What most rows of a file have says how the file is made rather than what is odd in a row. Pages say it once and last, so
that the three prices among it are seen (docs/decisions/0045-warnings-that-are-read.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.db.models import Q

from catalog.rules.explained import explained
from catalog.rules.fields import LABELS
from catalog.rules.problems import Code, label_of
from config.web.text import visible
from uploads.insight import progress
from uploads.insight.progress import ErrorKind
from uploads.models import UploadHistory, ValidationError

PAGE = 100
FEWEST: Final = 10  # rows of a file of which anything is said as a whole
# Each of these rows says something of its product that has to be looked at, however many there are.
OF_PRODUCTS: Final = frozenset({Code.PRICE_CHANGED.value, Code.STOCK_ZERO.value, Code.RETIRED_PRODUCT.value})


@dataclass(frozen=True)
class WarnedRow:
    """One warning: where its row stands, the cell as it came, and what is said of it."""

    place: str
    field: str
    cell: str
    message: str
    suggestion: str


@dataclass(frozen=True)
class WarnedRows:
    """A page of the rows of a kind; `after` begins the next one, "" on the last."""

    rows: tuple[WarnedRow, ...]
    after: str

    @property
    def of_cells(self) -> bool:
        """Whether any is about a cell, and not its row as a whole."""
        return any(row.field for row in self.rows)


class Look(NamedTuple):
    """A kind of warning as a page has it: its name, and a sentence about it. `of_file`: most rows have it."""

    label: str
    explained: str
    kind: ErrorKind
    of_file: bool


def of_file(code: str, count: int, rows: int, *, more: bool = False) -> bool:
    """Whether so many warnings of a kind say something of the whole file, which has so many `rows`: at least half of
    them have it, or `more` than anybody looks at one by one."""
    return rows >= FEWEST and (more or 2 * count >= rows) and code not in OF_PRODUCTS


def looks(kinds: Iterable[ErrorKind], rows: int) -> list[Look]:
    """These kinds of warning of a file of so many rows: what single rows have, and then what most have."""
    found = [
        Look(
            visible(label_of(kind.code)), explained(kind.code), kind,
            of_file(kind.code, kind.count, rows, more=kind.more),
        )
        for kind in kinds
    ]  # fmt: skip
    return sorted(found, key=lambda look: look.of_file)


def kinds(upload: UploadHistory) -> list[Look]:
    """The kinds of warnings of an upload, in the order of `looks`."""
    return looks(progress.error_kinds(upload, progress.COUNTED, "warning"), upload.total_records)


def page(upload: UploadHistory, code: str, after: str = "") -> WarnedRows:
    """The warnings of this kind by row, from the beginning or behind `after`."""
    warnings = ValidationError.objects.warnings().filter(upload=upload, resolved_at=None, error_type=code)
    number, _, error_id = after.partition("-")
    if number.isdecimal() and error_id.isdecimal():  # a page's own word; Python refuses thousands of digits
        row, error = (min(int(digits[:10]), 2**31 - 1) for digits in (number, error_id))
        warnings = warnings.filter(row_number__gte=row).filter(Q(row_number__gt=row) | Q(error_id__gt=error))
    found = list(warnings.order_by("row_number", "error_id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return WarnedRows(
        tuple(_shown(warning, upload) for warning in found[:PAGE]),
        f"{last.row_number}-{last.error_id}" if last else "",
    )


def _shown(warning: ValidationError, upload: UploadHistory) -> WarnedRow:
    warning.upload = upload
    return WarnedRow(
        warning.place, LABELS.get(warning.field, warning.field), visible(warning.wrong_value),
        visible(warning.error_message), visible(warning.suggestion),
    )  # fmt: skip

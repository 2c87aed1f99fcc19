"""The warnings of one upload as its vendor looks at them: the kinds there are, and the rows of a kind, page by page.

Nothing is to be done about them here: such rows were read. Both through idx_validation_errors_kind, as errors are.
"""

from dataclasses import dataclass

from django.db.models import Q

from catalog.rules.explained import explained
from catalog.rules.fields import LABELS
from catalog.rules.problems import label_of
from config.web.text import visible
from uploads.insight import progress
from uploads.insight.progress import ErrorKind
from uploads.models import UploadHistory, ValidationError

PAGE = 100


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


def kinds(upload: UploadHistory) -> list[tuple[str, str, ErrorKind]]:
    """The kinds of warnings with their names, and a sentence for each; most frequent first."""
    found = progress.error_kinds(upload, progress.COUNTED, "warning")
    return [(visible(label_of(kind.code)), explained(kind.code), kind) for kind in found]


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

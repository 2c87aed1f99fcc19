"""One wrong value in many failed rows: which there are, and one right value for all of them, for staff and for vendors.

What may be chosen, and what is said of it, is the same on both faces; where it stands and who may come there is theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from psycopg.sql import SQL, Identifier

from catalog.category_tree import active_categories
from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.problems import Code
from config.web.admin_log import log_change
from config.web.text import visible
from uploads.aws.records import storable
from uploads.corrections import failed_rows, retry
from uploads.corrections.failed_rows import Selection
from uploads.models import VALUE_CHARS, Job, UploadHistory, ValidationError
from vendors.models import Vendor

SHOWN_VALUES = 100
EXAMPLES = 5
# Problems of which one right value for several rows would only make more.
CLASHES = (Code.DUPLICATE_IN_FILE, Code.SKU_TAKEN)
SAY_WHAT = f"Say what the right value is, in {VALUE_CHARS} characters at most."


@dataclass(frozen=True)
class SharedValue:
    """Failed rows of one vendor with the same wrong value in the same field."""

    vendor_id: str
    field: str
    value: str
    rows: int
    message: str
    suggestion: str

    @property
    def label(self) -> str:
        return LABELS.get(self.field, self.field)

    @property
    def shown(self) -> str:
        return visible(self.value)


def most_shared(
    vendor_id: str = "", upload_id: str = "", code: str = "", looked_at: int | None = None
) -> list[SharedValue]:
    """The most frequent wrong values of open problems, of a vendor or of an upload, perhaps of one kind only, and of
    no more than `looked_at` of them.

    By idx_validation_errors_upload or idx_validation_errors_vendor; missing and clashing values can't be corrected for
    all rows at once.
    """
    column, value = ("upload_id", upload_id) if upload_id else ("vendor_id", vendor_id)
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
            SELECT vendor_id, field, min(wrong_value), sum(rows)::int, min(error_message), min(suggestion)
              FROM (SELECT vendor_id, field, wrong_value, count(*) AS rows,
                           min(error_message) AS error_message, min(suggestion) AS suggestion
                      FROM (SELECT vendor_id, field, wrong_value, min(error_message) AS error_message,
                                   min(suggestion) AS suggestion
                              FROM (SELECT * FROM validation_errors
                                     WHERE {} = %s AND severity = 'error' AND resolved_at IS NULL AND wrong_value <> ''
                                       AND %s IN ('', error_type)
                                       AND error_type NOT IN ('duplicate_in_file', 'sku_taken', 'vendor_mismatch',
                                                              'malformed_record')
                                     LIMIT %s) AS looked_at
                             GROUP BY vendor_id, field, wrong_value, upload_id, record_id) AS once
                     GROUP BY vendor_id, field, wrong_value) AS spelled
             GROUP BY vendor_id, field, lower(wrong_value)
             ORDER BY 4 DESC, 2, 3
             LIMIT %s
                """
            ).format(Identifier(column)),
            [value, code, looked_at, SHOWN_VALUES],
        )
        return [SharedValue(*row) for row in cursor.fetchall()]


# --- one of them -----------------------------------------------------------------------------------------------


def selected(vendor_id: str, asked: Mapping[str, str]) -> Selection | None:
    """The rows of the vendor that share the `field` and `value` asked for; None where these can't be shared."""
    field, value = asked.get("field", ""), storable(asked.get("value", ""))
    if field not in FIELDS or not 0 < len(value) <= VALUE_CHARS:
        return None
    return Selection(vendor_id=vendor_id, field=field, wrong_value=value)


def right_value(posted: Mapping[str, str]) -> str:
    """What somebody says is `right`; "" for nothing, or for more than fits."""
    right = storable(posted.get("right", "").strip())
    return right if len(right) <= VALUE_CHARS else ""


def about(selection: Selection, upload_id: str = "") -> dict[str, Any]:
    """What both pages say of the rows: how many, and some of them as examples."""
    return {
        "selection": selection,
        "shown": visible(selection.wrong_value),
        "label": LABELS[selection.field],
        "of_vendor": failed_rows.count(selection),
        "of_upload": failed_rows.count(replace(selection, upload_id=upload_id)) if upload_id else 0,
        "examples": list(examples(selection)[:EXAMPLES]),
        "categories": active_categories() if selection.field == "category" else [],
    }


def examples(selection: Selection) -> "QuerySet[ValidationError]":
    """The open errors of a vendor with this wrong value, newest first (idx_validation_errors_value)."""
    return (
        ValidationError.objects.errors()
        .alias(folded=Lower("wrong_value"))
        .filter(vendor_id=selection.vendor_id, field=selection.field, resolved_at=None)
        .filter(folded=Lower(Value(selection.wrong_value)))
        .select_related("upload")
        .order_by("-error_id")
    )


def correct_all(selection: Selection, user: Any, right: str, keep: bool, upload: UploadHistory | None = None) -> Job:
    """Put the right value in the place of the wrong one as a job, and perhaps keep it as a rule.

    Noted in the admin's log at the upload, or at the vendor where it is about all its uploads and none is named.
    """
    job = retry.start(selection, user, {selection.wrong_value: right}, keep_as_rule=keep)
    rule = ", and kept it as a rule" if keep else ""
    said = f"Corrected {job.total:,} rows: {selection.field} “{selection.wrong_value}” → “{right}”{rule}."
    log_change(user, upload or job.upload or Vendor.objects.get(pk=selection.vendor_id), said)
    return job

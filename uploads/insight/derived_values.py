"""What a row of an upload was read as, where that isn't what stands in its cells, and why: for people who look at it.

Nothing of it is stored. The row is in DynamoDB as it came, what somebody corrected in `corrections`, the plan with its
answers in the upload's layout, the first rows of groups in `upload_heads`: the row is read once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from uploads.aws import dynamo
from uploads.aws.records import Record, decode
from uploads.feed.formats.derived import Derived, can_derive
from uploads.feed.parser import Layout
from uploads.models import Correction, UploadHistory
from uploads.pipeline.judge import value_rules
from uploads.pipeline.understood.derived import of_rows

MOST: Final = 10  # rows that one page asks DynamoDB for
Key = tuple[str, str, int]
"""Upload, record, attempt."""


@dataclass(frozen=True)
class Found:
    """The derived values of rows; `away` says that DynamoDB couldn't be asked."""

    values: Mapping[Key, tuple[Derived, ...]]
    away: bool = False


def of_attempts(wanted: Sequence[Key]) -> Found:
    """Of the first MOST of these attempts; nothing for rows that no file or rule could have given anything else. One
    request to DynamoDB for each, and a handful of queries, with one more for each upload whose rows are in groups."""
    uploads = UploadHistory.objects.only("vendor_id", "layout").in_bulk({key[0] for key in wanted})
    rules = value_rules({upload.vendor_id for upload in uploads.values()}) if uploads else {}
    layouts = {pk: Layout.from_json(upload.layout) if upload.layout else None for pk, upload in uploads.items()}
    asked = [
        key for key in wanted
        if key[0] in uploads
        and can_derive(layout.plan if (layout := layouts[key[0]]) else None, rules.get(uploads[key[0]].vendor_id))
    ][:MOST]  # fmt: skip
    corrected = _corrected(asked)
    values: dict[Key, tuple[Derived, ...]] = {}
    for key in asked:
        upload_id, record_id, _ = key
        try:
            item = dynamo.get_record(upload_id, record_id)
        except dynamo.DynamoError:
            return Found(values, away=True)
        if item is not None:
            record, vendor_id = decode(item), uploads[upload_id].vendor_id
            if record.vendor_id == vendor_id:  # no other's record is read by this one's rules
                values[key] = _of_record(record, corrected.get(key, {}), layouts[upload_id], rules.get(vendor_id))
    return Found(values)


def _of_record(
    record: Record, changes: Mapping[str, str], layout: Layout | None, rules: Mapping[tuple[str, str], str] | None
) -> tuple[Derived, ...]:
    if record.problem is not None and not changes:
        return ()
    data = {**record.data, **changes}
    return of_rows(record.upload_id, layout, rules, [(record.row_number, data)])[0]


def _corrected(keys: Iterable[Key]) -> dict[Key, dict[str, str]]:
    """The cells that somebody had corrected by these attempts (corrections_key)."""
    again = [key for key in keys if key[2] > 1]
    if not again:
        return {}
    rows = Correction.objects.filter(
        upload_id__in={upload_id for upload_id, _, _ in again}, record_id__in={record_id for _, record_id, _ in again}
    ).order_by("attempt")
    found: dict[Key, dict[str, str]] = {key: {} for key in again}
    for row in rows:
        for upload_id, record_id, attempt in again:
            if (upload_id, record_id) == (row.upload_id, row.record_id) and row.attempt <= attempt:
                changed = {header: new or "" for header, (_, new) in row.changes.items()}
                found[upload_id, record_id, attempt] |= changed
    return found

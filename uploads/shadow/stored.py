"""The rows of past uploads, newest uploads first: as their file has them, or as somebody corrected them since.

They are read from DynamoDB a page at a time, from a place on, so that whoever is interrupted goes on there. Uploads
that were undone or cancelled, that failed or are under way, and those of vendors that aren't active are left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Count, F, Max, Min, QuerySet, Sum
from django.db.models.functions import Least

from uploads.aws import dynamo
from uploads.aws.records import Record, decode
from uploads.models import Correction, UploadHistory
from vendors.models import Vendor

MOST_ROWS: Final = 200_000  # of all uploads
UPLOAD_ROWS: Final = 20_000  # of one, so that a single large file isn't all that is looked at
MOST_PAGES: Final = 50  # that are asked for before what was found is judged


@dataclass(frozen=True)
class Window:
    """Which uploads: those opened since a moment, by their sequence, of one vendor or of all (None)."""

    since: datetime
    first: int
    last: int
    vendor_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"since": self.since.isoformat(), "first": self.first, "last": self.last, "vendor_id": self.vendor_id}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Window":
        return cls(datetime.fromisoformat(stored["since"]), stored["first"], stored["last"], stored["vendor_id"])


@dataclass(frozen=True)
class Place:
    """Behind which record of which upload to go on; `rows` were looked at of that upload. `sequence` is that of the
    upload before which the next one is looked for, where none is under way (`upload_id` "")."""

    sequence: int
    upload_id: str = ""
    behind: str = ""
    rows: int = 0


class Slice(NamedTuple):
    """Some rows, and where the next ones begin. `ended`: there are no more. `uploads` were begun, of `gone` ones the
    table has nothing any more, `cut` ones have more rows than are looked at; `corrected` rows are as somebody made
    them.
    """

    records: list[Record]
    place: Place
    ended: bool
    uploads: int
    gone: int
    cut: int
    corrected: int


def window(since: datetime, vendor_id: str | None) -> Window:
    """The uploads since then, whatever is opened later."""
    recent = UploadHistory.objects.filter(created_at__gte=since)
    found = recent.aggregate(first=Min("sequence"), last=Max("sequence"))
    return Window(since, found["first"] or 0, found["last"] or 0, vendor_id)


def uploads_of(wanted: Window) -> "QuerySet[UploadHistory]":
    """Newest first (through the unique index of `sequence`)."""
    found = UploadHistory.objects.filter(
        sequence__gte=wanted.first, sequence__lte=wanted.last, created_at__gte=wanted.since,
        status=UploadHistory.Status.COMPLETED, undone_at__isnull=True, vendor__status=Vendor.Status.ACTIVE,
    )  # fmt: skip
    return (found.filter(vendor_id=wanted.vendor_id) if wanted.vendor_id else found).order_by("-sequence")


def rows_of(wanted: Window) -> int:
    """About how many rows there are to look at."""
    rows = uploads_of(wanted).order_by().aggregate(rows=Sum(Least(F("total_records"), UPLOAD_ROWS)))["rows"]
    return min(MOST_ROWS, rows or 0)


def left(wanted: Window, place: Place) -> dict[str, int]:
    """How many uploads, and rows of them, come behind a place."""
    behind = uploads_of(wanted).filter(sequence__lt=place.sequence).order_by()
    found = behind.aggregate(uploads=Count("pk"), rows=Sum("total_records"))
    return {"uploads": found["uploads"], "rows": found["rows"] or 0}


def read(wanted: Window, place: Place, most: int) -> Slice:
    """Up to `most` rows behind a place. Raises Unavailable."""
    records: list[Record] = []
    uploads = gone = cut = 0
    ended = False
    for _ in range(MOST_PAGES):
        if len(records) >= most:
            break
        if not place.upload_id:
            upload = uploads_of(wanted).filter(sequence__lt=place.sequence).values_list("sequence", "pk").first()
            if upload is None:
                ended = True
                break
            place, uploads = Place(*upload), uploads + 1
        room = min(most - len(records), UPLOAD_ROWS - place.rows)
        items, more = dynamo.upload_page(place.upload_id, "", place.behind, room)
        records += (decode(item) for item in items)
        rows = place.rows + len(items)
        gone += not rows and not more
        cut += bool(more) and rows >= UPLOAD_ROWS
        goes_on = more and rows < UPLOAD_ROWS
        place = Place(place.sequence, place.upload_id, more, rows) if goes_on else Place(place.sequence)
    corrected, count = _as_corrected(records)
    return Slice(corrected, place, ended, uploads, gone, cut, count)


def _as_corrected(records: Sequence[Record]) -> tuple[list[Record], int]:
    """The rows with what somebody changed in them since (corrections_key), and how many those are."""
    by_upload: dict[str, list[str]] = defaultdict(list)
    for record in records:
        by_upload[record.upload_id].append(record.record_id)
    changes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for upload_id, ids in by_upload.items():
        made = Correction.objects.filter(upload_id=upload_id, record_id__in=ids).order_by("attempt")
        for record_id, cells in made.values_list("record_id", "changes"):
            changes[upload_id, record_id] |= {header: after for header, (_, after) in cells.items()}
    return [_corrected(one, changes.get((one.upload_id, one.record_id))) for one in records], len(changes)


def _corrected(record: Record, cells: dict[str, str] | None) -> Record:
    """As a retry has it (uploads/corrections/retry.py): an unreadable row has all its cells from the correction."""
    if cells is None:
        return record
    data = {**({} if record.raw else record.data), **cells}
    return record._replace(data=data, raw="", problem=None, numeric=record.numeric - set(cells))

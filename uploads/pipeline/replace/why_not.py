"""Why nothing is retired by a file that was to be the whole catalog: what it lacks may only be missing in it.

Asked once, when all its rows have outcomes. What a row of the file is about isn't absent, be the row right or wrong;
where a row doesn't say, any product may be it.
"""

import io
from typing import BinaryIO, Final

from django.db.models import Q

from catalog.models import Product
from config.web.text import counted
from uploads.aws import storage
from uploads.feed.parser import Layout
from uploads.models import GuardThreshold, UploadHistory, ValidationError
from uploads.pipeline.replace import lacked
from vendors.models import Vendor

MOST_WRONG: Final = 0.1  # of its rows; with more, the file isn't what its vendor meant to send
FEW: Final = 20  # so many absent products need nobody's word, unless they are all that the vendor has
NAMED_AT_LEAST: Final = 0.5  # of the vendor's active products, unless a person has agreed

END_BYTES: Final = 64  # of the file, in which its last line's end is looked for
AGAIN: Final = "Nothing was retired. Send the whole catalog again when that is mended."


def ends_in_a_wrong_row(upload: UploadHistory) -> bool:
    """Whether the last row of the file is wrong and has no line end: it may be the half of one. Looks into storage, so
    not within a transaction. Raises StorageUnavailable."""
    last = ValidationError.objects.errors().filter(upload=upload, row_number=upload.staged_rows, resolved_at=None)
    if not last.exists():
        return False
    try:
        with storage.opened(upload.storage_key) as file:
            return ends_open(file)
    except storage.FileMissing:
        return False


def ends_open(file: BinaryIO) -> bool:
    """Whether the last line of a file has no line end, in whatever encoding."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - END_BYTES))
    return not file.read().rstrip(b"\0 \t\x1a").endswith((b"\n", b"\r"))


def refusal(upload: UploadHistory, *, cut_off: bool = False) -> str:
    """The reason in a sentence, with what to do; "" where what the file lacks may be retired. `cut_off`: it
    ends_in_a_wrong_row."""
    rows = upload.file_rows or 0
    if upload.announced_rows is not None and upload.announced_rows != rows:
        said = f"The file was to have {counted(upload.announced_rows, '{} row', '{} rows')}, and has {rows:,}"
        return f"{said}: it may have been cut off. {AGAIN}"
    if not upload.vendor.is_active:
        return f"{upload.vendor_id} is {upload.vendor.status} by now. {AGAIN}"
    if other := _beside(upload):
        return f"“{other}” was under way at the same time, as a whole catalog too. {AGAIN}"
    if why := by_rows(rows, upload.error_records, _rows_of_nobody(upload), cut_off=cut_off):
        return f"{why} {AGAIN}"
    return _names_too_few(upload)


def by_rows(rows: int, wrong: int, unknown: int, *, cut_off: bool) -> str:
    """Why the file itself can't be trusted to be whole, in a sentence, or "": `unknown` of the wrong rows don't say
    which product they are about. What nobody can agree to."""
    if cut_off:
        return "The last row of the file is wrong and has no line end: it may have been cut off there."
    if unknown:
        which = counted(unknown, "{} row doesn't say", "{} rows don't say")
        return f"{which} which product is meant, so any product may be the one that seems to be missing."
    if wrong > rows * MOST_WRONG:
        return f"{wrong:,} of {rows:,} rows are wrong, and that is more than {MOST_WRONG:.0%}."
    return ""


def _names_too_few(upload: UploadHistory) -> str:
    """A file of another vendor, or of a part of the range.

    Rows that did something to a product name one; where these are too few, it is looked which products nothing protects
    (lacked.py): a wrong row may be about none of the vendor's.
    """
    before = Product.objects.filter(vendor=upload.vendor_id, status=Product.Status.ACTIVE)
    active = before.filter(created_at__lte=upload.created_at).count() + upload.retired_records
    if _surely_named(upload) >= active * NAMED_AT_LEAST or _let_through(upload):
        return ""
    changing = lacked.count(upload, upload.absent_to, active)
    if changing <= (upload.absent_agreed or 0):
        return ""
    named = active - lacked.count(upload, Vendor.Absent.RETIRED, active)
    products = counted(active, "{} active product", "{} active products")
    if not named:
        return f"The file names none of your {products}: is it another company's? Nothing was retired."
    if changing > FEW and named < active * NAMED_AT_LEAST:
        return (
            f"The file names {named:,} of your {products}, which is less than half, and nobody has agreed to that. "
            "Nothing was retired. Retire them by rows with the action retire, or confirm it on the page of your upload."
        )
    return ""


def _surely_named(upload: UploadHistory) -> int:
    """How many rows were about an active product, or one that they retired. One that changes nothing is so too, where
    no row can be about a product that was retired before."""
    layout = Layout.from_json(upload.layout or {})
    unchanged = 0 if "action" in layout.mapping.fields else upload.unchanged_records
    return upload.updated_records + upload.retired_records + unchanged


def _let_through(upload: UploadHistory) -> bool:
    """Whether somebody who was shown that too many products would be retired let the file through."""
    shown = {one.get("kind") for one in upload.guard_findings or ()}
    return upload.guard == UploadHistory.Guard.CONFIRMED and GuardThreshold.Kind.RETIRED in shown


def _beside(upload: UploadHistory) -> str:
    """The name of another file of the vendor's that was under way as a whole catalog at any time since this one came;
    each of the two sees the other (idx_upload_history_vendor).

    One that the guard held, until it was cancelled or still, was never under way: the right file may be sent behind it.
    Let through later, it finds this one."""
    held = Q(status=UploadHistory.Status.HELD)
    never_begun = [UploadHistory.Guard.DUE, UploadHistory.Guard.HELD]
    held |= Q(status=UploadHistory.Status.CANCELLED, guard__in=never_begun)
    others = UploadHistory.objects.filter(vendor=upload.vendor_id, mode=UploadHistory.Mode.REPLACE)
    others = others.exclude(pk=upload.pk).exclude(held)
    overlapping = others.filter(Q(completed_at__isnull=True) | Q(completed_at__gt=upload.created_at))
    return overlapping.order_by("-created_at").values_list("file_name", flat=True).first() or ""


def _rows_of_nobody(upload: UploadHistory) -> int:
    """How many wrong rows don't say which product they are about; those that somebody chose to ignore don't count."""
    unknown = ValidationError.objects.errors().filter(upload=upload, identity="", resolved_at=None)
    return unknown.rows()

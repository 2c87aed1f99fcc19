"""Why nothing is retired by a file that was to be the whole catalog: what it lacks may only be missing in it.

Asked once, when all its rows have outcomes. What a row of the file is about isn't absent, be the row right or wrong;
where a row doesn't say, any product may be it.
"""

from typing import Final

from django.db.models import Q

from catalog.models import Product
from config.web.text import counted
from uploads.models import UploadHistory, ValidationError

MOST_WRONG: Final = 0.1  # of its rows; with more, the file isn't what its vendor meant to send
FEW: Final = 20  # so many absent products need nobody's word, unless they are all that the vendor has
NAMED_AT_LEAST: Final = 0.5  # of the vendor's active products, unless a person has agreed

AGAIN: Final = "Nothing was retired. Send the whole catalog again when that is mended."


def refusal(upload: UploadHistory) -> str:
    """The reason in a sentence, with what to do; "" where what the file lacks may be retired."""
    rows = upload.file_rows or 0
    if upload.announced_rows is not None and upload.announced_rows != rows:
        said = f"The file was to have {counted(upload.announced_rows, '{} row', '{} rows')}, and has {rows:,}"
        return f"{said}: it may have been cut off. {AGAIN}"
    if other := _beside(upload):
        return f"“{other}” was under way at the same time, as a whole catalog too. {AGAIN}"
    if unknown := _rows_of_nobody(upload):
        which = counted(unknown, "{} row doesn't say", "{} rows don't say")
        return f"{which} which product is meant, so any product may be the one that seems to be missing. {AGAIN}"
    wrong = upload.error_records
    if wrong > rows * MOST_WRONG:
        return f"{wrong:,} of {rows:,} rows are wrong, and that is more than {MOST_WRONG:.0%}. {AGAIN}"
    return _names_too_few(upload)


def _names_too_few(upload: UploadHistory) -> str:
    """A file of another vendor, or of a part of the range."""
    before = Product.objects.filter(vendor=upload.vendor_id, status=Product.Status.ACTIVE)
    active = before.filter(created_at__lte=upload.created_at).count()
    named = upload.updated_records + upload.unchanged_records + upload.superseded_records + upload.retired_records
    named += upload.error_records
    absent = active - named
    if upload.guard == UploadHistory.Guard.CONFIRMED:
        return ""
    if upload.absent_agreed is not None and absent <= upload.absent_agreed:
        return ""
    products = counted(active, "{} active product", "{} active products")
    if active and not named:
        return f"The file names none of your {products}: is it another company's? Nothing was retired."
    if absent > FEW and named < active * NAMED_AT_LEAST:
        return (
            f"The file names {named:,} of your {products}, which is less than half, and nobody has agreed to that. "
            "Nothing was retired. Retire them by rows with the action retire, or confirm it on the page of your upload."
        )
    return ""


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

"""Choose → preview → confirm, whichever page it is on: the admin's import, or the vendors' own upload.

A chosen file is kept aside, previewed as the form says how to read it, and handed to step 1 when it is confirmed, with
exactly what was previewed.
"""

from typing import Any, BinaryIO, cast

from uploads.aws.storage import FileMissing, StorageUnavailable
from uploads.feed.parser import Layout, Reading
from uploads.models import UploadHistory
from uploads.pipeline import examine, receive, remembered
from uploads.pipeline.examine import Refused
from uploads.pipeline.receive import AlreadyOpened, Options
from uploads.preview import dry_run, kept_files, quota, verdicts
from uploads.preview.form import FIELD_CHOICES, Confirmation, PreviewForm, dry_run_context
from uploads.preview.kept_files import Expired, KeptFile
from vendors.models import Vendor

# What a file dialog offers; what a file is shows by its content.
ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xlsm,text/csv,text/plain"
SENTENCES: dict[type[Exception], str] = {
    Expired: "The preview is too old. Choose the file again.",
    AlreadyOpened: "This file was confirmed already. Look at the uploads.",
    FileMissing: "This file was confirmed already, or its preview is too old. Look at the uploads, or choose it again.",
    StorageUnavailable: "File storage isn't reachable. Nothing was imported; try again in a few minutes.",
}
FAILURES: tuple[type[Exception], ...] = (Refused, quota.Exhausted, *SENTENCES)
OPEN = "Something is still open, perhaps by rows further down in this file. Answer it, then confirm once more."
UNSEEN = "The columns were changed after this preview was made. Here is what would be imported now: confirm it again."


def sentence(error: Exception) -> str:
    """What to tell the user about one of FAILURES."""
    return SENTENCES.get(type(error)) or str(error)


def choose(file: BinaryIO, file_name: str, vendor: Vendor, user: Any) -> dict[str, Any]:
    """Keep a file that was chosen; returns what a page shows of its preview. Raises one of FAILURES."""
    quota.take(file, vendor.vendor_id, user)
    with examine.as_text(file, vendor.vendor_id) as feed:
        seen = verdicts.of(feed, vendor.vendor_id, Reading())
        token = kept_files.keep(feed, receive.base_name(file_name), vendor.vendor_id, user)
    return _shown(seen, token, vendor, kept_files.from_token(token, user), user)


def leaves_open(error: Exception) -> bool:
    """Whether a file that was to be confirmed leaves something open that its first rows didn't tell: then look again,
    at the whole of it."""
    return isinstance(error, Refused) and bool(error.questions)


def look_again(
    confirmation: Confirmation, user: Any, vendor: Vendor | None = None, *, whole: bool = False
) -> dict[str, Any]:
    """The preview of the file that the form is about, read as the form says. Raises one of FAILURES.

    What is remembered for its columns is forgotten first, if that is what was asked for: then it is read as it shows.
    """
    kept, reading = _kept_file(confirmation, user, vendor), confirmation.reading or Reading()
    with kept_files.opened(kept) as feed:
        quota.take(feed.text, kept.vendor_id, user)
        seen = verdicts.of(feed, kept.vendor_id, reading, confirmation.mode, whole=whole)
        if confirmation.forget and seen.layout.remembered:
            remembered.forget(kept.vendor_id, user, layout=seen.layout)
            reading = Reading(reading.encoding, reading.delimiter)
            seen = verdicts.of(feed, kept.vendor_id, reading, confirmation.mode)
    return _shown(seen, confirmation.token, vendor or Vendor.objects.get(pk=kept.vendor_id), kept, user)


def confirm(
    confirmation: Confirmation,
    user: Any,
    vendor: Vendor | None = None,
    notify: str = UploadHistory.Notify.VENDOR,
) -> UploadHistory:
    """Open the upload of a file that was previewed, and remember its columns if asked to. Raises one of FAILURES.

    A button that is pressed twice opens one: AlreadyOpened tells the second which it is.
    """
    kept, reading = _kept_file(confirmation, user, vendor), confirmation.reading
    options = Options(confirmation.mode, notify)
    try:
        with kept_files.opened(kept) as feed:
            upload = receive.open_upload(feed, kept.file_name, kept.vendor_id, user, reading, options, kept.key)
    except (FileMissing, StorageUnavailable, Refused):
        # Where it was confirmed before, its file is gone, and its own upload may be the one that fills the limit.
        receive.refuse_opened(kept.key)
        raise
    layout = Layout.from_json(cast("dict[str, Any]", upload.layout))
    if reading and confirmation.remember and (reading.columns or layout.plan):
        remembered.remember(kept.vendor_id, layout, upload.file_name, user)
    dry_run.end(kept.key)
    kept_files.drop(kept)
    return upload


def _kept_file(confirmation: Confirmation, user: Any, vendor: Vendor | None) -> KeptFile:
    """The file that the form is about, on the pages of the vendor that it was chosen for. Raises Expired."""
    kept = kept_files.from_token(confirmation.token, user)
    if vendor is not None and kept.vendor_id != vendor.pk:
        raise Expired
    return kept


def _shown(seen: verdicts.Preview, token: str, vendor: Vendor, kept: KeptFile, user: Any) -> dict[str, Any]:
    """What the page shows of a preview; the dry run of the whole file begins where it could be sent."""
    context: dict[str, Any] = {}
    if seen.ready:
        job = dry_run.start(kept.key, seen.layout, seen.lines, kept.vendor_id, user, seen.mode)
        context = dry_run_context(job)
    else:
        dry_run.end(kept.key)
    return context | {
        "preview": seen,
        "vendor": vendor,
        "file_name": kept.file_name,
        "sheet": kept.sheet,
        "confirm_form": PreviewForm(seen, token),
        "field_choices": FIELD_CHOICES,
    }

"""Choose → preview → confirm, whichever page it is on: the admin's import, or the vendors' own upload.

A chosen file is kept aside, previewed as the form says how to read it, and handed to step 1 when it is confirmed, with
exactly what was previewed. What a large file leaves open is known from its dry run, which a worker has: it can be
confirmed when that has looked at all rows (`NotYet`), and then its word is taken.
"""

from dataclasses import replace
from typing import Any, BinaryIO, cast

from uploads.aws.storage import FileMissing, StorageUnavailable
from uploads.feed.choices import in_mode
from uploads.feed.formats.own.changes import CHANGES, KIND
from uploads.feed.parser import Layout, Reading
from uploads.models import Feed, Job, UploadHistory
from uploads.pipeline import examine, receive, remembered
from uploads.pipeline.examine import Contents, FeedFile, Refused
from uploads.pipeline.receive import AlreadyOpened, Options
from uploads.preview import dry_run, kept_files, outlook, quota, verdicts
from uploads.preview.form import FIELD_CHOICES, Confirmation, PreviewForm, dry_run_context
from uploads.preview.kept_files import Expired, KeptFile
from uploads.preview.shown import Preview
from vendors.models import Vendor

# What a file dialog offers; what a file is shows by its content.
ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xlsm,text/csv,text/plain"
SENTENCES: dict[type[Exception], str] = {
    Expired: "The preview is too old. Choose the file again.",
    AlreadyOpened: "This file was confirmed already. Look at the uploads.",
    FileMissing: "This file was confirmed already, or its preview is too old. Look at the uploads, or choose it again.",
    StorageUnavailable: "File storage isn't reachable. Nothing was imported; try again in a few minutes.",
}
OTHER_ENCODING = (
    "Rows further down show that the file has another encoding than its beginning seemed to have. Here it is read with "
    "that one: import it if it is right."
)


class NotYet(Exception):
    """It can't be imported yet: the message says why. Show its preview again."""


FAILURES: tuple[type[Exception], ...] = (Refused, quota.Exhausted, *SENTENCES)
OPEN = "Something is still open, perhaps by rows further down in this file. Answer it, then confirm once more."
UNSEEN = "The columns were changed after this preview was made. Here is what would be imported now: confirm it again."


def sentence(error: Exception) -> str:
    """What to tell the user about one of FAILURES."""
    return SENTENCES.get(type(error)) or str(error)


def choose(file: BinaryIO, file_name: str, vendor: Vendor, user: Any, program: Feed | None = None) -> dict[str, Any]:
    """Keep a file that was chosen; returns what a page shows of its preview. Raises one of FAILURES.

    That of a program's feed which leaves something open becomes the upload of that feed when it is confirmed. It is
    read by what the program has answered, in the mode that it said.
    """
    quota.take(file, vendor.vendor_id, user)
    with examine.as_text(file, vendor.vendor_id) as feed:
        answered, mode = Reading(), UploadHistory.Mode.UPSERT.value
        if program:
            answered, mode = receive.reading_of(program) or Reading(), program.mode
        seen = verdicts.of(feed, vendor.vendor_id, answered, mode)
        kept = kept_files.stored(feed, receive.base_name(file_name), vendor.vendor_id, seen.contents)
        token = kept_files.token_for(replace(kept, feed_id=program.pk if program else ""), user)
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
    kept = _kept_file(confirmation, user, vendor)
    reading = _as_said(confirmation)
    mode = UploadHistory.Mode.UPSERT.value if confirmation.shown else confirmation.mode
    with kept_files.opened(kept) as feed:
        quota.take(feed.text, kept.vendor_id, user)
        contents = kept.contents or examine.examine(feed.text)

        def seen_as(reading: Reading) -> Preview:
            whole_file = whole and examine.is_quick(contents)
            return verdicts.of(feed, kept.vendor_id, reading, mode, whole=whole_file, contents=contents)

        seen = seen_as(reading)
        if confirmation.forget and seen.layout.remembered:
            remembered.forget(kept.vendor_id, user, layout=seen.layout)
            reading = Reading(reading.encoding, reading.delimiter)
            seen = seen_as(reading)
        if other := _other_encoding(kept, contents, seen.choice, seen.layout):
            seen = seen_as(replace(reading, encoding=other))
    return _shown(seen, confirmation.token, vendor or Vendor.objects.get(pk=kept.vendor_id), kept, user)


def _other_encoding(kept: KeptFile, contents: Contents, reading: Reading, layout: Layout) -> str:
    """That of the whole file, where its beginning showed another one; else ""."""
    looked = None if examine.is_quick(contents) or reading.encoding else dry_run.looked_of(kept, reading)
    return looked.layout.encoding if looked and looked.layout.encoding != layout.encoding else ""


def confirm(
    confirmation: Confirmation,
    user: Any,
    vendor: Vendor | None = None,
    notify: str = UploadHistory.Notify.VENDOR,
) -> UploadHistory:
    """Open the upload of a file that was previewed, and remember its columns if asked to. Raises one of FAILURES.

    A button that is pressed twice opens one: AlreadyOpened tells the second which it is. Raises NotYet too.
    """
    kept, reading = _kept_file(confirmation, user, vendor), confirmation.reading
    if reading or (confirmation.mode == UploadHistory.Mode.UPDATE and not confirmation.shown):
        reading = _as_said(confirmation)
    trial = dry_run.trial_for(kept, reading or Reading(), confirmation.mode)
    shown = dry_run.absent_shown(kept, reading or Reading(), confirmation.mode)
    options = Options(confirmation.mode, notify, trial, confirmation.let_through, absent_agreed=shown)
    try:
        with kept_files.opened(kept) as feed:
            looked = _looked_at(feed, kept, reading)
            upload = receive.open_upload(
                feed, kept.file_name, kept.vendor_id, user, reading, options, kept.key, looked, kept.feed_id
            )
    except (FileMissing, StorageUnavailable, Refused, NotYet):
        # Where it was confirmed before, its file is gone, and its own upload may be the one that fills the limit.
        receive.refuse_opened(kept.key)
        raise
    layout = Layout.from_json(cast("dict[str, Any]", upload.layout))
    if reading and confirmation.remember and (reading.columns or layout.plan):
        remembered.remember(kept.vendor_id, layout, upload.file_name, user)
    dry_run.end(kept.key)
    kept_files.drop(kept)
    return upload


def _as_said(confirmation: Confirmation) -> Reading:
    """The reading in the mode that was chosen, which may be another than it was seen in: what that made of it is
    forgotten. What the file shows by itself is nobody's word, and makes nothing of it."""
    reading = confirmation.reading or Reading()
    if reading.answers.get(KIND) == CHANGES:
        reading = replace(reading, answers={one: said for one, said in reading.answers.items() if one != KIND})
    return reading if confirmation.shown else in_mode(reading, confirmation.mode)


def _looked_at(feed: FeedFile, kept: KeptFile, reading: Reading | None) -> receive.Looked | None:
    """What all rows say, of a file that is too large to look at them now: by the dry run of exactly this. None for a
    small file. Raises NotYet, and Refused as looking would."""
    contents = kept.contents or examine.examine(feed.text)
    if examine.is_quick(contents):
        return None
    job, looked = dry_run.of(kept), dry_run.looked_of(kept, reading)
    if looked is None:
        if job and job.state == Job.State.FAILED and job.failure != dry_run.NEWER:
            raise Refused(job.failure)
        raise NotYet(outlook.WAIT.format(outlook.looking(job) if job else 0))
    if job and Layout.from_json(job.parameters["layout"]).encoding != looked.layout.encoding:
        raise NotYet(OTHER_ENCODING)
    return receive.Looked(looked.contents, looked.layout)


def _kept_file(confirmation: Confirmation, user: Any, vendor: Vendor | None) -> KeptFile:
    """The file that the form is about, on the pages of the vendor that it was chosen for. Raises Expired."""
    kept = kept_files.from_token(confirmation.token, user)
    if vendor is not None and kept.vendor_id != vendor.pk:
        raise Expired
    return kept


def _shown(seen: Preview, token: str, vendor: Vendor, kept: KeptFile, user: Any) -> dict[str, Any]:
    """What the page shows of a preview; the dry run of the whole file begins, unless columns are missing. Of a small
    file it is done at once."""
    context: dict[str, Any] = {"outlook": outlook.missing(seen.missing)}
    if seen.problem or seen.missing:
        dry_run.end(kept.key)
    else:
        small = examine.is_small(seen.contents)
        job = dry_run.start(kept, seen.contents, seen.layout, seen.choice, user, seen.mode, wake=not small)
        if small and not job.ended:
            dry_run.at_once(job)
        if looked := dry_run.looked_at(job):
            seen = replace(seen, layout=looked.layout, left_out=looked.left_out)
        context = dry_run_context(job, outlook.weight(seen.layout.questions), user)
    return context | {
        "preview": seen,
        "vendor": vendor,
        "file_name": kept.file_name,
        "sheet": kept.sheet,
        "confirm_form": PreviewForm(seen, token),
        "field_choices": FIELD_CHOICES,
    }

"""The page of one upload for its vendor: how far it is, step by step, what came of it, how to stop it or go on."""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_POST

from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.text import counted
from uploads.aws.storage import FileMissing, StorageUnavailable
from uploads.corrections import undo
from uploads.corrections.failed_rows import why_vendor
from uploads.insight import downloads, progress, reading, warned_rows
from uploads.models import UploadHistory, results
from uploads.pipeline import finish
from uploads.pipeline.guard import hold
from uploads.portal.messages import conversation
from uploads.portal.pages import upload_of
from vendors import holds
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorHold, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import User

VIEWER, UPLOADER, OWNER = VendorMember.Role.VIEWER, VendorMember.Role.UPLOADER, VendorMember.Role.OWNER
# Products, of a whole catalog; all else that is counted is rows.
ABSENT: dict[str, str] = {
    Vendor.Absent.RETIRED: "Retired, since the file lacks them",
    Vendor.Absent.ZERO_STOCK: "Stock set to 0, since the file lacks them",
}
HELD = "Held: it would change more than is usual, so nothing of it was imported yet."


class ShownStep(NamedTuple):
    """One step of the way, in words. `state` is done, now or later."""

    name: str
    number: str
    about: str
    state: str


@vendor_page(VIEWER)
def page(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Where the upload stands."""
    upload = upload_of(vendor, upload_id)
    found = _context(request, upload) | {"talk": conversation(request, vendor, upload)}
    return render(request, "uploads/portal/upload_progress.html", found)


@vendor_page(VIEWER, part=True)
def part(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """The part of the page that changes."""
    context = _context(request, upload_of(vendor, upload_id)) | {"polled": True}
    return render(request, "uploads/portal/upload_progress_part.html", context)


@vendor_page(UPLOADER)
def cancel(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Ask with the number of rows, then do it."""
    upload = upload_of(vendor, upload_id)
    if upload.status not in UploadHistory.NOT_ENDED:
        messages.warning(request, f"It is {upload.status} already, so there is nothing to cancel.")
    elif request.method != "POST":
        context = {"vendor": vendor, "section": "history", "upload": upload, "rows": progress.not_checked(upload)}
        return render(request, "uploads/portal/upload_cancel.html", context)
    elif finish.cancel(upload.pk):
        log_change(request.user, upload, "Cancelled on the vendor's page.")
        nothing = upload.status == UploadHistory.Status.HELD
        kept = "Nothing of it was imported." if nothing else "What was in the catalog by then stays there."
        messages.success(request, f"Cancelled. {kept}")
    else:
        messages.warning(request, "It ended before it could be cancelled.")
    return redirect("vendor:upload", vendor.pk, upload.pk)


@vendor_page(OWNER)
@require_POST
def release(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """An owner lets a held file through, as far as staff allow owners to."""
    upload = upload_of(vendor, upload_id)
    findings = hold.findings_of(upload)
    if upload.status == UploadHistory.Status.HELD and not hold.may_release(request.user, findings, vendor.pk):
        messages.error(request, "This is more than owners can let through. Our staff look at it.")
        return redirect("vendor:upload", vendor.pk, upload.pk)
    try:
        hold.release(upload, cast("User", request.user))
        log_change(request.user, upload, "Let through on the vendor's page.")
        messages.success(request, "It is imported now.")
    except hold.NotReleased as error:
        messages.warning(request, str(error))
    return redirect("vendor:upload", vendor.pk, upload.pk)


@vendor_page(UPLOADER)
@require_POST
def notify(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Whoever sent the file says whether to be told of its end."""
    upload = upload_of(vendor, upload_id)
    wanted = UploadHistory.Notify.UPLOADER if "wanted" in request.POST else UploadHistory.Notify.NOBODY
    changed = UploadHistory.objects.filter(
        pk=upload.pk, uploaded_by_id=request.user.pk, status=UploadHistory.Status.PROCESSING
    ).update(notify=wanted)  # fmt: skip
    if changed:
        told = wanted == UploadHistory.Notify.UPLOADER
        messages.success(request, "You get an e-mail when it is done." if told else "You get no e-mail about it.")
    return redirect("vendor:upload", vendor.pk, upload.pk)


@vendor_page(VIEWER, hands_out="uploads.download_uploadhistory")
def file(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """The file as it came."""
    upload = upload_of(vendor, upload_id)
    if gone := results.file_gone(upload):
        messages.info(request, gone)
        return redirect("vendor:upload", vendor.pk, upload.pk)
    if not upload.storage_key:
        raise Http404
    try:
        return downloads.original(upload)
    except FileMissing:
        messages.error(request, "The file isn't kept any more.")
    except StorageUnavailable:
        messages.error(request, "Files can't be fetched just now. Try again in a few minutes.")
    return redirect("vendor:upload", vendor.pk, upload.pk)


def _context(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    state = progress.of(upload.pk, most=progress.COUNTED)
    upload, percent = state.upload, progress.percent(state.upload)
    may_change = not state.ended and may_here(request, UPLOADER)
    held = upload.status == UploadHistory.Status.HELD
    return {
        **(_held(request, upload) if held else {}),
        "vendor": upload.vendor,
        "section": "history",
        "upload": upload,
        "progress": state,
        "headline": headline(upload, state.hold),
        "waits_too": holds.said(state.hold) if state.hold and state.ended else "",
        "result": results.result(upload),
        "in_catalog": results.in_catalog(upload),
        "refused": results.absent_refused(upload),
        "percent": percent,
        "steps": steps(upload),
        "counts": counts(upload),
        "kinds": [(label_of(kind.code), kind) for kind in state.errors],
        "looks": warned_rows.looks(state.warnings, upload.total_records),
        "announcement": headline(upload, state.hold) if state.ended else progress.each_quarter(percent),
        "aged": results.aged(upload),
        "may_cancel": may_change or (held and may_here(request, UPLOADER)),
        "may_undo": may_here(request, UPLOADER) and not (why_vendor(upload.vendor.status) or undo.why_not(upload)),
        "may_be_told": may_change and upload.uploaded_by_id == request.user.pk,
        "read_how": reading.sentences(layout) if (layout := reading.layout_of(upload)) else [],
        "told": upload.notify == UploadHistory.Notify.UPLOADER,
    }


def _held(request: HttpRequest, upload: UploadHistory) -> dict[str, Any]:
    """Why it is held, who may let it through, and what was sent since."""
    shown = hold.shown(hold.findings_of(upload), request.user, upload.vendor_id)
    return {"held": shown, "newer": hold.newer_than(upload), "newer_most": hold.NEWER_COUNTED}


def headline(upload: UploadHistory, waits: VendorHold | None = None) -> str:
    """Where it stands, in one sentence; `waits` is what its rows wait for."""
    if upload.status == UploadHistory.Status.FAILED:
        return upload.failure_reason
    if upload.status == UploadHistory.Status.HELD:
        return HELD
    if upload.status == UploadHistory.Status.CANCELLED:
        if upload.failure_reason:
            return f"Cancelled. {upload.failure_reason}"
        if not upload.total_records:
            return "Cancelled. Nothing of it was imported."
        checked = counted(upload.total_records, "{} row", "{} rows")
        said = f"Cancelled. {checked} had been checked by then; what they changed stays."
        return f"{said} {results.absent_words(upload)}".strip()
    if upload.status == UploadHistory.Status.PROCESSING:
        if waits:
            return f"It waits. {holds.said(waits)}."
        if earlier := progress.waits_for_file(upload):
            return f"It waits for “{earlier}”, which you sent before: its products come first."
        if upload.guard == UploadHistory.Guard.DUE:
            return "We are trying your file, before anything is changed."
        if upload.file_rows is None:
            return "We are reading your file."
        if absent := results.absent_under_way(upload):
            return absent
        return f"We are checking your rows: {upload.total_records:,} of {upload.file_rows:,} so far."
    return results.sentence(upload)


def steps(upload: UploadHistory) -> list[ShownStep]:
    """Received, read, checked, in the catalog: each with its number."""
    held = upload.status == UploadHistory.Status.HELD
    ended = upload.status != UploadHistory.Status.PROCESSING and not held
    read = ended or upload.file_rows is not None
    of_all = f" of {upload.file_rows:,}" if upload.file_rows else ""
    size = filesizeformat(upload.file_size) if upload.file_size is not None else "–"
    stored = "It isn't kept any more." if upload.file_deleted_at else "Your file is stored safely."
    later = "done" if ended else ("now" if upload.total_records else "later")
    return [
        ShownStep("Received", size, stored, "done"),
        # Rows are checked before it is noted that they were read.
        ShownStep(
            "Read",
            f"{max(upload.staged_rows, upload.total_records):,}{of_all}",
            "rows taken out of the file",
            "done" if read else "later" if held else "now",
        ),
        ShownStep("Checked", f"{upload.total_records:,}{of_all}", "rows compared with our rules", later),
        ShownStep("In the catalog", f"{results.in_catalog(upload):,}", "rows with their products up to date", later),
        *_absent_step(upload, ended=ended),
    ]


def _absent_step(upload: UploadHistory, *, ended: bool) -> list[ShownStep]:
    """What is done after the last row of a whole catalog."""
    if upload.absent_state == UploadHistory.AbsentState.NONE:
        return []
    about = "products that the file lacks: "
    about += "stock set to 0" if upload.absent_to == Vendor.Absent.ZERO_STOCK else "retired"
    if upload.absent_state == UploadHistory.AbsentState.REFUSED:
        about = "nothing was retired"
    now = "now" if results.absent_under_way(upload) else "later"
    return [ShownStep("Replaced", f"{upload.absent_records:,}", about, "done" if ended else now)]


def counts(upload: UploadHistory) -> list[tuple[str, int, bool]]:
    """What came of the rows, in words; whether it is bad."""
    skipped = {"add": "Left alone, in your catalog already", "update": "Left alone, not in your catalog"}
    if results.leaves_out(upload):
        skipped["upsert"] = "Left out, no products"
    if results.only_updates(upload):
        skipped["update"] = "Left alone: not in your catalog, or added up with other rows"
    rows = [
        ("New products", upload.inserted_records, False),
        ("Changed products", upload.updated_records, False),
        ("Retired, as the rows say", upload.retired_records, False),
        (ABSENT.get(upload.absent_to, ""), upload.absent_records, False),
        ("No change", upload.unchanged_records, False),
        ("Replaced by a newer upload", upload.superseded_records, False),
        (skipped.get(upload.mode, "Left alone"), upload.skipped_records, False),
        ("With errors", upload.open_records, bool(upload.open_records)),
        ("Ignored", upload.ignored_records, False),
        ("Settled since", upload.closed_records, False),
        ("Of all, with warnings", upload.warned_records, False),
    ]
    always: tuple[str, ...] = ("New products", "Changed products", "No change", "With errors")
    if upload.absent_state == UploadHistory.AbsentState.DONE:  # that it is none is worth a word too
        always = (*always, ABSENT.get(upload.absent_to, ""))
    return [(label, number, bad) for label, number, bad in rows if number or label in always]

"""A vendor sends a file: choose it, see how it is read and what it would do, confirm. On the vendors' own pages.

What is done is preview/flow.py's, as in the admin; here are its pages in plain words, what is remembered,
the guide to the columns, and a template.
"""

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.category_tree import active_categories
from catalog.rules.fields import LABELS
from uploads.aws import storage
from uploads.feed.columns import short
from uploads.insight import downloads, guide, progress
from uploads.models import Feed, Job, RememberedReading, UploadHistory, results
from uploads.pipeline import remembered as memory
from uploads.pipeline.holding import answering, waiting
from uploads.pipeline.receive import AlreadyOpened
from uploads.preview import flow, outlook
from uploads.preview.flow import FAILURES, sentence
from uploads.preview.form import Confirmation, asked_in, dry_run_context, mode_of, modes_of
from uploads.programs import feeds
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorHold, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UPLOADER = VendorMember.Role.UPLOADER
Ended = VendorHold.Ended
CHANGED = "You changed something after this preview was made. Here is what would happen now: start it if it is right."


@vendor_page(UPLOADER)
def choose(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Choose a file; what comes of it is the preview, or a sentence that says why not."""
    problem = ""
    if request.method == "POST" and vendor.is_active:
        file = request.FILES.get("file")
        if file is None or not file.size:
            problem = (
                "Choose a file first." if file is None else "This file is empty. Choose the one that has your products."
            )
        else:
            try:
                content = cast("BinaryIO", file.file)
                return _preview(request, flow.choose(content, file.name or "", vendor, request.user))
            except FAILURES as error:
                problem = sentence(error)
    return _choose(request, vendor, problem)


def _choose(request: HttpRequest, vendor: Vendor, problem: str = "") -> HttpResponseBase:
    context = {
        "vendor": vendor, "section": "choose", "problem": problem, "closed": not vendor.is_active,
        "accepted": flow.ACCEPTED,
    }  # fmt: skip
    return render(request, "uploads/portal/upload.html", context)


@vendor_page(UPLOADER)
def preview(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Look again at the file, read as the form says now."""
    if request.method != "POST":  # the address of what was shown here, opened anew
        return redirect("vendor:choose", vendor.pk)
    confirmation = Confirmation.from_post(request.POST)
    try:
        return _preview(request, flow.look_again(confirmation, request.user, vendor), confirmation.notify)
    except FAILURES as error:
        return _choose(request, vendor, sentence(error))


@vendor_page(UPLOADER)
def confirm(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Start it, and go to its progress."""
    if request.method != "POST":  # the address of what was shown here, opened anew
        return redirect("vendor:choose", vendor.pk)
    confirmation = Confirmation.from_post(request.POST)
    notify = UploadHistory.Notify.UPLOADER if confirmation.notify else UploadHistory.Notify.NOBODY
    try:
        if not confirmation.was_seen:
            messages.warning(request, CHANGED)
            return _preview(request, flow.look_again(confirmation, request.user, vendor), confirmation.notify)
        upload = flow.confirm(confirmation, request.user, vendor, notify)
    except AlreadyOpened as error:  # who presses the button twice sees only the second answer
        upload = error.upload
    except flow.NotYet as error:
        messages.warning(request, str(error))
        return _preview(request, flow.look_again(confirmation, request.user, vendor), confirmation.notify)
    except FAILURES as error:
        if flow.leaves_open(error):
            messages.warning(request, flow.OPEN)
            seen = flow.look_again(confirmation, request.user, vendor, whole=True)
            return _preview(request, seen, confirmation.notify)
        return _choose(request, vendor, sentence(error))
    return redirect("vendor:upload", vendor.pk, upload.pk)


def _preview(request: HttpRequest, context: dict[str, Any], notify: bool = True) -> HttpResponseBase:
    job = context.get("job")
    shown = context | {"announcement": _announcement(job, context["percent"])} if job else context
    preview = context["preview"]
    modes = [(value, label, value == mode_of(preview)) for value, label in modes_of(preview.layout)]
    return render(
        request,
        "uploads/portal/upload_preview.html",
        shown | {
            "section": "choose",
            "again": "Look again" if context["preview"].ready else "Use my answers and look again",
            "confirm_url": reverse("vendor:confirm", args=[context["vendor"].pk]),
            "modes": modes,
            "replaces": results.replace_words(context["vendor"].absent_products),
            "notify": notify,
            "email": getattr(request.user, "email", ""),
        },
    )  # fmt: skip


def _announcement(job: Job, percent: int) -> str:
    words = {"done": f"All rows were tried. {outlook.of(job).sentence}", "failed": job.failure}
    return words.get(job.state) or progress.each_quarter(percent)


@vendor_page(UPLOADER, part=True)
def dry_run(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """How far the trial of the whole file is: the part of the preview that changes, or a page without JavaScript."""
    job = Job.objects.filter(
        pk=job_id, kind=Job.Kind.DRY_RUN, vendor=vendor, requested_by_id=request.user.pk
    ).first()  # fmt: skip
    if job is None:
        raise Http404
    context = dry_run_context(job, asked_in(request.GET), request.user)
    part = "HX-Request" in request.headers
    context |= {
        "vendor": vendor, "section": "choose", "polled": part,
        "confirm_url": reverse("vendor:confirm", args=[vendor.pk]),
        "announcement": _announcement(job, context["percent"]),
    }  # fmt: skip
    return render(request, "uploads/portal/dry_run.html" if part else "uploads/portal/dry_run_page.html", context)


# --- what a program sent, and left open ------------------------------------------------------------------------


@vendor_page(VendorMember.Role.VIEWER)
def held(request: HttpRequest, vendor: Vendor, feed_id: str) -> HttpResponseBase:
    """A program's feed that waits for an answer: what it asks. Answering is looking at its preview, and confirming."""
    feed = Feed.objects.filter(vendor=vendor, pk=feed_id).select_related("token", "source").first()
    if feed is None:
        raise Http404
    if feed.upload_id:
        return redirect("vendor:upload", vendor.pk, feed.upload_id)
    if request.method == "POST" and may_here(request, UPLOADER):
        return _answer(request, vendor, feed)
    context = {"vendor": vendor, "section": "home", "feed": feed, "may": may_here(request, UPLOADER)}
    return render(request, "uploads/portal/held.html", context)


def _answer(request: HttpRequest, vendor: Vendor, feed: Feed) -> HttpResponseBase:
    if "cancel" in request.POST:
        try:
            feeds.cancel(feed)
            messages.success(request, "Cancelled. Nothing of this file was imported.")
        except feeds.FeedRefused as refused:
            messages.error(request, str(refused))
        return redirect("vendor:held", vendor.pk, feed.pk)
    if feed.state != Feed.State.HELD or feed.dry_run:
        return redirect("vendor:held", vendor.pk, feed.pk)
    try:
        with storage.opened_of(vendor.pk, feed.key) as file:
            return _preview(request, flow.choose(file, feed.file_name, vendor, request.user, feed))
    except FAILURES as error:
        return _choose(request, vendor, sentence(error))


@vendor_page(VendorMember.Role.VIEWER)
def waiting_records(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Records that programs put and that wait since they look wrong: what was found, and what is to become of them."""
    hold = answering.open_of(vendor.pk)
    now = waiting.counted(hold) if hold else None
    may = hold is not None and waiting.may_answer(request.user, hold, now)
    if request.method == "POST":
        if hold and not may:
            raise PermissionDenied("An owner may answer this, as far as our staff let owners decide what waits now.")
        how = {"confirm": Ended.CONFIRMED, "refuse": Ended.REFUSED}.get(request.POST.get("do", ""))
        seen = hold is not None and how and request.POST.get("hold") == str(hold.pk)
        if seen and hold and how and answering.answer(vendor.pk, hold.pk, how, cast("User", request.user)):
            confirmed = how == Ended.CONFIRMED
            messages.success(request, "They go through now." if confirmed else "They are refused: none of them counts.")
        else:
            messages.warning(request, "Somebody else was faster, or more came meanwhile. Look again.")
        return redirect("vendor:waiting_records", vendor.pk)
    context = {
        "vendor": vendor, "section": "home", "hold": hold, "may": may, "now": now,
        "findings": answering.findings_of(hold) if hold else [],
    }  # fmt: skip
    return render(request, "uploads/portal/waiting_records.html", context)


# --- what is remembered ----------------------------------------------------------------------------------------


@vendor_page(VendorMember.Role.VIEWER)
@require_safe
def remembered(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """How files with certain columns are read, as somebody chose it; and values that are read as others."""
    kept = [
        {
            "pk": one.pk,
            "file_name": one.file_name,
            "created_at": one.created_at,
            "shown": [(LABELS[field], short(header)) for field, header in memory.in_order(one)],
            "answers": one.answers,
            "headers": ", ".join(one.headers),
        }
        for one in RememberedReading.objects.filter(vendor=vendor).order_by("-created_at")[: memory.MOST]
    ]
    context = {
        "vendor": vendor,
        "section": "choose",
        "readings": kept,
        "may_forget": may_here(request, UPLOADER),
        "read_as": memory.read_as(vendor.pk),
        "most_read_as": memory.MOST_READ_AS,
    }
    return render(request, "uploads/portal/remembered.html", context)


@vendor_page(UPLOADER)
@require_POST
def forget(request: HttpRequest, vendor: Vendor, remembered_id: int) -> HttpResponseBase:
    """Forget one of them; who presses twice sees the same."""
    if not RememberedReading.objects.filter(vendor=vendor, pk=remembered_id).exists():
        raise Http404
    memory.forget(vendor.pk, request.user, reading_id=remembered_id)
    messages.success(request, "Forgotten. The next file with these columns is read as it shows.")
    return redirect("vendor:remembered", vendor.pk)


# --- what to send ----------------------------------------------------------------------------------------------


@vendor_page(UPLOADER)
def columns(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Each column in plain words."""
    context = {
        "vendor": vendor, "section": "choose", "columns": guide.explained(),
        "categories": active_categories(),
    }  # fmt: skip
    return render(request, "uploads/portal/upload_columns.html", context)


@vendor_page(UPLOADER)
@require_safe
def template(request: HttpRequest, vendor: Vendor, kind: str) -> HttpResponseBase:
    """A file with all columns and an example."""
    content, content_type = (
        (guide.template_xlsx(), downloads.XLSX) if kind == "xlsx" else (guide.template_csv(), "text/csv")
    )
    headers = {"Content-Disposition": f'attachment; filename="products.{kind}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)

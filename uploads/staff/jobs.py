"""Jobs in the admin: how far each is, live, and what came of it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.safestring import SafeString

from config.web.filters import choice_filter
from config.web.links import page_url, tag
from config.web.text import NOTHING, counted
from uploads.corrections import came, undo
from uploads.insight import progress
from uploads.models import Job
from uploads.staff import mending
from uploads.staff.actions import may
from uploads.staff.listing import OPENS, UploadFilter, upload_link
from uploads.staff.shadow import page
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter


class JobAdmin(ReadOnlyVendorTableAdmin):
    """Work that was asked for. The page of one job follows it until it has ended."""

    change_form_template = "uploads/staff/job.html"
    opens = OPENS
    list_display = ["id", "kind", "state_tag", "progress", "upload_link", "vendor_id", "requested_by", "created_at"]
    list_filter = [
        choice_filter("state", list(Job.State.choices)), choice_filter("kind", list(Job.Kind.choices)),
        UploadFilter, VendorFilter,
    ]  # fmt: skip
    list_select_related = ["requested_by"]
    fields = ["upload_link", "vendor_id", "requested_by", "created_at", "ended_at"]
    export_leaves_out = ("parameters", "epoch", "expires_at", "position")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<path:object_id>/progress/", view, name="uploads_job_progress"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        job = self.get_object(request, unquote(object_id))
        if job and job.kind == Job.Kind.SHADOW and page.may_see(request):
            return redirect("admin:uploads_valuerule_tested", job.pk)
        shown = context_of(request, job) if job else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The part of the page that changes while the job is under way."""
        job = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        if job is None:
            raise Http404
        return render(request, "uploads/staff/job_progress.html", context_of(request, job))

    @admin.display(description="state", ordering="state")
    def state_tag(self, job: Job) -> SafeString:
        return tag(job.state)

    @admin.display(description="rows done")
    def progress(self, job: Job) -> str:
        return f"{job.done:,} of {job.total:,}"

    @admin.display(description="upload", empty_value=NOTHING)
    def upload_link(self, job: Job) -> SafeString | None:
        return upload_link(job) if job.upload_id else None


# The counts of a job's result, in the order and the words in which they are shown.
COUNTS = {
    "reversed": "taken back", "kept": "kept, because changed since", "failed": "can't be taken back",
    "opened": "rows of earlier uploads that wait again",
    "inserted": "new", "updated": "updated", "unchanged": "unchanged",
}  # fmt: skip


def context_of(request: HttpRequest, job: Job) -> dict[str, Any]:
    """What the changing part of a job's page shows."""
    about_rows = job.kind in came.KINDS
    return {
        "job": job,
        "about_rows": about_rows,
        "may_correct": may(request, "retry"),
        **(mending.what_came(job) if about_rows and job.ended else {}),
        "ended": job.ended,
        "announcement": sentence(job) if job.ended else progress.each_quarter(job.percent),
        "sentence": sentence(job),
        "percent": job.percent,
        "counts": [] if about_rows else counts_of(job),
        "examples": [] if about_rows else job.result.get("examples", []),
        "undo_button": undo_button(job) if is_look(job) and job.ended and may(request, "undo") else "",
        "upload_url": page_url("uploads_uploadhistory", job.upload_id) if job.upload_id else "",
    }


def is_look(job: Job) -> bool:
    """Whether the job only looks at what undoing an upload would do."""
    return job.kind == Job.Kind.UNDO and bool(job.parameters.get("dry"))


def counts_of(job: Job) -> list[tuple[str, int]]:
    """What it counted, in words; of a look what would be."""
    words = COUNTS | ({"reversed": "would be taken back"} if is_look(job) else {})
    return [(words[name], int(job.result[name])) for name in COUNTS if name in job.result]


def undo_button(job: Job) -> str:
    """What the button says that does what was looked at; "" where there is nothing to do."""
    if job.upload is None or undo.why_not(job.upload):
        return ""
    rows = int(job.result.get("reversed", 0))
    if rows:
        return f"Undo {counted(rows, '{} row', '{} rows')}"
    # It holds nothing of its own, but earlier uploads can't be undone as long as it confirms what they brought.
    return "" if job.result.get("kept") or job.result.get("failed") else "Withdraw what it confirmed"


def sentence(job: Job) -> str:
    """What is going on, in plain words."""
    if job.kind in came.KINDS:
        return came.sentence(job)
    what = "A look at what undoing would do" if is_look(job) else job.get_kind_display()
    if job.state == Job.State.FAILED:
        return f"{what}: {job.failure}"
    if job.state == Job.State.DONE:
        return f"{what}: done, {job.done:,} rows."
    if job.state == Job.State.WAITING:
        return f"{what}: waiting for a worker."
    return f"{what}: {job.done:,} of {job.total:,} rows."

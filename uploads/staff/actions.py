"""What staff can do to uploads: let through, cancel, retry, reconcile, undo. Shown first with the number of
rows, logged after.

The base of the uploads' admin: the same confirmation serves one upload, from its page, and several, from the list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst

from config.web.links import keeping, list_url, page_url, way_back
from config.web.text import counted
from uploads.corrections import failed_rows, retry, undo
from uploads.corrections.failed_rows import Selection
from uploads.insight import progress
from uploads.models import Job, UploadHistory
from uploads.pipeline import finish
from uploads.pipeline.guard import hold
from uploads.work import jobs
from vendors.tables import ReadOnlyVendorTableAdmin


@dataclass(frozen=True)
class Action:
    """One thing to do to an upload. `why_not` says why it can't be done, or ""; `rows` how many rows it is about."""

    name: str
    label: str
    button: str  # {} is the number of rows, in words
    explains: str
    why_not: Callable[[UploadHistory], str]
    rows: Callable[[UploadHistory], int]
    # Does it, or starts the job that does; None when there was nothing to do any more.
    do: Callable[[UploadHistory, Any], Job | bool]
    logged: str


def _not_running(upload: UploadHistory) -> str:
    return "" if upload.status in UploadHistory.NOT_ENDED else f"It is {upload.status} already."


def _not_held(upload: UploadHistory) -> str:
    if upload.status != UploadHistory.Status.HELD:
        return "It isn't held."
    return "" if upload.vendor.is_active else f"Its vendor is {upload.vendor.status}."


def _let_through(upload: UploadHistory, user: Any) -> bool:
    """False where somebody else decided meanwhile."""
    try:
        hold.release(upload, user)
    except hold.NotReleased:
        return False
    return True


def _failed_rows(upload: UploadHistory) -> int:
    return failed_rows.count(Selection(upload_id=upload.pk))


def _nothing_to_retry(upload: UploadHistory) -> str:
    if why := failed_rows.why_none(upload):
        return why
    found = failed_rows.any_of(Selection(upload_id=upload.pk))
    return "" if found else "It has no failed rows that could be retried."


def _reconcile(upload: UploadHistory, user: Any) -> Job:
    return jobs.start(Job.Kind.RECONCILE, user, total=_rows_known(upload), upload=upload, vendor=upload.vendor)


def _rows_known(upload: UploadHistory) -> int:
    return max(upload.staged_rows, upload.total_records)


_CANCEL = Action(
    name="cancel",
    label="cancel",
    button="Cancel {}",
    explains="What is in the catalog stays there and stays counted. The rows that were not checked yet never are; to"
    " import them, the file has to be sent again.",
    why_not=_not_running,
    rows=progress.not_checked,
    do=lambda upload, user: finish.cancel(upload.pk),
    logged="Cancelled.",
)
_RELEASE = Action(
    name="release",
    label="let through",
    button="Let it through",
    explains="It is held, since it would change more than is usual: its page says what. From here on it is imported as"
    " any other file; what newer files have written since stays.",
    why_not=_not_held,
    rows=lambda upload: max((one.found for one in hold.findings_of(upload)), default=0),
    do=_let_through,
    logged="Let through.",
)
_RETRY = Action(
    name="retry",
    label="retry failed rows",
    button="Retry {}",
    explains="Each failed row is checked again as it is, against the catalog, the categories and the vendor's rules as"
    " they are now. Rows that are right by now become products; the others stay failed.",
    why_not=_nothing_to_retry,
    rows=_failed_rows,
    do=lambda upload, user: retry.start(Selection(upload_id=upload.pk, vendor_id=upload.vendor_id), user),
    logged="Retried the failed rows.",
)
_RECONCILE = Action(
    name="reconcile",
    label="look for lost rows",
    button="Look through {}",
    explains="The file is compared with what is stored of it and with what became of each row, and what was lost on the"
    " way is delivered. Nothing counts twice, so this is safe at any time.",
    why_not=lambda upload: "",
    rows=_rows_known,
    do=_reconcile,
    logged="Looked for lost rows.",
)
_UNDO = Action(
    name="undo",
    label="undo",
    button="Look at what undoing {} would do",
    explains="Products that this upload brought are taken out of the catalog, products that it changed get back what"
    " they were, and products that it retired are active again. What was changed since is kept. First you see what"
    " would happen; nothing changes before you confirm.",
    why_not=undo.why_not,
    rows=lambda upload: undo.changed(upload) + upload.unchanged_records,
    do=lambda upload, user: undo.start(upload, user, dry=True),
    logged="Looked at what undoing it would do.",
)
ACTIONS = {action.name: action for action in (_RELEASE, _CANCEL, _RETRY, _RECONCILE, _UNDO)}


class UploadActionsAdmin(ReadOnlyVendorTableAdmin):
    """The uploads with their actions."""

    actions = ["cancel", "retry", "reconcile"]

    def get_urls(self) -> Any:
        return [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self.action_view),
                {"name": name},
                name=f"uploads_uploadhistory_{name}",
            )
            for name in ACTIONS
        ] + super().get_urls()

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return may(request, "cancel")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return may(request, "retry")

    def has_reconcile_permission(self, request: HttpRequest) -> bool:
        return may(request, "reconcile")

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, uploads: "QuerySet[UploadHistory]") -> HttpResponseBase:
        return self._ask_or_do(request, uploads, ACTIONS["cancel"])

    @admin.action(description="Retry failed rows", permissions=["retry"])
    def retry(self, request: HttpRequest, uploads: "QuerySet[UploadHistory]") -> HttpResponseBase:
        return self._ask_or_do(request, uploads, ACTIONS["retry"])

    @admin.action(description="Look for lost rows", permissions=["reconcile"])
    def reconcile(self, request: HttpRequest, uploads: "QuerySet[UploadHistory]") -> HttpResponseBase:
        return self._ask_or_do(request, uploads, ACTIONS["reconcile"])

    def action_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """One upload: ask, then do."""
        if not may(request, name):
            raise PermissionDenied
        upload = self.viewed(request, object_id)
        if name == "undo" and request.method == "POST" and "dry_job" in request.POST:
            return self._undo(request, upload)
        return self._ask_or_do(request, UploadHistory.objects.filter(pk=upload.pk), ACTIONS[name])

    def viewed(self, request: HttpRequest, object_id: str) -> UploadHistory:
        """The upload, for those who may see it. Raises PermissionDenied and Http404."""
        raise NotImplementedError

    def _ask_or_do(self, request: HttpRequest, uploads: "QuerySet[UploadHistory]", action: Action) -> HttpResponseBase:
        chosen = list(uploads.select_related("vendor"))
        if request.method == "POST" and "confirmed" in request.POST:
            return self._do(request, chosen, action)
        asked = [(upload, action.why_not(upload)) for upload in chosen]
        doable = [(upload, action.rows(upload)) for upload, why in asked if not why]
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(action.label),
            "opts": self.opts,
            "action": action,
            "doable": doable,
            "refused": [(upload, why) for upload, why in asked if why],
            "button": action.button.format(counted(sum(rows for _, rows in doable), "{} row", "{} rows")),
            "from_list": "action" in request.POST,
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
            "back": _back(request, chosen),
        }  # fmt: skip
        return TemplateResponse(request, "uploads/staff/confirm.html", context)

    def _do(self, request: HttpRequest, uploads: list[UploadHistory], action: Action) -> HttpResponseBase:
        started: list[Job] = []
        for upload in uploads:
            if why := action.why_not(upload):
                messages.warning(request, f"{upload.pk}: {why}")
                continue
            done = action.do(upload, request.user)
            if done is False:
                messages.warning(request, f"{upload.pk}: somebody was faster, or it ended before. Nothing was done.")
                continue
            self.log_change(request, upload, action.logged)
            if isinstance(done, Job):
                started.append(done)
            else:
                messages.success(request, f"{upload.pk}: {action.logged}")
        back = _back(request, uploads)
        if len(started) == 1:
            return to_job(request, started[0], back)
        if started:
            messages.success(request, f"{len(started)} jobs have been started. Each upload's page says how it gets on.")
        return redirect(back)

    def _undo(self, request: HttpRequest, upload: UploadHistory) -> HttpResponseBase:
        """What was looked at is to be done."""
        try:
            job = undo.start(upload, request.user, dry=False)
        except jobs.JobFailed as error:
            messages.error(request, str(error))
            return redirect(_back(request, [upload]))
        self.log_change(request, upload, "Undid the upload.")
        return to_job(request, job, _back(request, [upload]))


def _back(request: HttpRequest, uploads: list[UploadHistory]) -> str:
    """Where the action was chosen: on Work, on the page of the upload, or in the list, as it was filtered."""
    if "action" in request.POST:
        return request.get_full_path()
    if asked := way_back(request.GET.get("next", "")):
        return asked
    page = page_url("uploads_uploadhistory", uploads[0].pk) if len(uploads) == 1 else list_url("uploads_uploadhistory")
    return keeping(request, page)


# What an action's permission is called, where it isn't called as the action is.
_PERMISSIONS = {"retry": "replay"}


def may(request: HttpRequest, name: str) -> bool:
    """Whether the user may do the action of this name."""
    return request.user.has_perm(f"uploads.{_PERMISSIONS.get(name, name)}_uploadhistory")


def followed_at(request: HttpRequest, job: Job) -> str:
    """Where this person follows a job: on the page of its upload or else of its vendor; "" for nowhere."""
    user = request.user
    if job.upload_id and user.has_perm("uploads.view_uploadhistory"):
        return f"{page_url('uploads_uploadhistory', job.upload_id)}#jobs"
    if job.vendor_id and user.has_perms(["vendors.view_vendor", "uploads.view_uploadhistory"]):
        return f"{page_url('vendors_vendor', job.vendor_id)}#jobs"
    return page_url("uploads_job", job.pk) if user.has_perm("uploads.view_job") else ""


def to_job(request: HttpRequest, job: Job, otherwise: str) -> HttpResponseBase:
    """Lead to where a job that was just started is followed, or elsewhere who may not see that."""
    if page := followed_at(request, job):
        same = page.partition("#")[0] == otherwise.partition("?")[0]  # then the list that one came from is kept
        return redirect(f"{otherwise}#jobs" if same else page)
    messages.success(request, "The work has been started. Its rows will leave the list as they come right.")
    return redirect(otherwise)


def offered(request: HttpRequest, upload: UploadHistory) -> list[Action]:
    """The actions that the upload's page offers to this user."""
    return [action for action in ACTIONS.values() if may(request, action.name) and not action.why_not(upload)]

"""Uploads in the admin, and the page of one: its progress live, what went wrong, and its files."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from catalog.rules.problems import label_of
from config.web.filters import choice_filter
from config.web.links import breakable, count_link, list_url, page_url, pairs_table, tag
from config.web.text import NOTHING, counted
from config.web.workbooks.writing import NotForExcel
from uploads.aws.storage import FileMissing, StorageUnavailable
from uploads.feed.parser import Layout
from uploads.insight import downloads, progress
from uploads.models import (
    RecentUpload,
    UploadHistory,
    results,
)
from uploads.staff import records
from uploads.staff.actions import UploadActionsAdmin
from uploads.staff.listing import OPENS, errors_link, upload_link
from uploads.staff.pages import upload as page
from uploads.staff.pages import work
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter, company_link, vendor_link, with_company


class UploadHistoryAdmin(UploadActionsAdmin):
    """Uploads. The page of one shows its progress live, what went wrong, and has its files."""

    import_export_change_list_template = "uploads/staff/uploads_list.html"
    change_form_template = "uploads/staff/pages/upload.html"
    # Not "errors": a relation has that name, and to sort by the column would be to sort by the relation.
    list_display = ["file", "state", "company", "rows", "failed", "received"]
    more_columns = ("key", "sent_by", "size", "wanted", "new", "updated", "unchanged", "warned", "vendor_link",
                    "took")  # fmt: skip
    opens = OPENS
    empty_says = (
        "No file has come yet. Vendors send theirs on their own pages; to send one for a vendor, choose Import a file."
    )
    list_filter = ["status", VendorFilter, "source", "created_at"]
    list_select_related = ["uploaded_by"]
    date_hierarchy = "created_at"
    search_fields = ["upload_id", "file_name"]
    search_help_text = "Upload ID or file name"
    export_leaves_out = (
        "layout", "storage_key", "original_key", "previewed_key", "error_report_key", "staged_offset", "staged_line",
        "staged_mark_offset", "staged_mark_byte", "guard_findings", "staging_owner", "staging_epoch",
        "staging_expires_at",
    )  # fmt: skip
    fieldsets = [
        (
            "What was sent",
            {"fields": ["vendor_link", "file_name", "file_size", "sha256", "source", "uploaded_by", "mode"]},
        ),
        ("How it was read", {"fields": ["reading"]}),
        ("When", {"fields": ["created_at", "completed_at"]}),
    ]
    peek_fieldsets = (
        (None, {"fields": ["state", "company", "rows", "failed", "received", "sent_by"]}),
        ("What is wrong", {"fields": ["problems"]}),
        ("How it was read", {"fields": ["reading"]}),
    )

    def get_urls(self) -> Any:
        pages: list[tuple[str, Callable[..., HttpResponseBase]]] = [
            ("progress", self.progress_view), ("jobs", self.jobs_view), ("records", self.records_view),
            ("file", self.file_view), ("report", self.report_view), ("excel_report", self.excel_report_view),
            ("warnings_report", self.warnings_report_view),
        ]  # fmt: skip
        record_view = self.admin_site.admin_view(self.record_view)
        return [
            path("<path:object_id>/records/<path:record_id>/", record_view, name="uploads_uploadhistory_record"),
            *(path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"uploads_uploadhistory_{name}")
              for name, view in pages),
            *super().get_urls(),
        ]  # fmt: skip

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With the way to the import, for the vendor that the list is about."""
        may_import = request.user.has_perm("uploads.add_uploadhistory")
        shown = {"import_url": page.import_url(request.GET.get("vendor", "")) if may_import else ""}
        return super().changelist_view(request, shown | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        upload = self.get_object(request, unquote(object_id))
        shown: dict[str, Any] = page.whole(request, upload) if upload else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def records_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What DynamoDB has of the upload."""
        upload = self.viewed(request, object_id)
        return records.list_page(request, upload, {**self.admin_site.each_context(request), "opts": self.opts})

    def record_view(self, request: HttpRequest, object_id: str, record_id: str) -> HttpResponseBase:
        """One of its records."""
        upload = self.viewed(request, object_id)
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return records.one_page(request, upload, unquote(record_id), context)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The part of the page that changes while the upload is on its way."""
        upload = self.viewed(request, object_id)
        shown = page.changing(request, upload) | {"polled": True}
        return render(request, "uploads/staff/pages/upload_live.html", shown)

    def jobs_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The jobs about it, while one is under way; when all have ended the rest of the page is fetched anew."""
        upload = self.viewed(request, object_id)
        shown = work.of(request, work.address("uploads_uploadhistory", object_id), upload=upload)
        refresh = reverse("admin:uploads_uploadhistory_progress", args=[object_id])
        context = shown | {"upload": upload, "polled": True, "refresh_url": refresh}
        return render(request, "uploads/staff/pages/jobs.html", context)

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.original)

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.report)

    def excel_report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.report_xlsx)

    def warnings_report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.warnings_report)

    def _download(
        self, request: HttpRequest, object_id: str, download: Callable[[UploadHistory], HttpResponseBase]
    ) -> HttpResponseBase:
        upload = self.viewed(request, object_id)
        if not request.user.has_perm("uploads.download_uploadhistory"):
            raise PermissionDenied
        try:
            return download(upload)
        except FileMissing:
            messages.error(request, results.file_gone(upload) or "The file isn't in storage any more.")
        except NotForExcel as error:
            messages.error(request, str(error))
        except StorageUnavailable:
            messages.error(request, "File storage isn't reachable. Try again in a few minutes.")
        return redirect(page_url("uploads_uploadhistory", upload.pk))

    def viewed(self, request: HttpRequest, object_id: str) -> UploadHistory:
        """The upload, for those who may see it. Raises PermissionDenied and Http404."""
        upload: UploadHistory | None = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        if upload is None:
            raise Http404
        return upload

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Also where an address has the ID as people read it: in it the admin takes "_22" for a quotation mark."""
        found = super().get_object(request, object_id, from_field)
        return found or super().get_object(request, quote(object_id).replace("_5F", "_"), from_field)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return with_company(super().get_queryset(request))

    @admin.display(description="file", ordering="file_name")
    def file(self, upload: UploadHistory) -> SafeString:
        return format_html("{} <small>{}</small>", upload.file_name, breakable(upload.upload_id))

    @admin.display(description="company", ordering="vendor_id")
    def company(self, upload: UploadHistory) -> SafeString | str:
        return company_link(upload)

    @admin.display(description="vendor")
    def vendor_link(self, upload: UploadHistory) -> SafeString | str:
        return vendor_link(upload)

    @admin.display(description="state", ordering="status")
    def state(self, upload: UploadHistory) -> SafeString:
        """In a word, and how far it is while it is on its way."""
        found = results.result(upload)
        badge = tag(found, found.words)
        if found is not results.Result.PROCESSING:
            return badge
        bar = '{0} <progress max="100" value="{1}" aria-label="{1}%">{1}%</progress>'
        return format_html(bar, badge, progress.percent(upload))

    @admin.display(description="rows", ordering="file_rows", empty_value=NOTHING)
    def rows(self, upload: UploadHistory) -> SafeString | None:
        """How many there are, and what became of them in words."""
        number = upload.file_rows if upload.file_rows is not None else upload.total_records or None
        return None if number is None else format_html("{} <small>{}</small>", f"{number:,}", results.words(upload))

    @admin.display(description="need you", ordering="error_records")
    def failed(self, upload: UploadHistory) -> SafeString | str:
        return errors_link(upload)

    @admin.display(description="received", ordering="created_at")
    def received(self, upload: UploadHistory) -> SafeString:
        """When it came, and how long it took."""
        took = f"took {in_short(upload.completed_at - upload.created_at)}" if upload.completed_at else ""
        return format_html("{} <small>{}</small>", localize(localtime(upload.created_at)), took)

    @admin.display(description="upload ID")
    def key(self, upload: UploadHistory) -> SafeString:
        return breakable(upload.upload_id)

    @admin.display(description="sent by", empty_value=NOTHING)
    def sent_by(self, upload: UploadHistory) -> str | None:
        return upload.uploaded_by.get_username() if upload.uploaded_by else None

    @admin.display(description="size", empty_value=NOTHING)
    def size(self, upload: UploadHistory) -> str | None:
        return None if upload.file_size is None else filesizeformat(upload.file_size)

    @admin.display(description="takes")
    def wanted(self, upload: UploadHistory) -> str:
        words = {"add": "only new products", "update": "only updates", "replace": "the whole catalog"}
        return words.get(upload.mode, "everything")

    @admin.display(description="new")
    def new(self, upload: UploadHistory) -> str:
        return f"{upload.inserted_records:,}"

    @admin.display(description="with warnings")
    def warned(self, upload: UploadHistory) -> SafeString | str:
        if not upload.opens_errors:  # type: ignore[attr-defined] # its list adds it
            return f"{upload.warned_records:,}"
        return count_link(
            upload.warned_records,
            list_url("uploads_validationerror", upload=upload.pk, state="all", severity="warning"),
        )

    @admin.display(description="updated")
    def updated(self, upload: UploadHistory) -> str:
        return f"{upload.updated_records:,}"

    @admin.display(description="unchanged")
    def unchanged(self, upload: UploadHistory) -> str:
        return f"{upload.unchanged_records:,}"

    @admin.display(description="took", empty_value=NOTHING)
    def took(self, upload: UploadHistory) -> str | None:
        return in_short(upload.completed_at - upload.created_at) if upload.completed_at else None

    @admin.display(description="kinds", empty_value=NOTHING)
    def problems(self, upload: UploadHistory) -> SafeString | None:
        """Kinds of open errors with their rows, each with an example."""
        kinds = progress.of(upload.pk, most=progress.COUNTED).errors
        return pairs_table([(label_of(one.code), _counted(one)) for one in kinds]) if kinds else None

    def peek_title(self, upload: UploadHistory) -> str:
        return upload.file_name or upload.pk

    @admin.display(description="columns", empty_value=NOTHING)
    def reading(self, upload: UploadHistory) -> SafeString | None:
        return pairs_table(page.how_read(Layout.from_json(upload.layout))) if upload.layout else None


def _counted(kind: progress.ErrorKind) -> str:
    more = "more than " if kind.more else ""
    return f"{more}{counted(kind.count, '{} row', '{} rows')}: {kind.message}"


def in_short(time: timedelta) -> str:
    """A duration for a list: 0.4 s, 12 s, 3 min 5 s."""
    seconds = time.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{int(seconds // 60):,} min {int(seconds % 60)} s"


class RecentUploadAdmin(ReadOnlyVendorTableAdmin):
    """The view `recent_uploads`."""

    peek = False  # its rows are those of uploads
    opens = OPENS
    list_display = ["upload_link", "vendor_link", "vendor_name", "file_name", "status_tag", "file_rows",
                    "valid_records", "errors", "success_rate", "created_at", "duration"]  # fmt: skip
    list_display_links = None
    list_filter = [choice_filter("status", list(UploadHistory.Status.choices)), VendorFilter]
    search_fields = ["upload_id", "file_name", "vendor_name"]

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, upload: RecentUpload) -> SafeString:
        return upload_link(upload)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, upload: RecentUpload) -> SafeString | str:
        return vendor_link(upload)

    @admin.display(description="status", ordering="status")
    def status_tag(self, upload: RecentUpload) -> SafeString:
        return tag(upload.status)

    @admin.display(description="errors", ordering="error_records")
    def errors(self, upload: RecentUpload) -> SafeString | str:
        """As the view counts them: also what was ignored, or settled since."""
        return count_link(
            upload.error_records, list_url("uploads_validationerror", upload=upload.upload_id, state="all")
        )

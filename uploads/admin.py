"""Uploads, errors, the ledger and the stream in the admin: written by the pipeline, read by staff."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Script
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog.models import Product
from config.admin import (
    NOTHING,
    VENDOR_STATUS,
    ReadOnlyAdmin,
    UploadFilter,
    ValueFilter,
    VendorFilter,
    breakable,
    choice_filter,
    count_link,
    link,
    list_url,
    page_url,
    pairs_table,
    tag,
    vendor_link,
)
from uploads import downloads, progress
from uploads.feed.columns import FIELDS
from uploads.feed.parser import DELIMITERS, Layout
from uploads.feed.problems import Code
from uploads.feed.validator import LABELS
from uploads.models import RecentUpload, RecordOutcome, StreamShard, UploadHistory, ValidationError, VendorSummary
from uploads.product_import import ProductImportAdmin
from uploads.storage import FileMissing, StorageUnavailable

admin.site.register(Product, ProductImportAdmin)


class ProductFilter(ValueFilter):
    title, parameter_name, column = "product", "product", "product_id"


class RecordFilter(ValueFilter):
    title, parameter_name, column = "record", "record", "record_id"


def upload_link(row: Any) -> SafeString:
    """A link to the upload of a row that carries its ID."""
    return link(page_url("uploads_uploadhistory", row.upload_id), breakable(row.upload_id))


def errors_link(row: Any) -> SafeString | str:
    """The number of rows with errors of an upload, leading to them."""
    return count_link(row.error_records, list_url("uploads_validationerror", upload=row.upload_id))


@admin.register(UploadHistory)
class UploadHistoryAdmin(ReadOnlyAdmin):
    """Uploads. The page of one shows its progress live, what went wrong, and has its files."""

    change_form_template = "admin/uploads/uploadhistory/change_form.html"
    list_display = ["key", "vendor_link", "status_tag", "rows", "valid", "errors", "file_name", "created_at"]
    list_filter = ["status", VendorFilter, "source", "created_at"]
    list_select_related = False
    date_hierarchy = "created_at"
    search_fields = ["upload_id", "file_name"]
    search_help_text = "Upload ID or file name"
    export_leaves_out = (
        "layout", "storage_key", "error_report_key", "staged_offset", "staging_owner", "staging_epoch",
        "staging_expires_at",
    )  # fmt: skip
    fieldsets = [
        ("What was sent", {"fields": ["vendor_link", "file_name", "file_size", "sha256", "source", "uploaded_by"]}),
        ("How it was read", {"fields": ["reading"]}),
        ("When", {"fields": ["created_at", "completed_at"]}),
    ]

    class Media:
        js = [Script("uploads/progress.js", defer=True)]

    def get_urls(self) -> Any:
        pages: list[tuple[str, Callable[..., HttpResponseBase]]] = [
            ("progress", self.progress_view), ("file", self.file_view), ("report", self.report_view),
        ]  # fmt: skip
        return [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"uploads_uploadhistory_{name}")
            for name, view in pages
        ] + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        upload = self.get_object(request, unquote(object_id))
        shown = progress_context(upload) if upload else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The part of the page that changes while the upload is on its way."""
        upload = self._viewed(request, object_id)
        return render(request, "admin/uploads/uploadhistory/progress.html", progress_context(upload))

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.original)

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._download(request, object_id, downloads.report)

    def _download(
        self, request: HttpRequest, object_id: str, download: Callable[[UploadHistory], HttpResponseBase]
    ) -> HttpResponseBase:
        upload = self._viewed(request, object_id)
        try:
            return download(upload)
        except FileMissing:
            messages.error(request, "The file isn't in storage any more.")
        except StorageUnavailable:
            messages.error(request, "File storage isn't reachable. Try again in a few minutes.")
        return redirect(page_url("uploads_uploadhistory", upload.pk))

    def _viewed(self, request: HttpRequest, object_id: str) -> UploadHistory:
        """The upload, for those who may see it. Raises PermissionDenied and Http404."""
        upload: UploadHistory | None = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        if upload is None:
            raise Http404
        return upload

    @admin.display(description="upload ID", ordering="upload_id")
    def key(self, upload: UploadHistory) -> SafeString:
        return breakable(upload.upload_id)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, upload: UploadHistory) -> SafeString:
        return vendor_link(upload)

    @admin.display(description="status", ordering="status")
    def status_tag(self, upload: UploadHistory) -> SafeString:
        return tag(upload.status)

    @admin.display(description="rows", ordering="file_rows", empty_value=NOTHING)
    def rows(self, upload: UploadHistory) -> int | None:
        return upload.file_rows if upload.file_rows is not None else upload.total_records or None

    @admin.display(description="valid", ordering="valid_records")
    def valid(self, upload: UploadHistory) -> int:
        return upload.valid_records

    @admin.display(description="errors", ordering="error_records")
    def errors(self, upload: UploadHistory) -> SafeString | str:
        return errors_link(upload)

    @admin.display(description="columns", empty_value=NOTHING)
    def reading(self, upload: UploadHistory) -> SafeString | None:
        return pairs_table(how_read(Layout.from_json(upload.layout))) if upload.layout else None


def how_read(layout: Layout) -> list[tuple[str, str]]:
    """Encoding, delimiter, what each column was taken for, and what was assumed."""
    fields = layout.mapping.fields
    return [
        ("encoding", layout.encoding),
        ("delimiter", DELIMITERS.get(layout.delimiter, layout.delimiter)),
        *((LABELS[field], f"from “{fields[field]}”") for field in FIELDS if field in fields),
        *(("note", note) for note in layout.notes),
    ]


def progress_context(upload: UploadHistory) -> dict[str, Any]:
    """What the changing part of an upload's page shows."""
    state = progress.of(upload.pk)
    percent = int(state.fraction * 100)
    return {
        "progress": state,
        "upload": state.upload,
        "percent": percent,
        # Said aloud by screen readers: not every second, but each quarter and the end.
        "announcement": state.sentence if state.ended else f"{percent // 25 * 25}%",
        "kinds": [
            (kind, label_of(kind.code), list_url("uploads_validationerror", upload=upload.pk, error_type=kind.code))
            for kind in state.errors
        ],
        "errors_url": list_url("uploads_validationerror", upload=upload.pk),
        "ledger_url": list_url("uploads_recordoutcome", upload=upload.pk),
    }


def label_of(code: str) -> str:
    """A code in words; one that other programs wrote as it stands."""
    return Code(code).label if code in list(Code) else code


# --- errors ----------------------------------------------------------------------------------------------------


@admin.register(ValidationError)
class ValidationErrorAdmin(ReadOnlyAdmin):
    """Every problem of every row, with the row as it came."""

    list_display = ["row", "type", "error_message", "suggestion", "upload_link", "vendor_link", "created_at"]
    ordering = ["-error_id"]
    list_filter = [
        UploadFilter,
        choice_filter("error_type", [(code.value, code.label) for code in Code]),
        choice_filter("field", [(field, LABELS[field]) for field in FIELDS]),
        VendorFilter,
        ("resolved_at", admin.EmptyFieldListFilter),
        "created_at",
    ]
    search_fields = ["upload_id"]
    search_help_text = "Upload ID, or a row number"
    fieldsets = [
        (None, {"fields": ["error_message", "suggestion", "type", "field"]}),
        ("Where", {"fields": ["upload_link", "vendor_link", "row_number", "original", "see"]}),
        ("When", {"fields": ["created_at", "resolved_at", "attempt"]}),
    ]

    def get_ordering(self, request: HttpRequest) -> Any:
        """Within an upload by row (idx_validation_errors_upload); the whole table newest first, by its key."""
        return ["row_number", "error_id"] if "upload" in request.GET else self.ordering

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        column = "row_number" if search_term.isdecimal() else "upload_id"
        return queryset.filter(**{column: search_term}) if search_term else queryset, False

    @admin.display(description="row", ordering="row_number")
    def row(self, error: ValidationError) -> int:
        return error.row_number

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, error: ValidationError) -> SafeString:
        return upload_link(error)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, error: ValidationError) -> SafeString:
        return vendor_link(error)

    @admin.display(description="type", ordering="error_type")
    def type(self, error: ValidationError) -> str:
        return label_of(error.error_type)

    @admin.display(description="the row as it came", empty_value=NOTHING)
    def original(self, error: ValidationError) -> SafeString | None:
        return pairs_table(as_pairs(error)) if error.original_data else None

    @admin.display(description="see also")
    def see(self, error: ValidationError) -> SafeString:
        ledger = list_url("uploads_recordoutcome", upload=error.upload_id, record=error.record_id)
        row = list_url("uploads_validationerror", upload=error.upload_id, q=error.row_number)
        links = [link(row, "All problems of this row"), link(ledger, "Its record in the ledger"), *product_of(error)]
        return format_html_join(" ", '<span class="links">{}</span>', ((one,) for one in links))


def as_pairs(error: ValidationError) -> list[tuple[object, object]]:
    """What was kept of a row, by header in the file's order; other programs may have kept anything."""
    data = error.original_data
    if not isinstance(data, dict):
        return [("data", data)]
    if set(data) == {"raw"}:
        return [("the line", data["raw"])]
    headers = [header for header in (error.upload.layout or {}).get("headers", []) if header in data]
    return [(name, "" if data[name] is None else data[name]) for name in dict.fromkeys([*headers, *data])]


def product_of(error: ValidationError) -> list[SafeString]:
    """A link to the product that the row is about, if it is in the catalog."""
    data = error.original_data if isinstance(error.original_data, dict) else {}
    layout = error.upload.layout
    header = Layout.from_json(layout).mapping.fields["vendor_product_id"] if layout else "vendor_product_id"
    key = str(data.get(header) or "").strip()
    product = Product.objects.filter(vendor_id=error.vendor_id, vendor_product_id=key).first() if key else None
    return [link(page_url("catalog_product", product.pk), f"The product {product.sku}")] if product else []


# --- the ledger and the stream ---------------------------------------------------------------------------------


@admin.register(RecordOutcome)
class RecordOutcomeAdmin(ReadOnlyAdmin):
    """What became of each record of each upload, and whether DynamoDB knows."""

    list_display = ["record_id", "upload_link", "row_number", "outcome_tag", "product_link", "error_reason",
                    "created_at", "written_back_at"]  # fmt: skip
    list_filter = [
        UploadFilter, RecordFilter, ProductFilter, "outcome", ("written_back_at", admin.EmptyFieldListFilter),
    ]  # fmt: skip
    search_fields = ["upload_id__exact", "record_id__exact"]
    search_help_text = "A whole upload ID or record ID"
    fields = ["upload_link", "record_id", "row_number", "attempt", "vendor_id", "outcome_tag", "product_link",
              "error_reason", "created_at", "written_back_at"]  # fmt: skip

    def get_ordering(self, request: HttpRequest) -> Any:
        """Within an upload in the order of record_outcomes_key; the whole table newest first, by its key."""
        return ["record_id", "attempt"] if "upload" in request.GET else ["-id"]

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, record: RecordOutcome) -> SafeString | str:
        """Records of unknown vendors belong to no upload."""
        return record.upload_id if record.upload_sequence is None else upload_link(record)

    @admin.display(description="outcome", ordering="outcome")
    def outcome_tag(self, record: RecordOutcome) -> SafeString:
        return tag(record.outcome)

    @admin.display(description="product", ordering="product_id", empty_value=NOTHING)
    def product_link(self, record: RecordOutcome) -> SafeString | None:
        return link(page_url("catalog_product", record.product_id), record.product_id) if record.product_id else None


@admin.register(StreamShard)
class StreamShardAdmin(ReadOnlyAdmin):
    """How far each shard of the table's stream was read, by whom, and what was found missing."""

    vendor_lookup = None
    list_display = ["shard_id", "state_tag", "checkpoint_at", "lease_owner", "lease_expires_at", "gap_reason",
                    "gap_found_at", "gap_healed_at"]  # fmt: skip
    list_filter = ["state", ("gap_found_at", admin.EmptyFieldListFilter)]

    @admin.display(description="state", ordering="state")
    def state_tag(self, shard: StreamShard) -> SafeString:
        return tag(shard.state)


# --- views -----------------------------------------------------------------------------------------------------


@admin.register(RecentUpload)
class RecentUploadAdmin(ReadOnlyAdmin):
    """The view `recent_uploads`."""

    list_display = ["upload_link", "vendor_link", "vendor_name", "file_name", "status_tag", "file_rows",
                    "valid_records", "errors", "success_rate", "created_at", "duration"]  # fmt: skip
    list_display_links = None
    list_filter = [choice_filter("status", list(UploadHistory.Status.choices)), VendorFilter]
    search_fields = ["upload_id", "file_name", "vendor_name"]

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, upload: RecentUpload) -> SafeString:
        return upload_link(upload)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, upload: RecentUpload) -> SafeString:
        return vendor_link(upload)

    @admin.display(description="status", ordering="status")
    def status_tag(self, upload: RecentUpload) -> SafeString:
        return tag(upload.status)

    @admin.display(description="errors", ordering="error_records")
    def errors(self, upload: RecentUpload) -> SafeString | str:
        return errors_link(upload)


@admin.register(VendorSummary)
class VendorSummaryAdmin(ReadOnlyAdmin):
    """The view `vendor_summary`."""

    list_display = ["vendor_link", "vendor_name", "status_tag", "products", "uploads", "valid_records", "errors",
                    "error_rate", "last_upload_at"]  # fmt: skip
    list_display_links = None
    list_filter = [VENDOR_STATUS]
    search_fields = ["vendor_id", "vendor_name", "email"]

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, vendor: VendorSummary) -> SafeString:
        return vendor_link(vendor)

    @admin.display(description="status", ordering="status")
    def status_tag(self, vendor: VendorSummary) -> SafeString:
        return tag(vendor.status)

    @admin.display(description="products", ordering="total_products")
    def products(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_products, list_url("catalog_product", vendor=vendor.pk))

    @admin.display(description="uploads", ordering="total_uploads")
    def uploads(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_uploads, list_url("uploads_uploadhistory", vendor=vendor.pk))

    @admin.display(description="errors", ordering="error_records")
    def errors(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.error_records, list_url("uploads_validationerror", vendor=vendor.pk))

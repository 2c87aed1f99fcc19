"""The errors in the admin: every problem of every row, and the ways to correct them."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime

from catalog.models import Product
from catalog.rules import cells
from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.places import place
from catalog.rules.problems import Code, label_of
from config.web.filters import OpenedOn, choice_filter
from config.web.links import link, list_url, page_url, pairs_table, tag
from config.web.text import NOTHING, counted, visible
from uploads.corrections import ignoring
from uploads.corrections.failed_rows import Key
from uploads.feed.parser import Layout
from uploads.models import Correction, UploadHistory, ValidationError
from uploads.staff import corrections, mending
from uploads.staff.actions import may
from uploads.staff.everywhere import claims, page
from uploads.staff.listing import (
    RecordFilter,
    UploadFilter,
    file_link,
    row_in_file,
    upload_link,
    with_files,
    with_sheets,
)
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter, company_link, vendor_link, with_company

AT_ONCE = 1_000  # rows that are ignored while somebody waits
Resolution = ValidationError.Resolution


class StateFilter(OpenedOn):
    """Open problems, unless those are asked for that were settled since."""

    title, parameter_name, opens_on = "state", "state", "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("resolved", "Resolved"), ("ignored", "Ignored"), ("closed", "Closed themselves")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, dict[str, Any]] = {
            "open": {"resolved_at__isnull": True},
            "resolved": {"resolved_at__isnull": False},
            "ignored": {"resolution": Resolution.IGNORED},
            "closed": {"resolution__in": [Resolution.NEWER_UPLOAD, Resolution.BY_HAND]},
        }
        return queryset.filter(**wanted.get(self.chosen, {}))


class SeverityFilter(admin.SimpleListFilter):
    """Errors unless warnings are asked for."""

    title, parameter_name = "severity", "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("warning", "Warnings"), ("all", "Errors and warnings")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": "Errors"}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted = {"warning": ["warning"], "all": ["error", "warning"]}  # all by name, as the indexes want it
        return queryset.filter(severity__in=wanted.get(self.value() or "", ["error"]))


class ValidationErrorAdmin(ReadOnlyVendorTableAdmin):
    """Every problem of every row, with the row as it came. Warnings are a filter away."""

    change_form_template = "uploads/staff/error.html"

    list_display = ["problem", "value", "place_in_file", "company", "created_at"]
    ordering = ["-error_id"]
    list_filter = [
        StateFilter,
        UploadFilter,
        SeverityFilter,
        choice_filter("error_type", [(code.value, code.label) for code in Code]),
        choice_filter("field", [(field, LABELS[field]) for field in FIELDS]),
        VendorFilter,
        "created_at",
    ]
    search_fields = ["upload_id"]
    search_help_text = "Upload ID, or a row number"
    actions = ["ignore", "take_back"]
    fieldsets = [
        (None, {"fields": ["error_message", "suggestion", "severity", "type", "field"]}),
        ("Where", {"fields": ["upload_link", "vendor_link", "place", "original", "corrections", "see"]}),
        ("When", {"fields": ["created_at", "resolved_at", "note", "attempt"]}),
    ]

    def get_urls(self) -> Any:
        return [
            path("waiting/", self.admin_site.admin_view(self.waiting_view), name="uploads_validationerror_waiting"),
            path("values/", self.admin_site.admin_view(self.values_view), name="uploads_validationerror_values"),
            path("rows/", self.admin_site.admin_view(self.rows_view), name="uploads_validationerror_rows"),
            path(
                "everywhere/", self.admin_site.admin_view(self.everywhere_view),
                name="uploads_validationerror_everywhere",
            ),
            path(
                "<int:object_id>/correct/", self.admin_site.admin_view(self.correct_view),
                name="uploads_validationerror_correct",
            ),
            *super().get_urls(),
        ]  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Beside the problem stands the way to correct its row, for those who may."""
        shown = {"may_correct": self.has_retry_permission(request)}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return may(request, "retry")

    @admin.action(description="Ignore their rows", permissions=["retry"])
    def ignore(self, request: HttpRequest, errors: "QuerySet[ValidationError]") -> None:
        rows = self._set_aside(request, errors.filter(resolved_at=None), ignoring.set_aside, "Ignored {:,} rows.")
        if rows is not None:
            messages.success(request, counted(rows, "{} row is ignored.", "{} rows are ignored."))

    @admin.action(description="Take their rows back, if ignored", permissions=["retry"])
    def take_back(self, request: HttpRequest, errors: "QuerySet[ValidationError]") -> None:
        ignored = errors.filter(resolution=Resolution.IGNORED)
        rows = self._set_aside(request, ignored, ignoring.take_back, "Took {:,} ignored rows back.")
        if rows is not None:
            messages.success(request, counted(rows, "{} row is taken back.", "{} rows are taken back."))

    def _set_aside(
        self,
        request: HttpRequest,
        errors: "QuerySet[ValidationError]",
        do: Callable[[Sequence[Key], Any], int],
        logged: str,
    ) -> int | None:
        """Of each upload the rows of these errors, whole; None, and a word why, where they are too many for a page."""
        asked = errors.filter(severity=ValidationError.Severity.ERROR).order_by()
        found = asked.values_list("upload_id", "row_number", "record_id", "vendor_id").distinct()[: AT_ONCE + 1]
        keys = [Key(*row) for row in found]
        if len(keys) > AT_ONCE:
            messages.error(request, f"At most {AT_ONCE:,} rows at once. Choose fewer.")
            return None
        rows = 0
        for upload in UploadHistory.objects.in_bulk({key.upload_id for key in keys}).values():
            if done := do([key for key in keys if key.upload_id == upload.pk], request.user):
                self.log_change(request, upload, logged.format(done))
            rows += done
        return rows

    def waiting_view(self, request: HttpRequest) -> HttpResponseBase:
        """What waits of a vendor."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return mending.waiting_page(request, self._context(request))

    def values_view(self, request: HttpRequest) -> HttpResponseBase:
        """All wrong values of a field."""
        self._require_both(request)
        return mending.values_page(request, self._context(request))

    def rows_view(self, request: HttpRequest) -> HttpResponseBase:
        """The rows of an upload with one kind of error."""
        self._require_both(request)
        return mending.rows_page(request, self._context(request))

    def everywhere_view(self, request: HttpRequest) -> HttpResponseBase:
        """Wrong values of all vendors, and SKUs that two of them claim."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = claims.claims_page if "claims" in request.GET else page.values_page
        return asked(request, self._context(request))

    def _require_both(self, request: HttpRequest) -> None:
        if not (self.has_retry_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied

    def correct_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Correct one row."""
        error: ValidationError | None = self.get_object(request, str(object_id))
        if not (self.has_retry_permission(request) and self.has_view_permission(request, error)):
            raise PermissionDenied
        if error is None:
            raise Http404
        return corrections.row_page(request, error, self._context(request))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        may_correct = self.has_retry_permission(request)
        return {**self.admin_site.each_context(request), "opts": self.opts, "may_correct": may_correct}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return with_company(with_files(with_sheets(super().get_queryset(request))))

    def get_ordering(self, request: HttpRequest) -> Any:
        """Within an upload by row (idx_validation_errors_upload); the whole table newest first, by its key."""
        return ["severity", "row_number", "error_id"] if "upload" in request.GET else self.ordering

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        column = "row_number" if search_term.isdecimal() else "upload_id"
        return queryset.filter(**{column: search_term}) if search_term else queryset, False

    @admin.display(description="what is wrong", ordering="error_type")
    def problem(self, error: ValidationError) -> SafeString:
        """In a sentence; beneath it the way out, or how it was settled."""
        settled = format_html("{} ", tag("settled", error.note.rstrip("."))) if error.resolved_at else ""
        return format_html("{} <small>{}{}</small>", error.error_message, settled, error.suggestion)

    @admin.display(description="field and value", ordering="field", empty_value=NOTHING)
    def value(self, error: ValidationError) -> SafeString | None:
        field = capfirst(LABELS.get(error.field, error.field))
        return format_html("{} <small>{}</small>", field, error.wrong_value) if field else None

    @admin.display(description="where", ordering="row_number")
    def place_in_file(self, error: Any) -> SafeString:
        where = place(error.row_number, error.line_number, error.sheet or "")
        return format_html("{} <small>{}</small>", file_link(error), capfirst(where))

    @admin.display(description="company", ordering="vendor_id")
    def company(self, error: ValidationError) -> SafeString:
        return company_link(error)

    @admin.display(description="row")
    def place(self, error: ValidationError) -> str:
        return error.place

    @admin.display(description="upload")
    def upload_link(self, error: ValidationError) -> SafeString:
        return upload_link(error)

    @admin.display(description="vendor")
    def vendor_link(self, error: ValidationError) -> SafeString:
        return vendor_link(error)

    @admin.display(description="type")
    def type(self, error: ValidationError) -> str:
        return label_of(error.error_type)

    @admin.display(description="why it is resolved", empty_value=NOTHING)
    def note(self, error: ValidationError) -> str:
        who = f" ({error.resolved_by})" if error.resolved_by else ""
        return f"{error.note}{who}"

    @admin.display(description="the row as it came", empty_value=NOTHING)
    def original(self, error: ValidationError) -> SafeString | None:
        return pairs_table(as_pairs(error)) if error.original_data else None

    @admin.display(description="corrected", empty_value=NOTHING)
    def corrections(self, error: ValidationError) -> SafeString | None:
        """Who changed what in this row since."""
        found = Correction.objects.filter(upload_id=error.upload_id, record_id=error.record_id)
        rows = [(said_by(one), said(one)) for one in found.select_related("corrected_by")]
        return pairs_table(rows) if rows else None

    @admin.display(description="see also")
    def see(self, error: ValidationError) -> SafeString:
        ledger = list_url("uploads_recordoutcome", upload=error.upload_id, record=error.record_id)
        row = list_url(
            "uploads_validationerror", upload=error.upload_id, q=error.row_number, severity="all", state="all"
        )
        links = [link(row, "All problems of this row"), link(ledger, "What became of this row"), *product_of(error)]
        return format_html_join(" ", '<span class="links">{}</span>', ((one,) for one in links))


class CorrectionAdmin(ReadOnlyVendorTableAdmin):
    """Who changed what in which failed row."""

    vendor_lookup = "upload__vendor_id"
    list_display = ["id", "upload_link", "row", "attempt", "what", "corrected_by",
                    "created_at"]  # fmt: skip
    list_filter = [UploadFilter, RecordFilter]
    list_select_related = ["corrected_by"]
    fields = ["upload_link", "row", "attempt", "what", "corrected_by", "created_at"]

    @admin.display(description="upload", ordering="upload_id")
    def upload_link(self, correction: Correction) -> SafeString:
        return upload_link(correction)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return with_sheets(super().get_queryset(request))

    @admin.display(description="row")
    def row(self, correction: Correction) -> SafeString | int:
        return row_in_file(correction)

    @admin.display(description="changes")
    def what(self, correction: Correction) -> str:
        return said(correction)


def said(correction: Correction) -> str:
    """What a correction changed, in one line a cell."""
    changes = correction.changes.items()
    return "\n".join(visible(f"{header}: {old or 'nothing'} → {new or 'nothing'}") for header, (old, new) in changes)


def said_by(correction: Correction) -> str:
    """Who made it, and when."""
    return f"{correction.corrected_by or 'somebody'}, {localize(localtime(correction.created_at))}"


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
    header = Layout.from_json(layout).mapping.fields.get("vendor_product_id", "") if layout else "vendor_product_id"
    key = cells.identifier(str(data.get(header) or ""), "vendor_product_id")
    product = Product.objects.filter(vendor_id=error.vendor_id, vendor_product_id=key).first() if key else None
    return [link(page_url("catalog_product", product.pk), f"The product {product.sku}")] if product else []

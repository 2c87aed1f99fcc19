"""The errors in the admin: every problem of every row, and the ways to correct them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Min, QuerySet
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
from catalog.rules.fields import LABELS, READ
from catalog.rules.places import place
from catalog.rules.problems import Code, label_of
from config.web import confirm
from config.web.filters import OpenedOn, choice_filter
from config.web.links import cut, link, list_url, page_url, pairs_table, tag
from config.web.text import NOTHING, counted, visible
from uploads.corrections import ignoring
from uploads.corrections.failed_rows import Key
from uploads.feed.parser import Layout
from uploads.models import Correction, SelfRetry, UploadHistory, ValidationError
from uploads.staff import corrections, mending
from uploads.staff.actions import may
from uploads.staff.everywhere import claims, page
from uploads.staff.listing import (
    OPENS,
    RecordFilter,
    UploadFilter,
    file_link,
    row_in_file,
    upload_link,
    with_files,
    with_sheets,
)
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter, company_link, vendor_link, with_company

AT_ONCE = 1_000  # rows that are set aside while somebody waits
SHORT = 160  # characters of a message in the list
LONG_QUOTE = re.compile("“([^”]{36})[^”]{5,}”")
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
    more_columns = ("type", "suggested", "upload_link", "vendor_link", "tried", "resolved_at", "note")
    opens = OPENS
    empty_says = (
        "No row waits for anybody: what can't be read of a file is listed here, until it is mended. "
        "Those that were mended are under State, Any."
    )
    ordering = ["-error_id"]
    list_filter = [
        StateFilter,
        UploadFilter,
        SeverityFilter,
        choice_filter("error_type", [(code.value, code.label) for code in Code]),
        choice_filter("field", [(field, LABELS[field]) for field in READ]),
        VendorFilter,
        "created_at",
    ]
    search_fields = ["upload_id"]
    search_help_text = "Upload ID, or a row number"
    actions = ["ignore", "take_back"]
    fieldsets = [
        (None, {"fields": ["error_message", "suggestion", "severity", "type", "field"]}),
        ("Where", {"fields": ["upload_link", "vendor_link", "place", "original", "corrections", "see"]}),
        ("When", {"fields": ["created_at", "resolved_at", "note", "tried"]}),
    ]

    def peek_title(self, error: ValidationError) -> str:
        return error.error_message

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

    def get_actions(self, request: HttpRequest) -> Any:
        """What the rows that are listed allow: those that wait are ignored, ignored ones are taken back."""
        found = super().get_actions(request)
        state = request.GET.get(StateFilter.parameter_name, StateFilter.opens_on)
        for name, states in (("ignore", ("open", "all")), ("take_back", ("ignored", "resolved", "all"))):
            if state not in states:
                found.pop(name, None)
        return found

    @admin.action(description="Ignore their rows", permissions=["retry"])
    def ignore(self, request: HttpRequest, errors: "QuerySet[ValidationError]") -> HttpResponseBase | None:
        return ask_or_set_aside(self, request, errors, IGNORE)

    @admin.action(description="Take their rows back", permissions=["retry"])
    def take_back(self, request: HttpRequest, errors: "QuerySet[ValidationError]") -> HttpResponseBase | None:
        return ask_or_set_aside(self, request, errors, TAKE_BACK)

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
        way_out = error.suggestion and error.suggestion not in error.error_message and not error.resolved_at
        perhaps = format_html("Perhaps: {}", cut(error.suggestion)) if way_out else ""
        return format_html("{} <small>{}{}</small>", _in_short(error.error_message), settled, perhaps)

    @admin.display(description="field and value", ordering="field", empty_value=NOTHING)
    def value(self, error: ValidationError) -> SafeString | None:
        field = capfirst(LABELS.get(error.field, error.field))
        return format_html("{} <small>{}</small>", field, cut(error.wrong_value, 40)) if field else None

    @admin.display(description="where", ordering="row_number")
    def place_in_file(self, error: Any) -> SafeString:
        where = place(error.row_number, error.line_number, error.sheet or "")
        return format_html("{} <small>{}</small>", file_link(error), capfirst(where))

    @admin.display(description="company", ordering="vendor_id")
    def company(self, error: ValidationError) -> SafeString | str:
        return company_link(error)

    @admin.display(description="tries of the row")
    def tried(self, error: ValidationError) -> str:
        return f"{error.attempt:,}"

    @admin.display(description="suggestion", empty_value=NOTHING)
    def suggested(self, error: ValidationError) -> SafeString | str | None:
        return cut(error.suggestion) or None

    @admin.display(description="row")
    def place(self, error: ValidationError) -> str:
        return error.place

    @admin.display(description="upload")
    def upload_link(self, error: ValidationError) -> SafeString:
        return upload_link(error)

    @admin.display(description="vendor")
    def vendor_link(self, error: ValidationError) -> SafeString | str:
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

    @admin.display(description="corrected or retried", empty_value=NOTHING)
    def corrections(self, error: ValidationError) -> SafeString | None:
        """Who changed what in this row since, and for what it was retried by itself."""
        found = Correction.objects.filter(upload_id=error.upload_id, record_id=error.record_id)
        rows = [(said_by(one), said(one)) for one in found.select_related("corrected_by")]
        alone = SelfRetry.objects.filter(upload_id=error.upload_id, record_id=error.record_id).order_by("-id")
        rows += [(f"by itself, {localize(localtime(one.created_at))}", f"Retried, since {one.why}.") for one in alone]
        return pairs_table(rows) if rows else None

    @admin.display(description="see also")
    def see(self, error: Any) -> SafeString:
        ledger = list_url("uploads_recordoutcome", upload=error.upload_id, record=error.record_id)
        row = list_url(
            "uploads_validationerror", upload=error.upload_id, q=error.row_number, severity="all", state="all"
        )
        links = [link(row, "All problems of this row")]
        links += [link(ledger, "What became of this row")] if error.opens_ledger else []
        links += product_of(error) if error.opens_product else []
        if error.opens_severities:
            links.append(link(list_url("uploads_severityrule", code=error.error_type), "Whether it keeps rows out"))
        return format_html_join(" ", '<span class="links">{}</span>', ((one,) for one in links))


def _in_short(message: str) -> SafeString | str:
    """A message for the list: long values that it quotes are cut, the whole of it is there where a mouse rests."""
    short = LONG_QUOTE.sub(lambda found: f"“{found[1].rstrip()}…”", message)
    short = short if len(short) <= SHORT else f"{short[: SHORT - 1].rstrip()}…"
    return message if short == message else format_html('<span title="{}">{}</span>', message, short)


# --- rows set aside from the list, and taken back -----------------------------------------------------------------


@dataclass(frozen=True)
class SetAside:
    """What is done with the rows of chosen errors; `of` says with which."""

    name: str
    title: str
    button: str
    meaning: str
    nothing: str
    of: dict[str, Any]
    do: Callable[[Sequence[Key], Any], int]
    done: str
    logged: str


IGNORE = SetAside(
    "ignore", "Ignore rows", "Ignore {}",
    "They count as ignored, and wait for nobody any more; nothing of them comes into the catalog. Each row is ignored "
    "whole, with all that is wrong with it. They can be taken back: State, Ignored.",
    "None of them waits any more: there is nothing to ignore.",
    {"resolved_at": None}, ignoring.set_aside, "ignored", "Ignored {:,} rows.",
)  # fmt: skip
TAKE_BACK = SetAside(
    "take_back", "Take ignored rows back", "Take {} back",
    "They wait for somebody again, but for those whose product came right meanwhile.",
    "None of them is ignored: there is nothing to take back.",
    {"resolution": Resolution.IGNORED}, ignoring.take_back, "taken back", "Took {:,} ignored rows back.",
)  # fmt: skip


def ask_or_set_aside(
    model_admin: Any, request: HttpRequest, errors: "QuerySet[Any]", step: SetAside
) -> HttpResponseBase | None:
    """Say how many rows of which uploads it is about; then do it with those that were confirmed, whatever the list is
    by then. None, with a word why, where there is nothing to do or too much for a page."""
    if confirm.was_confirmed(request):
        asked = [int(key) for key in confirm.chosen_in_lines(request) if key.isdecimal() and len(key) < 18]
        errors = model_admin.get_queryset(request).filter(pk__in=asked[:AT_ONCE])
    chosen = ValidationError.objects.errors().filter(pk__in=errors.order_by().values("pk"), **step.of).order_by()
    found = chosen.values_list("upload_id", "row_number", "record_id", "vendor_id").annotate(Min("pk"))
    rows = {Key(*key): error_id for *key, error_id in found[: AT_ONCE + 1]}
    if len(rows) > AT_ONCE:
        messages.error(request, f"At most {AT_ONCE:,} rows at once. Choose fewer.")
        return None
    if confirm.was_confirmed(request):
        done = _set_aside(model_admin, request, list(rows), step)
        confirm.say(request, step.done, done, max(done, len(asked)), "{} row", "{} rows")
        return None
    return confirm.ask(model_admin, request, _question(rows, step))


def _question(rows: dict[Key, int], step: SetAside) -> confirm.Question:
    """Upload by upload; each line carries one error of each of its rows."""
    uploads = UploadHistory.objects.select_related("vendor").in_bulk({key.upload_id for key in rows})
    many = Counter(key.upload_id for key in rows)
    lines = []
    for upload_id, number in many.most_common():
        upload = uploads[upload_id]
        about = f"{counted(number, '{} row', '{} rows')} of {visible(upload.file_name)}, {visible(str(upload.vendor))}"
        lines.append((",".join(str(error) for key, error in rows.items() if key.upload_id == upload_id), about))
    return confirm.Question(
        action=step.name,
        title=step.title,
        button=step.button.format(counted(len(rows), "{} row", "{} rows")),
        meaning=[step.meaning],
        lines=lines,
        nothing=step.nothing,
        about=str(next(iter(rows.values()), "")),
    )


def _set_aside(model_admin: Any, request: HttpRequest, keys: list[Key], step: SetAside) -> int:
    """Of each upload the rows, whole; returns how many."""
    rows = 0
    for upload in UploadHistory.objects.in_bulk({key.upload_id for key in keys}).values():
        if done := step.do([key for key in keys if key.upload_id == upload.pk], request.user):
            model_admin.log_change(request, upload, step.logged.format(done))
        rows += done
    return rows


class CorrectionAdmin(ReadOnlyVendorTableAdmin):
    """Who changed what in which failed row."""

    vendor_lookup = "upload__vendor_id"
    opens = OPENS
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

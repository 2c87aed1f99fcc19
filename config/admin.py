"""What the admin's lists have in common: exports, filters that stay cheap on millions of rows, and links."""

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm
from import_export.signals import post_export

from config import exports
from config.paging import CappedPaginator
from vendors import access
from vendors.models import Vendor

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

NOTHING = "–"
# How many objects one deletion may take: its page names each of them, and what hangs on it.
MOST_DELETED = 1_000


class TableExportForm(ExportForm):  # type: ignore[misc] # import-export has no types
    """The choice of a format, with the first one made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("format", "0")


class TableAdmin(ExportMixin, ModelAdmin):  # type: ignore[misc] # import-export has no types
    """One table: shown to those who may see its vendors, exportable by all who may view it."""

    # How a row leads to its vendor's ID; None where it belongs to none.
    vendor_lookup: str | None = "vendor_id"
    # Columns that exports leave out.
    export_leaves_out: tuple[str, ...] = ()

    export_form_class = TableExportForm
    export_formats = (CSV, XLSX)
    paginator = CappedPaginator
    list_per_page = 50
    # Both would count the whole table for every page.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["uploads/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = super().get_queryset(request)
        return access.visible(rows, request.user, self.vendor_lookup) if self.vendor_lookup else rows

    def get_paginator(self, request: HttpRequest, queryset: "QuerySet[Any]", *args: Any, **kwargs: Any) -> Any:
        paginator: Any = super().get_paginator(request, queryset, *args, **kwargs)
        paginator.searched = bool(request.GET.get(SEARCH_VAR))
        return paginator

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Instead of collecting a million objects to name them, say that these are too many."""
        if isinstance(objs, QuerySet) and len(objs.order_by().values_list("pk")[: MOST_DELETED + 1]) > MOST_DELETED:
            refusal = f"More than {MOST_DELETED:,} {self.opts.verbose_name_plural} at once. Select fewer."
            return [], {}, set(), [refusal]
        return super().get_deleted_objects(objs, request)

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        """Only what was changed is written: the pipeline may have changed the rest since the form was opened."""
        obj.save(update_fields=form.changed_data if change else None)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[exports.TableResource]]:
        return [exports.resource_of(self.model, self.export_leaves_out)]

    def _do_file_export(
        self, file_format: CSV | XLSX, request: HttpRequest, queryset: "QuerySet[Any]", export_form: Any = None
    ) -> HttpResponseBase:
        """Instead of building the file in memory, as import-export would."""
        resource = self.get_export_resource_classes(request)[0]()
        name = self.get_export_filename(request, queryset, file_format)
        response: HttpResponseBase
        if isinstance(file_format, XLSX):
            response = FileResponse(exports.xlsx_file(resource, queryset), as_attachment=True, filename=name)
        else:
            response = StreamingHttpResponse(exports.csv_lines(resource, queryset), "text/csv; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="{name}"'
        post_export.send(sender=None, model=self.model)
        return response


class ReadOnlyAdmin(TableAdmin):
    """A view, or a table that the pipeline alone writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def log_change(request: HttpRequest, obj: Model, message: str) -> None:
    """Note in the admin's log what the user did to an object, where no form of the admin does so."""
    LogEntry.objects.log_actions(request.user.pk or 0, [obj], CHANGE, message, single_object=True)


# --- links and words -------------------------------------------------------------------------------------------


def link(url: str, text: object) -> SafeString:
    """A link; both parts are escaped."""
    return format_html('<a href="{}">{}</a>', url, text)


def page_url(page: str, key: int | str) -> str:
    """Where one object is shown: `page_url("uploads_uploadhistory", upload_id)`."""
    return reverse(f"admin:{page}_change", args=[quote(key)])


def list_url(page: str, **filters: object) -> str:
    """A list with these filters set: `list_url("catalog_product", vendor="VEND001")`."""
    return f"{reverse(f'admin:{page}_changelist')}?{urlencode(filters)}"


def count_link(count: int, url: str) -> SafeString | str:
    """A number that leads to what it counts; none leads nowhere."""
    return link(url, f"{count:,}") if count else "0"


def breakable(key: str) -> SafeString:
    """A long ID that narrow columns may wrap at its underscores."""
    return format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in key.split("_")))


def vendor_link(row: Any) -> SafeString:
    """A link to the vendor of a row that carries its ID."""
    return link(page_url("vendors_vendor", row.vendor_id), row.vendor_id)


def tag(value: str, label: str = "") -> SafeString:
    """A status, an outcome or a verdict as a coloured word; the colours are in uploads/admin.css."""
    return format_html('<span class="tag tag-{}">{}</span>', value, label or value)


def counted(number: int, what: str) -> str:
    """A number with what it counts: 1 row, 2,000 rows."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# Emoji of several characters: a family is held together by joiners, the flag of England is spelled by tags.
_EMOJI = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
                    "|(?<=\U0001f3f4)[\U000e0030-\U000e007a]{2,6}\U000e007f")  # fmt: skip


def visible(text: str) -> str:
    """The text with characters that show nothing, or turn what follows around, spelled out: ⟨U+202E⟩.

    What holds an emoji together stays.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = {place for found in _EMOJI.finditer(text) for place in range(*found.span())}
    return "".join(
        f"⟨U+{ord(char):04X}⟩"
        if unicodedata.category(char) in ("Cc", "Cf") and char not in "\t\n\r" and place not in kept
        else char
        for place, char in enumerate(text)
    )


def pairs_table(pairs: Iterable[tuple[object, object]]) -> SafeString:
    """Names and values as a small table, whatever stands in them."""
    rows = format_html_join(
        "", '<tr><th scope="row">{}</th><td>{}</td></tr>', ((visible(str(a)), visible(str(b))) for a, b in pairs)
    )
    return format_html('<div class="scroll"><table class="pairs">{}</table></div>', rows)


# --- filters ---------------------------------------------------------------------------------------------------


class ValueFilter(admin.SimpleListFilter):
    """Rows with one value in one column. Shown only while it is set: links lead here, nobody picks from millions."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, value)] if value else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        try:
            return queryset.filter(**{self.column: self.value()}) if self.value() else queryset
        except ValueError as error:  # text where the column has a number
            raise IncorrectLookupParameters from error


class UploadFilter(ValueFilter):
    title, parameter_name, column = "upload", "upload", "upload_id"


class VendorFilter(ValueFilter):
    """By vendor: as links while there are few, else an input with suggestions."""

    title, parameter_name, column = "vendor", "vendor", "vendor_id"
    template = "admin/vendor_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        vendors = access.vendors_of(request.user).values_list("vendor_id", "vendor_name")
        return [(vendor_id, f"{vendor_id} {name}") for vendor_id, name in vendors]

    def choices(self, changelist: Any) -> Any:
        """Also notes what else the list was asked for, which the input has to keep."""
        self.kept = {k: value for k, value in changelist.params.items() if k not in (self.parameter_name, "p")}
        return super().choices(changelist)


def choice_filter(name: str, options: list[tuple[str, str]]) -> type[admin.SimpleListFilter]:
    """A filter by one column with known values, for tables too long to ask for them."""
    members = {"title": name.replace("_", " "), "parameter_name": name, "column": name}
    return type("ChoiceFilter", (ValueFilter,), members | {"lookups": lambda *_: options})


VENDOR_STATUS = choice_filter("status", list(Vendor.Status.choices))

"""What the admin's lists have in common: exports, pages that are cheap on millions of rows, bounded deletions."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm
from import_export.signals import post_export

from config.web import exports, signed_in
from config.web.paging import CappedPaginator

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# How many objects one deletion may take: its page names each of them, and what hangs on it.
MOST_DELETED = 1_000


class TableExportForm(ExportForm):  # type: ignore[misc] # import-export has no types
    """The choice of a format, with the first one made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("format", "0")


class TableAdmin(ExportMixin, ModelAdmin):  # type: ignore[misc] # import-export has no types
    """One table, exportable by all who may view it. One whose rows belong to vendors is a VendorTableAdmin."""

    # Columns that exports leave out.
    export_leaves_out: tuple[str, ...] = ()
    # For config/back_office/site.py: whether a row is shown beside the list too, by the fields of its page; the columns
    # that are offered beside those that the list begins with; and what it says where it has no rows at all.
    peek = True  # by its peek_title, where it has one
    more_columns: tuple[str, ...] = ()
    empty_says = ""

    export_form_class = TableExportForm
    export_formats = (CSV, XLSX)
    paginator = CappedPaginator
    list_per_page = 50
    # Both would count the whole table for every page.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

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

    @signed_in.needs_fresh_sign_in
    def export_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page of a whole list's export, and the export."""
        response: HttpResponseBase = super().export_action(request, *args, **kwargs)
        return response

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
        post_export.send(sender=None, model=self.model, file_name=name)
        return response


class ReadOnly:
    """Before an admin: for a view, or a table that the pipeline alone writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

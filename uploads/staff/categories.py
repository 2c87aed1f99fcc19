"""What uploads add to the categories: workbooks as files to import, and another try for rows that waited for one.

A workbook of categories is read as one of products is, in a process of its own with limits (uploads/feed/apart).

Rows that failed only because their category was not on the list are offered for another try once it is. Whichever way
the category came there (added, activated, imported), the list of categories says how many rows wait, and leads to a
page that retries them.
"""

import io
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from import_export.formats import base_formats
from tablib import Dataset

from catalog.category_admin import UNREADABLE, ProductCategoryAdmin
from catalog.category_import import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, CategoryCSV, FileRefused, dataset_of
from config.web.admin_log import log_change
from config.web.text import counted
from uploads.corrections import retry
from uploads.corrections.waiting_rows import REFUSED, Waiting, waiting
from uploads.feed.apart import reader
from uploads.feed.lines import FeedError, Limits
from uploads.staff.actions import may, to_job
from uploads.staff.shadow import asked, page

LIMITS = Limits(max_columns=MAX_COLUMNS, max_rows=10 * MAX_ROWS)  # empty rows count there
UNPACKED = 20 * MAX_BYTES


class CategoryXLSX(base_formats.XLSX):  # type: ignore[misc] # import-export has no types
    """The first sheet of a workbook with anything in it, its cells as people see them."""

    def create_dataset(self, in_stream: bytes) -> Dataset:
        try:
            rows = reader.table_apart(io.BytesIO(in_stream), LIMITS, UNPACKED, LIMITS.max_rows)
        except FeedError as error:
            raise FileRefused(UNREADABLE if error.code == "workbook_damaged" else error.message) from error
        return dataset_of(row for row in rows if any(cell.strip() for cell in row))


class CategoriesAdmin(ProductCategoryAdmin):
    """The categories, with the rows that wait for them."""

    import_formats = (CategoryCSV, CategoryXLSX)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.waiting_view)
        return [path("waiting/", view, name="catalog_productcategory_waiting"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "GET" and may(request, "retry"):
            _offer(request)
        return super().changelist_view(request, extra_context)

    def tested_at(self, request: HttpRequest, keys: list[str], *, active: bool) -> str:
        """With "Test this change"."""
        return asked.category_url(keys, active=active) if page.may_test(request) else ""

    def waiting_view(self, request: HttpRequest) -> HttpResponseBase:
        """The rows that wait, by category; retried once confirmed."""
        if not (may(request, "retry") and self.has_view_permission(request)):
            raise PermissionDenied
        found = waiting()
        if request.method == "POST" and found:
            return _try_again(request, found)
        context = {
            **self.admin_site.each_context(request),
            "title": "Rows that waited for their category",
            "opts": self.opts,
            "waiting": found,
            "rows": sum(one.rows for one in found),
        }
        return TemplateResponse(request, "uploads/staff/waiting_rows.html", context)


def _offer(request: HttpRequest) -> None:
    rows = sum(one.rows for one in waiting())
    if rows:
        said = counted(
            rows,
            "{} row failed only because its category was not on the list, and it is now",
            "{} rows failed only because their category was not on the list, and it is now",
        )
        way = reverse("admin:catalog_productcategory_waiting")
        messages.info(request, format_html('{}: <a href="{}">Retry</a>.', said, way))


def _try_again(request: HttpRequest, found: list[Waiting]) -> HttpResponseBase:
    values = tuple(value for one in found for value in one.selection.wrong_values)
    job = retry.start(replace(REFUSED, wrong_values=values), request.user)
    for one in found:
        log_change(request.user, one.category, f"Retried {one.rows:,} rows that waited for it.")
    return to_job(request, job, reverse("admin:catalog_productcategory_changelist"))

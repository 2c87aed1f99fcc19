"""Rows that failed only because their category was not on the list, offered for another try once it is.

Whichever way the category came there (added, activated, imported), the list of categories says how many rows wait, and
leads to a page that retries them.
"""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from catalog.category_admin import ProductCategoryAdmin
from config.web.admin_log import log_change
from config.web.text import counted
from uploads.corrections import retry
from uploads.corrections.waiting_rows import REFUSED, Waiting, waiting
from uploads.staff.actions import may, to_job


class CategoriesAdmin(ProductCategoryAdmin):
    """The categories, with the rows that wait for them."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.waiting_view)
        return [path("waiting/", view, name="catalog_productcategory_waiting"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "GET" and may(request, "retry"):
            _offer(request)
        return super().changelist_view(request, extra_context)

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

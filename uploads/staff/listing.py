"""What the lists of uploads, errors and outcomes in the admin have in common: links, filters, words."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.rules.places import in_file
from config.web.filters import ValueFilter
from config.web.links import breakable, count_link, link, list_url, page_url
from uploads.models import UploadHistory

# What rows of uploads lead to, and what one needs to go there (VendorTableAdmin).
OPENS = {
    "opens_vendor": "vendors.view_vendor",
    "opens_upload": "uploads.view_uploadhistory",
    "opens_errors": "uploads.view_validationerror",
    "opens_ledger": "uploads.view_recordoutcome",
    "opens_product": "catalog.view_product",
    "opens_severities": "uploads.view_severityrule",
}


class ProductFilter(ValueFilter):
    title, parameter_name, column = "product", "product", "product_id"


class RecordFilter(ValueFilter):
    """By record, upload by upload: the indexes start with the upload."""

    title, parameter_name, column = "record", "record", "record_id"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        rows = super().queryset(request, queryset)
        return rows.filter(upload_id__in=UploadHistory.objects.values("pk")) if self.value() else rows


def upload_link(row: Any) -> SafeString:
    """The upload of a row that carries its ID, as a link for those who may view it."""
    name = breakable(row.upload_id)
    return link(page_url("uploads_uploadhistory", row.upload_id), name) if row.opens_upload else name


def errors_link(row: Any) -> SafeString | str:
    """The number of rows with errors that wait for somebody, leading to them."""
    if not row.opens_errors:
        return f"{row.open_records:,}"
    return count_link(row.open_records, list_url("uploads_validationerror", upload=row.upload_id, state="open"))


def with_sheets(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Rows of an upload's, each with the sheet that it is from, for `row_in_file`: a probe for each that is shown."""
    upload = UploadHistory.objects.filter(pk=OuterRef("upload_id"))
    found: QuerySet[Any] = rows.annotate(sheet=Subquery(upload.values(name=KT("layout__sheet"))))
    return found


def with_files(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Rows of an upload's, each with the name of its file: a probe for each that is shown."""
    names = UploadHistory.objects.filter(pk=OuterRef("upload_id")).values("file_name")
    found: QuerySet[Any] = rows.annotate(file_name=Subquery(names))
    return found


def file_link(row: Any) -> SafeString | str:
    """The upload of a row `with_files`, by its file, as a link for those who may view it."""
    name = row.file_name or ""
    return link(page_url("uploads_uploadhistory", row.upload_id), name) if row.opens_upload else name


def row_in_file(row: Any) -> SafeString | int:
    """A row's number, and below it where the row stands in its file; of a product that the file lacks just that."""
    if getattr(row, "is_absent", False):
        return format_html("<small>{}</small>", "not in the file")
    where = in_file(row.line_number, row.sheet or "").replace(" ", "\N{NO-BREAK SPACE}", 1)
    return format_html("{} <small>{}</small>", row.row_number, where) if where else int(row.row_number)


class UploadFilter(ValueFilter):
    title, parameter_name, column = "upload", "upload", "upload_id"

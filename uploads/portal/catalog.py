"""A vendor's own products: found by words, SKU or product ID, filtered, and exported as a file that can be sent back.

An export sent back unchanged leaves every product unchanged: it has the columns of a feed, cells that are made harmless
for spreadsheets are read back as they were (such a file is known by its last column), and nothing is
rounded.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode

from catalog.models import Product, ProductCategory
from catalog.rules.fields import FIELDS, READ, RETIRED
from catalog.rules.values import image
from catalog.rules.values.action import RETIRE
from catalog.search import search
from config.web import exports, spreadsheet
from config.web.paging import CappedPaginator
from config.web.text import visible
from config.web.workbooks.writing import NotForExcel
from security.log import note
from security.models import Kind
from uploads.feed.sheets.handed_out import CATALOG_COLUMN
from uploads.insight import downloads
from uploads.portal.pages import page_of
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

PER_PAGE = 50
STATUS = {"active": "Active", "retired": "Retired"}
STOCK = {"in": "In stock", "out": "Sold out"}
FILTERS = ("q", "category", "stock", "status")


def chosen(request: HttpRequest, vendor: Vendor) -> "QuerySet[Any]":
    """The vendor's products that fit what was typed and chosen (products_vendor_id_vendor_product_id_key)."""
    products = Product.objects.filter(vendor=vendor).order_by("vendor_product_id")
    asked = _asked(request)
    if "category" in asked:
        products = products.filter(category=asked["category"])
    if asked.get("stock") in STOCK:
        stocked = asked["stock"] == "in"
        products = products.filter(stock_quantity__gt=0) if stocked else products.filter(stock_quantity=0)
    if asked.get("status") in STATUS:
        products = products.filter(status=asked["status"])
    return search(products, asked.get("q", ""))


def _asked(request: HttpRequest) -> dict[str, str]:
    given = {name: request.GET.get(name, "").replace("\0", "").strip() for name in FILTERS}
    return {name: value for name, value in given.items() if value}


@vendor_page(VendorMember.Role.VIEWER)
def catalog(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The vendor's products, a page of them."""
    asked = _asked(request)
    paginator = CappedPaginator(chosen(request, vendor), PER_PAGE)
    paginator.searched = "q" in asked
    page = paginator.get_page(request.GET.get("p"))
    found = {
        "vendor": vendor,
        "section": "catalog",
        "page": page,
        "products": [
            (product, visible(product.product_name), image.to_open(product.image_url)) for product in page.object_list
        ],
        "paginator": paginator,
        "asked": asked,
        "query": urlencode(asked),
        "categories": ProductCategory.objects.values_list("category_name", flat=True),
        "stock": STOCK.items(),
        "statuses": STATUS.items(),
    }
    return render(request, "uploads/portal/catalog.html", found)


@vendor_page(VendorMember.Role.VIEWER, hands_out="catalog.view_product")
def export(request: HttpRequest, vendor: Vendor, format: str) -> HttpResponseBase:
    """What the list shows, all of it, as a file."""
    products = chosen(request, vendor)
    note(Kind.EXPORTED, vendor_id=vendor.pk, about=f"catalog, {format.upper()}", detail=urlencode(_asked(request)))
    name = f"catalog-{timezone.localdate():%Y-%m-%d}.{format}"
    if format == "csv":
        response = StreamingHttpResponse(
            exports.plain_lines(chain([(*READ, CATALOG_COLUMN)], rows(products))), "text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    try:
        count = products.order_by()[: downloads.XLSX_ROWS + 1].count()
        return downloads.catalog_xlsx(rows(products), count, name)
    except NotForExcel as error:
        messages.error(request, str(error))
        return redirect(f"{page_of('catalog', vendor)}?{urlencode(_asked(request))}")


def rows(products: "QuerySet[Any]") -> Iterator[list[object]]:
    """The products by their ID, a page at a time, and when each was changed last."""
    for product in exports.in_pages(products, by="vendor_product_id"):
        updated = timezone.localtime(product.updated_at)
        action = RETIRE if product.status == RETIRED else ""  # so that the file changes nothing when it is sent
        yield [*(_cell(getattr(product, field)) for field in FIELDS), action, f"{updated:%Y-%m-%d %H:%M:%S}"]


def _cell(value: object) -> object:
    if isinstance(value, str):
        return spreadsheet.guard(value)
    return "" if value is None else value

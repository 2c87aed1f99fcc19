"""GTINs that products of two vendors have: the same thing at two prices, or a number that isn't one vendor's to use."""

from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog import same_gtins
from catalog.same_gtins import Shared
from config.web.links import page_url
from uploads.aws.records import storable

PORTION: Final = 50
PAGE: Final = "admin:catalog_product_gtins"


def gtins_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """A portion of them, in the order of GTINs."""
    after = storable(request.GET.get("after", ""))[:14]
    found = same_gtins.shared(PORTION, after)
    about = {
        "title": "The same GTIN at two vendors",
        "shared": [_line(one) for one in found.found],
        "first_url": reverse(PAGE) if after else "",
        "next_url": f"{reverse(PAGE)}?{urlencode({'after': found.after})}" if found.after else "",
        "looked_to": found.after,
        "counted": same_gtins.COUNTED,
    }
    return TemplateResponse(request, "uploads/staff/same_gtins.html", context | about)


def gtins_url(request: HttpRequest) -> str:
    """Where they stand, for who may see them; else ""."""
    return reverse(PAGE) if request.user.has_perm("catalog.view_product") else ""


def _line(one: Shared) -> dict[str, Any]:
    """A GTIN with the pages that its products lead to."""
    offered = [
        {
            "one": product,
            "product_url": page_url("catalog_product", product.product_id),
            "vendor_url": page_url("vendors_vendor", product.vendor_id),
        }
        for product in one.offered
    ]
    return {"one": one, "offered": offered, "more": max(0, one.products - len(offered))}

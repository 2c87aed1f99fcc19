"""SKUs in rows of one vendor that another vendor's product has: who has each, who else claims it, and what to do."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from config.web.links import page_url, way_back
from config.web.text import counted
from uploads.aws.records import storable
from uploads.desk import everywhere, items, shared_values, waiting_count
from uploads.desk.everywhere import everywhere_url
from uploads.desk.shared_values import Claim
from uploads.desk.things import Kind, Thing, shown
from uploads.staff.everywhere.gtins import gtins_url
from uploads.staff.everywhere.one import may_mend

MOST: Final = 100
NOTHING: Final = "No row waits with this SKU any more."
INACTIVE: Final = "Those of a vendor that isn't active can be tried once it is."


def claims_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Look at them; ignore the rows of one, or try them again."""
    if request.method == "POST":
        if not may_mend(request):
            raise PermissionDenied
        return _settle(request)
    found = shared_values.claims(MOST + 1)
    about = {
        "title": "SKUs that two vendors claim",
        "claims": [_line(one) for one in found[:MOST]],
        "most": MOST if len(found) > MOST else 0,
        "may_mend": may_mend(request),
        "values_url": everywhere_url(),
        "gtins_url": gtins_url(request),
    }
    return TemplateResponse(request, "uploads/staff/claims.html", context | about)


def _settle(request: HttpRequest) -> HttpResponseBase:
    vendor_id, sku = storable(request.POST.get("vendor", "")), storable(request.POST.get("sku", ""))
    ignore = request.POST.get("do") == "ignore"
    job = everywhere.settle_claim(vendor_id, sku, request.user, ignore=ignore)
    if job is None:
        messages.info(request, f"{NOTHING} {'' if ignore else INACTIVE}".strip())
    else:
        key = f"{vendor_id}:{sku.lower()}"
        word = "Ignored" if ignore else "Tried again"
        thing = Thing(Kind.CLAIM, key, f"SKU “{shown(sku)}”", "", vendor_id=vendor_id)
        items.finish(thing, request.user, f"{word}: {counted(job.total, '{} row', '{} rows')}.")
        waiting_count.ask_anew()
        rows = counted(job.total, "{} row is", "{} rows are")
        messages.success(request, f"{vendor_id}: {rows} being {'ignored' if ignore else 'tried again'}.")
    return redirect(way_back(request.POST.get("next", "")) or everywhere_url(claims=1))


def _line(one: Claim) -> dict[str, Any]:
    """A claim with the pages that it leads to."""
    return {
        "one": one,
        "vendor_url": page_url("vendors_vendor", one.vendor_id),
        "holder_url": page_url("vendors_vendor", one.holder_id) if one.holder_id else "",
        "product_url": page_url("catalog_product", one.product_id) if one.product_id else "",
        "error_url": page_url("uploads_validationerror", one.error_id) if one.error_id else "",
    }

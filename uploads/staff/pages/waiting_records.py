"""Records of a vendor's programs that wait since they look wrong: what was found, and what is to become of them."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from config.web.links import keeping, page_url
from config.web.text import visible
from uploads.desk import items, programs, waiting_count
from uploads.models import UploadHistory
from uploads.pipeline.holding import answering, waiting
from vendors.models import Vendor, VendorHold

if TYPE_CHECKING:
    VendorAdmin = ModelAdmin[Vendor]

ANSWERS = {"confirm": VendorHold.Ended.CONFIRMED, "refuse": VendorHold.Ended.REFUSED}
LISTED = 20  # uploads


def view(admin: "VendorAdmin", request: HttpRequest, object_id: str) -> HttpResponseBase:
    """See what was found, and answer."""
    if not (admin.has_view_permission(request) and request.user.has_perm("vendors.view_vendorhold")):
        raise PermissionDenied
    vendor = admin.get_object(request, unquote(object_id))
    if vendor is None:
        raise Http404
    hold, back = answering.open_of(vendor.pk), keeping(request, page_url("vendors_vendor", vendor.pk))
    if request.method == "POST":
        _answer(request, vendor, hold)
        return redirect(back)
    uploads = UploadHistory.objects.filter(vendor=vendor, withheld_from__isnull=False).order_by("sequence")
    context = {
        **admin.admin_site.each_context(request), "title": f"Records of {visible(str(vendor))} that wait",
        "opts": admin.opts, "vendor": vendor, "hold": hold, "back": back,
        "findings": answering.findings_of(hold) if hold else [], "now": waiting.counted(hold) if hold else None,
        "may": request.user.has_perm(answering.MAY),
        "uploads": [(one, page_url("uploads_uploadhistory", one.pk)) for one in uploads[:LISTED]],
    }  # fmt: skip
    return TemplateResponse(request, "uploads/staff/pages/waiting_records.html", context)


def _answer(request: HttpRequest, vendor: Vendor, hold: VendorHold | None) -> None:
    """Do what the form says about the hold that it showed. Raises PermissionDenied."""
    if not request.user.has_perm(answering.MAY):
        raise PermissionDenied
    how, seen = ANSWERS.get(request.POST.get("do", "")), request.POST.get("hold", "")
    if hold is None or how is None or seen != str(hold.pk):
        messages.warning(request, "Somebody else was faster, or more came meanwhile. Look again.")
        return
    if answering.answer(vendor.pk, hold.pk, how, request.user):  # type: ignore[arg-type] # who has a permission is signed in
        said = "They go through now." if how == VendorHold.Ended.CONFIRMED else "They are cancelled."
        items.finish(programs.waiting_records(hold), request.user, said)
        waiting_count.ask_anew()
        messages.success(request, said)

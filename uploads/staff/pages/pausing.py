"""Pausing a vendor's feeds, and resuming them, from the page of the vendor: asked before, with a reason."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from config.web.links import keeping, page_url
from config.web.text import visible
from uploads.desk import items, programs, waiting_count
from uploads.models import UploadHistory
from uploads.pipeline.holding import answering, pausing
from vendors import approval, holds
from vendors.models import Vendor

if TYPE_CHECKING:
    VendorAdmin = ModelAdmin[Vendor]

MAY = "vendors.pause_vendor"
COUNTED = 1_000  # uploads that wait, of which more are said to be more


def steps(request: HttpRequest, vendor: Vendor) -> list[tuple[str, str]]:
    """What the person may do about it: a name, and that of the address."""
    held = [("Records that wait", "held_records")] if answering.open_of(vendor.pk) else []
    if not request.user.has_perm(MAY):
        return held if request.user.has_perm("vendors.view_vendorhold") else []
    paused = holds.pause_of(vendor.pk) is not None
    return [*held, ("Resume feeds", "resume_feeds") if paused else ("Pause feeds", "pause_feeds")]


def pause_view(admin: "VendorAdmin", request: HttpRequest, object_id: str) -> HttpResponseBase:
    """Ask for the reason, say what it means, and do it."""
    vendor, back = _asked(admin, request, object_id)
    reason = request.POST.get("reason", "").replace("\r\n", "\n")
    if request.method == "POST":
        refused = approval.why_no_reason(reason)
        if not refused:
            if pausing.pause(vendor.pk, reason, request.user):
                waiting_count.ask_anew()
                messages.success(request, "The feeds are paused. From now on nothing of them takes effect.")
            else:
                messages.warning(request, "The feeds were paused already, by somebody else.")
            return redirect(back)
        messages.error(request, refused)
    return _show(admin, request, vendor, {"title": f"Pause the feeds of {visible(str(vendor))}", "reason": reason})


def resume_view(admin: "VendorAdmin", request: HttpRequest, object_id: str) -> HttpResponseBase:
    """Ask once more, say how much waits, and do it."""
    vendor, back = _asked(admin, request, object_id)
    if request.method == "POST":
        if hold := pausing.resume(vendor.pk, request.user):
            items.finish(programs.pause(hold), request.user, "Resumed.")
            waiting_count.ask_anew()
            messages.success(request, "The feeds go on. What waited is being checked now, in its order.")
        else:
            messages.warning(request, "The feeds weren't paused any more.")
        return redirect(back)
    return _show(admin, request, vendor, {"title": f"Resume the feeds of {visible(str(vendor))}", "resume": True})


def _asked(admin: "VendorAdmin", request: HttpRequest, object_id: str) -> tuple[Vendor, str]:
    """The vendor, and its page. Raises PermissionDenied, Http404."""
    if not (admin.has_view_permission(request) and request.user.has_perm(MAY)):
        raise PermissionDenied
    vendor = admin.get_object(request, unquote(object_id))
    if vendor is None:
        raise Http404
    return vendor, keeping(request, page_url("vendors_vendor", vendor.pk))


def _show(admin: "VendorAdmin", request: HttpRequest, vendor: Vendor, found: dict[str, Any]) -> HttpResponseBase:
    of_it = UploadHistory.objects.filter(vendor=vendor)
    waiting = of_it.filter(Q(status=UploadHistory.Status.PROCESSING) | Q(withheld_from__isnull=False))
    count = waiting[: COUNTED + 1].count()
    context = {
        **admin.admin_site.each_context(request), "opts": admin.opts, "vendor": vendor,
        "pause": holds.pause_of(vendor.pk), "uploads": min(count, COUNTED), "more": count > COUNTED,
        "back": keeping(request, page_url("vendors_vendor", vendor.pk)), **found,
    }  # fmt: skip
    return TemplateResponse(request, "uploads/staff/pages/pausing.html", context)

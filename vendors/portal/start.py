"""Where somebody who opens the platform belongs: staff in the admin, a vendor's people on its pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from vendors.access import sees_all
from vendors.models import VendorMember


@login_required
def page(request: HttpRequest) -> HttpResponseBase:
    """Lead on; who works for several vendors chooses, and who works for none is told what to do."""
    if sees_all(request.user):
        return redirect("admin:index")
    members = VendorMember.objects.filter(user=request.user.pk).select_related("vendor").order_by("vendor__vendor_name")
    if len(members) == 1:
        return redirect("vendor:home", members[0].vendor_id)
    return render(request, "vendors/portal/start.html", {"members": members})

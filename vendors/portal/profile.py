"""A company's own data, as it applies with it and as its owners keep it up to date later.

Only what the admin's form has may be typed here, under the same rules. The ID and the status are for staff.
"""

from typing import TYPE_CHECKING, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import get_text_list

from config.web.admin_log import log_change
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

if TYPE_CHECKING:
    VendorForm = forms.ModelForm[Vendor]
else:
    VendorForm = forms.ModelForm

CONTACT = ["vendor_name", "email", "phone"]
BUSINESS = ["business_name", "tax_id", "address", "city", "state", "postal_code", "country"]
LABELS = {
    "vendor_name": "Company name",
    "email": "Company e-mail",
    "business_name": "Registered name",
    "tax_id": "Tax ID",
    "state": "State or region",
    "postal_code": "Postal code",
}
WIDGETS: dict[str, forms.Widget | type[forms.Widget]] = {
    "address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"})
}


class ProfileForm(VendorForm):
    """What owners may change."""

    class Meta:
        model = Vendor
        fields = [*CONTACT, *BUSINESS]
        labels = LABELS
        widgets = WIDGETS
        help_texts = {"email": "Results of files that we import for you are sent here."}
        # Not whose it is: that is nobody's business here.
        error_messages = {"email": {"unique": "This address can't be used here. Choose another one."}}


@vendor_page(VendorMember.Role.VIEWER)
def page(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The company's data: a form for owners, to be read by the others."""
    owner = may_here(request, VendorMember.Role.OWNER)
    if request.method == "POST":
        if not owner:
            raise PermissionDenied("Only owners can change the profile.")
        form = ProfileForm(request.POST, instance=Vendor.objects.get(pk=vendor.pk))
        if form.is_valid():
            _save(form, request)
            return redirect("vendor:profile", vendor.pk)
    else:
        form = ProfileForm(instance=vendor)
    groups = [("Contact", [form[name] for name in CONTACT]), ("Business", [form[name] for name in BUSINESS])]
    facts = [(form[name].label, getattr(vendor, name)) for name in [*CONTACT, *BUSINESS]]
    shown = {"vendor": vendor, "section": "profile", "form": form, "groups": groups, "facts": facts, "owner": owner}
    return render(request, "vendors/portal/profile.html", shown)


def _save(form: ProfileForm, request: HttpRequest) -> None:
    """Write what was changed, and only that: staff may have changed the status since the page was opened."""
    if form.changed_data:
        vendor = form.save(commit=False)
        vendor.save(update_fields=form.changed_data)
        names = get_text_list([cast(str, form.fields[name].label) for name in form.changed_data], "and")
        log_change(request.user, vendor, f"Profile changed by an owner: {names}.")
    messages.success(request, "Your profile is saved.")

"""A company's own data, as it applies with it and as its owners keep it up to date later.

Only what the admin's form has may be typed here, under the same rules. The ID and the status are for staff. Two things
don't change at once: another e-mail address has to be proved first, and another name waits until staff have seen it,
since invitations carry it to any address.
"""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import get_text_list

from config import addresses
from config.web.admin_log import log_change
from config.web.names import one_line
from vendors import approval, proof
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

if TYPE_CHECKING:
    VendorForm = forms.ModelForm[Vendor]
else:
    VendorForm = forms.ModelForm

ASK_AGAIN = "ask_again"
CONTACT = ["vendor_name", "email", "phone"]
WAITING = ["retries_by_itself"]
WHOLE = ["absent_products"]
BUSINESS = ["business_name", "tax_id", "address", "city", "state", "postal_code", "country"]
LABELS = {
    "vendor_name": "Company name",
    "email": "Company e-mail",
    "business_name": "Registered name",
    "tax_id": "Tax ID",
    "retries_by_itself": "Retry rows by themselves when what they waited for happens",
    "absent_products": "Products that such a file lacks",
    "state": "State or region",
    "postal_code": "Postal code",
}
WIDGETS: dict[str, forms.Widget | type[forms.Widget]] = {
    "address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"})
}


class ProfileForm(VendorForm):
    """What owners may change. The name and the address are no fields of the model here: neither is simply stored, and
    whether another company has the address isn't told to who typed it."""

    vendor_name = forms.CharField(label=LABELS["vendor_name"], max_length=200, validators=[one_line])
    email = forms.EmailField(
        label=LABELS["email"],
        max_length=255,
        validators=[addresses.one_spelling],
        help_text="Results of files that we import for you are sent here.",
    )
    field_order = [*CONTACT, *BUSINESS, *WAITING, *WHOLE]

    class Meta:
        model = Vendor
        fields = ["phone", *BUSINESS, *WAITING, *WHOLE]
        labels = LABELS
        widgets = WIDGETS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["vendor_name"] = self.instance.requested_name or self.instance.vendor_name
        self.initial["email"] = self.instance.email
        self.fields["absent_products"].required = False

    def clean_absent_products(self) -> str:
        """Who sends none leaves it as it is."""
        return str(self.cleaned_data["absent_products"] or self.instance.absent_products)

    @property
    def stored(self) -> list[str]:
        """The changed fields that are stored as they were typed."""
        return [
            name for name in self.changed_data
            if name in self.Meta.fields and (name not in WHOLE or self.cleaned_data[name] != self.initial[name])
        ]  # fmt: skip


@vendor_page(VendorMember.Role.VIEWER)
def page(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The company's data: a form for owners, to be read by the others."""
    owner = may_here(request, VendorMember.Role.OWNER)
    if request.method == "POST":
        if not owner:
            raise PermissionDenied("Only owners can change the profile.")
        if ASK_AGAIN in request.POST and vendor.is_declined:
            return _ask_again(request, vendor)
        form = ProfileForm(request.POST, instance=Vendor.objects.get(pk=vendor.pk))
        if form.is_valid():
            return _save(form, request)
    else:
        form = ProfileForm(instance=vendor)
    titles = (
        ("Contact", CONTACT),
        ("Business", BUSINESS),
        ("Rows that wait", WAITING),
        ("Files with the whole catalog", WHOLE),
    )
    groups = [(title, [form[name] for name in names]) for title, names in titles]
    facts = [(form[name].label, getattr(vendor, name)) for name in [*CONTACT, *BUSINESS]]
    facts += [(form[name].label, "Yes" if getattr(vendor, name) else "No") for name in WAITING]
    facts += [(form["absent_products"].label, vendor.get_absent_products_display())]
    shown = {"vendor": vendor, "section": "profile", "form": form, "groups": groups, "facts": facts, "owner": owner}
    return render(request, "vendors/portal/profile.html", shown)


def _ask_again(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """What was declined is looked at again, as its profile is now."""
    if approval.ask_again(vendor.pk, request.user):
        messages.success(request, "We look at your company again, and send the owners an e-mail then.")
    return redirect("vendor:profile", vendor.pk)


def _save(form: ProfileForm, request: HttpRequest) -> HttpResponseBase:
    """Write what was changed, and only that: staff may have changed the status since the page was opened."""
    vendor = form.save(commit=False)
    written = form.stored
    if "vendor_name" in form.changed_data:
        asked = form.cleaned_data["vendor_name"]
        vendor.requested_name = None if asked == vendor.vendor_name else asked
        written = [*written, "requested_name"]
    if written:
        vendor.save(update_fields=written)
        names = get_text_list([cast(str, form.fields[name].label) for name in form.stored], "and")
        if form.stored:
            log_change(request.user, vendor, f"Profile changed by an owner: {names}.")
        if "requested_name" in written:
            log_change(request.user, vendor, f"New name asked for by an owner: {vendor.requested_name or 'none more'}.")
    if written or "email" not in form.changed_data:
        messages.success(request, "Your profile is saved.")
    if "email" not in form.changed_data:
        return redirect("vendor:profile", vendor.pk)
    email = form.cleaned_data["email"].lower()
    if addresses.is_proved_by(cast(Any, request.user), email):
        return _give(request, vendor, email)
    return proof.start(request, "company", email, {"vendor": vendor.pk})


def finish(request: HttpRequest, proved: proof.Proof) -> HttpResponseBase:
    """The company's new address is proved. Who asked for it may be an owner no more by now."""
    member = get_object_or_404(
        VendorMember.objects.select_related("vendor"),
        vendor=proved.data["vendor"], user=request.user.pk, role=VendorMember.Role.OWNER,
    )  # fmt: skip
    return _give(request, member.vendor, proved.email)


def _give(request: HttpRequest, vendor: Vendor, email: str) -> HttpResponseBase:
    """Store an address that was proved. Only who reads its mail learns here that another company has it."""
    if _take_over(request, vendor, email):
        messages.success(request, f"{email} is your company's address now.")
    else:
        messages.error(request, f"{email} can't be used here: another company has it. Choose another one.")
    return redirect("vendor:profile", vendor.pk)


def _take_over(request: HttpRequest, vendor: Vendor, email: str) -> bool:
    """False where another company has the address, in whatever case staff typed it, or got it a moment ago."""
    if Vendor.objects.filter(email__iexact=email).exclude(pk=vendor.pk).exists():
        return False
    try:
        with transaction.atomic():
            vendor.email = email
            vendor.save(update_fields=["email"])
            log_change(request.user, vendor, f"Company e-mail changed by an owner, who proved it: {email}.")
    except IntegrityError as error:
        if "vendors_email_key" not in str(error):
            raise
        return False
    return True

"""Applying as a vendor, open to everybody: an account, a company that waits for approval, and its first owner.

All of it or nothing is made, in one transaction. Whether an address is known here isn't told to who types it, but to
who reads its mail. The account opens when the address was confirmed.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.forms import SignupForm
from allauth.account.internal.flows.signup import prevent_enumeration
from allauth.account.views import SignupView
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.forms import fields_for_model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from vendors.models import Vendor, VendorMember
from vendors.portal.profile import BUSINESS, LABELS, WIDGETS

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PERSON = ["email", "password1"]
COMPANY = ["vendor_name", "country", "phone", *(name for name in BUSINESS if name != "country")]
REQUIRED = ["vendor_name", "country"]


class ApplicationForm(SignupForm):  # type: ignore[misc] # allauth has no types
    """The account's address and password, and the company's data. The address is the company's too, at first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Vendor, COMPANY, labels=LABELS, widgets=WIDGETS))
        for name in REQUIRED:
            self.fields[name].required = True
        self.fields["country"].initial = None
        self.fields["email"].label = "Your e-mail at work"
        self.fields["email"].help_text = "You sign in with it, and it gets the results of your uploads."
        self.fields["password1"].label = "Choose a password"

    def groups(self) -> list[tuple[str, list[Any]]]:
        """The fields as the page shows them."""
        return [
            ("You", [self[name] for name in PERSON]),
            ("Your company", [self[name] for name in ("vendor_name", "country", "phone")]),
            ("Business data", [self[name] for name in COMPANY if name not in ("vendor_name", "country", "phone")]),
        ]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if Vendor.objects.filter(email__iexact=email).exists():
            self.account_already_exists = True
        return email

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """The new user, or the answer where the address is known: it looks and lasts as for a new one."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
            return None, prevent_enumeration(request, email=self.cleaned_data["email"])
        try:
            with transaction.atomic():
                user = self.save(request)
                open_vendor(user, {name: self.cleaned_data[name] or None for name in COMPANY})
        except IntegrityError as error:
            if "vendors_email_key" not in str(error):
                raise
            # Somebody applied with the same address a moment earlier.
            return None, prevent_enumeration(request, email=self.cleaned_data["email"])
        return user, None


def open_vendor(owner: "User", data: dict[str, Any]) -> Vendor:
    """A pending vendor with an ID of its own and its first owner; runs in the caller's transaction."""
    vendor = Vendor.objects.create(vendor_id=_new_vendor_id(), email=owner.email, status=Vendor.Status.PENDING, **data)
    VendorMember.objects.create(vendor=vendor, user=owner, role=VendorMember.Role.OWNER)
    LogEntry.objects.log_actions(owner.pk, [vendor], ADDITION, "Applied on the web.", single_object=True)
    return vendor


def _new_vendor_id() -> str:
    """Like VEND004, never given twice: a sequence, which waits for nobody, past the IDs that staff gave by hand."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('vendor_numbers')")
            vendor_id = f"VEND{cursor.fetchone()[0]:03d}"
        if not Vendor.objects.filter(pk=vendor_id).exists():
            return vendor_id


class ApplyView(SignupView):  # type: ignore[misc]
    """The public page."""

    template_name = "vendors/portal/apply.html"

    def get_form_class(self) -> type[ApplicationForm]:
        return ApplicationForm


def page(request: HttpRequest) -> HttpResponseBase:
    """Apply as a vendor."""
    answer: HttpResponseBase = ApplyView.as_view()(request)
    return answer

"""Applying as a vendor, open to everybody: an account, a company that waits for approval, and its first owner.

All of it or nothing is made, in one transaction, when the address is proved by the code that is sent to it; until then
the application waits in the browser's session. Whether an address is known here isn't told to who types it, but to who
reads its mail.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.forms import SignupForm
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.views import SignupView
from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.forms import fields_for_model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from config import addresses
from config.web.names import one_line, some_lines
from vendors import proof
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
        for name in COMPANY:  # a field of a form has the length of the model's, but not its other rules
            self.fields[name].validators.append(some_lines if name == "address" else one_line)
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

    def validate_unique_email(self, value: str) -> str:
        """Known is what somebody has proved, or staff entered for a company. Claims keep nobody from applying."""
        self.account_already_exists = _is_known(value)
        return value

    def try_save(self, request: HttpRequest) -> tuple[None, HttpResponseBase]:
        """Nothing is made yet. A known address gets the same answer as a new one, after the same work."""
        data = {
            "password": make_password(self.cleaned_data["password1"]),
            "company": {name: self.cleaned_data[name] or None for name in COMPANY},
        }
        email, known = self.cleaned_data["email"], self.account_already_exists
        return None, proof.start(request, "application", email, data, known=known)


def _is_known(email: str) -> bool:
    """Vendors' addresses as staff typed them, in whatever case."""
    return Vendor.objects.filter(email__iexact=email).exists() or addresses.owner(email) is not None


def finish(request: HttpRequest, proved: proof.Proof) -> HttpResponseBase:
    """The address is proved: make the account and the company, and sign in."""
    user = None if _is_known(proved.email) else _open(request, proved)
    if user is None:
        messages.error(request, f"{proved.email} became known here a moment ago, so no second account was made.")
        return redirect("account_login")
    answer: HttpResponseBase = complete_signup(request, user=user)
    return answer


def _open(request: HttpRequest, proved: proof.Proof) -> "User | None":
    """The account and its company; None where another browser was faster with the same address."""
    try:
        with transaction.atomic():
            user = proof.open_account(request, proved.email, proved.data["password"])
            open_vendor(user, proved.data["company"])
    except IntegrityError as error:
        if not any(key in str(error) for key in ("vendors_email_key", "unique_verified_email")):
            raise
        return None
    return user


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

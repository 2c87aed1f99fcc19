"""The page on which a vendor's owners make tokens for its programs, and revoke them."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from config.web.names import one_line
from vendors import mails
from vendors.access import vendor_page
from vendors.models import ApiToken, Vendor, VendorMember
from vendors.tokens import make

OWNER = VendorMember.Role.OWNER
SHOWN = 200  # the newest; of those that work there are fewer (make.OF_ONE_VENDOR)
DAYS = [(30, "30 days"), (90, "90 days"), (180, "half a year"), (365, "a year"), (730, "two years")]
SCOPES = [(scope.value, f"{scope.value}: {scope.label}") for scope in ApiToken.Scope]


class TokenForm(forms.Form):
    """What a program needs a token for, and for how long."""

    name = forms.CharField(
        label="Name", max_length=80, validators=[one_line], help_text="What uses it, like “ERP, nightly”."
    )
    scopes = forms.MultipleChoiceField(
        label="It may", choices=SCOPES, widget=forms.CheckboxSelectMultiple,
        initial=[ApiToken.Scope.FEEDS_READ, ApiToken.Scope.FEEDS_WRITE, ApiToken.Scope.PRODUCTS_READ],
    )  # fmt: skip
    days = forms.TypedChoiceField(label="It works for", choices=DAYS, coerce=int, initial=365)


@vendor_page(OWNER)
def listing(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The vendor's tokens, and the form to make one. The text of a new one stands on this answer alone."""
    form, made, text = TokenForm(request.POST or None), None, ""
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        expires_at = timezone.now() + timedelta(days=asked["days"])
        try:
            made, text = make.make(vendor, asked["name"], asked["scopes"], expires_at, cast(Any, request.user))
            form = TokenForm()
            mails.tell_of_token(made)
        except make.NotPossible as refused:
            form.add_error(None, str(refused))
    shown = {
        "vendor": vendor,
        "section": "programs",
        "tokens": ApiToken.objects.filter(vendor=vendor).select_related("created_by")[:SHOWN],
        "most": SHOWN,
        "now": timezone.now(),
        "form": form,
        "made": made,
        "text": text,
    }
    return render(request, "vendors/portal/tokens.html", shown)


@vendor_page(OWNER)
def token(request: HttpRequest, vendor: Vendor, token_id: int) -> HttpResponseBase:
    """One token: revoke it."""
    found = get_object_or_404(ApiToken.objects.select_related("vendor"), pk=token_id, vendor=vendor)
    if request.method == "POST":
        try:
            if make.revoke(found, cast(Any, request.user)):
                messages.success(request, f"The token “{found.name}” is revoked: it opens nothing any more.")
        except make.NotPossible as refused:
            messages.error(request, str(refused))
        return redirect("vendor:programs", vendor.pk)
    return render(request, "vendors/portal/token.html", {"vendor": vendor, "section": "programs", "one": found})

"""The pages on which a vendor's owners decide who works for it."""

from typing import Any, cast

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from config.addresses import one_spelling
from vendors import invitations, mails
from vendors import members as people
from vendors.access import vendor_page
from vendors.models import Invitation, Vendor, VendorMember

OWNER = VendorMember.Role.OWNER
MEANINGS = {
    VendorMember.Role.OWNER: "all of it, and these members",
    VendorMember.Role.UPLOADER: "sends files and corrects rows",
    VendorMember.Role.VIEWER: "looks only",
}
ROLES = [(role.value, f"{role.label}: {MEANINGS[role]}") for role in VendorMember.Role]


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label="E-mail", max_length=254, validators=[one_spelling])
    role = forms.ChoiceField(choices=ROLES, initial=VendorMember.Role.UPLOADER)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=ROLES)


@vendor_page(OWNER)
def listing(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Who works for the vendor, who is invited, and the form to invite one more."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if refusal := _limited(request, vendor):
            return refusal
        if _invite(request, vendor, **form.cleaned_data):
            return redirect("vendor:members", vendor.pk)
    shown = {
        "vendor": vendor,
        "section": "members",
        "members": vendor.members.select_related("user"),
        "invitations": invitations.waiting(vendor).select_related("invited_by"),
        "now": timezone.now(),
        "form": form,
    }
    return render(request, "vendors/portal/members.html", shown)


def _limited(request: HttpRequest, vendor: Vendor) -> HttpResponseBase | None:
    """Mails in our name go out at somebody's word here, so only to so many addresses."""
    answer: HttpResponseBase | None = ratelimit.consume_or_429(request, action="invite", key=vendor.pk)
    return answer


def _invite(request: HttpRequest, vendor: Vendor, email: str, role: str) -> bool:
    if not vendor.is_active:
        messages.error(request, "Colleagues can be invited when your company is approved.")
        return False
    try:
        invitation, token = invitations.invite(vendor, email, role, cast(Any, request.user))
    except people.NotPossible as refused:
        messages.error(request, str(refused))
        return False
    if mails.invite(invitation, token):
        messages.success(request, f"{invitation.email} is invited. The link works for 7 days.")
    else:
        messages.error(request, "The mail couldn't be sent. Try again later: invite the same address once more.")
    return True


@vendor_page(OWNER)
def member(request: HttpRequest, vendor: Vendor, member_id: int) -> HttpResponseBase:
    """One member: another role, or out."""
    found = get_object_or_404(VendorMember.objects.select_related("user", "vendor"), pk=member_id, vendor=vendor)
    form = RoleForm(request.POST or None, initial={"role": found.role})
    if request.method == "POST" and ("remove" in request.POST or form.is_valid()):
        return _decide(request, found, form)
    shown = {"vendor": vendor, "section": "members", "form": form, "one": found}
    return render(request, "vendors/portal/member.html", shown)


def _decide(request: HttpRequest, found: VendorMember, form: RoleForm) -> HttpResponseBase:
    by, name = cast(Any, request.user), people.shown(found.user)
    try:
        if "remove" in request.POST:
            people.remove(found, by)
            messages.success(request, f"{name} has no access any more.")
        else:
            people.change_role(found, form.cleaned_data["role"], by)
            messages.success(request, f"{name} is {form.cleaned_data['role']} now.")
    except people.NotPossible as refused:
        messages.error(request, str(refused))
        return redirect("vendor:member", found.vendor_id, found.pk)
    # Who took this right away from himself has no business on the list any more.
    return redirect("start") if found.user == by else redirect("vendor:members", found.vendor_id)


@vendor_page(OWNER)
def invitation(request: HttpRequest, vendor: Vendor, invitation_id: int) -> HttpResponseBase:
    """One invitation: withdraw it."""
    found = get_object_or_404(Invitation.objects.select_related("vendor"), pk=invitation_id, vendor=vendor)
    if request.method == "POST":
        try:
            invitations.withdraw(found, cast(Any, request.user))
            messages.success(request, f"The invitation of {found.email} is withdrawn: its link opens nothing.")
        except people.NotPossible as refused:
            messages.error(request, str(refused))
        return redirect("vendor:members", vendor.pk)
    return render(request, "vendors/portal/invitation.html", {"vendor": vendor, "section": "members", "one": found})

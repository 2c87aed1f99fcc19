"""Where the link of an invitation leads: to sign up, to sign in, or straight to a yes.

The link alone lets nobody in, since links get forwarded and logged: who accepts has proved the invited address.
"""

from typing import Any, cast

from allauth.account.forms import SignupForm
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.views import SignupView
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from config import addresses
from vendors import invitations, proof
from vendors.models import Invitation


class InvitedForm(SignupForm):  # type: ignore[misc] # allauth has no types
    """A password for the address that was invited."""

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.initial["email"] = invitation.email
        self.fields["email"].disabled = True  # what a browser sends for it is ignored
        self.fields["password1"].label = "Choose a password"

    def validate_unique_email(self, value: str) -> str:
        return value  # nobody has proved it, or the page would be another one

    def try_save(self, request: HttpRequest) -> tuple[None, HttpResponseBase]:
        """Nothing is made before the address is proved."""
        data = {"password": make_password(self.cleaned_data["password1"]), "invitation": self.invitation.pk}
        return None, proof.start(request, "invitation", self.invitation.email, data)


class InvitedView(SignupView):  # type: ignore[misc]
    """Sign-up for who was invited."""

    template_name = "vendors/portal/invited.html"
    invitation: Invitation

    def get_form_class(self) -> type[InvitedForm]:
        return InvitedForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "invitation": self.kwargs["invitation"]}


def finish(request: HttpRequest, proved: proof.Proof) -> HttpResponseBase:
    """The address is proved: make the account with its membership, or neither, and sign in."""
    try:
        with transaction.atomic():
            user = proof.open_account(request, proved.email, proved.data["password"])
            invitations.accept(Invitation.objects.select_related("vendor").get(pk=proved.data["invitation"]), user)
    except (Invitation.DoesNotExist, invitations.Gone):
        return _gone(request)
    except IntegrityError as error:
        if "unique_verified_email" not in str(error):
            raise
        messages.error(request, f"{proved.email} has an account by now: sign in, and open the link once more.")
        return redirect("account_login")
    answer: HttpResponseBase = complete_signup(request, user=user)
    return answer


@never_cache
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show whom the invitation is from, and take the answer."""
    invitation = invitations.find(token)
    if invitation is None:
        return _gone(request)
    if request.user.is_authenticated:
        return _for_user(request, invitation)
    if addresses.owner(invitation.email):
        return render(request, "vendors/portal/invited_sign_in.html", {"invitation": invitation})
    answer: HttpResponseBase = InvitedView.as_view()(request, token=token, invitation=invitation)
    return answer


def _for_user(request: HttpRequest, invitation: Invitation) -> HttpResponseBase:
    user = cast(Any, request.user)
    mine = invitations.is_for(invitation, user)
    if request.method == "POST" and mine:
        try:
            invitations.accept(invitation, user)
        except invitations.Gone:
            return _gone(request)
        return redirect("vendor:home", invitation.vendor_id)
    return render(request, "vendors/portal/invited_user.html", {"invitation": invitation, "mine": mine})


def _gone(request: HttpRequest) -> HttpResponseBase:
    return render(request, "vendors/portal/invited_gone.html", status=404)

"""Where the link of an invitation leads: to sign up, to sign in, or straight to a yes."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.views import SignupView
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from vendors import invitations
from vendors.models import Invitation


class InvitedForm(SignupForm):  # type: ignore[misc] # allauth has no types
    """A password for the address that was invited. The link was sent there, so the address needs no other mail."""

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.initial["email"] = invitation.email
        self.fields["email"].disabled = True  # what a browser sends for it is ignored
        self.fields["password1"].label = "Choose a password"

    def save(self, request: HttpRequest) -> Any:
        """The account with its membership, or neither. Raises Gone."""
        with transaction.atomic():
            get_adapter().stash_verified_email(request, self.invitation.email)
            user = super().save(request)
            invitations.accept(self.invitation, user)
        return user


class InvitedView(SignupView):  # type: ignore[misc]
    """Sign-up for who was invited."""

    template_name = "vendors/portal/invited.html"
    invitation: Invitation

    def get_form_class(self) -> type[InvitedForm]:
        return InvitedForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "invitation": self.kwargs["invitation"]}

    def form_valid(self, form: InvitedForm) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = super().form_valid(form)
        except invitations.Gone:
            return _gone(self.request)
        return answer


@never_cache
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show whom the invitation is from, and take the answer."""
    invitation = invitations.find(token)
    if invitation is None:
        return _gone(request)
    if request.user.is_authenticated:
        return _for_user(request, invitation)
    if filter_users_by_email(invitation.email):
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

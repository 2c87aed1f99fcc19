"""Proving an address: a code goes there by mail, and is typed in the browser that asked for it.

What waits for the proof (an application, the answer to an invitation, a company's new address) stands in that browser's
session alone, for 15 minutes and three wrong codes. So an address that nobody has proved is in no table, keeps nobody
from using it, and a link that others get hold of opens nothing.
"""

from typing import TYPE_CHECKING, Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.core import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from config import addresses

if TYPE_CHECKING:
    from django.contrib.auth.models import User

KEY = "address_to_prove"  # in the session


class Proof(AbstractCodeVerificationProcess):  # type: ignore[misc] # allauth has no types
    """One address that waits for its code, and what is to happen then: `kind` says what, `data` with what."""

    def __init__(self, request: HttpRequest, state: dict[str, Any]) -> None:
        self.request = request
        super().__init__(
            max_attempts=app_settings.EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS,
            timeout=app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
            state=state,
        )
        self.kind: str = state["kind"]
        self.email: str = state["email"]
        self.data: dict[str, Any] = state["data"]

    @property
    def can_resend(self) -> bool:
        return not self.is_resend_quota_reached(app_settings.EMAIL_VERIFICATION_MAX_RESEND_COUNT)

    def send(self) -> None:
        """The code; to an address that is known here, the advice to use it. Who typed it sees no difference."""
        adapter = get_adapter()
        if self.state["known"]:
            adapter.send_account_already_exists_mail(self.email)
            return
        self.state["code"] = adapter.generate_email_verification_code()
        adapter.send_mail("account/email/email_confirmation", self.email, {"code": self.code})

    def is_right(self, code: str) -> bool:
        """Whether this is the code that was sent; for an address that is known no code is."""
        return bool(compare_user_code(actual=code, expected=self.code))

    def persist(self) -> None:
        self.request.session[KEY] = self.state

    def abort(self) -> None:
        self.request.session.pop(KEY, None)


def start(
    request: HttpRequest, kind: str, email: str, data: dict[str, Any], *, known: bool = False
) -> HttpResponseBase:
    """Send a code to the address, in place of one before, and lead to the page that takes it; 429 after too many."""
    state = Proof.initial_state(user=None, email=email.lower()) | {"kind": kind, "data": data, "known": known}
    return _send(Proof(request, state)) or redirect("prove")


def resend(proof: Proof) -> HttpResponseBase:
    """Another code in place of the one before, with the time and the attempts that are left."""
    proof.record_resend()
    return _send(proof) or redirect("prove")


def _send(proof: Proof) -> HttpResponseBase | None:
    limited: HttpResponseBase | None = ratelimit.consume_or_429(proof.request, action="confirm_email", key=proof.email)
    if limited is None:
        proof.send()
        proof.persist()
    return limited


def pending(request: HttpRequest) -> Proof | None:
    """What waits in this browser, as long as it may."""
    state = request.session.get(KEY)
    found: Proof | None = Proof(request, state).abort_if_invalid() if state else None
    return found


@transaction.atomic
def open_account(request: HttpRequest, email: str, password: str) -> "User":
    """An account whose owner has proved the address; `password` is hashed. IntegrityError if it has one by now."""
    user = get_user_model()(email=email, password=password)
    get_adapter().populate_username(request, user)
    user.save()
    addresses.own(user, email)
    return user

"""Browsers in which somebody has signed in before: their tries are counted apart from everybody else's.

A lock that counts by the login alone would let strangers shut anybody out for as long as they like, with a wrong
password a minute. So a sign-in leaves a signed cookie (OWASP: "device cookies"), with which a browser has as many
tries of its own at this one account, and no more. It opens nothing.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

COOKIE = "known"
KEPT = timedelta(days=90)
_SALT = "a browser that is known"


def remembered(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: a browser in which somebody has just signed in is known from now on, as theirs alone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        account = getattr(request, "signed_in_now", None)
        if account is not None:
            response.set_cookie(
                COOKIE, signing.dumps([account, secrets.token_urlsafe(12)], salt=_SALT), max_age=KEPT, httponly=True,
                secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
            )  # fmt: skip
        return response

    return middleware


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    request.signed_in_now = user.pk  # type: ignore[attr-defined] # for the middleware


def is_there(request: HttpRequest) -> bool:
    """Whether the browser says that it is known, to anybody."""
    return COOKIE in request.COOKIES


def name(request: HttpRequest, user: Any) -> str:
    """What this browser is known by to the account; "" where it isn't known to it."""
    try:
        account, found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=KEPT)
    except signing.BadSignature:
        return ""
    return str(found) if user is not None and account == user.pk else ""

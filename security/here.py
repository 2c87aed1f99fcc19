"""Who asks, from which address and with which program: of the request that this thread is answering, if it is any."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def remembered(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: while a request is answered, what is noted is noted as its doing."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(token)

    return middleware


def request() -> HttpRequest | None:
    """The request that is being answered; None in a worker, a command, a shell."""
    return _request.get()


def person(asked: HttpRequest | None) -> Any:
    """Who is signed in, or None."""
    user = getattr(asked, "user", None)
    return user if user is not None and user.is_authenticated else None


def address(asked: HttpRequest | None) -> str:
    """The visitor's address, as TRUSTED_PROXIES says whose word to take; "" where nobody names one."""
    if asked is None:
        return ""
    try:
        return str(get_adapter().get_client_ip(asked))
    except (PermissionDenied, ImproperlyConfigured):  # none at all, or fewer proxies than TRUSTED_PROXIES says
        return ""


def agent(asked: HttpRequest | None) -> str:
    """What the program says of itself: it may say anything."""
    return asked.headers.get("User-Agent", "") if asked else ""

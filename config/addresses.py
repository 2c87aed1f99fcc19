"""Addresses with a NUL character: nothing of ours has one, and PostgreSQL takes none, so no view has to think of it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 400 for an address whose path has one."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return HttpResponseBadRequest("No such address.") if "\0" in request.path else get_response(request)

    return middleware

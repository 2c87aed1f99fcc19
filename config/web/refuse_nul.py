"""NUL characters: nothing of ours has one, and PostgreSQL takes none, so no view has to think of it."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase


class RefuseNul:
    """Middleware: 400 for an address whose path has one, and for a query or a form with one that gets to the database.

    Pages that make something of it, such as a search or the cell of a row, still do.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return HttpResponseBadRequest("No such address.") if "\0" in request.path else self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        sent = [text for form in (request.GET, request.POST) for texts in form.lists() for text in texts[1]]
        if isinstance(exception, DataError) and any("\0" in text for text in sent):
            return HttpResponseBadRequest("Null characters are not allowed.")
        return None

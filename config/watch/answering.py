"""Middleware, the first of all: a request gets its ID, and is measured and logged by the view that answers it.

The ID is the one that a proxy names in X-Request-ID, if it looks like one; the answer has it in the same header, every
line that is logged meanwhile has it, and so has what the tasks log that are woken. A request is never told by its path,
which may hold a token: by the pattern of its address, the name of its view, and what the pattern takes of uploads and
vendors.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.watch import ids, meters, traces
from config.watch.pages import IDS, ROUTE, method_of, route_of, view_of

HEADER: Final = "X-Request-ID"

Handler = Callable[[HttpRequest], HttpResponseBase]


class Watched:
    """Middleware."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        own = ids.for_request(request.headers.get(HEADER, ""))
        with ids.of({ids.REQUEST: own}), traces.span("request", method=method_of(request.method)) as span:
            response = self.get_response(request)
            view, status = view_of(request), f"{response.status_code // 100}xx"
            response[HEADER] = own
            request.META[ROUTE], request.META[IDS] = route_of(request), ids.known()
            span.named(f"request {view}", view=view, status=response.status_code)
            meters.took(meters.REQUESTS, time.perf_counter() - began, view, status)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """The address names them before anybody has asked whether they are there, or whose."""
        ids.add(upload=kwargs.get("upload_id"), vendor=kwargs.get("vendor_id"))

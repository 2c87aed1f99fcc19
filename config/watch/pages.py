"""How a request is told, in figures, lines and traces: by what is written in code, never by what was sent.

A path may hold a token, and anybody can make one up. So a page is its view's name or the pattern of its address, and
a method is one that there is.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from django.http import HttpRequest

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "OTHER"
NO_VIEW: Final = "none"
NO_PAGE: Final = "(no page)"
# In the WSGI environment, for the server's own lines (server.py).
ROUTE: Final = "onboarding.route"
IDS: Final = "onboarding.ids"


def view_of(request: "HttpRequest") -> str:
    """The view's name; NO_VIEW for what no view answers."""
    match = request.resolver_match
    return match.view_name or NO_VIEW if match else NO_VIEW


def route_of(request: "HttpRequest") -> str:
    """The pattern of the address, without what it takes: `/invitation/<str:token>/`."""
    match = request.resolver_match
    return f"/{match.route}" if match else NO_PAGE


def method_of(said: str | None) -> str:
    """The method that was said, if there is such."""
    return said if said in METHODS else OTHER

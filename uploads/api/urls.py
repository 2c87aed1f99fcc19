"""The addresses of the HTTP API. Each module with calls has a router."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from uploads.api import pages, targets
from uploads.api.base import api, guarded
from uploads.api.calls import corrections, listing, me, products, reference, rows
from uploads.api.problems import Problem

# Those with more behind the ID come first, since a feed's ID may have slashes.
api.add_router("", corrections.router)  # that of rows.py, with what corrections.py adds
api.add_router("", listing.router)  # that of feeds.py, with the list
api.add_router("", products.router)
api.add_router("", reference.router)
api.add_router("", me.router)


def _nothing(request: HttpRequest) -> HttpResponseBase:
    raise Problem("not-found", "There is no such call.")


def _patterns() -> list[URLPattern]:
    """The calls; ninja's own page at their root is another one here."""
    found = [one for one in api.urls[0] if isinstance(one, URLPattern) and one.name != "api-root"]
    for one in found:
        one.callback = guarded(one.callback)
    return found


app_name = "api"
urlpatterns = [
    path("", pages.page, name="document"),
    path("openapi.json", pages.openapi, name="openapi"),
    path("problems/<slug:code>", pages.problem, name="problem"),
    path("codes/<slug:code>", pages.code, name="code"),
    path("targets/<str:signed>", targets.put, name="target"),
    path("files/<str:signed>", rows.file, name="file"),
    *_patterns(),
    re_path(r"", guarded(_nothing), name="nothing"),
]

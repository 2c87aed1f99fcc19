"""The addresses of the HTTP API. Each module with calls has a router."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from uploads.api import corrections, listing, me, products, reference, rows, targets
from uploads.api.base import api, guarded
from uploads.api.problems import Problem

# Before those of a feed, whose ID may have slashes.
api.add_router("", corrections.router)  # that of rows.py, with what corrections.py adds
api.add_router("", listing.router)  # that of feeds.py, with the list
api.add_router("", products.router)
api.add_router("", reference.router)
api.add_router("", me.router)


def _nothing(request: HttpRequest) -> HttpResponseBase:
    raise Problem("not-found", "There is no such call.")


def _patterns() -> list[URLPattern]:
    found = [one for one in api.urls[0] if isinstance(one, URLPattern)]
    for one in found:
        one.callback = guarded(one.callback)
    return found


app_name = "api"
urlpatterns = [
    *_patterns(),
    path("targets/<str:signed>", targets.put, name="target"),
    path("files/<str:signed>", rows.file, name="file"),
    re_path(r"", guarded(_nothing), name="nothing"),
]

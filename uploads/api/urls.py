"""The addresses of the HTTP API."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from uploads.api import pages, targets
from uploads.api.base import guarded
from uploads.api.calls import rows
from uploads.api.every_call import api
from uploads.api.problems import Problem


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

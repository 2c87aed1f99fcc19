"""The addresses of the HTTP API. Each module with calls has a router."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path

from uploads.api import me
from uploads.api.base import api, guarded
from uploads.api.problems import Problem

api.add_router("", me.router)


def _nothing(request: HttpRequest) -> HttpResponseBase:
    raise Problem("not-found", "There is no such call.")


def _patterns() -> list[URLPattern]:
    found = [one for one in api.urls[0] if isinstance(one, URLPattern)]
    for one in found:
        one.callback = guarded(one.callback)
    return found


app_name = "api"
urlpatterns = [*_patterns(), re_path(r"", guarded(_nothing), name="nothing")]

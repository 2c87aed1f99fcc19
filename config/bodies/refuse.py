"""Middleware: what an address doesn't take is refused before anything of it is read, with a sentence.

Django itself would write a file of any size to disk before it asks whose it is. This stands behind whatever says who
somebody is, and in front of all that reads a form: those before it read no body, and views come after it.
"""

import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import Resolver404, ResolverMatch, resolve

from config.accounts import missing_step
from config.bodies.limits import ANY, FORM, RECEIVING, Takes, table
from uploads.api import problems, targets
from uploads.api.base import scopes_of
from uploads.api.problems import Problem
from vendors.access import may_as, membership

Handler = Callable[[HttpRequest], HttpResponseBase]

API: Final = "/api/v1/"
PROBLEMS: Final = {  # by the status of what is refused there
    408: "too-slow", 411: "length-required", 413: "too-large", 415: "unsupported-media-type", 503: "busy",
}  # fmt: skip
ASKED: Final = "/may-send/"  # what the proxy asks before it takes a large body: it would keep that on its own disk
RETRY_SECONDS: Final = 10
NO_LENGTH = "What was sent doesn't say how long it is. Send it with a Content-Length."
NO_FILES = "This page takes no files. Nothing of what you sent was kept."
TOO_MANY = "We are receiving as many files as we can at once. Nothing was kept; try again in a few seconds."
TOO_SLOW = "What you sent came too slowly, and was broken off. Nothing was kept; try again."
SPLIT = " If it is a file of products, split it into several."


class _NoFiles(FileUploadHandler):
    """Passes over all files, so that nothing of them is kept, and knows whether there were any."""

    met = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.met = True
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def refused(get_response: Handler) -> Handler:
    """Middleware: 413, 411, 415, 503 and 408 in words."""
    receiving = threading.BoundedSemaphore(RECEIVING)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == ASKED:
            return HttpResponse(status=204 if _may_send(request) else 403)
        if "Transfer-Encoding" in request.headers:
            return _page(request, 411, "Too little said", NO_LENGTH)
        length, taken = _length(request), ANY
        if length > FORM or _has_parts(request):
            taken, listed = _taken_from(request)
            if length > taken.size:
                return _too_large(request, taken, listed)
            if _has_parts(request) and not taken.files and _files_met(request) and not listed.files:
                return _page(request, 415, "No files here", NO_FILES)
        if length <= FORM:
            return get_response(request)
        if not receiving.acquire(blocking=False):
            busy = _page(request, 503, "Busy", TOO_MANY)
            busy["Retry-After"] = str(RETRY_SECONDS)
            return busy
        try:
            response = get_response(request)
        finally:
            receiving.release()
        # Set by gunicorn where reading failed: it was too slow for worker.py, or whoever sent it is gone.
        broken_off = getattr(request.META.get("wsgi.input"), "failed", False)
        return _page(request, 408, "Too slow", TOO_SLOW) if broken_off is True else response

    return middleware


def _length(request: HttpRequest) -> int:
    """How much is announced, of which Django reads no more; what isn't a number is none to it either."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _has_parts(request: HttpRequest) -> bool:
    return request.method == "POST" and request.content_type == "multipart/form-data"


def _taken_from(request: HttpRequest) -> tuple[Takes, Takes]:
    """What the address takes from whoever asks, and what it takes from those who may."""
    listed, may = _listed(request, request.path_info)
    if listed.files and not _has_parts(request):
        return ANY, listed
    return (listed, listed) if may else (ANY, listed)


def _may_send(request: HttpRequest) -> bool:
    """Whether the proxy may take from this person what it was sent, to the address and by the method that it names."""
    asked = request.headers
    path = unquote(asked.get("X-Asked-Path", "").partition("?")[0])
    return asked.get("X-Asked-Method") != "POST" or _listed(request, path)[1]


def _listed(request: HttpRequest, path: str) -> tuple[Takes, bool]:
    """What an address takes from those who may, and whether whoever asks is one of them."""
    try:
        match = resolve(path)
    except Resolver404:
        return ANY, True
    listed = table().get(match.view_name, ANY)
    return listed, listed == ANY or _may(request, match, listed)


def _may(request: HttpRequest, match: ResolverMatch, listed: Takes) -> bool:
    """Whether whoever asks may do there what so much is sent for; the view asks again."""
    if match.view_name == "api:target":
        return targets.asked_for(match.kwargs["signed"]) is not None
    if listed.scope:
        return listed.scope in scopes_of(request)
    user = request.user
    if not user.is_authenticated or (settings.STAFF_NEEDS_TOTP and missing_step(request)):
        return False
    role = getattr(match.func, "vendor_role", None)
    if role is None:
        return user.is_staff and user.has_perms(listed.permissions)
    member = membership(user, match.kwargs["vendor_id"])
    return member is not None and may_as(member, role)


def _files_met(request: HttpRequest) -> bool:
    """Reads a form of at most FORM bytes, or as many as the page takes, and says whether there was a file in it."""
    passed = _NoFiles(request)
    request.upload_handlers = [passed]
    try:
        _ = request.POST
    except (UnreadablePostError, RequestDataTooBig):  # the view meets it again, and it is its answer
        return False
    return passed.met


def _too_large(request: HttpRequest, taken: Takes, listed: Takes) -> HttpResponseBase:
    sentence = f"What you sent is larger than {filesizeformat(taken.size)}, which is all that this page takes"
    if taken == listed:
        sentence += "." + (SPLIT if taken.files else "")
    else:
        sentence += " from you. Sign in first, as somebody who may send more here."
    return _page(request, 413, "Too large", sentence)


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponseBase:
    if request.path_info.startswith(API):
        return problems.response(Problem(PROBLEMS[status], sentence.replace("this page", "this call")))
    return render(request, "refused.html", {"title": title, "sentence": sentence}, status=status)

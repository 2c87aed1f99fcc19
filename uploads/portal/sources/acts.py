"""What an owner does with a source by a button: each is a POST, and leads to a page that says what came of it."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from config.web.text import visible
from uploads.models import Source, SourceRun
from uploads.portal.pages import page_of
from uploads.portal.sources.addresses import frame, source_of
from uploads.sources import changes
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

OWNER = VendorMember.Role.OWNER
ASKS: Final = {"fetch": SourceRun.Kind.ASKED, "test": SourceRun.Kind.TEST}


def _pause(request: HttpRequest, source: Source) -> str:
    changes.pause(source, request.user)
    return "It is paused: nothing is fetched on schedule until you let it go on."


def _go_on(request: HttpRequest, source: Source) -> str:
    changes.go_on(source, request.user)
    return "It goes on at its next time."


def _confirm(request: HttpRequest, source: Source) -> str:
    changes.confirm_host_key(source, request.POST.get("fingerprint", ""), request.user)
    return "The server’s key is confirmed. From now on, only a server with this key is fetched from."


DOES: Final[dict[str, Callable[[HttpRequest, Source], str]]] = {
    "pause": _pause, "go-on": _go_on, "confirm": _confirm,
}  # fmt: skip


@vendor_page(OWNER)
@require_POST
def act(request: HttpRequest, vendor: Vendor, source_id: int) -> HttpResponseBase:
    """Do what the button says; one that nobody made does nothing."""
    source, asked = source_of(vendor, source_id), request.POST.get("do", "")
    try:
        if kind := ASKS.get(asked):
            run = changes.ask(source, kind, request.user)
            return redirect(page_of("source_run", vendor, source.pk, run.pk))
        if does := DOES.get(asked):
            messages.success(request, does(request, source))
    except changes.NotPossible as refused:
        messages.error(request, str(refused))
    return redirect(page_of("source", vendor, source.pk))


@vendor_page(OWNER)
def delete(request: HttpRequest, vendor: Vendor, source_id: int) -> HttpResponseBase:
    """Ask first."""
    source = source_of(vendor, source_id)
    if request.method != "POST":
        shown = {"vendor": vendor, "source": source} | frame(request)
        return render(request, "uploads/portal/sources/delete.html", shown)
    changes.delete(source, request.user)
    messages.success(request, f"{visible(source.name)} is deleted, with its credentials. What it fetched stays.")
    return redirect(page_of("sources", vendor))

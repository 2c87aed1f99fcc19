"""Sources in the admin: where vendors' feeds are fetched from, how each stands, and what came of its last runs.

Their settings are their owners'. Staff pause one, let it go on and have it fetched now; nobody sees its credentials.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.safestring import SafeString

from config.web.admin_log import log_change
from config.web.filters import choice_filter
from config.web.links import page_url, tag, way_back
from config.web.text import visible
from uploads.models import Source, SourceRun
from uploads.sources import changes, claims, host_keys
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter, vendor_link

MAY: Final = "uploads.change_source"
RUNS: Final = 50


def _pause(source: Source, user: Any) -> str:
    changes.pause(source, user, "our staff")
    return "It is paused."


def _go_on(source: Source, user: Any) -> str:
    changes.go_on(source, user)
    return "It goes on at its next time."


def _fetch(source: Source, user: Any) -> str:
    changes.ask(source, SourceRun.Kind.ASKED, user)
    return "A worker fetches it now."


DOES: Final[dict[str, Callable[[Source, Any], str]]] = {"pause": _pause, "go-on": _go_on, "fetch": _fetch}


class SourceAdmin(ReadOnlyVendorTableAdmin):
    """Looked at here, and changed on its vendor's pages."""

    change_form_template = "uploads/staff/source.html"
    empty_says = "No vendor has its feeds fetched so far. Owners add sources on their own pages, under Programs."
    list_display = ["shown_name", "vendor_link", "kind", "schedule", "state_tag", "failures", "next_at"]
    list_filter = [
        choice_filter("state", list(Source.State.choices)), choice_filter("kind", list(Source.Kind.choices)),
        VendorFilter,
    ]  # fmt: skip
    search_fields = ["name", "url"]
    fields = [
        "shown_name", "vendor_link", "kind", "shown_url", "auth", "user_name", "header_name", "schedule", "time_zone",
        "mode", "state_tag", "shown_reason", "next_at", "slot_at", "failures", "failing_since", "host_key_print",
        "host_key_met_print", "created_by", "created_at",
    ]  # fmt: skip
    export_leaves_out = ("secret", "host_key", "host_key_met", "epoch", "leased_until", "etag", "last_modified")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.act)
        return [path("<path:object_id>/act/", view, name="uploads_source_act"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        source = self.get_object(request, unquote(object_id))
        shown: dict[str, Any] = {"may_act": request.user.has_perm(MAY)}
        if source:
            runs = source.runs.select_related("feed")[:RUNS]
            shown |= {
                "runs": [(run, _upload_url(request, run)) for run in runs],
                "most_runs": RUNS,
                "active": source.state == Source.State.ACTIVE,
            }
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def act(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Do what the button says, and come back."""
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        source = self.get_object(request, unquote(object_id))
        if source is None:
            raise Http404
        does = DOES.get(request.POST.get("do", ""))
        if request.method == "POST" and does:
            try:
                said = does(source, request.user)
            except changes.NotPossible as refused:
                messages.error(request, str(refused))
            else:
                log_change(request.user, source, said)
                messages.success(request, f"{visible(source.name)}: {said}")
        return HttpResponseRedirect(way_back(request.POST.get("next", "")) or page_url("uploads_source", source.pk))

    @admin.display(description="name", ordering="name")
    def shown_name(self, source: Source) -> str:
        return visible(source.name)

    @admin.display(description="address")
    def shown_url(self, source: Source) -> str:
        return visible(source.url)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, source: Source) -> SafeString | str:
        return vendor_link(source)

    @admin.display(description="fetched")
    def schedule(self, source: Source) -> str:
        return claims.schedule_of(source).said

    @admin.display(description="state", ordering="state")
    def state_tag(self, source: Source) -> SafeString:
        return tag(source.state)

    @admin.display(description="why")
    def shown_reason(self, source: Source) -> str:
        return visible(source.state_reason)

    @admin.display(description="the server’s key")
    def host_key_print(self, source: Source) -> str:
        return host_keys.fingerprint(source.host_key)

    @admin.display(description="another key that it showed")
    def host_key_met_print(self, source: Source) -> str:
        return host_keys.fingerprint(source.host_key_met)


def _upload_url(request: HttpRequest, run: SourceRun) -> str:
    upload_id = run.feed.upload_id if run.feed and request.user.has_perm("uploads.view_uploadhistory") else None
    return page_url("uploads_uploadhistory", upload_id) if upload_id else ""

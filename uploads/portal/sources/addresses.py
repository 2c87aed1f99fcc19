"""All sources of a vendor, and one of them: what it is, how it stands, and what came of its last runs."""

from typing import Any, Final, NamedTuple

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from uploads.models import Source, SourceRun
from uploads.sources import changes, claims, host_keys
from vendors import holds
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

Role = VendorMember.Role
RUNS: Final = 50  # that a page shows
MOST_ID: Final = 2**63 - 1


class Standing(NamedTuple):
    """How a source stands, in a word with its colour, and in a sentence."""

    tag: str
    word: str
    says: str = ""


def source_of(vendor: Vendor, source_id: int) -> Source:
    """The vendor's source. Raises Http404, also for another vendor's."""
    source = Source.objects.select_related("vendor").filter(vendor=vendor, pk=min(source_id, MOST_ID)).first()
    if source is None:
        raise Http404
    return source


def frame(request: HttpRequest) -> dict[str, Any]:
    """Where its pages stand: with the programs, which only owners have."""
    return {"section": "programs" if may_here(request, Role.OWNER) else "sources"}


@vendor_page(Role.VIEWER)
@require_safe
def listing(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """All of them: changes.MOST at most."""
    sources = Source.objects.filter(vendor=vendor).select_related("vendor").order_by("name", "pk")
    shown = [(one, claims.schedule_of(one).said, standing(one)) for one in sources[: changes.MOST]]
    context = {
        "vendor": vendor, "sources": shown, "most": changes.MOST, "owner": may_here(request, Role.OWNER),
        "full": len(shown) >= changes.MOST,
    }  # fmt: skip
    return render(request, "uploads/portal/sources/list.html", context | frame(request))


@vendor_page(Role.VIEWER)
@require_safe
def source(request: HttpRequest, vendor: Vendor, source_id: int) -> HttpResponseBase:
    """One of them."""
    found = source_of(vendor, source_id)
    runs = found.runs.select_related("feed", "requested_by")[:RUNS]
    context: dict[str, Any] = {
        "vendor": vendor,
        "source": found,
        "schedule": claims.schedule_of(found).said,
        "standing": standing(found),
        "runs": [(run, what(run), tag(run)) for run in runs],
        "most_runs": RUNS,
        "keys": _keys(found),
        "must_confirm": host_keys.must_confirm(found),
        "owner": may_here(request, Role.OWNER),
    }
    return render(request, "uploads/portal/sources/source.html", context | frame(request))


def standing(source: Source) -> Standing:
    """How it stands now."""
    if source.state == Source.State.DISABLED:
        return Standing("failed", "disabled", source.state_reason)
    if source.state == Source.State.PAUSED:
        return Standing("warn", "paused", source.state_reason)
    if host_keys.must_confirm(source):
        return Standing("warn", "waits for you", "An owner must confirm the server’s key: test the source first.")
    if not source.vendor.is_active:
        return Standing("warn", "waits", f"Nothing is fetched while your company is {source.vendor.status}.")
    if holds.pause_of(source.vendor_id):
        return Standing("warn", "waits", "Nothing is fetched while your feeds are paused.")
    if source.failures or source.tries:
        times = f"Couldn’t be fetched {source.failures} times in a row." if source.failures > 1 else ""
        return Standing("failed" if source.failures else "warn", "fails", times or "The last try came to nothing.")
    return Standing("completed", "active")


def what(run: SourceRun) -> str:
    """What became of a run, in a word or two."""
    if run.outcome == SourceRun.Outcome.RUNNING:
        return "is being fetched" if run.tries else "waits for its turn"
    if run.kind == SourceRun.Kind.TEST and run.outcome == SourceRun.Outcome.FETCHED:
        return "test went well"
    return str(run.outcome)


def tag(run: SourceRun) -> str:
    """Its colour."""
    tags = {SourceRun.Outcome.FETCHED: "completed", SourceRun.Outcome.FAILED: "failed"}
    return tags.get(SourceRun.Outcome(run.outcome), "processing")


def _keys(source: Source) -> list[dict[str, str]]:
    """The keys of its server: the one that is pinned, and another one that was met."""
    keys = [("confirmed", source.host_key), ("met", source.host_key_met)]
    return [
        {"which": which, "kind": host_keys.kind(key), "fingerprint": host_keys.fingerprint(key)}
        for which, key in keys
        if key
    ]

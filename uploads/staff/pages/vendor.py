"""What the page of one vendor shows: whether it may send, how it is doing, what of it waits, who works for it.

What belongs to uploads is for those who may view uploads, and so on: everything leads only where one may go.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.utils import timezone

from config.web.links import list_url, page_url
from config.web.text import NOTHING, visible
from uploads.desk import shared_values
from uploads.desk.shared_values import SharedValue
from uploads.insight import charts, operations
from uploads.insight.charts import Chart, Way
from uploads.insight.error_habits import Warned, warned
from uploads.models import GuardThreshold, RememberedReading, SeverityRule, Source, UploadHistory, ValueRule, results
from uploads.pipeline.guard import thresholds
from uploads.pipeline.guard.thresholds import Threshold
from uploads.pipeline.holding import answering
from uploads.staff.actions import may
from uploads.staff.mending import values_url, waiting_url
from uploads.staff.pages import history, work
from uploads.staff.pages.upload import import_url
from uploads.staff.programs import tokens, webhooks
from uploads.staff.start.figures import may_see, since, ways
from vendors import approval, holds, invitations, summary, viewing
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

DAYS = 90
UPLOADS = 5
VALUES = 10
PEOPLE = 20
LAYOUTS = 5
TOKENS = 5
SOURCES = 20  # all of them: uploads.sources.changes.MOST
RARE = ("Suspend", "Pause feeds")  # what is in the menu
STATES = {
    "pending": "Waits for approval. Until then its files are refused.",
    "suspended": "Its files are refused, and its products are not shown.",
}


def whole(request: HttpRequest, vendor: Vendor, steps: list[tuple[str, str]]) -> dict[str, Any]:
    """All that the page shows above the form with the vendor's data. `steps` are the decisions that can be made."""
    user = request.user
    shown = {
        "title": vendor.vendor_name,
        "subtitle": None,
        "vendor": vendor,
        "state_says": _state(vendor),
        "hold": holds.pause_of(vendor.pk),
        "window": answering.open_of(vendor.pk),
        "unconfirmed": vendor.status == "pending" and vendor.pk in approval.unconfirmed([vendor.pk]),
        "may_view_as": viewing.may(user),
        **_people(request, vendor),
        **_files(user, vendor),
        **tokens.of_vendor(request, vendor, TOKENS),
        **_sources(user, vendor),
        **webhooks.of_vendor(request, vendor),
        **actions(request, vendor, steps),
    }
    return shown | (_of_uploads(request, vendor) if may_see(user) else {})


def _state(vendor: Vendor) -> str:
    """What its status means, and why it was declined."""
    why = visible(" ".join((vendor.declined_reason or "").split())).rstrip(".")
    if vendor.declined_at and vendor.is_declined:
        day = timezone.localtime(vendor.declined_at)
        return f"It was declined on {day:%Y-%m-%d}: {why}. It waits for nobody until one of its owners asks again."
    if vendor.status == Vendor.Status.PENDING and why:
        return f"It asks again for approval. It was declined because: {why}. Until then its files are refused."
    return STATES.get(vendor.status, "")


def actions(request: HttpRequest, vendor: Vendor, steps: list[tuple[str, str]]) -> dict[str, Any]:
    """The buttons beside the title, and what is in their menu: name and address of each."""
    user, way = request.user, ways(request.user)
    main = [step for step in steps if step[0] not in RARE]
    lesser = [step for step in steps if step[0] in RARE]
    if user.has_perm("uploads.add_uploadhistory") and vendor.is_active:
        main.append(("Import a file", import_url(vendor.pk)))
    if user.has_perm("uploads.view_validationerror"):
        lesser.append(("Rows that wait", waiting_url(vendor.pk)))
    pages = (
        ("Products", "catalog_product"),
        ("Uploads", "uploads_uploadhistory"),
        ("Errors", "uploads_validationerror"),
    )
    lesser += [(name, url) for name, page in pages if (url := way(page, vendor=vendor.pk))]
    words = "Change its data" if user.has_perm("vendors.change_vendor") else "All its data"
    return {"main_actions": main, "lesser_actions": [*lesser, (words, "#data")]}


def _of_uploads(request: HttpRequest, vendor: Vendor) -> dict[str, Any]:
    """How it is doing, and what waits."""
    user = request.user
    may_see_errors = user.has_perm("uploads.view_validationerror")
    newest = UploadHistory.objects.filter(vendor=vendor).order_by("-created_at")[:UPLOADS]
    return {
        "may_see_uploads": True,
        "figures": _figures(user, vendor),
        "charts": charts_of(vendor.pk, user),
        "warned": _warned(vendor.pk) if may_see_errors else [],
        "uploads": [
            (one, results.result(one), results.words(one), page_url("uploads_uploadhistory", one.pk)) for one in newest
        ],
        "uploads_url": list_url("uploads_uploadhistory", vendor=vendor.pk),
        "values": values_of(vendor) if may_see_errors else [],
        "may_see_errors": may_see_errors,
        "may_correct": may_see_errors and may(request, "retry"),
        "waiting_url": waiting_url(vendor.pk) if may_see_errors else "",
        **work.of(request, work.address("vendors_vendor", quote(vendor.pk)), vendor=vendor, upload=None),
    }


def _figures(user: "Viewer", vendor: Vendor) -> list[tuple[str, str, str]]:
    """Name, value and where it leads."""
    found, way = summary.of(vendor.pk), ways(user)
    last = found.last_upload_at
    rows = found.valid_records + found.error_records
    return [
        *_products(found, vendor.pk, way),
        ("Uploads", f"{found.uploads:,}", way("uploads_uploadhistory", vendor=vendor.pk)),
        ("Rows", f"{rows:,}", ""),
        ("With errors", f"{found.error_records:,}", way("uploads_validationerror", vendor=vendor.pk, state="all")),
        ("Error rate", NOTHING if found.error_rate is None else f"{found.error_rate} %", ""),
        ("Last upload", _ago(last) if last else NOTHING, ""),
    ]


def _products(found: summary.Summary, vendor_id: str, way: Way) -> list[tuple[str, str, str]]:
    """Active ones; and retired ones where there are any."""
    numbers = [("Products", "active", found.products - found.retired), ("Retired products", "retired", found.retired)]
    return [
        (name, f"{number:,}", way("catalog_product", vendor=vendor_id, status__exact=status))
        for name, status, number in numbers
        if number or status == "active"
    ]


def _ago(moment: Any) -> str:
    """A day for older uploads, a time for today's."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if timezone.now() - moment < timedelta(hours=12) else f"{local:%Y-%m-%d}"


def values_of(vendor: Vendor) -> list[tuple[SharedValue, str]]:
    """The wrong values that stand in most of its rows that wait, each with where they are mended."""
    found = shared_values.of_vendor(vendor.pk, VALUES)
    return [(one, values_url(one.field, vendor=vendor.pk)) for one in found]


def _warned(vendor_id: str) -> list[tuple[Warned, str]]:
    """The kinds of warning that its rows have, each with where they are listed."""
    return [
        (
            one,
            list_url("uploads_validationerror", vendor=vendor_id, severity="warning", error_type=one.code, state="all"),
        )
        for one in warned(vendor_id, DAYS)
    ]


def charts_of(vendor_id: str, user: "Viewer") -> list[Chart]:
    """Rows per day and the most frequent errors; empty for a vendor that sent nothing in this time."""
    way = ways(user)
    days = operations.days(user, DAYS, vendor_id)
    if not any(day.uploads for day in days):
        return []
    kinds = operations.error_kinds(user, DAYS, vendor_id) if user.has_perm("uploads.view_validationerror") else []
    shown = [charts.of_days(days, way, vendor=vendor_id)]
    return shown + ([charts.of_kinds(kinds, DAYS, way, vendor=vendor_id, created_at__gte=since(DAYS))] if kinds else [])


def _people(request: HttpRequest, vendor: Vendor) -> dict[str, Any]:
    """Its members, who is invited and what people did, for those who may view members."""
    if not request.user.has_perm("vendors.view_vendormember"):
        return {}
    members = list(vendor.members.select_related("user").order_by("id")[: PEOPLE + 1])
    invited = list(invitations.waiting(vendor)[:PEOPLE])
    return {
        "may_see_members": True,
        "history": history.of(vendor),  # which names them
        "members": members[:PEOPLE],
        "more_members": len(members) > PEOPLE,
        "invitations": [(one, one.expires_at < timezone.now()) for one in invited],
    }


def _files(user: "Viewer", vendor: Vendor) -> dict[str, Any]:
    """How its files are read: what is remembered for their columns, and its rules for values."""
    shown: dict[str, Any] = {}
    if user.has_perm("uploads.view_rememberedreading"):
        layouts = RememberedReading.objects.filter(vendor=vendor).order_by("-created_at")[:LAYOUTS]
        shown["layouts"] = [
            (one.file_name, len(one.headers), page_url("uploads_rememberedreading", one.pk)) for one in layouts
        ]
        shown["layouts_url"] = list_url("uploads_rememberedreading", vendor=vendor.pk)
    if user.has_perm("uploads.view_valuerule"):
        shown["rules"] = ValueRule.objects.filter(vendor=vendor).count()
        shown["rules_url"] = list_url("uploads_valuerule", vendor=vendor.pk)
    if user.has_perm("uploads.view_severityrule"):
        shown["severities"] = SeverityRule.objects.filter(vendor=vendor).count()
        shown["severities_url"] = list_url("uploads_severityrule", vendor=vendor.pk)
    if user.has_perm("uploads.view_guardthreshold"):
        shown["thresholds"] = [
            (GuardThreshold.Kind(one.kind).label, one, _scope(one)) for one in thresholds.of(vendor.pk)
        ]
        shown["thresholds_url"] = list_url("uploads_guardthreshold")
    return shown


def _scope(one: Threshold) -> str:
    """Whose it is."""
    if one.vendor_id:
        return "set for this vendor"
    if one.category:
        return f"in {visible(one.category)}"
    return "as for all"


def _sources(user: "Viewer", vendor: Vendor) -> dict[str, Any]:
    """Where its feeds are fetched from, and how each stands."""
    if not user.has_perm("uploads.view_source"):
        return {}
    sources = Source.objects.filter(vendor=vendor).order_by("name", "pk")[:SOURCES]
    return {"sources": [(one, page_url("uploads_source", one.pk)) for one in sources]}

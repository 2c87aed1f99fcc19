"""The wrong values of all vendors, largest first: each with its right value or the word that its rows are ignored, and
one save that begins a job for each of the vendors chosen."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from catalog.rules.fields import LABELS, READ
from config.web.links import page_url, way_back
from config.web.text import counted, visible
from uploads.aws.records import storable
from uploads.corrections import wrong_values
from uploads.corrections.failed_rows import why_vendor
from uploads.desk import everywhere, items, shared_values, shared_work, waiting_count
from uploads.desk.everywhere import everywhere_url
from uploads.desk.shared_values import Place, SharedValue
from uploads.staff.everywhere.gtins import gtins_url
from uploads.staff.everywhere.one import KEEP_A_RULE, may_mend

PORTION: Final = 50
KEEPS: Final = ("", everywhere.THESE, everywhere.ALL)


def values_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Look at the values of a field, and say what they should be."""
    if request.method == "POST":
        if not may_mend(request):
            raise PermissionDenied
        return _save(request) or _show(request, context)
    return _show(request, context)


def _save(request: HttpRequest) -> HttpResponseBase | None:
    """Begin what a form asks for, and lead back to where it stands; None where it is to be shown again."""
    field, back = _field(request.POST.get("field", "")), way_back(request.POST.get("next", ""))
    decisions = wrong_values.decided(request.POST)
    if decisions.failure:
        saved = everywhere.Saved(failure=decisions.failure)
    else:
        every = request.POST.get("vendors") == "all"
        chosen = None if every else [storable(one) for one in request.POST.getlist("vendor")]
        keep = request.POST.get("keep", "")
        may_keep = keep in KEEPS and request.user.has_perms(KEEP_A_RULE)
        saved = everywhere.save(field, decisions.values, request.user, vendor_ids=chosen, keep=keep if may_keep else "")
    if saved.jobs:
        _noted(field, decisions.values, saved, request.user)
    level = messages.SUCCESS if saved.jobs else messages.WARNING if saved.waiting else messages.ERROR
    for sentence in saved.sentences():
        messages.add_message(request, level, sentence)
    if saved.failure and not back:
        return None
    return redirect(back or everywhere_url(field=field))


def _noted(field: str, decided: Mapping[str, str], saved: everywhere.Saved, user: Any) -> None:
    """It is found again among the work that was done."""
    vendors = counted(len(saved.jobs), "one vendor", "{} vendors")
    for wrong, right in decided.items():
        said = f"Corrected to “{visible(right)}”" if right else "Ignored"
        thing = shared_work.value_thing(field, wrong.lower(), wrong)
        items.finish(thing, user, f"{said}, in rows of {vendors}.")
    waiting_count.ask_anew()


def _field(asked: str) -> str:
    if asked not in READ:
        raise Http404("Say which field.")
    return asked


def _show(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    fields = shared_values.fields()
    asked = request.POST.get("field") or request.GET.get("field", "")
    largest = max(fields, key=lambda name: fields[name].rows, default="category")
    field = _field(asked) if asked else largest
    found = _values(request, field)
    categories, listed = wrong_values.categories_for(field)
    more = len(found) > PORTION
    found = found[:PORTION]
    vendors = shared_values.vendors_with(field, [one.spelling for one in found], everywhere.MOST_VENDORS + 1)
    about = {
        "title": "Wrong values of all vendors",
        "fields": [(LABELS[name], everywhere_url(field=name), one, name == field) for name, one in fields.items()],
        "field": field,
        "label": LABELS[field],
        "lines": _lines(request, found, categories),
        "listed": listed,
        "categories": [] if listed else categories,
        "filled": "fill" in request.GET,
        "alone": "value" in request.GET,
        "all_url": everywhere_url(field=field),
        "next_url": everywhere_url(field=field, rows=found[-1].rows, after=found[-1].value) if more else "",
        "vendors": [(one, _chosen(request, one.vendor_id), page_url("vendors_vendor", one.vendor_id),
                     why_vendor(one.status, one.vendor_id)) for one in vendors[: everywhere.MOST_VENDORS]],
        "most_vendors": everywhere.MOST_VENDORS if len(vendors) > everywhere.MOST_VENDORS else 0,
        "active": sum(one.active for one in vendors),
        "keep": request.POST.get("keep", ""),
        "may_mend": may_mend(request),
        "may_keep": request.user.has_perms(KEEP_A_RULE),
        "claims_url": everywhere_url(claims=1),
        "gtins_url": gtins_url(request),
        "any": bool(fields),
    }  # fmt: skip
    return TemplateResponse(request, "uploads/staff/everywhere.html", context | about)


def _values(request: HttpRequest, field: str) -> list[SharedValue]:
    """The value that the address names, or a portion behind the place that it names."""
    if "value" in request.GET:
        one = shared_values.one(field, storable(request.GET["value"]))
        return [one] if one else []
    rows, after = request.GET.get("rows", ""), None
    if rows.isdecimal() and len(rows) < 10:
        after = Place(int(rows), field, storable(request.GET.get("after", "")))
    return shared_values.top(PORTION + 1, after, field)


def _lines(request: HttpRequest, found: list[SharedValue], categories: list[str]) -> list[dict[str, Any]]:
    """Each value with what is suggested, and what stands in its form: what was typed, or the suggestion if wanted."""
    typed, busy = request.POST, everywhere.under_way(found[0].field) if found else set()
    places = {storable(typed.get(f"value-{n}", "")): n for n in range(PORTION) if f"value-{n}" in typed}
    lines = []
    for number, one in enumerate(found):
        suggested, place = wrong_values.usable(one.suggestion, categories), places.get(one.spelling)
        right = typed.get(f"right-{place}", "") if place is not None else suggested * ("fill" in request.GET)
        lines.append({
            "number": number, "one": one, "suggested": suggested, "right": right,
            "ignored": f"ignore-{place}" in typed, "busy": one.value in busy,
            "alone_url": everywhere_url(field=one.field, value=one.value),
        })  # fmt: skip
    return lines


def _chosen(request: HttpRequest, vendor_id: str) -> bool:
    """All are, until somebody has chosen."""
    return request.method != "POST" or vendor_id in request.POST.getlist("vendor")

"""The start page of staff: all that waits for a person, in the order in which it matters, finished right there.

For all staff: everybody finds the groups of which they may know, and what they may not do isn't offered.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from uploads.desk import items, work_list
from uploads.desk.shared_values import SharedValue
from uploads.desk.work_list import DONE, MINE, SNOOZED, TABS, WAITING, Section
from uploads.insight import finding, operations
from uploads.models import SEEN_WITH
from uploads.staff.everywhere.one import forms, may_mend
from uploads.staff.start import acts, figures

TITLES = {WAITING: "Waiting", MINE: "Mine", SNOOZED: "Put off", DONE: "Done"}


def page(request: HttpRequest) -> HttpResponseBase:
    """One of its tabs, or a whole group. Raises Http404 for a group that there isn't."""
    tab = request.GET.get("tab", WAITING)
    tab = tab if tab in TABS else WAITING
    index = reverse("admin:index")
    may_note = request.user.has_perm(acts.NOTE)
    context: dict[str, Any] = {
        "title": admin.site.index_title,
        "tab": tab,
        "tabs": [(one, TITLES[one], index if one == WAITING else f"{index}?tab={one}") for one in TABS],
        "here": request.get_full_path(),
        "may_note": may_note,
        "may_decide": request.user.has_perm(acts.DECIDE),
        "act_url": reverse("work_act"),
        "tomorrow": items.today() + timedelta(days=1),
    }
    context |= _done(request) if tab == DONE else _listed(request, tab)
    sections = [_with_forms(request, section) for section in context.get("sections", [])]
    context |= {"sections": sections, "may_mend": may_mend(request)}
    context["people"] = _people(sections) if may_note else {}
    return TemplateResponse(request, "uploads/desk/work.html", {**admin.site.each_context(request), **context})


def _listed(request: HttpRequest, tab: str) -> dict[str, Any]:
    if tab == MINE:
        return {"sections": [work_list.mine(request.user)]}
    if tab == SNOOZED:
        return {"sections": [work_list.snoozed(request.user)]}
    if name := request.GET.get("group", ""):
        return _whole(request, name)
    return {"sections": work_list.waiting(request.user), **_small_figures(request)}


def _whole(request: HttpRequest, name: str) -> dict[str, Any]:
    asked = request.GET.get("p", "")
    number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 5 else 1
    section = work_list.whole_group(request.user, name, number)
    if section is None:
        raise Http404("There is no such group of work.")
    pages = max(1, -(-section.count // work_list.PAGE))
    return {
        "sections": [section] if section.lines else [],
        "whole": section,
        "page": number,
        "pages": range(1, pages + 1),
    }


def _small_figures(request: HttpRequest) -> dict[str, Any]:
    """A line of figures, and the first steps where nothing was ever sent."""
    if not figures.may_see(request.user):
        return {}
    days = operations.days(request.user, 2)
    return {
        "under_way": operations.open_uploads(request.user).uploads,
        "today": days[-1],
        "pace": operations.pace().platform,
        "first_steps": operations.is_empty(request.user, days),
    }


def _with_forms(request: HttpRequest, section: Section) -> Section:
    """The section, in which each wrong value has its form for who may mend it."""
    values = [line for line in section.lines if isinstance(line.thing.about, SharedValue)]
    if not values or not may_mend(request):
        return section
    back = f"{request.get_full_path()}#{section.name}"
    made = forms(request, [line.thing.about for line in values], back)
    found = {line.thing.anchor: form for line, form in zip(values, made, strict=True)}
    return replace(section, lines=tuple(replace(one, form=found.get(one.thing.anchor)) for one in section.lines))


def _people(sections: list[Section]) -> dict[str, list[tuple[str, str]]]:
    """Whom things can be given to, by the permission that their kind needs."""
    kinds = {SEEN_WITH[line.thing.kind]: line.thing.kind for section in sections for line in section.lines}
    return {
        permission: [(user.get_username(), user.email) for user in items.staff_who_may(kind)]
        for permission, kind in kinds.items()
    }


def _done(request: HttpRequest) -> dict[str, Any]:
    typed = request.GET.get("q", "").strip()[: finding.LONGEST].replace("\0", "")
    before = _moment(request.GET.get("before", ""))
    rows = list(items.done(request.user, typed, before))
    older = rows[items.PAGE - 1].done_at if len(rows) > items.PAGE else None
    query = {"tab": DONE, **({"q": typed} if typed else {})}
    return {
        "done": [(row, work_list.where(row), row.kind in items.SAID_TO_BE_DONE) for row in rows[: items.PAGE]],
        "typed": typed,
        "older": f"?{urlencode(query | {'before': older.isoformat()})}" if older else "",
    }


def _moment(typed: str) -> datetime | None:
    try:
        found = parse_datetime(typed)
    except ValueError:  # like a moment, but on a day that never was
        return None
    return found if found and found.tzinfo else None

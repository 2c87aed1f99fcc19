"""The search over everything (Ctrl+K): pages by their names, and what uploads/insight/finding.py finds.

A page of its own, which works without scripts; the box that Ctrl+K opens asks it for the part with what was found.
"""

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from config.back_office import navigation
from uploads.insight import finding
from uploads.insight.finding import Group, Hit


def page(request: HttpRequest) -> HttpResponseBase:
    typed = request.GET.get("q", "").strip()
    context = admin.site.each_context(request)
    groups = [*_pages(context["navigation"], typed), *finding.find(request.user, typed)]
    shown = {"groups": groups, "typed": typed[: finding.LONGEST], "found": sum(len(group.hits) for group in groups)}
    if "part" in request.GET:
        return render(request, "uploads/staff/found.html", shown)
    return render(request, "uploads/staff/find.html", {**context, "title": "Search", **shown})


def _pages(sections: tuple[navigation.Section, ...], typed: str) -> list[Group]:
    """Those that the user is offered; all of them before anything is typed."""
    hits = tuple(
        Hit(entry.name, section.name, entry.url)
        for section in sections
        for entry in section.entries
        if typed.lower() in entry.name.lower() and (typed or not section.folded)
    )
    return [Group("Pages", hits[: finding.SHOWN])] if hits else []

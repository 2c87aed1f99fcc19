"""Views of a list that people come back to: kept under a name, for oneself or shared with all staff.

A view is the query of an address, columns included; opening it is following a link. What it asks for that the list
doesn't offer any more is said by the list (site.py).
"""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict

from config.back_office.columns import COLUMNS_VAR
from config.back_office.models import NAME_CHARS, QUERY_CHARS, SavedView
from config.web.text import visible

MOST = 30  # of a person in one list; and as many may be shared in it
SHARE = "back_office.share_view"
# What isn't of a view, but of the moment.
PASSING = (PAGE_VAR, ERROR_FLAG, ALL_VAR, IS_POPUP_VAR, TO_FIELD_VAR)


@dataclass(frozen=True)
class Tab:
    """One view above a list. `mine`: it may be renamed and deleted; `pk` 0 is the list as it opens."""

    name: str
    url: str
    pk: int = 0
    current: bool = False
    shared: bool = False
    mine: bool = False
    by: str = ""


def normal(query: str) -> str:
    """A query without what is of the moment, in one order."""
    asked = QueryDict(query, mutable=True)
    for name in PASSING:
        asked.pop(name, None)
    ordered = QueryDict(mutable=True)
    for name in sorted(asked):
        ordered.setlist(name, asked.getlist(name))
    return ordered.urlencode(safe=",")


def of_list(request: HttpRequest, listing: str) -> "QuerySet[SavedView]":
    """What the person has above a list."""
    mine_or_shared = Q(owner=request.user.pk) | Q(shared=True)
    return SavedView.objects.filter(mine_or_shared, listing=listing).select_related("owner")[: 2 * MOST]


def tabs(request: HttpRequest, listing: str, opens_as: str) -> list[Tab]:
    """The list as it opens, then the person's views and the shared ones by name."""
    now = normal(request.GET.urlencode())
    first = Tab(opens_as, request.path, current=not now)
    return [first, *(_tab(request, view, now) for view in of_list(request, listing))]


def _tab(request: HttpRequest, view: SavedView, now: str) -> Tab:
    mine = view.owner_id == request.user.pk
    by = "" if mine else visible(view.owner.get_short_name() or view.owner.get_username())
    url = f"{request.path}?{view.query}"
    return Tab(visible(view.name), url, view.pk, view.query == now, view.shared, mine, by)


# --- what the forms do -----------------------------------------------------------------------------------------


def change(request: HttpRequest, listing: str, columns: list[str]) -> str:
    """Do what a form asks for; returns the query to go on with. Raises PermissionDenied."""
    query, step = normal(request.POST.get("query", "")), request.POST.get("step", "")
    if step == "save":
        return _save(request, listing, query, columns)
    view = SavedView.objects.filter(listing=listing, pk=_number(request.POST.get("view", ""))).first()
    if view is None:
        messages.warning(request, "There is no such view any more.")
        return query
    mine = view.owner_id == request.user.pk
    if view.shared and step == "rename" and not request.user.has_perm(SHARE):
        raise PermissionDenied
    if not mine and not (view.shared and step in ("unshare", "delete") and request.user.has_perm(SHARE)):
        raise PermissionDenied
    steps = {"rename": _rename, "share": _share, "unshare": _unshare, "delete": _delete}
    if step in steps:
        steps[step](request, view)
    return query


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _name(request: HttpRequest) -> str:
    """What was typed as a name; "" with a word why it can't be one."""
    name = " ".join(request.POST.get("name", "").split())
    if not name:
        messages.error(request, "A view needs a name.")
    elif len(name) > NAME_CHARS:
        messages.error(request, f"A view's name has at most {NAME_CHARS} characters.")
        return ""
    return name


def _save(request: HttpRequest, listing: str, query: str, columns: list[str]) -> str:
    """Under a name that a view of the same person has, it takes that one's place."""
    asked = QueryDict(query, mutable=True)
    asked.setdefault(COLUMNS_VAR, ",".join(columns))
    kept = normal(asked.urlencode())
    if not (name := _name(request)):
        return query
    if len(kept) > QUERY_CHARS:
        messages.error(request, "This list is filtered by too much to be saved as a view.")
        return query
    mine = SavedView.objects.filter(owner=request.user.pk, listing=listing)
    if mine.filter(name=name, shared=True).exists() and not request.user.has_perm(SHARE):
        messages.error(request, f"All staff have “{visible(name)}”: save it under another name.")
        return query
    if mine.count() >= MOST and not mine.filter(name=name).exists():
        messages.error(request, f"You have {MOST} views of this list, and can't have more. Delete one first.")
        return query
    view, made = SavedView.objects.update_or_create(
        owner_id=request.user.pk, listing=listing, name=name, defaults={"query": kept}
    )
    messages.success(request, f"Saved as “{visible(name)}”." if made else f"“{visible(name)}” shows this list now.")
    if "shared" in request.POST and not view.shared:
        _share(request, view)
    return kept


def _rename(request: HttpRequest, view: SavedView) -> None:
    if not (name := _name(request)) or name == view.name:
        return
    if SavedView.objects.filter(owner=view.owner_id, listing=view.listing, name=name).exists():
        messages.error(request, f"You have a view “{visible(name)}” of this list already.")
        return
    SavedView.objects.filter(pk=view.pk).update(name=name)
    messages.success(request, f"“{visible(view.name)}” is called “{visible(name)}” now.")


def _share(request: HttpRequest, view: SavedView) -> None:
    if not request.user.has_perm(SHARE):
        raise PermissionDenied
    if SavedView.objects.filter(listing=view.listing, shared=True).count() >= MOST:
        messages.error(request, f"{MOST} views of this list are shared, which is the most. Stop sharing one first.")
        return
    SavedView.objects.filter(pk=view.pk).update(shared=True)
    messages.success(request, f"All staff have “{visible(view.name)}” above this list now.")


def _unshare(request: HttpRequest, view: SavedView) -> None:
    SavedView.objects.filter(pk=view.pk).update(shared=False)
    messages.success(request, f"“{visible(view.name)}” is its owner's alone again.")


def _delete(request: HttpRequest, view: SavedView) -> None:
    view.delete()
    messages.success(request, f"The view “{visible(view.name)}” is deleted.")

"""What is noted and decided on the list of work: each is a form of one thing, and comes back to its place on the list.

A thing is looked for anew before anything is done: what is over by now, or was never there for this user, is said so.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_date

from config.web.links import way_back
from config.web.text import visible
from uploads.desk import items, waiting_count, work_list
from uploads.desk.items import Refused
from uploads.desk.things import Thing
from uploads.models.desk import KEY_CHARS
from vendors import approval

NOTE: Final = "uploads.change_workitem"
DECIDE: Final = "vendors.approve_vendor"
WHY_CHARS: Final = 200


def view(request: HttpRequest) -> HttpResponseBase:
    """Do one thing about one thing, and come back. Raises PermissionDenied."""
    if request.method != "POST":
        return redirect("admin:index")
    back = _back(request.POST.get("next", ""))
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        messages.error(request, "This page doesn’t know what was asked for. Load it again.")
        return HttpResponseRedirect(back)
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    thing = _thing(request)
    if thing is None or (act.kinds and thing.kind not in act.kinds):
        messages.info(request, "This waits no more: somebody got there first, or it is over by itself.")
        return HttpResponseRedirect(f"{back}#{_section(request)}")
    try:
        messages.success(request, act.do(request, thing))
        waiting_count.ask_anew()
    except Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(f"{back}#{thing.anchor}")
    return HttpResponseRedirect(f"{back}#{_section(request) if act.leaves else thing.anchor}")


def _back(asked: str) -> str:
    """Where somebody came from, within the admin; else the list."""
    return way_back(asked).partition("#")[0] or reverse("admin:index")


def _section(request: HttpRequest) -> str:
    """The section from which it leaves: names are words."""
    name = request.POST.get("at", "")
    return name if name.isidentifier() else ""


def _thing(request: HttpRequest) -> Thing | None:
    kind, key = request.POST.get("kind", ""), request.POST.get("key", "")
    if not key or len(key) > KEY_CHARS or "\0" in key:
        return None
    return work_list.one(request.user, kind, key)


# --- noting ----------------------------------------------------------------------------------------------------


def _take(request: HttpRequest, thing: Thing) -> str:
    items.assign(thing, _me(request))
    return f"{_called(thing.title)} is yours now."


def _assign(request: HttpRequest, thing: Thing) -> str:
    who = items.person(thing.kind, request.POST.get("who", ""))
    items.assign(thing, who)
    if who is None:
        return f"{_called(thing.title)} is nobody’s in particular now."
    return f"{_called(thing.title)} is for {visible(who.get_username())} now."


def _due(request: HttpRequest, thing: Thing) -> str:
    day = _day(request) if request.POST.get("day") else None
    items.due(thing, day)
    return (
        f"{_called(thing.title)} is due on {day:%Y-%m-%d}."
        if day
        else f"{_called(thing.title)} isn’t due on any day now."
    )


def _tomorrow(request: HttpRequest, thing: Thing) -> str:
    return _put_off(thing, items.today() + timedelta(days=1))


def _next_week(request: HttpRequest, thing: Thing) -> str:
    return _put_off(thing, items.next_week())


def _snooze(request: HttpRequest, thing: Thing) -> str:
    return _put_off(thing, _day(request))


def _put_off(thing: Thing, day: date) -> str:
    items.snooze(thing, day)
    return f"{_called(thing.title)} is put off until {day:%A, %Y-%m-%d}."


def _wake(request: HttpRequest, thing: Thing) -> str:
    items.snooze(thing, None)
    return f"{_called(thing.title)} waits again."


def _done(request: HttpRequest, thing: Thing) -> str:
    why = " ".join(request.POST.get("why", "").split())
    if len(why) > WHY_CHARS or "\0" in why:
        raise Refused(f"Say it in at most {WHY_CHARS} characters.")
    items.finish(thing, request.user, why or "Said to be done.")
    return f"{_called(thing.title)} is done."


def _day(request: HttpRequest) -> date:
    """The day that was chosen. Raises Refused."""
    try:
        day = parse_date(request.POST.get("day", ""))
    except ValueError:  # like a day, but none that ever was
        day = None
    if day is None:
        raise Refused("Choose a day, like 2026-12-31.")
    return day


def _called(title: str) -> str:
    """A thing's title in quotes, unless it has some of its own: “lamps.csv”, but SKU “L-1”."""
    return title if "“" in title else f"“{title}”"


def _me(request: HttpRequest) -> Any:
    return request.user


# --- deciding --------------------------------------------------------------------------------------------------


def _approve(request: HttpRequest, thing: Thing) -> str:
    if not approval.take(approval.APPROVE, [thing.key], request.user):
        raise Refused(f"{thing.title} waits no more: somebody got there first.")
    return _finished(request, thing, "Approved.", f"{thing.title} is approved: its feeds are accepted from now on.")


def _decline(request: HttpRequest, thing: Thing) -> str:
    reason = request.POST.get("reason", "").replace("\r\n", "\n")
    if refused := approval.why_no_reason(reason):
        raise Refused(refused)
    if approval.decline(thing.key, reason, request.user) is None:
        raise Refused(f"{thing.title} waits no more: somebody got there first.")
    return _finished(request, thing, f"Declined: {visible(' '.join(reason.split()))}",
                     f"{thing.title} is declined. Its owners read why.")  # fmt: skip


def _accept(request: HttpRequest, thing: Thing) -> str:
    return _decide_name(request, thing, accepted=True)


def _refuse(request: HttpRequest, thing: Thing) -> str:
    return _decide_name(request, thing, accepted=False)


def _decide_name(request: HttpRequest, thing: Thing, *, accepted: bool) -> str:
    """About the name that the page has shown, whatever was asked for since."""
    name = request.POST.get("name", "")
    if "\0" in name or not approval.decide_name(thing.key, name, accepted, request.user):
        raise Refused(f"{thing.title} asks for another name by now. Look again.")
    word = "accepted" if accepted else "refused"
    said = f"The new name “{visible(name)}” is {word}."
    return _finished(request, thing, said, said)


def _finished(request: HttpRequest, thing: Thing, outcome: str, said: str) -> str:
    items.finish(thing, request.user, outcome)
    return said


# --- which there are -------------------------------------------------------------------------------------------


class _Act:
    """One of the acts. `leaves`: the thing is gone from its place afterwards. `kinds`: of these things alone."""

    def __init__(
        self, do: Callable[[HttpRequest, Thing], str], permission: str = NOTE, *, leaves: bool = False,
        kinds: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.do = transaction.atomic(do)
        self.permission = permission
        self.leaves = leaves
        self.kinds = kinds


_VENDOR, _NAME = frozenset({"vendor"}), frozenset({"name"})
_ACTS: Final[dict[str, _Act]] = {
    "take": _Act(_take),
    "assign": _Act(_assign),
    "due": _Act(_due),
    "tomorrow": _Act(_tomorrow, leaves=True),
    "next_week": _Act(_next_week, leaves=True),
    "snooze": _Act(_snooze, leaves=True),
    "wake": _Act(_wake, leaves=True),
    "done": _Act(_done, leaves=True, kinds=items.SAID_TO_BE_DONE),
    "approve": _Act(_approve, DECIDE, leaves=True, kinds=_VENDOR),
    "decline": _Act(_decline, DECIDE, leaves=True, kinds=_VENDOR),
    "accept": _Act(_accept, DECIDE, leaves=True, kinds=_NAME),
    "refuse": _Act(_refuse, DECIDE, leaves=True, kinds=_NAME),
}


def take_back(request: HttpRequest) -> HttpResponseBase:
    """Have something wait again that somebody said to be done."""
    if request.method != "POST":
        return redirect("admin:index")
    if not request.user.has_perm(NOTE):
        raise PermissionDenied
    number = request.POST.get("item", "")
    item = items.take_back(request.user, int(number)) if number.isdecimal() and len(number) < 19 else None
    if item is None:
        messages.info(request, "This can’t be taken back any more.")
    else:
        messages.success(request, f"{_called(visible(item.title))} waits again.")
        waiting_count.ask_anew()
    return HttpResponseRedirect(_back(request.POST.get("next", "")))

"""The columns of a list: which it offers, which somebody sees, and the form that chooses them.

A list shows its `list_display` until somebody chooses otherwise, and offers `more_columns` beside it. The first column
says what a row is, and always stays. An address may name columns of its own, as saved views do: `columns=state,rows`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst

from config.back_office.models import ChosenColumns

COLUMNS_VAR = "columns"


@dataclass(frozen=True)
class Column:
    """One that a list offers beside its first."""

    name: str
    label: str
    shown: bool


def more(model_admin: Any) -> Sequence[str]:
    """What a list offers beside its usual columns."""
    found: Sequence[str] = getattr(model_admin, "more_columns", ())
    return found


def offered(model_admin: Any, usual: Sequence[Any]) -> list[Any]:
    """All columns of a list, in their order."""
    return [*usual, *(name for name in more(model_admin) if name not in usual)]


def shown(model_admin: Any, request: HttpRequest, usual: Sequence[Any]) -> list[Any]:
    """The columns in which this request sees the list. Raises IncorrectLookupParameters where it names others."""
    known = offered(model_admin, usual)
    if COLUMNS_VAR in request.GET:
        asked = set(filter(None, request.GET[COLUMNS_VAR].split(",")))
        if asked - set(known[1:]):
            raise IncorrectLookupParameters
    else:
        mine = chosen(request, model_admin.opts.label_lower)
        asked = set(usual if mine is None else mine)
    return [*known[:1], *(name for name in known[1:] if name in asked)]


def chosen(request: HttpRequest, listing: str) -> list[str] | None:
    """What somebody has chosen for a list, None for nothing; asked once in a request."""
    if not hasattr(request, "chosen_columns"):
        found = ChosenColumns.objects.filter(owner=request.user.pk, listing=listing).values_list("names", flat=True)
        request.chosen_columns = found.first()  # type: ignore[attr-defined] # a note for the same request
    mine: list[str] | None = request.chosen_columns  # type: ignore[attr-defined]
    return mine


def without(query: str) -> str:
    """A list's query for other columns: what it is sorted by is counted in columns."""
    asked = QueryDict(query, mutable=True)
    for name in (COLUMNS_VAR, ORDER_VAR, PAGE_VAR):
        asked.pop(name, None)
    return asked.urlencode()


def choices(model_admin: Any, usual: Sequence[Any], now: Sequence[Any]) -> list[Column]:
    """What the menu offers, with how each is called in the list."""
    return [
        Column(str(name), capfirst(str(label_for_field(name, model_admin.model, model_admin))), name in now)
        for name in offered(model_admin, usual)[1:]
    ]


def choose(model_admin: Any, request: HttpRequest, usual: Sequence[Any]) -> None:
    """Keep what the form says, or go back to the usual columns."""
    mine = ChosenColumns.objects.filter(owner=request.user.pk, listing=model_admin.opts.label_lower)
    asked = request.POST.getlist("column")
    names = [str(name) for name in offered(model_admin, usual)[1:] if name in asked]
    if "usual" in request.POST or names == [str(name) for name in usual[1:]]:
        mine.delete()
        messages.success(request, "The list has its usual columns.")
        return
    ChosenColumns.objects.update_or_create(
        owner_id=request.user.pk, listing=model_admin.opts.label_lower, defaults={"names": names}
    )
    messages.success(request, "The list has the columns that you chose, for you.")

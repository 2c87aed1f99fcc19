"""Template filters that every template has without loading them (TEMPLATES in settings.py)."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from config.web import text

register = template.Library()


@register.filter(is_safe=False)
def visible(value: object) -> str:
    """Text of others as a page may have it: what hides in it, or would turn around what follows, is spelled out."""
    return "" if value is None else text.visible(str(value))


@register.filter
def money(price: Decimal | None, currency: str) -> str:
    """A price with its currency."""
    return text.money(price, currency)


@register.filter
def span(length: timedelta) -> str:
    """A length of time in words."""
    return text.span(length)


class Chosen(NamedTuple):
    """What a filter of a list is set to: "" for all of them. `narrows`: it isn't what the list begins with."""

    name: str
    narrows: bool


@register.filter
def chosen(choices: list[dict[str, Any]]) -> Chosen:
    """Which of a filter's choices the list shows. What means all has no name: the filter's own says enough."""
    for place, choice in enumerate(choices):
        if choice["selected"]:
            name = str(choice["display"])
            return Chosen("" if name in ("All", "Any date") else name, place > 0)
    return Chosen("", narrows=False)


@register.filter
def labelled(cells: Iterable[SafeString], headers: list[dict[str, Any]]) -> Iterator[SafeString]:
    """The cells of a list's row, each with its column's name beside it in `data-label`: where a row is a card, it is
    the only thing that says so."""
    for cell, header in zip(cells, [*headers, *[{}] * 2], strict=False):
        start, tag = cell[:3], header.get("text")  # all begin with <td or <th
        known = tag and "action-checkbox" not in str(header.get("class_attrib"))
        label = f' data-label="{conditional_escape(capfirst(str(tag)))}"' if known else ""
        yield mark_safe(f"{start}{label}{cell[3:]}")  # noqa: S308 # the cell is the admin's, the label is escaped

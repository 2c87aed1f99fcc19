"""Template filters that every template has without loading it (TEMPLATES in settings.py)."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.http import urlencode

from config.back_office import navigation
from config.web.links import FILTERS

register = template.Library()


@register.filter
def listed_as(opts: Any) -> str:
    """What the list of a table is called: as in the navigation."""
    return navigation.name_of(opts)


@register.filter
def with_peeks(results: Iterable[Any], changelist: Any) -> Iterator[tuple[Any, str]]:
    """The lines of a list, each with the address where its row is shown beside the list; "" where it isn't."""
    page = f"admin:{changelist.opts.app_label}_{changelist.opts.model_name}_peek"
    kept = f"?{urlencode({FILTERS: changelist.as_query})}" if changelist.as_query else ""
    for result, row in zip(results, changelist.result_list, strict=True):
        yield result, reverse(page, args=[quote(row.pk)]) + kept if changelist.peeks else ""

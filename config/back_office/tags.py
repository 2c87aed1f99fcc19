"""A template filter that every template has without loading it (TEMPLATES in settings.py)."""

from typing import Any

from django import template

from config.back_office import navigation

register = template.Library()


@register.filter
def listed_as(opts: Any) -> str:
    """What the list of a table is called: as in the navigation."""
    return navigation.name_of(opts)

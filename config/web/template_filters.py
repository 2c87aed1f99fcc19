"""Template filters that every template has without loading them (TEMPLATES in settings.py)."""

from datetime import timedelta
from decimal import Decimal

from django import template

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

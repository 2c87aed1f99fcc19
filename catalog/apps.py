"""The catalog, and what has to be right about its settings before anything starts."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from catalog.rules.currencies import CURRENCIES


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalog"


@register
def default_currency_is_one(**kwargs: Any) -> list[CheckMessage]:
    """Whether new vendors get a currency that there is."""
    if settings.DEFAULT_CURRENCY in CURRENCIES:
        return []
    message = f"DEFAULT_CURRENCY is {settings.DEFAULT_CURRENCY!r}, which is no currency."
    return [Error(message, hint="Set it to a code of ISO 4217, such as USD or EUR.", id="catalog.E001")]

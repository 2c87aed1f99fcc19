"""The catalog, and what has to be right about its settings before anything starts."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from catalog.rules.currencies import CURRENCIES


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from catalog.models import ProductCategory  # the models are there only now
        from security.models import Kind  # the same
        from security.watched import Watched, watch  # the same

        fields = ("category_name", "parent_category", "is_active")
        watch(Watched(ProductCategory, Kind.SETTING_CHANGED, fields, lambda row: str(row.category_name)))


@register
def default_currency_is_one(**kwargs: Any) -> list[CheckMessage]:
    """Whether new vendors get a currency that there is."""
    if settings.DEFAULT_CURRENCY in CURRENCIES:
        return []
    message = f"DEFAULT_CURRENCY is {settings.DEFAULT_CURRENCY!r}, which is no currency."
    return [Error(message, hint="Set it to a code of ISO 4217, such as USD or EUR.", id="catalog.E001")]

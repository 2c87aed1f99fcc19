"""Our categories, as the meaning of a cell needs them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from catalog.models import ProductCategory
from uploads.feed.formats.categories import Categories

NOTHING_TURNED: Final[Mapping[str, bool]] = {}


def parents() -> dict[str, str | None]:
    """The categories that take products: name → parent."""
    active = ProductCategory.objects.filter(is_active=True).order_by("category_id")
    return dict(active.values_list("category_name", "parent_category"))


def ours(turned: Mapping[str, bool] = NOTHING_TURNED) -> Categories:
    """The same, made ready; one object as long as they stay as they are. Where some are to be `turned` on or off (name
    → active), as it would be then.
    """
    return _made(tuple((_turned(turned) if turned else parents()).items()))


def _turned(turned: Mapping[str, bool]) -> dict[str, str | None]:
    every = ProductCategory.objects.order_by("category_id").values_list("category_name", "parent_category", "is_active")
    return {name: parent for name, parent, active in every if turned.get(name, active)}


@lru_cache(maxsize=4)
def _made(found: tuple[tuple[str, str | None], ...]) -> Categories:
    return Categories(dict(found))

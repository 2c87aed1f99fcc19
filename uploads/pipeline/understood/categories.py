"""Our categories, as the meaning of a cell needs them."""

from functools import lru_cache

from catalog.models import ProductCategory
from uploads.feed.formats.categories import Categories


def parents() -> dict[str, str | None]:
    """The categories that take products: name → parent."""
    active = ProductCategory.objects.filter(is_active=True).order_by("category_id")
    return dict(active.values_list("category_name", "parent_category"))


def ours() -> Categories:
    """The same, made ready; one object as long as they stay as they are."""
    return _made(tuple(parents().items()))


@lru_cache(maxsize=4)
def _made(found: tuple[tuple[str, str | None], ...]) -> Categories:
    return Categories(dict(found))

"""What rows of two shops' exports mean, where it isn't what a feed means by a row. By the header alone, so no row needs
another, and reading can go on from any of them.

Shopify repeats the handle in a row for each variant, without the product's name, and in one for each further picture,
with nothing else (https://help.shopify.com/manual/products/import-export/using-csv). WooCommerce writes line breaks in
descriptions as \\n (https://github.com/woocommerce/woocommerce, WC_Product_CSV_Exporter).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem
from uploads.feed.columns import normalise
from uploads.feed.parser import Row

WOOCOMMERCE: Final = frozenset({"type", "sku", "name", "published", "instock", "regularprice", "categories"})


class Shop(NamedTuple):
    """Which shop's export a file is, if any, and where a row of Shopify's has its product and its pictures."""

    name: str = ""
    handle: str = ""
    pictures: frozenset[str] = frozenset()


NO_SHOP: Final = Shop()


@lru_cache(maxsize=256)
def shop_of(headers: tuple[str, ...]) -> Shop:
    """By the names of a file's columns."""
    keys = {normalise(header): header for header in reversed(headers)}
    handle = keys.get("handle") or keys.get("urlhandle") or ""
    if handle and any(key.startswith(("variant", "option1")) for key in keys):
        pictures = {header for key, header in keys.items() if "image" in key or key == "status"}
        return Shop("Shopify", handle, frozenset(pictures))
    return Shop("WooCommerce") if keys.keys() >= WOOCOMMERCE else NO_SHOP


def without_pictures(rows: Iterable[Row], shop: Shop) -> Iterator[Row]:
    """The rows that have more than a picture. Those without have no number, like blank ones."""
    passed = 0
    for row in rows:
        if shop.pictures and _is_picture(row, shop):
            passed += 1
        else:
            yield row._replace(number=row.number - passed) if passed else row


def _is_picture(row: Row, shop: Shop) -> bool:
    filled = {header for header, cell in row.cells.items() if cell.strip()}
    return len(filled) > 1 and shop.handle in filled and filled <= {shop.handle, *shop.pictures}


def as_meant(values: Mapping[str, str | None], shop: Shop) -> Mapping[str, str | None]:
    """The values of a row (field → cell) as the shop means them."""
    description = values.get("description")
    if shop.name != "WooCommerce" or not description:
        return values
    # A \n that is no line break is written as \\n.
    parts = (part.replace("\\n", "\n") for part in description.split("\\\\n"))
    return {**values, "description": "\\n".join(parts)}


def variant_problem(values: Mapping[str, str | None], fields: Mapping[str, str], shop: Shop) -> Problem | None:
    """What to say of a row of Shopify's that is a variant of a product, which has its name in another row."""
    if not shop.handle or fields.get("vendor_product_id") != shop.handle:
        return None
    handle, sku, name, category = (
        (values.get(field) or "").strip() for field in ("vendor_product_id", "sku", "product_name", "category")
    )
    if not handle or handle == sku or name or category:
        return None
    own = f"such as its SKU {quoted(sku)}, " if sku else ""
    message = (
        f"The row is a variant of the product {quoted(handle)}, which an earlier row describes. To sell it too, give "
        f"it a product ID of its own, {own}and a product name and a category."
    )
    return Problem("vendor_product_id", Code.VARIANT_WITHOUT_PRODUCT, message, sku)

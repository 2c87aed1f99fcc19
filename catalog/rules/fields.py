"""The fields of a product, as the table `products` has them: names, what people call them, and limits."""

from typing import Final

FIELDS: Final[tuple[str, ...]] = (
    "vendor_product_id",
    "product_name",
    "category",
    "sku",
    "brand",
    "description",
    "price",
    "stock_quantity",
    "currency",
)
OPTIONAL: Final[frozenset[str]] = frozenset({"brand", "description", "currency"})
REQUIRED: Final[tuple[str, ...]] = tuple(field for field in FIELDS if field not in OPTIONAL)

LABELS = {
    "vendor_product_id": "product ID",
    "product_name": "product name",
    "category": "category",
    "sku": "SKU",
    "brand": "brand",
    "description": "description",
    "price": "price",
    "stock_quantity": "stock quantity",
    "currency": "currency",
}

# In characters (code points), as PostgreSQL counts varchar. The description is `text`; its limit is ours.
LIMITS = {
    "vendor_product_id": 100,
    "product_name": 200,
    "category": 100,
    "sku": 100,
    "brand": 100,
    "description": 10_000,
}
MAX_STOCK = 2**31 - 1  # PostgreSQL integer

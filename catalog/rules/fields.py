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
    "gtin",
    "image_url",
)
OPTIONAL: Final[frozenset[str]] = frozenset({"brand", "description", "currency", "gtin", "image_url"})
REQUIRED: Final[tuple[str, ...]] = tuple(field for field in FIELDS if field not in OPTIONAL)
# What a row asks for, in a column of its own (catalog.rules.values.action); no field of a product.
ACTION: Final = "action"
# Beside the fields, what a row has in a column for codes of any kind, of which some are GTINs. A row has this or one.
BARCODE: Final = "barcode"
# What a product's status can be. Only active ones are in the view product_catalog.
ACTIVE: Final = "active"
RETIRED: Final = "retired"
# All that a column can mean.
READ: Final[tuple[str, ...]] = (*FIELDS, ACTION)

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
    "gtin": "GTIN",
    "image_url": "image URL",
    "status": "status",
    ACTION: "action",
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

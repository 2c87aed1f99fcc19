"""Shopify's product export and its inventory export.

https://help.shopify.com/en/manual/products/import-export/using-csv and
https://help.shopify.com/en/manual/products/inventory/setup/inventory-csv. All rows of a product have its handle; only
the first has title, text and category; a row with nothing but a picture stands for a further one.
"""

from typing import Final

from uploads.feed.formats.model import GIFT_CARD, NOT_FOR_SALE, UPDATE, Format, Group, Plan, Rule

OPTIONS: Final = ("option1", "option2", "option3")
_OPTION_HEADERS: Final = {
    "option1": ("Option1 Value", "Option1 value"),
    "option2": ("Option2 Value", "Option2 value"),
    "option3": ("Option3 Value", "Option3 value"),
}
NO_OPTION: Final = ("default title",)
TAKE: Final = "It can be taken all the same, in the preview."

PRODUCTS: Final = Format(
    id="shopify_products",
    name="Shopify product export",
    headers={
        "handle": ("Handle", "URL handle"),
        "title": ("Title",),
        "body": ("Body (HTML)", "Body HTML", "Description"),
        "vendor": ("Vendor",),
        "category": ("Product Category", "Standard Product Type", "Standardized Product Type"),
        "custom_type": ("Type", "Custom Product Type", "Product type"),
        "google_category": ("Google Shopping / Google Product Category", "Google Product Category"),
        "published": ("Published", "Published on online store"),
        **_OPTION_HEADERS,
        "sku": ("Variant SKU", "SKU"),
        "tracker": ("Variant Inventory Tracker", "Inventory tracker"),
        "quantity": ("Variant Inventory Qty", "Inventory quantity", "Variant Inventory Quantity"),
        "price": ("Variant Price", "Price"),
        "image": ("Image Src", "Product image URL"),
        "image_position": ("Image Position", "Image position"),
        "image_alt": ("Image Alt Text", "Image alt text"),
        "image_width": ("Image Width",),
        "image_height": ("Image Height",),
        "variant_image": ("Variant Image", "Variant image URL"),
        "gift_card": ("Gift Card", "Gift card"),
        "status": ("Status",),
        "barcode": ("Variant Barcode", "Barcode"),
    },
    signature=(
        ("handle", "title", "option1", "price"),
        ("handle", "title", "sku", "price"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("title",),
            "category": ("category", "custom_type", "google_category"),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("vendor",),
            "description": ("body",),
            "gtin": ("barcode",),
            "image_url": ("variant_image", "image"),
        },
        barcodes=("barcode",),
        own_pictures=("variant_image",),
        options=OPTIONS,
        option_words=NO_OPTION,
        handle="handle",
        html=True,
        apostrophes=True,
        machine_numbers=True,
        rules=(
            Rule("gift_card", ("true", "yes", "1"), GIFT_CARD, "A gift card is money, not goods.", carries=True),
            Rule(
                "status", ("active", "unlisted"), NOT_FOR_SALE, f"Status is “{{}}” in the shop. {TAKE}",
                carries=True, unless=True,
            ),
            Rule(
                "published", ("false",), NOT_FOR_SALE, f"Published is “{{}}” in the shop. {TAKE}",
                carries=True, only_without="status",
            ),
        ),
        pictures=(
            "image", "image_position", "image_alt", "image_width", "image_height", "variant_image", "status",
        ),
        group=Group("shared", refers="handle", head="title"),
        inherited=("product_name", "category", "brand", "description", "image_url"),
        paths=">",
        category_numbers=False,
        tracker="tracker",
        untracked=("",),
    ),
    said=(
        "Variants are products of their own: title, category, brand and description come from the product’s first "
        "row, the options are added to the name.",
        "The product ID is the SKU, since Shopify has no ID that is different in each row. Where a SKU is missing, "
        "both are made of handle and option values.",
        "HTML becomes text, and the apostrophe that Shopify puts before numbers is taken off.",
    ),
)  # fmt: skip

_SAID_OF_SKUS: Final = (
    "Products are found by their SKU. Where it is missing, it is made of handle and option values, as it was when the "
    "products were sent."
)

INVENTORY: Final = Format(
    id="shopify_inventory",
    name="Shopify inventory export",
    headers={
        "handle": ("Handle",),
        "title": ("Title",),
        **_OPTION_HEADERS,
        "sku": ("SKU",),
        "hs": ("HS Code",),
        "coo": ("COO",),
        "location": ("Location",),
        "available": ("Available (not editable)", "Available", "Available (new)"),
        "on_hand": ("On hand (current)", "On hand", "On hand (new)"),
        "incoming": ("Incoming (not editable)", "Incoming"),
        "committed": ("Committed (not editable)", "Committed"),
    },
    signature=(
        ("handle", "title", "option1", "sku", "hs", "coo", "location", "available"),
        ("handle", "title", "option1", "sku", "hs", "coo", "location", "on_hand"),
        ("handle", "sku", "location", "available", "committed"),
        ("handle", "sku", "location", "on_hand"),
        ("handle", "sku", "location", "available"),
    ),
    template=Plan(
        mode=UPDATE,
        columns={"sku": ("sku",), "stock_quantity": ("available", "on_hand")},
        options=OPTIONS,
        option_words=NO_OPTION,
        handle="handle",
        apostrophes=True,
        not_stocked=("not stocked",),
        group=Group("summed", refers="sku"),
    ),
    prefers={"stock_quantity": ("available", "on_hand")},
    said=(
        "This is a stock list: it has no price and no category. Only the stock of products that are in the catalog is "
        "updated; nothing is added, nothing else is changed.",
        _SAID_OF_SKUS,
        "The stock is what is available, added up over all locations; “not stocked” counts nothing.",
    ),
)

OLD_INVENTORY: Final = Format(
    id="shopify_old_inventory",
    name="older Shopify inventory export",
    headers={
        "handle": ("Handle",),
        "title": ("Title",),
        **_OPTION_HEADERS,
        "sku": ("SKU",),
        "hs": ("HS Code",),
        "coo": ("COO",),
    },
    behind=("place", "coo"),
    signature=(("handle", "title", "option1", "sku", "hs", "coo"),),
    template=Plan(
        mode=UPDATE,
        columns={"sku": ("sku",), "stock_quantity": ("place",)},
        options=OPTIONS,
        option_words=NO_OPTION,
        handle="handle",
        apostrophes=True,
        added=True,
        not_stocked=("not stocked",),
    ),
    said=(
        INVENTORY.said[0],
        _SAID_OF_SKUS,
        "Each column behind COO is a location. The stock is added up over all of them; “not stocked” counts nothing.",
    ),
)

FORMATS: Final = (PRODUCTS, INVENTORY, OLD_INVENTORY)

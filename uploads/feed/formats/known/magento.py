"""Exports of Magento 2 (Adobe Commerce), and of Magento 1 by its two ways.

https://experienceleague.adobe.com/en/docs/commerce-admin/systems/data-transfer/data-attributes-product; Magento 1 (and
OpenMage): Mage_ImportExport writes further categories, pictures and languages of a product into rows without a SKU,
Mage_Dataflow (System > Import/Export > Profiles) has the attributes that the shop has.
"""

from typing import Final

from uploads.feed.formats.model import CONTINUATION, GROUP, NOT_FOR_SALE, PARENT, TRANSLATION, Format, Plan, Rule

TAKE: Final = "It can be taken all the same, in the preview."
_IS_PARENT: Final = "The parent of variants; its quantity is theirs."
_IS_BUNDLE: Final = "A bundle of other products without a price of its own."

MAGENTO: Final = Format(
    id="magento2",
    name="product export of Magento 2 (Adobe Commerce)",
    headers={
        "sku": ("sku",),
        "store": ("store_view_code",),
        "type": ("product_type",),
        "attribute_set": ("attribute_set_code",),
        "categories": ("categories",),
        "name": ("name",),
        "description": ("description",),
        "short": ("short_description",),
        "online": ("product_online",),
        "visibility": ("visibility",),
        "price": ("price",),
        "qty": ("qty",),
        "in_stock": ("is_in_stock",),
        "manage_stock": ("manage_stock",),
        "brand": ("manufacturer", "brand"),
        # Attributes that the shop has made.
        "barcode": ("gtin", "ean", "ean13", "upc", "barcode"),
    },
    signature=(
        ("sku", "attribute_set", "type", "categories", "name", "price"),
        ("sku", "type", "categories", "name", "price", "qty", "online"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("qty",),
            "brand": ("brand",),
            "description": ("description", "short"),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        flags=("in_stock",),
        tracker="manage_stock",
        untracked=("0",),
        machine_numbers=True,
        html=True,
        rules=(
            Rule("store", ("*",), TRANSLATION, "The product in another language (store view “{}”)."),
            Rule("online", ("2",), NOT_FOR_SALE, f"product_online is 2 (disabled). {TAKE}"),
            Rule("type", ("configurable",), PARENT, "The parent of variants; its quantity is theirs."),
            Rule("type", ("bundle", "grouped"), GROUP, "A bundle of other products without a price of its own."),
        ),
        lists=",",
        paths="/",
    ),
    said=(
        "sku is product ID and SKU.",
        "The price is price; special_price is left out.",
        "“Not Visible Individually” is a variant and is sold.",
    ),
)

_MAGENTO_1: Final = {
    "sku": ("sku",),
    "name": ("name",),
    "description": ("description",),
    "short": ("short_description",),
    "status": ("status",),
    "visibility": ("visibility",),
    "price": ("price",),
    "qty": ("qty",),
    "in_stock": ("is_in_stock",),
    "manage_stock": ("manage_stock",),
    "brand": ("manufacturer", "brand"),
    "barcode": ("gtin", "ean", "ean13", "upc", "barcode"),
}
_MAGENTO_1_PLAN: Final = {
    "vendor_product_id": ("sku",),
    "product_name": ("name",),
    "category": ("categories",),
    "sku": ("sku",),
    "price": ("price",),
    "stock_quantity": ("qty",),
    "brand": ("brand",),
    "description": ("description", "short"),
    "gtin": ("barcode",),
}
_MAGENTO_1_SAID: Final = (
    "sku is product ID and SKU.",
    "The price is price; special_price and msrp are left out.",
    "“Not Visible Individually” is a variant and is sold.",
)

MAGENTO_1: Final = Format(
    id="magento1",
    name="product export of Magento 1",
    headers={
        **_MAGENTO_1,
        "store": ("_store",),
        "attribute_set": ("_attribute_set",),
        "type": ("_type",),
        "categories": ("_category",),
        "root": ("_root_category",),
        "websites": ("_product_websites",),
    },
    signature=(
        ("sku", "attribute_set", "type", "categories", "root", "websites", "name", "price"),
        ("sku", "attribute_set", "type", "websites", "name", "price", "qty"),
        ("sku", "attribute_set", "type", "categories", "root", "name", "price"),
    ),
    template=Plan(
        columns=_MAGENTO_1_PLAN,
        barcodes=("barcode",),
        flags=("in_stock",),
        tracker="manage_stock",
        untracked=("0",),
        machine_numbers=True,
        html=True,
        rules=(
            Rule("store", ("*",), TRANSLATION, "The product in another language (store view “{}”)."),
            Rule("sku", ("",), CONTINUATION, "A further line of the row above; it has no product in it."),
            Rule("status", ("2", "disabled"), NOT_FOR_SALE, f"status is {{}} (disabled). {TAKE}"),
            Rule("type", ("configurable",), PARENT, _IS_PARENT),
            Rule("type", ("bundle", "grouped"), GROUP, _IS_BUNDLE),
        ),
        lists=",",
        paths="/",
    ),
    said=_MAGENTO_1_SAID,
)

MAGENTO_1_PROFILE: Final = Format(
    id="magento1_profile",
    name="product export of Magento 1 (by a profile)",
    headers={
        **_MAGENTO_1,
        "store": ("store",),
        "websites": ("websites",),
        "attribute_set": ("attribute_set",),
        "type": ("type",),
        "categories": ("categories", "category", "category_ids"),
    },
    signature=(("store", "websites", "attribute_set", "type", "sku", "name", "price"),),
    template=Plan(
        columns=_MAGENTO_1_PLAN,
        barcodes=("barcode",),
        flags=("in_stock",),
        tracker="manage_stock",
        untracked=("0", "no"),
        machine_numbers=True,
        html=True,
        rules=(
            Rule("status", ("2", "disabled"), NOT_FOR_SALE, f"status is {{}}. {TAKE}"),
            Rule("type", ("configurable",), PARENT, _IS_PARENT),
            Rule("type", ("bundle", "grouped"), GROUP, _IS_BUNDLE),
        ),
        lists=",",
        paths="/",
    ),
    said=_MAGENTO_1_SAID,
)

MAGENTO_GRID: Final = Format(
    id="magento_grid",
    name="table of products of Magento’s admin",
    headers={
        "id": ("ID",),
        "name": ("Name",),
        "type": ("Type",),
        "attribute_set": ("Attribute Set", "Attrib. Set Name"),
        "sku": ("SKU",),
        "price": ("Price",),
        "salable": ("Salable Quantity",),
        "quantity": ("Quantity", "Qty"),
        "sources": ("Quantity per Source",),
        "visibility": ("Visibility",),
        "status": ("Status",),
    },
    signature=(("id", "name", "type", "attribute_set", "sku", "price", "visibility", "status"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("attribute_set",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("salable", "quantity", "sources"),
        },
        stock_parts=r"(?:^|, )[^:,]+: (-?[0-9.]+)",
        html=True,
        rules=(
            Rule("status", ("disabled",), NOT_FOR_SALE, f"Status is {{}}. {TAKE}"),
            Rule("type", ("configurable product",), PARENT, _IS_PARENT),
            Rule("type", ("bundle product", "grouped product"), GROUP, _IS_BUNDLE),
        ),
    ),
    prefers={"stock_quantity": ("salable", "quantity", "sources")},
    said=(
        "SKU is product ID and SKU; ID isn’t known outside of the shop.",
        "There is no category; the attribute set stands for it. The stock is what can be sold, added up.",
    ),
)

FORMATS: Final = (MAGENTO, MAGENTO_1, MAGENTO_1_PROFILE, MAGENTO_GRID)

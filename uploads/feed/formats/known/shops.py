"""Exports of shop systems beside Shopify, WooCommerce and Magento.

PrestaShop: https://docs.prestashop-project.org/; BigCommerce: https://support.bigcommerce.com/s/article/
Product-Import-Export, and Importing-Products-v2 for the older one; Shopware: https://docs.shopware.com/en/shopware-6-en/
settings/importexport; OpenCart: its Export/Import extension; Zen Cart and osCommerce: Easy Populate.
"""

from dataclasses import replace
from typing import Final

from uploads.feed.formats.model import (
    CONTINUATION,
    NOT_FOR_SALE,
    PICTURE,
    UPDATE,
    VIDEO,
    Format,
    Group,
    Plan,
    Rule,
)

TAKE: Final = "It can be taken all the same, in the preview."
_NO: Final = ("false", "0", "no", "n", "f")

PRESTASHOP: Final = Format(
    id="prestashop",
    name="product list of PrestaShop",
    headers={
        "id": ("Product ID", "ID"),
        "active": ("Active (0/1)", "Actif (0/1)", "Enabled", "Status", "Active", "Aktiv (0/1)"),
        "name": ("Name", "Nom", "Product name"),
        "categories": ("Categories (x,y,z...)", "Catégories (x,y,z...)", "Category", "Kategorien (x,y,z...)"),
        "gross": ("Price tax included", "Prix TTC", "Price (tax incl.)"),
        "net": (
            "Price tax excluded", "Prix HT", "Price (tax excl.)", "Price tax excluded or Price tax included",
            "Prix HT ou prix TTC",
        ),
        "wholesale": ("Wholesale price", "Prix de gros", "Cost price"),
        "tax_rules": ("Tax rules ID", "ID règle de taxes"),
        "reference": ("Reference #", "Reference", "Référence", "Référence #"),
        "manufacturer": ("Manufacturer", "Marque", "Brand", "Fabricant"),
        "quantity": ("Quantity", "Quantité"),
        "summary": ("Summary", "Short description", "Résumé", "Récapitulatif"),
        "description": ("Description",),
        "gtin": ("EAN13", "EAN-13", "UPC", "ISBN"),
        "images": ("Image URLs (x,y,z...)", "URL des images (x,y,z...)", "Bild-URLs (x,y,z...)"),
    },
    signature=(
        ("id", "name", "categories", "net", "tax_rules", "reference"),
        ("id", "active", "name", "categories", "net", "reference", "quantity"),
        ("id", "name", "reference", "categories", "net", "gross", "quantity"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("reference",),
            "price": ("gross", "net"),
            "stock_quantity": ("quantity",),
            "brand": ("manufacturer",),
            "description": ("description", "summary"),
            "gtin": ("gtin",),
            "image_url": ("images",),
        },
        many_pictures=True,
        id_for_sku=True,
        id_first=True,
        machine_numbers=True,
        html=True,
        rules=(Rule("active", _NO, NOT_FOR_SALE, f"Active is {{}}. {TAKE}"),),
        lists=",",
        paths=">/",
    ),
    asks={"price": ("gross", "net")},
    said=(
        "A price without tax is taken as it is: net, as its header says. Unit price and wholesale price are no price.",
        "Where the description is empty, the summary is read; HTML becomes text.",
    ),
)  # fmt: skip

PRESTASHOP_COMBINATIONS: Final = Format(
    id="prestashop_combinations",
    name="list of combinations of PrestaShop",
    headers={
        "id": ("Product ID*", "Product ID", "Identifiant (ID) Produit*", "ID Produit"),
        "attribute": ("Attribute (Name:Type:Position)*", "Attribut (Nom:Type:Position)*"),
        "value": ("Value (Value:Position)*", "Valeur (Valeur:Position)*"),
        "reference": ("Reference", "Référence"),
        "quantity": ("Quantity", "Quantité"),
    },
    signature=(("id", "attribute", "value", "reference", "quantity"),),
    template=Plan(mode=UPDATE, columns={"sku": ("reference",), "stock_quantity": ("quantity",)}, machine_numbers=True),
    said=(
        "This is a list of combinations: it has no names, no categories and no prices, but what they cost more than "
        "their product. Only the stock of products that are in the catalog is updated; nothing is added, nothing else "
        "is changed.",
        "Products are found by their SKU, which is Reference.",
    ),
)

BIGCOMMERCE: Final = Format(
    id="bigcommerce",
    name="product export of BigCommerce",
    headers={
        "item": ("Item",),
        "id": ("ID",),
        "name": ("Name",),
        "sku": ("SKU",),
        "options": ("Options",),
        "tracking": ("Inventory Tracking",),
        "stock": ("Current Stock",),
        "price": ("Price",),
        "brand": ("Brand Name", "Brand"),
        "categories": ("Categories",),
        "description": ("Description",),
        "visible": ("Is Visible",),
        "gtin": ("Global Trade Number", "Global Trade Item Number", "GTIN", "UPC/EAN"),
    },
    signature=(("item", "id", "name", "sku", "tracking", "stock", "price", "categories"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku", "id"),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("gtin",),
        },
        options=("options",),
        option_values=r"Value=([^|;]*)",
        id_for_sku=True,
        tracker="tracking",
        untracked=("none",),
        machine_numbers=True,
        html=True,
        rules=(
            Rule("item", ("image",), PICTURE, "A picture of a product."),
            Rule("item", ("video",), VIDEO, "A video about a product."),
            Rule("item", ("rule",), CONTINUATION, "A rule of a product; it has no product in it."),
            Rule("visible", _NO, NOT_FOR_SALE, f"Is Visible is {{}}. {TAKE}", carries=True),
        ),
        group=Group("above", head="item", words=("product",), variants=("variant",), parents=True),
        inherited=("product_name", "category", "brand", "description", "price"),
        lists=";",
        paths="/>",
    ),
    said=(
        "The product ID is the SKU, since ID isn’t different in each row; where there is no SKU, the ID.",
        "A variant without a price has its product’s; Retail Price and Sale Price are left out.",
        "Variants take category and description from their product; the option is added to the name.",
    ),
)

BIGCOMMERCE_2: Final = replace(
    BIGCOMMERCE,
    id="bigcommerce_2",
    name="older product export of BigCommerce",
    headers={
        "item": ("Item Type",),
        "id": ("Product ID",),
        "name": ("Product Name",),
        "sku": ("Product Code/SKU", "Product SKU"),
        "tracking": ("Track Inventory",),
        "stock": ("Current Stock Level", "Stock Level"),
        "price": ("Price",),
        "brand": ("Brand Name", "Brand"),
        "categories": ("Category", "Category String", "Category Details"),
        "description": ("Product Description", "Description"),
        "visible": ("Product Visible?", "Product Visible"),
        "gtin": ("GTIN", "Global Trade Item Number", "UPC/EAN", "Product UPC/EAN"),
    },
    signature=(("item", "name", "sku", "price", "stock", "visible"),),
    template=replace(
        BIGCOMMERCE.template,
        options=("name",),  # of a variant: [S]Size=Small,[CS]Color=Red:#ff0000
        option_values=r"\[[A-Z]+\][^=]+=([^,:]*)",
        options_of_variants=True,
        names_of_heads=True,
        group=Group("above", head="item", words=("product",), variants=("sku",), parents=True),
    ),
)

SHOPWARE: Final = Format(
    id="shopware",
    name="product export of Shopware",
    headers={
        "id": ("id",),
        "parent": ("parent_id", "parentId"),
        "number": ("product_number", "productNumber"),
        "active": ("active",),
        "stock": ("available_stock", "stock"),
        "name": ("name", "translations.DEFAULT.name"),
        "description": ("description", "translations.DEFAULT.description"),
        "gross": ("price_gross", "price.DEFAULT.gross"),
        "net": ("price_net", "price.DEFAULT.net"),
        "brand": ("manufacturer_name", "manufacturer.translations.DEFAULT.name"),
        "categories": ("categories",),
        "ean": ("ean",),
        "cover": ("cover_media_url", "cover.media.url"),
    },
    signature=(("number", "name", "stock", "net", "gross"), ("id", "parent", "number", "name", "stock")),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("number",),
            "price": ("gross", "net"),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("ean",),
            "image_url": ("cover",),
        },
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        rules=(Rule("active", _NO, NOT_FOR_SALE, f"active is {{}}. {TAKE}", carries=True),),
        group=Group("named", refers="parent", keys=(("id", ""),), parents=True),
        inherited=("product_name", "category", "brand", "description", "price", "image_url"),
        lists="|",
        paths=">",
    ),
    asks={"price": ("gross", "net")},
    said=(
        "product_number is the SKU, id the product ID.",
        "Variants take what they have not from their product, which is left out itself.",
    ),
)

SHOPWARE_5: Final = Format(
    id="shopware5",
    name="item export of Shopware 5",
    headers={
        "number": ("ordernumber",),
        "main": ("mainnumber",),
        "name": ("name",),
        "additional": ("additionalText",),
        "supplier": ("supplier",),
        "price": ("price_EK", "price"),
        "stock": ("instock", "inStock"),
        "active": ("active",),
        "description": ("description_long",),
        "short": ("description",),
        "categories": ("categories",),
        "ean": ("ean",),
    },
    signature=(("number", "main", "name", "supplier", "price"), ("number", "main", "name", "stock", "active")),
    template=Plan(
        columns={
            "vendor_product_id": ("number",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("number",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("supplier",),
            "description": ("description", "short"),
            "gtin": ("ean",),
        },
        options=("additional",),
        html=True,
        rules=(Rule("active", _NO, NOT_FOR_SALE, f"active is {{}}. {TAKE}"),),
        group=Group("named", refers="main", keys=(("number", ""),)),
        inherited=("product_name", "category", "brand", "description"),
        lists="|",
        paths=">",
    ),
    said=("ordernumber is product ID and SKU. supplier is the brand, as Shopware means it.",),
)

OPENCART: Final = Format(
    id="opencart",
    name="product export of OpenCart",
    headers={
        "id": ("product_id",),
        "name": ("name(*", "name"),
        "categories": ("categories",),
        "sku": ("sku",),
        "model": ("model",),
        "quantity": ("quantity",),
        "manufacturer": ("manufacturer",),
        "shipping": ("shipping",),
        "price": ("price",),
        "status": ("status",),
        "description": ("description(*", "description"),
        "barcode": ("ean", "upc", "isbn", "jan"),
    },
    signature=(("id", "name", "categories", "model", "quantity", "shipping", "price", "status"),),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku", "model"),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("manufacturer",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        rules=(Rule("status", _NO, NOT_FOR_SALE, f"status is {{}}. {TAKE}"),),
        lists=",",
        paths=">",
    ),
    said=("product_id is the product ID. The SKU is sku; where that is empty, model.",),
)

EASY_POPULATE: Final = Format(
    id="easy_populate",
    name="Easy Populate file of Zen Cart or osCommerce",
    headers={
        "model": ("v_products_model",),
        "name": ("v_products_name_1",),
        "description": ("v_products_description_1",),
        "price": ("v_products_price",),
        "quantity": ("v_products_quantity",),
        "brand": ("v_manufacturers_name",),
        "category": ("v_categories_name_1",),
        "status": ("v_status",),
    },
    signature=(("model", "price", "quantity"), ("model", "name", "price")),
    template=Plan(
        columns={
            "vendor_product_id": ("model",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("model",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("brand",),
            "description": ("description",),
        },
        machine_numbers=True,
        html=True,
        rules=(Rule("status", (*_NO, "inactive"), NOT_FOR_SALE, f"v_status is {{}}. {TAKE}"),),
        paths="^>",
    ),
    said=("The model is product ID and SKU.", "Names, descriptions and categories are those of the first language."),
)

FORMATS: Final = (
    PRESTASHOP, PRESTASHOP_COMBINATIONS, BIGCOMMERCE, BIGCOMMERCE_2, SHOPWARE, SHOPWARE_5, OPENCART, EASY_POPULATE,
)  # fmt: skip

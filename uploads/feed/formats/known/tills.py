"""Exports of tills.

Square: https://squareup.com/help/article/5153; Lightspeed Retail X-Series (Vend):
https://x-series-support.lightspeedhq.com; R-Series: https://retail-support.lightspeedhq.com; C-Series (eCom):
https://ecom-support.lightspeedhq.com; Loyverse: https://help.loyverse.com/help/importing-and-exporting.
"""

from typing import Final

from uploads.feed.formats.model import NOT_FOR_SALE, Format, Group, Plan, Rule

TAKE: Final = "It can be taken all the same, in the preview."
_NO: Final = ("false", "0", "no", "n", "f")

SQUARE: Final = Format(
    id="square",
    name="item library of Square",
    headers={
        "token": ("Token", "Item ID"),
        "item": ("Item Name",),
        "variation": ("Variation Name",),
        "sku": ("SKU",),
        "description": ("Description",),
        "category": ("Category", "Categories", "Reporting Category"),
        "price": ("Price",),
        "archived": ("Archived",),
        "quantity": ("Current Quantity *",),
        "gtin": ("GTIN",),
    },
    signature=(("token", "item", "variation", "sku", "price"), ("item", "variation", "sku", "price", "quantity")),
    template=Plan(
        columns={
            "vendor_product_id": ("token",),
            "product_name": ("item",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "description": ("description",),
            "gtin": ("gtin",),
        },
        options=("variation",),
        option_words=("regular",),
        id_for_sku=True,
        id_first=True,
        added=True,
        machine_numbers=True,
        html=True,
        rules=(Rule("archived", ("y", "yes", "true"), NOT_FOR_SALE, f"Archived is “{{}}”. {TAKE}"),),
        lists=",",
        paths=">",
    ),
    asks={"stock_quantity": ("quantity",)},
    said=(
        "Token is the product ID.",
        "The name is Item Name and Variation Name; “Regular” is Square’s word for the only variation and is left out.",
    ),
)

LIGHTSPEED: Final = Format(
    id="lightspeed",
    name="product export of Lightspeed Retail",
    headers={
        "id": ("id",),
        "handle": ("handle",),
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description",),
        "category": ("product_category", "type"),
        "option1": ("variant_option_one_value",),
        "option2": ("variant_option_two_value",),
        "option3": ("variant_option_three_value",),
        "supply": ("supply_price",),
        "price": ("retail_price",),
        "brand": ("brand_name",),
        "active": ("active",),
        "tracked": ("track_inventory",),
        "inventory": ("inventory_*",),
    },
    signature=(
        ("id", "handle", "sku", "name", "option1", "price"),
        ("handle", "sku", "name", "supply", "price", "brand"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("inventory",),
            "brand": ("brand",),
            "description": ("description",),
        },
        options=("option1", "option2", "option3"),
        option_words=("default", "default title"),
        id_first=True,
        id_for_sku=True,
        added=True,
        tracker="tracked",
        untracked=_NO,
        machine_numbers=True,
        html=True,
        rules=(Rule("active", _NO, NOT_FOR_SALE, f"active is {{}}. {TAKE}"),),
        group=Group("shared", refers="handle", head="name"),
        inherited=("product_name", "category", "brand", "description"),
        lists=";",
        paths="/>",
    ),
    said=(
        "id is the product ID. The price is retail_price; supply_price is a cost.",
        "The stock is that of all outlets, added up.",
    ),
)

LIGHTSPEED_R: Final = Format(
    id="lightspeed_r",
    name="item list of Lightspeed Retail (R-Series)",
    headers={
        "id": ("System ID",),
        "sku": ("Custom SKU",),
        "item": ("Item", "Description"),
        "quantity": ("Qty.", "Quantity on hand", "Total qty.", "Qty"),
        "price": ("Price", "Default price"),
        "brand": ("Brand",),
        "category": ("Category",),
        "sub1": ("Subcategory 1",),
        "sub2": ("Subcategory 2",),
        "sub3": ("Subcategory 3",),
        "archived": ("Archived",),
        "gtin": ("UPC", "EAN"),
    },
    signature=(("id", "sku", "item", "price"),),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("item",),
            "category": ("category", "sub1", "sub2", "sub3"),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("brand",),
            "gtin": ("gtin",),
        },
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        category_levels=True,
        rules=(Rule("archived", ("yes", "true", "1"), NOT_FOR_SALE, f"Archived is {{}}. {TAKE}"),),
        paths=">/",
    ),
    said=(
        "System ID is the product ID, Custom SKU the SKU; the manufacturer’s SKU and barcodes are neither.",
        "The price is Price; MSRP and Default Cost aren’t. A category and its subcategories are one path.",
    ),
)

_LANGUAGES: Final = ("EN", "US", "NL", "DE", "FR", "ES", "IT", "DA", "SV", "PL", "PT", "FC", "BE")
LIGHTSPEED_ECOM: Final = Format(
    id="lightspeed_ecom",
    name="product export of Lightspeed eCom",
    headers={
        "product": ("Internal_ID",),
        "id": ("Internal_Variant_ID",),
        "visible": ("Visible",),
        "brand": ("Brand",),
        "title": tuple(f"{one}_Title_{size}" for size in ("Long", "Short") for one in _LANGUAGES),
        "description": tuple(f"{one}_Description_{size}" for size in ("Long", "Short") for one in _LANGUAGES),
        "variant": tuple(f"{one}_Variant" for one in _LANGUAGES),
        "price": ("Price",),
        "article": ("Article_Code",),
        "sku": ("SKU",),
        "stock": ("Stock_Level",),
        "tracked": ("Stock_Track",),
        **{f"category{level}": tuple(f"{one}_Category_{level}" for one in _LANGUAGES) for level in (1, 2, 3)},
        "ean": ("EAN",),
    },
    signature=(("product", "id", "title", "price", "stock"), ("product", "id", "title", "sku", "price")),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("title",),
            "category": ("category1", "category2", "category3"),
            "sku": ("sku", "article"),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("ean",),
        },
        options=("variant",),
        option_words=("default", "standaard", "standard", "défaut"),
        id_first=True,
        id_for_sku=True,
        tracker="tracked",
        untracked=_NO,
        machine_numbers=True,
        html=True,
        category_levels=True,
        rules=(Rule("visible", _NO, NOT_FOR_SALE, f"Visible is {{}}. {TAKE}"),),
        group=Group("shared", refers="product", head="title"),
        inherited=("product_name", "category", "brand", "description"),
        lists=",;",
        paths="/>",
    ),
    said=(
        "Internal_Variant_ID is the product ID. The SKU is SKU; where that is empty, Article_Code.",
        "The price is Price; Price_Old and Price_Cost aren’t. Of several languages the first that isn’t empty is read.",
    ),
)

LOYVERSE: Final = Format(
    id="loyverse",
    name="item list of Loyverse",
    headers={
        "handle": ("Handle",),
        "sku": ("SKU", "REF", "UGS", "Артикул"),
        "name": ("Name", "Nombre", "Nom", "Nome", "Название"),
        "category": ("Category", "Categoria", "Categoría", "Catégorie", "Kategorie", "Категория"),
        "description": ("Description", "Descripción", "Descrizione", "Beschreibung", "Descrição", "Описание"),
        "weighed": (
            "Sold by weight",
            "Vendido por peso",
            "Vendu au poids",
            "Venduto a peso",
            "Verkauf nach Gewicht",
            "Продается на вес",
        ),
        "option1": ("Option 1 value", "Opción 1 valor", "Option 1 valeur", "Opzione 1 valore", "Вариант 1 значение"),
        "option2": ("Option 2 value", "Opción 2 valor", "Option 2 valeur", "Opzione 2 valore", "Вариант 2 значение"),
        "option3": ("Option 3 value", "Opción 3 valor", "Option 3 valeur", "Opzione 3 valore", "Вариант 3 значение"),
        "default": ("Default price", "Precio por defecto", "Precio predeterminado", "Prix par défaut"),
        "price": ("Price [*", "Precio [*", "Prix [*", "Prezzo [*", "Preis [*", "Preço [*", "Цена [*"),
        "stock": ("In stock [*", "En inventario [*", "En stock [*", "In magazzino [*", "Auf Lager [*", "Em estoque [*"),
        "tracked": ("Track stock", "Seguir el Inventario", "Suivre le stock", "Bestand verfolgen"),
        "barcode": (
            "Barcode",
            "Código de barras",
            "Code-barres",
            "Code barre",
            "Codice a barre",
            "Strichcode",
            "Штрихкод",
        ),
    },
    signature=(("handle", "sku", "name", "category", "weighed", "price"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("default", "price"),
            "stock_quantity": ("stock",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        options=("option1", "option2", "option3"),
        handle="handle",
        added=True,
        tracker="tracked",
        untracked=_NO,
        machine_numbers=True,
        html=True,
        group=Group("shared", refers="handle", head="name"),
        inherited=("product_name", "category", "description"),
        paths=">",
    ),
    said=(
        "The product ID is the SKU. Name, category and description come from the item’s first row, the options are "
        "added to the name.",
        "The price is the default one, else the first store’s. The stock is that of all stores, added up.",
    ),
)

FORMATS: Final = (SQUARE, LIGHTSPEED, LIGHTSPEED_R, LIGHTSPEED_ECOM, LOYVERSE)

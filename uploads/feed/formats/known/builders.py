"""Exports of services with which people build a shop of their own, and of marketplaces for makers.

Wix: https://support.wix.com/en/article/wix-stores-importing-a-csv; Squarespace:
https://support.squarespace.com/hc/en-us/articles/205814338; Ecwid (Lightspeed E-Series):
https://support.ecwid.com/hc/en-us/articles/207100859; Tiendanube and Nuvemshop: their list of products as CSV; Etsy:
Shop Manager > Settings > Download Data.
"""

from typing import Final

from uploads.feed.formats.model import CONTINUATION, GIFT_CARD, NOT_FOR_SALE, SERVICE, Format, Group, Plan, Rule

TAKE: Final = "It can be taken all the same, in the preview."

WIX: Final = Format(
    id="wix",
    name="product export of Wix",
    headers={
        "handle": ("handleId", "handle"),
        "kind": ("fieldType",),
        "name": ("name",),
        "description": ("description", "plainDescription"),
        "image": ("productImageUrl", "media"),
        "collection": ("collection", "collections"),
        "sku": ("sku", "variantSku"),
        "price": ("price",),
        "surcharge": ("surcharge",),
        "visible": ("visible",),
        "inventory": ("inventory",),
        "brand": ("brand",),
        **{f"option{n}": (f"productOptionDescription{n}", f"productOptionChoices{n}") for n in range(1, 7)},
    },
    signature=(
        ("handle", "kind", "name", "collection", "sku", "price", "inventory"),
        ("handle", "kind", "name", "price"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("collection",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("inventory",),
            "brand": ("brand",),
            "description": ("description",),
        },
        options=tuple(f"option{n}" for n in range(1, 7)),
        option_values=r"(?:#[0-9A-Fa-f]{3,8}:)?([^;]+)",
        options_of_variants=True,
        handle="handle",
        surcharge="surcharge",
        machine_numbers=True,
        html=True,
        rules=(Rule("visible", ("false",), NOT_FOR_SALE, f"visible is “{{}}”. {TAKE}", carries=True),),
        group=Group("shared", refers="handle", head="kind", words=("product",), parents=True),
        inherited=("product_name", "category", "brand", "description", "price"),
        lists=";,",
        paths=">",
    ),
    said=(
        "A variant’s price is its product’s and the surcharge. Name, collection, brand and description come from the "
        "product, the options are added to the name.",
        "The product ID is the SKU; where there is none, both are made of handle and options.",
    ),
)  # fmt: skip

SQUARESPACE: Final = Format(
    id="squarespace",
    name="product export of Squarespace",
    headers={
        "product": ("Product ID [Non Editable]",),
        "variant": ("Variant ID [Non Editable]",),
        "type": ("Product Type [Non Editable]",),
        "title": ("Title",),
        "description": ("Description",),
        "sku": ("SKU",),
        **{f"option{n}": (f"Option Value {n}",) for n in range(1, 7)},
        "price": ("Price",),
        "stock": ("Stock",),
        "categories": ("Categories",),
        "visible": ("Visible",),
        "images": ("Hosted Image URLs",),
    },
    signature=(("product", "variant", "title", "sku", "price", "stock"),),
    template=Plan(
        columns={
            "vendor_product_id": ("variant", "product"),
            "product_name": ("title",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "description": ("description",),
            "image_url": ("images",),
        },
        many_pictures=True,
        options=tuple(f"option{n}" for n in range(1, 7)),
        id_first=True,
        id_for_sku=True,
        machine_numbers=True,
        html=True,
        rules=(
            Rule("type", ("service",), SERVICE, f"Product Type is {{}}: no goods. {TAKE}", carries=True),
            Rule("type", ("gift_card", "giftcard"), GIFT_CARD, "A gift card is money, not goods.", carries=True),
            Rule("visible", ("no", "false"), NOT_FOR_SALE, f"Visible is {{}}. {TAKE}", carries=True),
        ),
        group=Group("above", head="product"),
        inherited=("product_name", "category", "description", "image_url"),
        lists=",",
        paths="/",
    ),
    said=(
        "Variant ID is the product ID. Title, categories and description come from the product’s first row, the "
        "options are added to the name.",
        "The price is the regular one; the sale price is left out. “Unlimited” is in stock without a number.",
    ),
)

ECWID: Final = Format(
    id="ecwid",
    name="product export of Ecwid",
    headers={
        "type": ("type",),
        "id": ("product_internal_id",),
        "sku": ("product_sku",),
        "variation": ("product_variation_sku",),
        "name": ("product_name",),
        "description": ("product_description",),
        "available": ("product_is_available",),
        "price": ("product_price",),
        "quantity": ("product_quantity",),
        "brand": ("product_brand", "product_attribute_Brand"),
        "category": ("product_category_1",),
        "option": ("product_variation_option_*",),
        "image": ("product_media_main_image_url",),
        "upc": ("product_upc", "product_attribute_UPC"),
    },
    signature=(("type", "id", "name", "price"), ("type", "sku", "name", "price", "available")),
    template=Plan(
        columns={
            "vendor_product_id": ("variation", "sku"),
            "product_name": ("name",),
            "category": ("category",),
            "sku": ("variation", "sku"),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("upc",),
            "image_url": ("image",),
        },
        barcodes=("upc",),
        options=("option",),
        options_of_variants=True,
        machine_numbers=True,
        html=True,
        rules=(
            Rule(
                "type", ("product_option", "product_file"), CONTINUATION, "What a product comes in; no product itself."
            ),
            Rule(
                "available", ("false", "no", "0"), NOT_FOR_SALE, f"product_is_available is {{}}. {TAKE}", carries=True
            ),
        ),
        group=Group("shared", refers="id", head="type", words=("product",), parents=True),
        inherited=("product_name", "category", "brand", "description", "price", "image_url"),
        lists=",",
        paths="/",
    ),
    said=(
        "A variation is a product of its own: name, category, brand and description come from its product, the options "
        "are added to the name.",
        "The price is product_price; product_sale_price and product_compare_to_price are left out.",
    ),
)

TIENDANUBE: Final = Format(
    id="tiendanube",
    name="product export of Tiendanube (Nuvemshop)",
    headers={
        "handle": ("Identificador de URL", "Identificador URL"),
        "name": ("Nombre", "Nome"),
        "categories": ("Categorías", "Categorias"),
        "option1": ("Valor de propiedad 1", "Valor da variação 1"),
        "option2": ("Valor de propiedad 2", "Valor da variação 2"),
        "option3": ("Valor de propiedad 3", "Valor da variação 3"),
        "price": ("Precio", "Preço"),
        "stock": ("Stock", "Estoque"),
        "sku": ("SKU",),
        "shown": ("Mostrar en tienda", "Exibir na loja"),
        "description": ("Descripción", "Descrição"),
        "brand": ("Marca",),
        "barcode": ("Código de barras",),
    },
    signature=(("handle", "name", "categories", "option1", "price", "stock", "sku"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("barcode",),
        },
        barcodes=("barcode",),
        options=("option1", "option2", "option3"),
        handle="handle",
        html=True,
        rules=(Rule("shown", ("no", "não"), NOT_FOR_SALE, f"It isn’t shown in the shop. {TAKE}", carries=True),),
        group=Group("shared", refers="handle", head="name"),
        inherited=("product_name", "category", "brand", "description"),
        lists=",",
        paths=">",
    ),
    said=(
        "Variants are products of their own: name, categories, brand and description come from the product’s first "
        "row, the options are added to the name.",
        "The product ID is the SKU; where there is none, both are made of the address and the options.",
        "The price is the regular one. An empty stock is an unlimited one.",
    ),
)

ETSY: Final = Format(
    id="etsy",
    name="list of Etsy’s listings",
    headers={
        "title": ("TITLE", "TITOLO", "TITEL", "TITRE", "TÍTULO"),
        "description": ("DESCRIPTION", "DESCRIZIONE", "BESCHREIBUNG", "DESCRIPCIÓN"),
        "price": ("PRICE", "PREZZO", "PREIS", "PRIX", "PRECIO"),
        "currency": ("CURRENCY_CODE",),
        "quantity": ("QUANTITY", "QUANTITÀ", "MENGE", "ANZAHL", "QUANTITÉ", "CANTIDAD"),
        "image": ("IMAGE1", "IMMAGINE1", "BILD1", "IMAGEN1"),
        "sku": ("SKU",),
    },
    signature=(("title", "description", "price", "currency", "quantity", "image"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("title",),
            "sku": ("sku",),
            "price": ("price",),
            "currency": ("currency",),
            "stock_quantity": ("quantity",),
            "description": ("description",),
            "image_url": ("image",),
        },
        handle="title",
        machine_numbers=True,
        html=True,
    ),
    said=(
        "A listing is one product, whatever it comes in: the file doesn’t say how many there are of each.",
        "The product ID is the SKU; where there is none, both are made of the title.",
    ),
)

FORMATS: Final = (WIX, SQUARESPACE, ECWID, TIENDANUBE, ETSY)

"""WooCommerce's own product export, in the languages of its shops.

https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema. Headers are in the shop's language, and older
translations are still about. A variation stands in a row of its own and names its parent by SKU, or as id:110.
"""

from typing import Final

from uploads.feed.formats.model import (
    GROUP,
    NOT_FOR_SALE,
    PARENT,
    SOLD_ELSEWHERE,
    Format,
    Group,
    Plan,
    Rule,
)

TAKE: Final = "It can be taken all the same, in the preview."
VARIABLE: Final = ("variable", "variable-subscription")
VARIATIONS: Final = ("variation", "subscription_variation")

PRODUCTS: Final = Format(
    id="woocommerce",
    name="WooCommerce product export",
    headers={
        "id": ("ID",),
        "type": ("Type", "Typ", "Tipo", "Тип"),
        "sku": ("SKU", "UGS", "Artikelnummer", "Артикул"),
        "name": ("Name", "Nom", "Nombre", "Имя", "Название"),
        "published": ("Published", "Publié", "Veröffentlicht", "Publicado", "Опубликован", "Опубликовано"),
        "short": (
            "Short description", "Description courte", "Kurzbeschreibung", "Descripción corta", "Краткое описание",
            "Короткое описание",
        ),
        "description": ("Description", "Beschreibung", "Descripción", "Описание"),
        "in_stock": (
            "In stock?", "En stock ?", "En stock?", "Vorrätig?", "Auf Lager?", "Lagernd?", "¿Existencias?",
            "¿En inventario?", "¿Hay existencias?", "¿En stock?", "Наличие", "В наличии?", "Есть в наличии?",
        ),
        "stock": (
            "Stock", "Bestand", "Lager", "Lagerbestand", "Inventario", "Existencias", "Запасы", "Запас",
        ),
        "sale_price": (
            "Sale price", "Tarif promo", "Angebotspreis", "Precio rebajado", "Precio de oferta", "Цена распродажи",
            "Акционная цена",
        ),
        "price": (
            "Regular price", "Tarif régulier", "Regulärer Preis", "Normaler Preis", "Precio normal", "Базовая цена",
            "Обычная цена",
        ),
        "categories": ("Categories", "Catégories", "Kategorien", "Categorías", "Категории"),
        "parent": (
            "Parent", "Übergeordnet", "Übergeordnetes Produkt", "Superior", "Principal", "Родительский", "Родитель",
        ),
        "brands": ("Brands", "Brand", "Marques", "Marque", "Marken", "Marke", "Marcas", "Marca", "Бренды", "Бренд"),
        "external": (
            "External URL", "URL externe", "Externe URL", "URL externa", "Внешний URL", "Внешняя ссылка",
        ),
    },
    signature=(
        ("id", "type", "sku", "name", "published", "price", "categories"),
        ("id", "type", "sku", "name", "price", "in_stock"),
        ("type", "sku", "name", "published", "price", "categories"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("id",),
            "product_name": ("name",),
            "category": ("categories",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("stock",),
            "brand": ("brands",),
            "description": ("description", "short"),
        },
        flags=("in_stock",),
        id_for_sku=True,
        id_first=True,
        html=True,
        escapes=True,
        apostrophes=True,
        rules=(
            Rule("published", ("0",), NOT_FOR_SALE, f"Published is 0 (private). {TAKE}", carries=True),
            Rule("published", ("-1",), NOT_FOR_SALE, f"Published is -1 (draft). {TAKE}", carries=True),
            Rule("type", VARIABLE, PARENT, "The parent of variations; it has no price of its own."),
            Rule("type", ("grouped",), GROUP, "A group of other products without a price of its own."),
            Rule(
                "type", ("external",), SOLD_ELSEWHERE,
                "An external product: it is sold at the address in External URL.",
            ),
        ),
        group=Group(
            "named", refers="parent", head="type", words=VARIABLE, variants=VARIATIONS,
            keys=(("sku", ""), ("id", "id:")),
        ),
        inherited=("category", "brand", "description"),
        lists=",;",
        paths=">",
    ),
    said=(
        "A variation takes category, brand and description from its parent where it has none of its own.",
        "The price is the regular one; the sale price is left out.",
        "Several categories in a cell: the one that stands lowest in our tree is taken, of equals the first.",
        "Where the description is empty, the short one is read. Line breaks written as \\n are read as such.",
    ),
)  # fmt: skip

FORMATS: Final = (PRODUCTS,)

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
        "type": ("Type", "Typ", "Tipo", "Тип", "Rodzaj"),
        "sku": ("SKU", "UGS", "Artikelnummer", "Артикул"),
        "name": ("Name", "Nom", "Nombre", "Имя", "Название", "Nome", "Naam", "Nazwa"),
        "published": (
            "Published", "Publié", "Veröffentlicht", "Publicado", "Опубликован", "Опубликовано", "Pubblicato",
            "Gepubliceerd", "Opublikowano", "Opublikowany",
        ),
        "short": (
            "Short description", "Description courte", "Kurzbeschreibung", "Descripción corta", "Краткое описание",
            "Короткое описание", "Breve descrizione", "Korte beschrijving", "Descrição curta", "Krótki opis",
        ),
        "description": (
            "Description", "Beschreibung", "Descripción", "Описание", "Descrizione", "Beschrijving", "Descrição",
            "Opis",
        ),
        "in_stock": (
            "In stock?", "En stock ?", "En stock?", "Vorrätig?", "Auf Lager?", "Lagernd?", "¿Existencias?",
            "¿En inventario?", "¿Hay existencias?", "¿En stock?", "Наличие", "В наличии?", "Есть в наличии?",
            "Disponibile?", "In magazzino?", "Op voorraad?", "Em estoque?", "Em stock?", "Na stanie?", "W magazynie?",
        ),
        "stock": (
            "Stock", "Bestand", "Lager", "Lagerbestand", "Inventario", "Existencias", "Запасы", "Запас", "Magazzino",
            "Giacenza", "Voorraad", "Estoque", "Zasób", "Stan magazynowy", "Magazyn",
        ),
        "sale_price": (
            "Sale price", "Tarif promo", "Angebotspreis", "Precio rebajado", "Precio de oferta", "Цена распродажи",
            "Акционная цена", "Prezzo in offerta", "Actieprijs", "Preço promocional", "Cena promocyjna",
        ),
        "price": (
            "Regular price", "Tarif régulier", "Regulärer Preis", "Normaler Preis", "Precio normal", "Базовая цена",
            "Обычная цена", "Prezzo di listino", "Prezzo regolare", "Reguliere prijs", "Normale prijs", "Preço normal",
            "Preço regular", "Cena regularna", "Cena podstawowa", "Preço", "Cena", "Prezzo", "Prijs",
        ),
        "categories": (
            "Categories", "Catégories", "Kategorien", "Categorías", "Категории", "Categorie", "Categorieën",
            "Categorias", "Kategorie",
        ),
        "parent": (
            "Parent", "Übergeordnet", "Übergeordnetes Produkt", "Superior", "Principal", "Родительский", "Родитель",
            "Genitore", "Hoofd", "Bovenliggend", "Ascendente", "Rodzic", "Nadrzędny", "Element nadrzędny",
        ),
        "brands": (
            "Brands", "Brand", "Marques", "Marque", "Marken", "Marke", "Marcas", "Marca", "Бренды", "Бренд", "Marche",
            "Merken", "Marki",
        ),
        "external": (
            "External URL", "URL externe", "Externe URL", "URL externa", "Внешний URL", "Внешняя ссылка", "URL esterno",
            "Zewnętrzny adres URL",
        ),
        # “A barcode or any other identifier”, as the shop asks for it.
        "barcode": (
            "GTIN, UPC, EAN, or ISBN", "GTIN, UPC, EAN oder ISBN", "GTIN, UPC, EAN ou ISBN", "GTIN, UPC, EAN o ISBN",
            "GTIN, UPC, EAN или ISBN", "GTIN, UPC, EAN of ISBN", "GTIN, UPC, EAN lub ISBN",
        ),
        "images": (
            "Images", "Bilder", "Imágenes", "Изображения", "Immagini", "Afbeeldingen", "Imagens", "Obrazki", "Obrazy",
        ),
    },
    signature=(
        ("id", "type", "sku", "name", "published", "price", "categories"),
        ("id", "type", "sku", "name", "price", "in_stock"),
        ("type", "sku", "name", "published", "price", "categories"),
        ("id", "sku", "name", "published", "in_stock", "price", "categories"),
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
            "gtin": ("barcode",),
            "image_url": ("images",),
        },
        barcodes=("barcode",),
        many_pictures=True,
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
            keys=(("sku", ""), ("id", "id:")), parents=True,
        ),
        inherited=("category", "brand", "description", "image_url"),
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

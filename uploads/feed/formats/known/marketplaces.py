"""Feeds for marketplaces: Google Merchant Center, Meta's catalogs, Amazon's reports and flat files.

https://support.google.com/merchants/answer/7052112, https://www.facebook.com/business/help/120325381656392 and
https://sellercentral.amazon.com/help/hub/reference/G201576410. Numbers of the marketplace (ASIN, barcode) are not the
vendor's own.
"""

from typing import Final

from uploads.feed.formats.model import NOT_FOR_SALE, PARENT, UPDATE, Format, Group, Plan, Rule

# By number or by name: ISBN, UPC, EAN; 1 is an ASIN.
_GTINS: Final = ("2", "3", "4", "isbn", "upc", "ean", "gtin", "jan")
TAKE: Final = "It can be taken all the same, in the preview."
# Google takes the names of columns in the language of the country: German, French, Spanish, Italian, Dutch.
_ITEM: Final = {
    "id": ("id", "g:id", "identifiant", "ID"),
    "title": ("title", "g:title", "titel", "titre", "título", "titolo"),
    "description": ("description", "g:description", "beschreibung", "descripción", "descrizione", "beschrijving"),
    "link": ("link", "g:link", "lien", "enlace"),
    "image": (
        "image_link",
        "g:image_link",
        "image link",
        "bildlink",
        "bild-link",
        "lien_image",
        "lien image",
        "enlace_imagen",
        "enlace imagen",
        "link_immagine",
        "link immagine",
        "afbeeldingslink",
    ),
    "gtin": ("gtin", "g:gtin"),
    "availability": (
        "availability",
        "g:availability",
        "verfügbarkeit",
        "disponibilité",
        "disponibilidad",
        "disponibilità",
        "beschikbaarheid",
    ),
    "condition": ("condition", "g:condition", "zustand", "état", "estado", "condizione", "condizioni", "staat"),
    "price": ("price", "g:price", "preis", "prix", "precio", "prezzo", "prijs"),
    "brand": ("brand", "g:brand", "marke", "marque", "marca", "merk"),
    "google_category": (
        "google_product_category",
        "g:google_product_category",
        "google product category",
        "google produktkategorie",
        "catégorie de produits google",
        "categoría de producto de google",
        "categoria prodotto google",
        "google-productcategorie",
    ),
    "product_type": (
        "product_type",
        "g:product_type",
        "product type",
        "produkttyp",
        "type de produit",
        "tipo de producto",
        "tipo di prodotto",
        "producttype",
        "categoría",
        "catégorie",
    ),
}
_ITEM_PLAN: Final = {
    "vendor_product_id": ("id",),
    "product_name": ("title",),
    "sku": ("id",),
    "price": ("price",),
    "brand": ("brand",),
    "description": ("description",),
    "gtin": ("gtin",),
    "image_url": ("image",),
}
_SAID: Final = (
    "id is product ID and SKU; the manufacturer’s number and the barcode are neither.",
    "The price is the regular one; the sale price is left out.",
    "Sold out is 0, and so are preorder and backorder, which can’t be delivered yet.",
)

GOOGLE: Final = Format(
    id="google_merchant",
    name="product feed for Google Merchant Center",
    headers={
        **_ITEM,
        "quantity": ("sell_on_google_quantity", "g:sell_on_google_quantity", "quantity", "inventory"),
    },
    signature=(
        ("id", "title", "link", "price", "availability"),
        ("id", "title", "price", "availability", "condition"),
        ("id", "title", "price", "availability", "google_category"),
    ),
    template=Plan(
        columns={
            **_ITEM_PLAN,
            "category": ("product_type", "google_category"),
            "stock_quantity": ("quantity",),
        },
        id_first=True,
        flags=("availability",),
        html=True,
        paths=">",
        category_numbers=False,
    ),
    said=(
        *_SAID, "Category: product_type; where that is empty, google_product_category, but for bare numbers.",
    ),
)  # fmt: skip

META: Final = Format(
    id="meta_catalog",
    name="catalog of Meta (Facebook, Instagram)",
    headers={
        **_ITEM,
        "quantity": ("quantity_to_sell_on_facebook", "inventory"),
        "fb_category": ("fb_product_category",),
        "video": ("video[0].url",),
        "tags": ("product_tags[0]",),
        "style": ("style[0]",),
        "status": ("status",),
    },
    signature=(
        ("id", "title", "availability", "condition", "price", "link", "fb_category"),
        ("id", "title", "availability", "condition", "price", "link", "quantity"),
        ("id", "title", "availability", "condition", "price", "link", "video"),
        ("id", "title", "availability", "condition", "price", "link", "tags"),
    ),
    template=Plan(
        columns={
            **_ITEM_PLAN,
            "category": ("google_category", "fb_category", "product_type"),
            "stock_quantity": ("quantity",),
        },
        id_first=True,
        flags=("availability",),
        html=True,
        rules=(Rule("status", ("archived", "hidden", "staging"), NOT_FOR_SALE, f"Status is “{{}}”. {TAKE}"),),
        paths=">",
        category_numbers=False,
    ),
    said=(
        *_SAID, "Category: google_product_category, but for bare numbers; where that is empty, fb_product_category.",
    ),
)  # fmt: skip

LISTINGS: Final = Format(
    id="amazon_listings",
    name="listings report of Amazon",
    unquoted=True,
    headers={
        "name": ("item-name", "Artikelbezeichnung", "product-name"),
        "description": ("item-description", "Artikelbeschreibung"),
        "listing": ("listing-id", "Angebotsnummer"),
        "sku": ("seller-sku", "Händler-SKU", "sku"),
        "price": ("price", "Preis"),
        "quantity": ("quantity", "Menge"),
        "opened": ("open-date",),
        "asin": ("asin1", "ASIN 1", "asin"),
        "product_id": ("product-id", "Produkt-ID"),
        "channel": ("fulfillment-channel", "fulfilment-channel", "Versender"),
        "product_id_type": ("product-id-type", "Produkt-ID-Typ"),
    },
    signature=(
        ("name", "listing", "sku", "price", "quantity", "opened", "product_id"),
        ("name", "listing", "sku", "price", "quantity", "opened", "asin"),
        ("name", "listing", "sku", "price", "quantity"),
        ("name", "sku", "price", "quantity", "asin"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "description": ("description",),
            "gtin": ("product_id",),
        },
        barcodes=("product_id",),
        gtin_type="product_id_type",
        gtin_types=_GTINS,
        html=True,
    ),
    said=(
        "The seller’s SKU is product ID and SKU. ASIN, product-id and listing-id are Amazon’s, not yours.",
        "HTML in descriptions becomes text.",
    ),
)

INVENTORY: Final = Format(
    id="amazon_inventory",
    name="inventory file of Amazon",
    unquoted=True,
    headers={
        "sku": ("sku", "seller-sku"),
        "asin": ("asin",),
        "product_id": ("product-id",),
        "product_id_type": ("product-id-type",),
        "price": ("price",),
        "quantity": ("quantity",),
        "condition": ("item-condition", "condition-type"),
        "operation": ("add-delete", "operation-type"),
    },
    signature=(
        ("sku", "asin", "price", "quantity"),
        ("sku", "product_id", "product_id_type", "price", "quantity", "condition"),
    ),
    template=Plan(
        mode=UPDATE,
        columns={"sku": ("sku",), "price": ("price",), "stock_quantity": ("quantity",)},
        rules=(Rule("operation", ("d", "x", "delete"), NOT_FOR_SALE, "The row asks Amazon to delete the item."),),
    ),
    said=(
        "This is a list of prices and stock: it has no names and no categories. Only price and stock of products that "
        "are in the catalog are updated; nothing is added, nothing else is changed.",
        "Products are found by their SKU; the ASIN is Amazon’s.",
    ),
)

FLAT_FILE: Final = Format(
    id="amazon_flat_file",
    name="flat file of Amazon",
    unquoted=True,
    headers={
        "product_type": ("feed_product_type", "product_type"),
        "sku": ("item_sku", "sku"),
        "name": ("item_name",),
        "brand": ("brand_name",),
        "description": ("product_description",),
        "price": ("standard_price", "our_price"),
        "quantity": ("quantity",),
        "browse_node": ("recommended_browse_nodes",),
        "keyword": ("item_type", "item_type_keyword", "item_type_name"),
        "external": ("external_product_id",),
        "external_type": ("external_product_id_type",),
        "parentage": ("parent_child",),
        "parent": ("parent_sku",),
        "update_delete": ("update_delete",),
        "image": ("main_image_url",),
    },
    signature=(
        ("sku", "name", "external", "external_type"),
        ("sku", "name", "product_type", "parentage"),
        ("sku", "name", "product_type", "price", "quantity"),
    ),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("name",),
            "category": ("keyword", "product_type"),
            "sku": ("sku",),
            "price": ("price",),
            "stock_quantity": ("quantity",),
            "brand": ("brand",),
            "description": ("description",),
            "gtin": ("external",),
            "image_url": ("image",),
        },
        barcodes=("external",),
        gtin_type="external_type",
        gtin_types=_GTINS,
        html=True,
        rules=(
            Rule(
                "update_delete", ("delete",), NOT_FOR_SALE, "The row asks Amazon to delete the item.", carries=True,
            ),
            Rule("parentage", ("parent",), PARENT, "It is sold by its variants."),
        ),
        group=Group(
            "named", refers="parent", head="parentage", words=("parent",), variants=("child",), keys=(("sku", ""),),
        ),
        inherited=("product_name", "category", "brand", "description", "image_url"),
        lists=",;",
        paths=">/",
    ),
    said=(
        "item_sku is product ID and SKU; barcodes and ASINs are not yours.",
        "Rows of parents are left out; their variants are products.",
    ),
)  # fmt: skip

EBAY: Final = Format(
    id="ebay",
    name="listings report of eBay",
    headers={
        "number": ("Item number",),
        "title": ("Title",),
        "variation": ("Variation details",),
        "sku": ("Custom label (SKU)", "Custom label"),
        "quantity": ("Available quantity",),
        "currency": ("Currency",),
        "format": ("Format",),
        "price": ("Current price", "Start price"),
        "category": ("eBay category 1 name",),
    },
    signature=(("number", "title", "sku", "quantity", "price"),),
    template=Plan(
        columns={
            "vendor_product_id": ("sku",),
            "product_name": ("title",),
            "category": ("category",),
            "sku": ("sku",),
            "price": ("price",),
            "currency": ("currency",),
            "stock_quantity": ("quantity",),
        },
        machine_numbers=True,
        html=True,
    ),
    said=("The custom label is product ID and SKU; the item number is eBay’s. The price is the current one.",),
)

FORMATS: Final = (GOOGLE, META, LISTINGS, INVENTORY, FLAT_FILE, EBAY)

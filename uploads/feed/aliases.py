"""The names that columns go by, as data: which mean a field, and which of several could all be it.

Collected from what shops and price lists have: the exports of Shopify, WooCommerce, Google Merchant Center, Magento,
PrestaShop, BigCommerce, Square, Amazon, Odoo, Zoho, JTL and Billbee, and lists of suppliers in the five languages.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

# Best first. The order is: the field's own name, plain English, Shopify's product export, WooCommerce's product
# export, Google Merchant Center's feed attributes, then German, French, Spanish and Italian, then makeshifts.
# Handle, Type, Vendor and MPN are makeshifts: they mean the field only where nothing better is there. WooCommerce's
# `Type` (simple, variable) stands beside `Categories`, and Google's `mpn` beside no SKU at all.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "vendor_product_id": (
        "vendor_product_id",
        "product id",
        "vendor item id",
        "supplier product id",
        "external id",
        "item id",
        "id",
        "produkt id",
        "produktnummer",
        "id produit",
        "identifiant",
        "id producto",
        "id prodotto",
        "handle",
    ),
    "product_name": (
        "product_name",
        "name",
        "title",
        "product title",
        "item name",
        "produktname",
        "artikelname",
        "bezeichnung",
        "artikelbezeichnung",
        "produktbezeichnung",
        "titel",
        "nom du produit",
        "nom",
        "désignation",
        "libellé",
        "titre",
        "nombre del producto",
        "nombre",
        "título",
        "nome prodotto",
        "nome",
        "product",
    ),
    "category": (
        "category",
        "category name",
        "product category",
        "categories",
        "product categories",
        "product_type",
        "google_product_category",
        "kategorie",
        "kategorien",
        "produktkategorie",
        "warengruppe",
        "catégorie",
        "catégories",
        "categoría",
        "categorías",
        "categoria",
        "type",
    ),
    "sku": (
        "sku",
        "variant sku",
        "product sku",
        "sku code",
        "sku number",
        "custom label (SKU)",
        "stock keeping unit",
        "item number",
        "item no",
        "item code",
        "product code",
        "article number",
        "article no",
        "artikelnummer",
        "artikelnr",
        "artikel nr",
        "art nr",
        "référence",
        "référence produit",
        "réf",
        "referencia",
        "codice articolo",
        "part number",
        "mpn",
    ),
    "brand": (
        "brand",
        "brand name",
        "brands",
        "manufacturer",
        "marke",
        "hersteller",
        "marque",
        "fabricant",
        "marca",
        "fabricante",
        "vendor",
    ),
    "description": (
        "description",
        "product description",
        "long description",
        "body (html)",
        "body html",
        "short description",
        "beschreibung",
        "produktbeschreibung",
        "artikelbeschreibung",
        "description du produit",
        "descripción",
        "descrizione",
        "details",
    ),
    "price": (
        "price",
        "unit price",
        "product price",
        "variant price",
        "regular price",
        "list price",
        "retail price",
        "selling price",
        "price usd",
        "price eur",
        "price gbp",
        "preis",
        "verkaufspreis",
        "vk preis",
        "vk",
        "stückpreis",
        "einzelpreis",
        "preis eur",
        "preis in eur",
        "prix",
        "prix de vente",
        "prix unitaire",
        "precio",
        "precio de venta",
        "prezzo",
    ),
    "stock_quantity": (
        "stock_quantity",
        "stock",
        "quantity",
        "qty",
        "stock qty",
        "stock level",
        "quantity in stock",
        "qty in stock",
        "on hand",
        "quantity available",
        "available quantity",
        "variant inventory qty",
        "inventory quantity",
        "inventory qty",
        "inventory",
        "sell_on_google_quantity",
        "bestand",
        "lagerbestand",
        "lagermenge",
        "menge",
        "anzahl",
        "stückzahl",
        "quantité",
        "quantité en stock",
        "cantidad",
        "existencias",
        "quantità",
        "giacenza",
    ),
    "currency": (
        "currency",
        "currency code",
        "price currency",
        "iso currency",
        "currency iso",
        "currency symbol",
        "währung",
        "waehrung",
        "währungscode",
        "devise",
        "monnaie",
        "moneda",
        "divisa",
        "valuta",
        "moeda",
    ),
    # A barcode may be any: it is read where an export's barcodes are known to be these.
    "gtin": (
        "gtin",
        "gtin 13",
        "gtin 14",
        "gtin 12",
        "gtin 8",
        "gtin ean",
        "ean gtin",
        "gtin code",
        "gtin number",
        "ean",
        "ean 13",
        "ean 8",
        "ean code",
        "ean number",
        "upc",
        "upc a",
        "upc code",
        "ean upc",
        "upc ean",
        "gtin upc ean or isbn",
        "isbn 13",
        "ean nummer",
        "gtin nummer",
        "code ean",
        "código ean",
        "codice ean",
    ),
    "image_url": (
        "image_url",
        "image link",
        "image",
        "main image",
        "main image url",
        "product image",
        "product image url",
        "picture",
        "picture url",
        "photo",
        "photo url",
        "image src",
        "bild",
        "bild url",
        "bildlink",
        "produktbild",
        "hauptbild",
        "url image",
        "image principale",
        "lien image",
        "imagen",
        "url imagen",
        "immagine",
        "url immagine",
    ),
    # Not one more word: an "Aktion" is a promotion. The other two are Mirakl's and Amazon's, and mean nothing else.
    "action": ("action", "update-delete", "add-delete"),
}

# Where the best names that a file has are among these, each as good as the next, a person says which one it is.
TOSS_UPS: Final[Mapping[str, frozenset[str]]] = {
    "vendor_product_id": frozenset({"vendor item id", "supplier product id", "external id", "item id", "id"}),
    "sku": frozenset(
        {
            "item number", "item no", "item code", "product code", "article number", "article no", "artikelnummer",
            "artikelnr", "artikel nr", "art nr", "référence", "référence produit", "réf", "referencia",
            "codice articolo", "part number",
        }
    ),
}  # fmt: skip


class Kind(NamedTuple):
    """One sort of price or of stock. The first whose `words` are found in a column's name is the column's.

    `yields_to` are kinds beside which this one clearly means something else; beside all others it is a matter for a
    person. `weight` says how likely it is the field. `alone` is whether it is taken for it where no other column could
    be, and `counted` whether only cells that are numbers show that it could be.
    """

    name: str
    words: re.Pattern[str]
    weight: int
    yields_to: frozenset[str] = frozenset()
    alone: bool = False
    counted: bool = False


class Family(NamedTuple):
    """All columns that could be one field: those whose names, in words, have one of `words` and none of `never`.

    One of no kind is `plain` if its name has nothing but `neutral` words, and otherwise `other`.
    """

    words: re.Pattern[str]
    never: re.Pattern[str]
    kinds: tuple[Kind, ...]
    neutral: re.Pattern[str]
    plain: Kind
    other: Kind


def _any(words: str) -> re.Pattern[str]:
    """Any of these words, in a text of words. At a `~` a word may go on; `_` stands for the space between two."""
    found = []
    for word in words.split():
        left, right = ("" if word.startswith("~") else r"(?<!\S)"), ("" if word.endswith("~") else r"(?!\S)")
        found.append(left + re.escape(word.strip("~").replace("_", " ")) + right)
    return re.compile("|".join(found))


_NOTHING: Final = re.compile(r"(?!)")

PRICE: Final = Family(
    words=_any(
        "~price~ ~pricing~ ~preis~ ~prix~ ~precio~ ~prezz~ ~preco~ prijs cena vk ~vkp uvp rrp msrp srp mrp pvp tarif~ "
        "net netto gross brutto ht ttc trade wholesale selling_rate"
    ),
    # Costs, former prices, limits and steps, prices of a measure or of many, in cents, and what is no price at all.
    never=_any(
        """
        cost~ ~purchas~ buy_price buying landed supply ~einkauf~ einstand~ ek ekp ekpreis~ achat compra acquisto inkoop
        custo coste~
        compare~ was old previous former before_sale alter ~streich~ ancien barre pseudo~
        cent cents pence ¢ ct cts % percent prozent ± ∆ +
        per_g per_kg per_100 per_100g per_100ml per_1000 per_ml per_l per_liter per_litre per_lb per_oz per_m per_m2
        per_meter per_metre per_gram per_kilo per_kilogram kg 100g 100ml 100 1000 ~grundpreis~ measure measuring ratio
        min~ max~ floor ceiling map note notes comment date valid~ from until group gruppe type price_unit
        preiseinheit preis_einheit price_uom currency wahrung class level code id price_list pricelist
        preisliste rule change history range tier~ staffel~ break bracket shipping delivery versand~ fracht~ freight
        postage deposit pfand competitor rating surcharge difference status flag visible display hide show is has
        on_request label text format url stock inventory quantity qty bestand menge ~valuation value margin marge
        adjustment prefix modifier installation ~weight~ ~gewicht~ poids peso volume content inhalt
        """
    ),
    kinds=(
        Kind(
            "list",
            _any(
                "~list~ ~retail~ rrp msrp srp mrp uvp pvp catalog catalogue katalog~ recommended suggested empf~ "
                "unverb~ conseille public publico consigliato recomendado ~ladenpreis"
            ),
            weight=2,
            yields_to=frozenset({"plain"}),
        ),
        Kind(
            "wholesale",
            _any(
                "~wholesale~ ~trade~ dealer reseller distributor ~handler~ b2b gros grossiste mayorista ingrosso vip "
                "member"
            ),
            weight=3,
            yields_to=frozenset({"plain", "regular"}),
        ),
        Kind(
            "sale",
            _any(
                "sale saleprice ~special~ promo~ offer ~discount~ reduced clearance ~angebot~ ~aktion~ ~sonder~ "
                "~rabatt~ solde oferta offerta markdown deal"
            ),
            weight=4,
            yields_to=frozenset({"plain", "regular"}),
        ),
        Kind(
            "tax",
            _any(
                "net nett netprice ~netto~ neto excl~ ex without ohne zzgl ht hors sin senza before gross grossprice "
                "~brutto~ bruto incl~ inc with mit inkl ttc con after tax vat gst mwst iva tva btw dph moms kdv"
            ),
            weight=5,
        ),
        Kind(
            "selling",
            _any(
                "sell selling sales ~verkauf~ vk ~vkp vkpreis~ vente venta vendita venda verkoop our your my final "
                "current actual new online web shop store street today"
            ),
            weight=8,
        ),
        Kind("regular", _any("regular regulier~ reguliere standard normal~ base default basic start"), weight=7),
        Kind("unit", _any("~unit~ each per piece pc ~einzel~ ~stuck~ unitaire unitario unidad"), weight=6),
    ),
    neutral=_any(
        """
        price prices preis preise prix precio prezzo preco prijs cena product variant item article artikel produkt
        produit in de del der di du the
        """
    ),
    plain=Kind("plain", _NOTHING, weight=9, alone=True),
    other=Kind("other", _NOTHING, weight=1, yields_to=frozenset({"plain"})),
)
CURRENCY: Final = Kind("currency", _NOTHING, weight=7, alone=True)  # a plain price whose name says its currency

STOCK: Final = Family(
    words=_any(
        """
        ~stock~ inventory~ inventario inventaire on_hand onhand qoh soh ~quantity~ quantities ~qty~ ~availab~ verfugbar~
        ~bestand~ ~lagermenge menge anzahl stuckzahl quantite cantidad existencias disponib~ giacenza quantita voorraad
        units
        """
    ),
    # Of packs and orders, what is not there yet or not any more, limits, and what is no number of things at all.
    never=_any(
        """
        ~pack~ carton~ ~karton~ case~ box~ inner outer master pallet~ palette~ bundle~ vpe gebinde colis
        min~ ~mindest~ max~ stockmin stockmax moq order~ ordered reorder~ ~bestell~ ~melde~ low threshold alert~ safety
        ~sicherheit~ notify incoming expected inbound transit open ~reserv~ committed allocated unavailable damaged
        quarantine sold sales backorder~ back_order pre_order preorder~ status location lagerort lagerplatz bin date
        from until since code no nr nummer numero number_of_units stock_number id keeping uom unit_of unit_qty
        unit_quantity stock_unit per value worth ~wert cost price preis prix precio prezzo management manage managed
        tracking tracked tracker policy type text message display show is out_of limit step~ increment~ multiple break
        futur~ component~ ~componente bajas minimo faible depends
        tier discount demand forecast~ usage turnover group weight size net content nominal serving unlimited flag
        days lead supplier ± ∆ + % percent adjust~ difference sync account asset method url label
        """
    ),
    kinds=(
        Kind(
            "whether",  # or how many: `In stock?`, `Availability`
            re.compile(r"^(in stock|available|availability|stock availability|verfugbar\w*|disponib\w*)$"),
            weight=6,
            counted=True,
        ),
        Kind(
            "amount",
            re.compile(r"^(total )?(quantity|quantities|qty|menge|anzahl|stuckzahl|quantite|cantidad|quantita|units)$"),
            weight=6,
        ),
    ),
    neutral=_any(
        """
        stock inventory inventario inventaire on hand onhand qoh soh quantity qty available verfugbar verfugbarer
        bestand lagerbestand lagermenge quantite cantidad existencias giacenza quantita voorraad units level levels in
        of en current actual total physical variant product item count balance aktuell aktueller gesamt number amount
        the my our
        """
    ),
    plain=Kind("plain", _NOTHING, weight=9, alone=True),
    other=Kind("other", _NOTHING, weight=5),
)
FAMILIES: Final[Mapping[str, Family]] = {"price": PRICE, "stock_quantity": STOCK}

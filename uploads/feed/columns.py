"""Which header means which field: exact names, well-known aliases and the vendor's own mapping.

Headers are compared without regard to case, spaces, punctuation and accents. Each field has a ranked list of
aliases; where two headers mean one field the higher-ranked one is taken and the other is an extra column, so a shop
export with `Price` and `Unit price` is read, not refused. Nothing is taken that merely resembles the field: a sale
price, a compare-at price and a cost are not the price, and a barcode is not the SKU.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from uploads.feed.problems import FeedError

FIELDS: Final[tuple[str, ...]] = (
    "vendor_product_id",
    "product_name",
    "category",
    "sku",
    "brand",
    "description",
    "price",
    "stock_quantity",
)
REQUIRED: Final[tuple[str, ...]] = tuple(field for field in FIELDS if field not in ("brand", "description"))

# The columns that our own error report adds; a corrected report is uploaded as it is.
REPORT_COLUMNS: Final[tuple[str, ...]] = (
    "row_number",
    "error_code",
    "error_field",
    "error_message",
    "error_suggestion",
)

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
}


def normalise(header: str) -> str:
    """The key under which headers are compared: letters and digits only, no case, no accents.

    >>> normalise(" Catégorie-Name ")
    'categoriename'
    """
    decomposed = unicodedata.normalize("NFKD", header).casefold()
    return "".join(char for char in decomposed if char.isalnum())


_MEANINGS: Final[Mapping[str, tuple[str, int]]] = {
    normalise(alias): (field, rank)
    # Backwards, so that of two spellings with one key (`body (html)`, `body html`) the better rank stays
    for field, aliases in ALIASES.items()
    for rank, alias in reversed(tuple(enumerate(aliases)))
}
_REPORT_KEYS: Final = frozenset(normalise(name) for name in REPORT_COLUMNS)


@dataclass(frozen=True)
class ColumnMapping:
    """What the columns of one file mean. All names are those that `name_headers` gives."""

    fields: dict[str, str]
    """Field → the header it is read from."""
    ignored: tuple[str, ...]
    """Headers that mean no field, in the file's order; REPORT_COLUMNS are among them."""
    missing: tuple[str, ...]
    """Required fields without a column, in the order of FIELDS."""


def name_headers(headers: Sequence[str]) -> tuple[str, ...]:
    """A unique name for every column: the header as it stands, `column_5` for an empty one, ` (2)` for a repeated one.

    Names that are unique already stay as they are, so applying this twice changes nothing.
    """
    names: dict[str, None] = {}
    for position, header in enumerate(headers, 1):
        name = base = header if header.strip() else f"column_{position}"
        copy = 1
        while name in names:
            copy += 1
            name = f"{base} ({copy})"
        names[name] = None
    return tuple(names)


def map_headers(headers: Sequence[str], saved: Mapping[str, str] | None = None) -> ColumnMapping:
    """Say which header each field is read from.

    `headers` are the cells of the header row as they came. `saved` is the vendor's own mapping, header → field, or
    "" to ignore the column; it wins over the aliases. An entry that names no field of ours is passed over.

    Raises FeedError("duplicate_column") where two columns of one name would both be the field's.
    """
    names = name_headers(headers)
    meanings = {**_MEANINGS, **_saved_meanings(saved or {})}
    claims: dict[str, list[tuple[int, int]]] = {}
    for index, header in enumerate(headers):
        key = normalise(header)
        field, rank = meanings.get(key, ("", 0))
        if field and key not in _REPORT_KEYS:
            claims.setdefault(field, []).append((rank, index))
    fields = {field: names[_best(field, claims[field], headers)] for field in FIELDS if field in claims}
    taken = set(fields.values())
    return ColumnMapping(
        fields=fields,
        ignored=tuple(name for name in names if name not in taken),
        missing=tuple(field for field in REQUIRED if field not in fields),
    )


def _saved_meanings(saved: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """The vendor's mapping in the form of _MEANINGS. Ranks are negative, so that it wins; earlier entries first."""
    meanings: dict[str, tuple[str, int]] = {}
    for rank, (header, field) in enumerate(saved.items(), -len(saved)):
        key = normalise(header)
        if key and (field in FIELDS or not field):
            meanings.setdefault(key, (field, rank))
    return meanings


def _best(field: str, claims: list[tuple[int, int]], headers: Sequence[str]) -> int:
    """The index of the highest-ranked header. Equal ranks mean equal names: which one counts can't be known."""
    best = min(claims)
    same = [headers[index] for rank, index in claims if rank == best[0]]
    if len(same) > 1:
        listed = " and ".join(f"“{header.strip()[:60]}”" for header in same[:5])
        raise FeedError(
            "duplicate_column",
            f"The columns {listed} both mean {field}. Remove or rename all but one of them.",
        )
    return best[1]

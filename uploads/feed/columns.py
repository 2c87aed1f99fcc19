"""Which header means which field: exact names, well-known aliases and the vendor's own mapping.

Headers are compared without regard to case, spaces, punctuation and accents. Each field has a ranked list of
aliases; where two headers mean one field the higher-ranked one is taken and the other is an extra column, so a shop
export with `Price` and `Unit price` is read, not refused. Nothing is taken that merely resembles the field: a sale
price, a compare-at price and a cost are not the price, and a barcode is not the SKU. What resembles a field is at
most suggested to a person, who says what each column means (`chosen`).
"""

import re
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from catalog.rules.fields import FIELDS, REQUIRED
from uploads.feed.lines import FeedError

# The columns that our own error report adds; a corrected report is uploaded as it is.
REPORT_COLUMNS: Final[tuple[str, ...]] = (
    "row_number",
    "line_number",
    "error_code",
    "error_field",
    "error_message",
    "error_suggestion",
)
# The column that a vendor's export of its catalog adds.
CATALOG_COLUMN: Final = "catalog_updated_at"
# The column that our error report adds where an upload's prices were not in the vendor's currency.
CURRENCY_COLUMN: Final = "upload_currency"
# By any of these a file is one that we handed out: they mean no field, and the cells beside them were made harmless.
OUR_COLUMNS: Final[tuple[str, ...]] = (*REPORT_COLUMNS, CATALOG_COLUMN, CURRENCY_COLUMN)

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
}


def normalise(header: str) -> str:
    """The key under which headers are compared: letters and digits only, no case, no accents.

    >>> normalise(" Catégorie-Name ")
    'categoriename'
    """
    decomposed = unicodedata.normalize("NFKD", header).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def key_of(header: str) -> str:
    """What a saved mapping knows a header by; one of signs alone (`€`) by what stands there, an empty one by nothing.

    >>> key_of(" Price "), key_of(" # ")
    ('price', '#')
    """
    return normalise(header) or header.strip()


_MEANINGS: Final[Mapping[str, tuple[str, int]]] = {
    normalise(alias): (field, rank)
    # Backwards, so that of two spellings with one key (`body (html)`, `body html`) the better rank stays
    for field, aliases in ALIASES.items()
    for rank, alias in reversed(tuple(enumerate(aliases)))
}
_OUR_KEYS: Final = frozenset(normalise(name) for name in OUR_COLUMNS)
# What has a field's word in its name and is something else: a cost is no price, a bar code no SKU.
_OTHER_THINGS: Final = re.compile("cost|sale|compare|purchase|einkauf|barcode|gtin|ean")
CLOSE_ENOUGH: Final = 80  # of 100
SUGGESTED_CHARS: Final = 60  # of a header, for its likeness


@dataclass(frozen=True)
class ColumnMapping:
    """What the columns of one file mean. All names are those that `name_headers` gives."""

    fields: dict[str, str]
    """Field → the header it is read from."""
    ignored: tuple[str, ...]
    """Headers that mean no field, in the file's order; OUR_COLUMNS are among them."""
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


def map_headers(
    headers: Sequence[str], saved: Mapping[str, str] | None = None, *, leave_open: bool = False
) -> ColumnMapping:
    """Say which header each field is read from.

    `headers` are the cells of the header row as they came. `saved` is the vendor's own mapping, header → field, or
    "" to ignore the column; it wins over the aliases. An entry that names no field of ours is passed over.

    Raises FeedError("duplicate_column") where two columns of one name would both be the field's; with `leave_open`
    the field has no column then.
    """
    names = name_headers(headers)
    meanings = {**_MEANINGS, **_saved_meanings(saved or {})}
    claims: dict[str, list[tuple[int, int]]] = {}
    for index, header in enumerate(headers):
        key = key_of(header)
        field, rank = meanings.get(key, ("", 0))
        if field and key not in _OUR_KEYS:
            claims.setdefault(field, []).append((rank, index))
    if leave_open:
        claims = {field: claim for field, claim in claims.items() if len(_equals(claim)) == 1}
    return _mapping(names, {field: names[_best(field, claims[field], headers)] for field in FIELDS if field in claims})


def chosen(names: Sequence[str], choice: Sequence[str]) -> ColumnMapping:
    """The mapping that a person chose: for each column its field, or "" for none. `names` as by `name_headers`.

    Raises FeedError: "other_columns" for a choice about other columns than these, "duplicate_column" where two
    columns would be one field.
    """
    if len(choice) != len(names) or any(field and field not in FIELDS for field in choice):
        raise FeedError("other_columns", "The file has other columns than those that were chosen from.")
    for field in FIELDS:
        if choice.count(field) > 1:
            listed = _quoted([name for name, one in zip(names, choice, strict=True) if one == field])
            message = f"The columns {listed} are both to be read as {field}. Choose one of them."
            raise FeedError("duplicate_column", message)
    return _mapping(names, {field: names[choice.index(field)] for field in FIELDS if field in choice})


def meaning(header: str) -> str:
    """The field that a column of this name means where no other column is the better one; "" for none."""
    return next(iter(map_headers([header]).fields), "")


def suggested(names: Sequence[str], mapping: ColumnMapping, saved: Mapping[str, str]) -> dict[str, str]:
    """Header → field, for columns without a meaning that resemble a field which has no column. For people to judge.

    What `saved` or the aliases know is settled.
    """
    settled = {key_of(header) for header in saved} | _OUR_KEYS | _MEANINGS.keys()
    open_fields = [field for field in FIELDS if field not in mapping.fields]
    aliases = {key: field for key, (field, _) in _MEANINGS.items() if field in open_fields and len(key) > 2}
    likely: list[tuple[float, int, str]] = []
    for index, name in enumerate(names):
        key = normalise(name[:SUGGESTED_CHARS])
        if name in mapping.ignored and len(key) > 2 and key not in settled and not _OTHER_THINGS.search(key):
            found = process.extractOne(key, aliases.keys(), scorer=_likeness, score_cutoff=CLOSE_ENOUGH)
            likely += [(-found[1], index, aliases[found[0]])] if found else []
    suggestions: dict[str, str] = {}
    for _, index, field in sorted(likely):
        if field not in suggestions.values():
            suggestions.setdefault(names[index], field)
    return suggestions


def _likeness(one: Sequence[Hashable], other: Sequence[Hashable], *, score_cutoff: float | None = None) -> float:
    """Of 100, as rapidfuzz asks for it. A name within a longer one counts for less than a slip of the keyboard."""
    return max(fuzz.ratio(one, other), 0.9 * fuzz.partial_ratio(one, other) if min(len(one), len(other)) > 3 else 0)


def _mapping(names: Sequence[str], fields: dict[str, str]) -> ColumnMapping:
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
        key = key_of(header)
        if key and (field in FIELDS or not field):
            meanings.setdefault(key, (field, rank))
    return meanings


def _equals(claims: list[tuple[int, int]]) -> list[int]:
    """The indexes of the highest-ranked headers. Equal ranks mean equal names."""
    best, _ = min(claims)
    return [index for rank, index in claims if rank == best]


def _best(field: str, claims: list[tuple[int, int]], headers: Sequence[str]) -> int:
    """The index of the highest-ranked header; of several with equal names, which one counts can't be known."""
    same = _equals(claims)
    if len(same) > 1:
        listed = _quoted([headers[index] for index in same])
        raise FeedError(
            "duplicate_column",
            f"The columns {listed} both mean {field}. Remove or rename all but one of them.",
        )
    return same[0]


def _quoted(headers: Sequence[str]) -> str:
    return " and ".join(f"“{header.strip()[:60]}”" for header in headers[:5])

"""How a list of the vendor's own is understood: a price list, an export of a till, a list of prices and stock.

What its columns mean is for uploads.feed.columns to say. What is added here is what such lists do without: one number
that is product ID and SKU, names that stand under Description, no category, nothing but prices and stock.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from catalog.rules.cells import identifier
from catalog.rules.fields import LIMITS
from catalog.rules.identifiers import is_sku
from uploads.feed.columns import ColumnMapping, answered, ask, normalise, quoted, short
from uploads.feed.formats.model import UPDATE, Plan
from uploads.feed.questions import Choice, Question
from uploads.feed.rivals import in_words, kind_of

IDENTIFIERS: Final = "identifiers_from"
# Names that mean a field in a list that has no better column for it, best first; a `#` stands for a number behind it.
MORE: Final[Mapping[str, tuple[str, ...]]] = {
    "vendor_product_id": (
        "internal id", "product uid", "uniq id", "unique id", "uid", "uuid", "pid", "prod id", "product key",
        "system id", "record id", "offer id", "listing id", "interne id", "id interne", "id interno", "код id",
    ),
    "sku": (
        "art no", "art nr", "art num", "artno", "artnr", "article code", "article id",
        "cod articolo", "codice", "codice prodotto", "cod", "code article", "code produit", "code", "codigo",
        "código", "código de producto", "codigo articulo", "código artículo", "clave", "ref", "ref no", "reference",
        "reference no", "reference number", "référence article", "product number", "product no", "product ref",
        "prod code", "stock code", "stockcode", "item ref", "item #", "part no", "part #", "part nr",
        "partnumber", "teilenummer", "teile nr", "bestellnummer", "best nr", "bestell nr", "artikel nummer",
        "artikelnr.", "artikel no", "sachnummer", "material number", "materialnummer", "material no", "model number",
        "model no", "model code", "modell nr", "style number", "style no", "style code", "catalog number",
        "catalogue number", "catalog no", "cat no", "kat nr", "internal reference", "internal code", "number", "no",
        "nr", "num", "numero", "número", "sku id", "sku no", "variant id", "varenr", "varenummer", "artikelnummer#",
        "tuotenumero", "katalogové číslo", "symbol", "kod", "kod produktu", "indeks", "артикул", "код", "код товара",
    ),
    "product_name": (
        "product name#", "item name#", "article name", "name of product", "product label", "display name",
        "full name", "model name", "name en", "name de", "name fr", "artikeltext", "artikeltext #", "artikeltext1",
        "artikelbezeichnung #", "artikelbezeichnung1", "bezeichnung #", "bezeichnung1", "kurzbezeichnung",
        "artikelname #", "produkt", "artikel", "ware", "denominazione", "descrizione articolo", "descrizione prodotto",
        "nome articolo", "prodotto", "producto", "nombre producto", "nombre articulo", "nombre artículo", "artículo",
        "articulo", "descripción del producto", "descripcion producto", "produit", "nom produit", "nom article",
        "intitulé", "libellé produit", "libellé article", "désignation produit", "designation article", "article",
        "produto", "nome do produto", "nome produto", "nome do artigo", "omschrijving", "productnaam", "artikelnaam",
        "nazwa", "nazwa produktu", "název", "navn", "varenavn", "produktnavn", "benämning", "tuotenimi",
        "наименование", "название", "наименование товара", "название товара", "товар", "имя", "item description",
        "item desc", "product desc", "article description", "artikelbeschreibung", "short description",
        "product details", "goods", "model", "item", "items", "book title", "product short name",
    ),
    "category": (
        "artikelgruppe", "produktgruppe", "warengruppen", "hauptwarengruppe", "gruppe", "sortiment", "product group",
        "item group", "item category", "group", "group name", "department", "product family", "family", "famille",
        "familia", "famiglia", "reparto", "rayon", "rubrique", "categoria prodotto", "gruppo", "categorie",
        "catégorie produit", "categoria do produto", "categoría producto", "rubro", "sección", "section",
        "main category", "category #", "category1", "category path", "category full", "categoryname", "kategoria",
        "kategorija", "sub category", "subcategory", "product line", "product range", "range", "product class",
        "class", "collection", "category tree", "product category tree", "breadcrumb", "breadcrumbs", "cat",
        "category id", "cat id", "genre", "категория", "группа", "группа товаров", "раздел", "item type",
        "product type name",
    ),
    "price": (
        "price each", "price per unit", "unit cost price", "amount", "rate", "mrp", "rrp", "list", "msrp", "uvp",
        "цена", "стоимость", "cena", "cena brutto", "preço", "preco", "prijs", "pris", "hinta", "fiyat", "tarif",
    ),
    "stock_quantity": (
        "stock on hand", "available stock", "units in stock", "disponibilità",
        "disponibilidad", "disponibilité", "verfügbarkeit", "verfügbar", "количество", "остаток", "наличие", "ilość",
        "stan", "estoque", "quantidade", "voorraad", "aantal", "antal", "lager", "qte", "qté", "cant", "qta", "q.tà",
    ),
    "brand": ("make", "brand_name", "бренд", "производитель", "producent", "merk", "fabrikant", "marca prodotto"),
    "description": (
        "beschreibung #", "langtext", "artikelbeschreibung", "long text", "product details", "descrizione",
        "описание", "opis", "omschrijving", "notes",
    ),
}  # fmt: skip
# Where a list has a column with names or descriptions, such a column has numbers of items.
ITEMS: Final = ("item", "article", "articolo", "artículo", "artikel", "model", "modell", "style")
# Columns that say whether there is any stock, in words or as 1 and 0.
FLAGS: Final = (
    "stock status",
    "inventory status",
    "availability status",
    "availability",
    "in stock",
    "is in stock",
    "available",
    "is available",
    "stock availability",
    "lieferbar",
    "auf lager",
    "verfügbarkeit",
    "disponibilité",
    "en stock",
    "disponibilidad",
    "disponible",
    "disponibilità",
    "disponibile",
    "наличие",
    "в наличии",
)
# Numbers that aren't the vendor's own, so nobody takes them for an ID without a person.
_BARCODE_KEYS: Final = """
    barcode ean ean13 ean8 eancode eannummer eanbarcode gtin gtin13 gtin14 gtin12 upc upca upccode upcean barcodes
    strichcode codeabarres codebarre codesbarres codigodebarras codicebarre codiceabarre codiceean isbn isbn13 isbn10
    barcodeean barcodeno barcodenumber eanupc gtineanupc штрихкод productbarcode itembarcode gtinupceanorisbn asin jan
"""
BARCODES: Final = frozenset(_BARCODE_KEYS.split())
# Kinds of prices that aren't the regular one, beside one that may be.
_NOT_REGULAR: Final = frozenset({"sale", "wholesale", "list", "other"})
_REGULAR: Final = frozenset({"plain", "regular", "selling", "unit", "currency", "tax"})
_CAN_BE_SOLD: Final = ("available", "verfugbar", "disponib", "free stock", "sellable")
_ID_WORDS: Final = frozenset(("id", "uid", "uuid", "code", "key", "number", "no", "nr", "ref", "sku", "pid"))
_NO_IDS: Final = frozenset(
    """
    image images img photo picture url link href path date time created updated rating ratings stars score reviews rank
    weight width height length size color colour discount cost margin tax vat
    """.split()  # noqa: SIM905
)
_AMOUNT: Final = re.compile(r"[^\d\s]{0,3}\s?-?\d+[.,]\d+\s?[^\d\s]{0,3}")
MOST_CHOICES: Final = 20

Rows = Sequence[Mapping[str, str]]


def plan_of_list(
    names: Sequence[str], samples: Rows, mapping: ColumnMapping, answers: Mapping[str, Any], *, chosen: bool
) -> tuple[Plan, tuple[Question, ...]]:
    """The plan, and the questions about columns. `chosen`: a person said what each column means, so none is looked
    for."""
    texts = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    mapping = answered(mapping, names, texts)
    said: list[str] = []
    columns = dict(mapping.fields)
    unclear = dict(mapping.unclear)
    _settle(columns, unclear, said)
    flags: tuple[str, ...] = ()
    if not chosen:
        _find_more(names, columns, unclear, samples, MORE)
        _name_from_description(columns, unclear, samples, said)
        if {"product_name", "description"} & columns.keys():
            _find_more(names, columns, unclear, samples, {"sku": ITEMS})
        if "stock_quantity" not in {*columns, *unclear}:
            keys = {normalise(name): name for name in reversed(names) if name not in columns.values()}
            flags = tuple(name for flag in FLAGS if (name := _named(flag, keys)))[:1]
    stock = _stock_columns(names, answers)
    plan = Plan(own_list=True, empty_is_unknown=False, flags=flags, lists=",;|", paths=">»|/\\")
    is_update = _only_changes(columns, unclear)
    if is_update:
        plan = replace(plan, mode=UPDATE)
        said.append(_said_of_update(columns))
        columns.pop("category", None)
    found = [] if is_update else _identifiers(names, columns, unclear, samples, answers, said)
    rows = [list(row.values()) for row in samples]
    found += [ask(meant, could_be, names, rows) for meant, could_be in unclear.items() if meant != "category"]
    if not is_update:
        for meant in ("product_name", "price"):
            if meant not in columns and meant not in unclear:
                free = [name for name in names if name not in columns.values()] or list(names)
                found.append(ask(meant, free, names, rows))
    placed: dict[str, tuple[str, ...]] = {meant: (header,) for meant, header in columns.items()}
    if stock:
        placed["stock_quantity"] = stock
    by = answers.get(IDENTIFIERS)
    if not is_update and isinstance(by, str) and by in names and "sku" not in {*columns, *unclear}:
        plan = replace(plan, handle=by)  # what can't be a SKU as it stands
    plan = replace(plan, columns=placed, added=len(stock) > 1, said=tuple(said), id_first=_id_first(columns, mapping))
    return plan, tuple(found)


def _stock_columns(names: Sequence[str], answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that were answered to be added up; none where it is one, which `answered` has seen to."""
    answer = answers.get("stock_from")
    if not isinstance(answer, list | tuple):
        return ()
    return tuple(dict.fromkeys(one for one in answer if one in names))


def _id_first(columns: Mapping[str, str], mapping: ColumnMapping) -> bool:
    return columns.get("vendor_product_id") == mapping.fields.get("vendor_product_id") is not None


def _settle(columns: dict[str, str], unclear: dict[str, tuple[str, ...]], said: list[str]) -> None:
    """Take from what could be a field what clearly isn't it: a sale price, stock that is there but can't be sold."""
    prices = unclear.get("price", ())
    kinds = {header: kind.name if (kind := kind_of("price", header)) else "other" for header in prices}
    if any(kind in _REGULAR for kind in kinds.values()):
        left = tuple(header for header in prices if kinds[header] not in _NOT_REGULAR)
        if len(left) == 1:
            del unclear["price"]
            columns["price"] = left[0]
            said.append(f"The price is “{short(left[0])}”, and not {_listed(set(prices) - set(left), prices)}.")
        elif left:
            unclear["price"] = left
    stocks = unclear.get("stock_quantity", ())
    sold = [header for header in stocks if any(word in in_words(header) for word in _CAN_BE_SOLD)]
    if len(sold) == 1:
        del unclear["stock_quantity"]
        columns["stock_quantity"] = sold[0]
        said.append(f"The stock is “{short(sold[0])}”, what can be sold, and not {_listed(set(stocks), stocks, sold)}.")


def _listed(some: set[str], in_order: Sequence[str], without: Sequence[str] = ()) -> str:
    return quoted([header for header in in_order if header in some and header not in without], " or ")


def _find_more(
    names: Sequence[str],
    columns: dict[str, str],
    unclear: Mapping[str, tuple[str, ...]],
    samples: Rows,
    more: Mapping[str, tuple[str, ...]],
) -> None:
    """Give fields without a column one that goes by a name which means the field only where no better one is there."""
    asked = {name for could_be in unclear.values() for name in could_be}
    keys = {normalise(name): name for name in reversed(names)}
    for meant, others in more.items():
        if meant in columns or meant in unclear or (meant == "description" and "product_name" not in columns):
            continue
        if meant == "vendor_product_id" and "sku" in columns:
            continue
        for other in others:
            name = _named(other, keys)
            if name and name not in columns.values() and name not in asked and _may_be(meant, name, samples):
                columns[meant] = name
                break


def _named(other: str, keys: Mapping[str, str]) -> str:
    if not other.endswith("#"):
        return keys.get(normalise(other), "")
    start = normalise(other[:-1])
    return next((name for key, name in keys.items() if key == start or key in (f"{start}1", f"{start}01")), "")


def _may_be(meant: str, name: str, samples: Rows) -> bool:
    """Whether the cells of a column don't speak against it: a SKU is short and not the same in each row, a price and a
    stock have digits or words for stock, a name isn't a number."""
    cells = [cell for row in samples if (cell := (row.get(name) or "").strip())]
    if not cells:
        return True
    digits = sum(any(char.isdigit() for char in cell) for cell in cells)
    if meant == "vendor_product_id":
        return len(set(cells)) == len(cells)
    if meant == "sku":
        short_ones = [cell for cell in cells if len(cell) <= 40 and len(cell.split()) <= 3]
        return 2 * len(short_ones) > len(cells) and 2 * len(set(cells)) > len(cells)
    if meant == "price":
        return 2 * digits > len(cells)
    if meant == "product_name":
        return 2 * sum(any(char.isalpha() for char in cell) for cell in cells) > len(cells)
    return True


def _name_from_description(
    columns: dict[str, str], unclear: Mapping[str, tuple[str, ...]], samples: Rows, said: list[str]
) -> None:
    """Where no column has names, descriptions are read as such if none is too long for one."""
    description = columns.get("description", "")
    if not description or "product_name" in columns or "product_name" in unclear:
        return
    if any(len(row.get(description) or "") > LIMITS["product_name"] for row in samples):
        return
    if not any((row.get(description) or "").strip() for row in samples):
        return
    if not {"price", "category"} & {*columns, *unclear}:
        return
    columns["product_name"] = columns.pop("description")
    said.append(f"There is no column with names; “{short(description)}” is read as the product name.")


def _only_changes(columns: Mapping[str, str], unclear: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the file has nothing that a new product needs, but what changes one that is there."""
    known = {*columns, *unclear}
    return (
        "product_name" not in known
        and not known & {"category", "description"}
        and bool(known & {"sku", "vendor_product_id"})
        and bool(known & {"price", "stock_quantity"})
    )


def _said_of_update(columns: Mapping[str, str]) -> str:
    what = (
        " and ".join(word for meant, word in (("price", "price"), ("stock_quantity", "stock")) if meant in columns)
        or "price or stock"
    )
    by = "SKU" if "sku" in columns else "product ID"
    return (
        f"This is a list of {what}: it has no names and no categories. Only {what} of products that are in the catalog "
        f"is updated; nothing is added, nothing else is changed. Products are found by their {by}."
    )


# --- product IDs and SKUs ----------------------------------------------------------------------------------------


def _identifiers(
    names: Sequence[str],
    columns: dict[str, str],
    unclear: dict[str, tuple[str, ...]],
    samples: Rows,
    answers: Mapping[str, Any],
    said: list[str],
) -> list[Question]:
    """Settle which columns are product ID and SKU: an ID counts if it is different in each row, else the SKU is it."""
    own, sku = columns.get("vendor_product_id", ""), columns.get("sku", "")
    if "sku" in unclear:
        return []
    if own and sku:
        if not _differs(own, samples) and _differs(sku, samples):
            columns["vendor_product_id"] = sku
            said.append(f"“{short(own)}” isn’t different in each row, so “{short(sku)}” is product ID and SKU.")
        return []
    if sku and "vendor_product_id" not in unclear:
        columns["vendor_product_id"] = sku
        said.append(f"“{short(sku)}” is product ID and SKU.")
        return []
    if own:
        columns["sku"] = own
        said.append(f"“{short(own)}” is product ID and SKU.")
        return []
    if "vendor_product_id" in unclear:
        return []
    answer = answers.get(IDENTIFIERS)
    if isinstance(answer, str) and answer in names:
        if normalise(answer) in BARCODES or _are_skus(answer, samples):
            columns["vendor_product_id"] = columns["sku"] = answer
        return []
    return [_ask_identifiers(names, columns, samples)]


def _differs(column: str, samples: Rows) -> bool:
    cells = [identifier(cell, "sku") for row in samples if (cell := (row.get(column) or "").strip())]
    return len(set(cells)) == len(cells)


def _ask_identifiers(names: Sequence[str], columns: Mapping[str, str], samples: Rows) -> Question:
    """By which column products are told apart. A name changes too easily: only where nothing else is there."""
    free = [name for name in names if name not in columns.values()]
    barcodes = [name for name in free if normalise(name) in BARCODES]
    telling = [name for name in free if _differs(name, samples) and _tells(name, samples)]
    named = [columns["product_name"]] if "product_name" in columns else []
    found = barcodes or [*telling, *named] or list(names)
    choices = []
    for name in found[:MOST_CHOICES]:
        cell = next((cell for row in samples if (cell := (row.get(name) or "").strip())), "")
        choices.append(Choice(name, f"{short(name)}, for example “{short(cell)}”" if cell else short(name)))
    text = (
        f"The file has neither a product ID nor a SKU. Use {quoted(found[:MOST_CHOICES], ' or ')} for both? A SKU must "
        "be yours alone on this platform: where another vendor has the same, you have to give SKUs of your own."
    )
    suggestion = found[0] if len(found) == 1 or barcodes or _ID_WORDS & set(in_words(found[0]).split()) else ""
    return Question(IDENTIFIERS, IDENTIFIERS, "sku", text, tuple(choices), suggestion)


def _are_skus(column: str, samples: Rows) -> bool:
    """Whether the cells can be SKUs as they stand. Where they can't, such as names, SKUs are made of them."""
    cells = [cell for row in samples if (cell := (row.get(column) or "").strip())]
    return 2 * sum(is_sku(cell) and len(cell) <= LIMITS["sku"] for cell in cells) > len(cells)


def _tells(name: str, samples: Rows) -> bool:
    """Whether a column may be an identifier: most cells are filled, with what is neither an address nor an amount."""
    words = set(in_words(name).split())
    if words & _NO_IDS or kind_of("price", name) or kind_of("stock_quantity", name):
        return False
    cells = [cell for row in samples if (cell := (row.get(name) or "").strip())]
    return 2 * len(cells) > len(samples) and all(
        len(cell) <= 60 and " " not in cell and "://" not in cell and not _AMOUNT.fullmatch(cell) for cell in cells
    )

"""How many of a product can be sold, by the cells of its row: numbers, words, and what a shop doesn't count.

Words are understood in the languages whose headers are. Available is never a number. Sold out is 0, and so is what can
be ordered but isn't there: preorder, backorder.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from catalog.rules.money import readings, typewritten
from uploads.feed.formats.model import Plan


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for line in text.strip().splitlines() for word in line.split("|") if word.strip())


# Google: in_stock, out_of_stock, preorder, backorder. Meta: in stock, out of stock, available for order, discontinued.
AVAILABLE: Final = _words("""
    in stock | instock | available | yes | on stock | in store | limited availability | limited stock | low stock
    ready to ship | in stock online | unlimited | always | many | plenty
    unbegrenzt
    auf lager | lagernd | verfügbar | vorrätig | lieferbar | sofort lieferbar | sofort verfügbar | ja | wenige verfügbar
    en stock | disponible | dispo | oui | disponible immédiatement | illimité
    ilimitado | en existencia | en existencias | sí | si | hay stock | con stock
    disponibile | in magazzino | disponibilità immediata | disponibile subito
    op voorraad | em estoque | em stock | disponível | dostępny | w magazynie | skladem | på lager | i lager
    в наличии | есть в наличии | есть | на складе | доступно | да
""")
SOLD_OUT: Final = _words("""
    out of stock | outofstock | sold out | soldout | unavailable | not available | no stock | discontinued | preorder
    pre order | backorder | back order | backordered | on backorder | on order | coming soon | available for order | no
    available for pre order | available on backorder | temporarily out of stock | onbackorder
    nicht auf lager | nicht verfügbar | nicht lieferbar | nicht vorrätig | ausverkauft | vergriffen | nein
    vorbestellung | vorbestellbar | vorbestellt | nachbestellt | auf bestellung
    rupture de stock | en rupture | en rupture de stock | épuisé | indisponible | non disponible | non
    précommande | sur commande
    agotado | sin stock | sin existencias | no disponible | fuera de stock | sin existencia | reserva | bajo pedido
    esaurito | esaurita | non disponibile | terminato | in arrivo | su ordinazione | preordine | fuori stock
    niet op voorraad | uitverkocht | esgotado | indisponível | brak | niedostępny | vyprodáno | udsolgt | slutsåld
    нет в наличии | нет | распродано | отсутствует | под заказ | предзаказ | недоступно
""")
_GAPS: Final = re.compile(r"[\s_-]+")


def quantity_of(cell: str) -> str | None:
    """What a word for stock means: "0", "" for an unknown quantity, None for what is no such word."""
    word = _GAPS.sub(" ", cell.casefold()).strip(" .!")
    if word in SOLD_OUT:
        return "0"
    return "" if word in AVAILABLE else None


def flag_of(cell: str) -> str | None:
    """The same for a cell that says only whether there is any."""
    if cell in ("0", "0.0", "false", "FALSE", "False"):
        return "0"
    return "" if cell in ("1", "1.0", "true", "TRUE", "True") else quantity_of(cell)


class Quantity(NamedTuple):
    """What a row says of its stock. `cell` is what stands there, or what it means; None with `unknown`."""

    cell: str | None
    derived: bool = False
    unknown: bool = False
    """Whether the product is there, and nobody says how often."""
    below_zero: bool = False


UNKNOWN: Final = Quantity(None, unknown=True)
_SIGNS: Final = frozenset("-−–—")
_NUMBER: Final = re.compile(r"[-−–—] ?[0-9][0-9.,\x27\u2019 \u00a0\u202f]*")
# How many, with a word that says no more than that they are counted.
_PIECES: Final = re.compile(
    r"([0-9]{1,9}) ?(?:pcs|pc|pce|pces|piece|pieces|unit|units|ea|each|stk|st|stück|pz|pezzi|ud|uds|un|und|unidades"
    r"|pièces|szt|шт|ks|db|adet|buc)\.?",
    re.IGNORECASE,
)
# More than a shop says: there is some, and nobody says how much.
_OR_MORE: Final = re.compile(
    r"(?:[>≥]=?|more than|over|mehr als|über|plus de|más de|più di|более) ?[0-9]+|[1-9][0-9]* ?\+", re.IGNORECASE
)
PARENTS: Final = "parent"  # WooCommerce's word for the parent's stock


def quantity_reader(plan: Plan) -> Callable[[Mapping[str, str], Mapping[str, str] | None], Quantity]:
    """How the stock is read from a row's cells and those of its head."""
    columns, flags = plan.columns.get("stock_quantity", ()), plan.flags
    tracker, untracked, added = plan.tracker, frozenset(plan.untracked), plan.added and len(columns) > 1
    parts = re.compile(plan.stock_parts) if plan.stock_parts else None

    def counted(cells: Mapping[str, str]) -> str:
        for column in columns:
            if (cell := cells.get(column) or "") and (cell := cell.strip()):
                return cell
        return ""

    def is_untracked(cells: Mapping[str, str], head: Mapping[str, str] | None) -> bool:
        word = (cells.get(tracker) or "").strip().casefold()
        if not word and head and "" not in untracked:
            word = (head.get(tracker) or "").strip().casefold()
        return word in untracked

    def read(cells: Mapping[str, str], head: Mapping[str, str] | None) -> Quantity:
        cell = summed(cells, columns, plan.not_stocked) if added else counted(cells)
        if cell.isdigit() and cell != "0":
            return Quantity(cell, added)
        derived = added
        if parts and (found := parts.findall(cell)):
            cell, derived = total(found, ()), True
        if cell == PARENTS and head:
            cell, derived = counted(head), True
        if tracker and not cell.strip("0.,") and is_untracked(cells, head):
            return UNKNOWN
        if not cell:
            return _without_number(cells, flags, plan, has_column=bool(columns))
        if cell[0] in _SIGNS and _NUMBER.fullmatch(cell):
            return Quantity(cell, derived, below_zero=cell.strip("-−–—0., ") != "")
        if cell[0].isdigit():
            if pieces := _PIECES.fullmatch(cell):
                return Quantity(pieces[1], derived=True)
            return UNKNOWN if _OR_MORE.fullmatch(cell) else Quantity(cell, derived)
        word = quantity_of(cell)
        if word is None:
            return UNKNOWN if _OR_MORE.fullmatch(cell) else Quantity(cell, derived)
        return Quantity(word, derived=True) if word else UNKNOWN

    return read


def _without_number(cells: Mapping[str, str], flags: tuple[str, ...], plan: Plan, *, has_column: bool) -> Quantity:
    for flag in flags:
        cell = (cells.get(flag) or "").strip()
        if cell:
            word = flag_of(cell)
            if word is None:
                return Quantity(cell)
            return Quantity(word, derived=True) if word else UNKNOWN
    if plan.stock_asked:
        return Quantity("")
    return UNKNOWN if plan.empty_is_unknown or not has_column else Quantity("")


def summed(cells: Mapping[str, str], columns: tuple[str, ...], not_stocked: tuple[str, ...]) -> str:
    """The cells of these columns added up; "" where none has a number, and the first that is no number as it is."""
    return total([(cells.get(column) or "").strip() for column in columns], not_stocked)


def total(parts: list[str], not_stocked: tuple[str, ...]) -> str:
    """These cells added up: places where a product isn't stocked, and empty ones, count nothing."""
    found, nothing = [], ""
    for part in parts:
        if part.casefold() in not_stocked:
            nothing = "0"
        elif part:
            number = _number(part)
            if number is None:
                return part
            found.append(number)
    if not found:
        return nothing
    number = sum(found, Decimal(0))
    return str(int(number)) if number == int(number) else str(number)


def _number(cell: str) -> Decimal | None:
    if cell.isdigit() and cell.isascii():
        return Decimal(cell)
    text = typewritten(cell)[:60]
    sign = -1 if text.startswith("-") else 1
    values = readings(text.lstrip("-").strip())
    return sign * values[0] if len(values) == 1 else None

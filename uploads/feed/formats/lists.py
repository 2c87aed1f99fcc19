"""How a list of the vendor's own is understood: a price list, an export of a till, a list of prices and stock.

What its columns mean is for uploads.feed.columns to say. What is added here is what such lists do without: one number
that is product ID and SKU, names that stand under Description, no category, nothing but prices and stock.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from catalog.rules.cells import identifier
from catalog.rules.fields import LABELS, LIMITS
from catalog.rules.identifiers import is_sku
from uploads.feed.columns import (
    ColumnMapping,
    answered,
    ask,
    mapped,
    normalise,
    question_id,
    quoted,
    short,
    suggested,
    suggestion,
)
from uploads.feed.formats.model import UPDATE, Plan
from uploads.feed.formats.names import AMOUNT, BARCODES, FLAGS, ID_WORDS, ITEMS, LISTED, MORE, NO_IDS, NOT_FINAL, PRICE
from uploads.feed.formats.own import changes
from uploads.feed.formats.texts import are_tagged
from uploads.feed.questions import Choice, Question
from uploads.feed.rivals import in_words, kind_of
from uploads.feed.sheets.handed_out import OUR_COLUMNS

IDENTIFIERS: Final = "identifiers_from"
NO_COLUMN: Final = "[]"  # the answer that none of the columns is the field: a list without any
# Kinds of prices that aren't the regular one, beside one that may be.
_NOT_REGULAR: Final = frozenset({"sale", "wholesale", "list"})
_REGULAR: Final = frozenset({"plain", "regular", "selling", "currency"})
_SOLD_FOR: Final = frozenset({"selling", "regular", "tax"})
_CAN_BE_SOLD: Final = ("available", "verfugbar", "disponib", "free stock", "sellable")
MOST_CHOICES: Final = 20

Rows = Sequence[Mapping[str, str]]


def plan_of_list(
    names: Sequence[str], samples: Rows, mapping: ColumnMapping, answers: Mapping[str, Any], *, chosen: bool
) -> tuple[Plan, tuple[Question, ...]]:
    """The plan, and the questions about columns. `chosen`: a person said what each column means, so none is looked
    for."""
    in_order = mapping.complete
    names = [name for name in names if name not in OUR_COLUMNS]  # which are there where our report comes back
    has_our_names = changes.has_our_names(mapping.fields)
    found = _found(names, samples, mapping, answers, look=not (chosen or in_order), names_apart=has_our_names)
    columns, unclear, said = found.columns, found.unclear, found.said
    questions: list[Question] = []
    made_for_us = all(normalise(header) == normalise(meant) for meant, header in columns.items())
    said_so = changes.is_said(columns, unclear, answers)
    is_update = said_so or changes.only_changes(columns, unclear, has_our_names=has_our_names)
    if is_update and not (said_so or _has_none("product_name", answers)):
        questions = _names_or_changes(names, columns, samples)
        is_update = not questions
    if is_update:
        said.append(changes.said_of(columns))
        if not (said_so or has_our_names):
            columns.pop("category", None)
    else:
        questions += _identifiers(names, columns, unclear, samples, answers, said, chosen=chosen)
    questions += _which_ones(names, samples, unclear)
    if not (is_update or found.flags or in_order or _has_none("stock_quantity", answers)):
        questions += _perhaps_stock(names, columns, unclear, samples)
    if not is_update:
        asked = {*columns, *(one.field for one in questions)}
        hints = {"product_name": changes.without_identifiers(columns, unclear), "price": ""}
        questions += [
            _without_column(meant, names, columns, samples, hint) for meant, hint in hints.items() if meant not in asked
        ]
    placed: dict[str, tuple[str, ...]] = {meant: (header,) for meant, header in columns.items()}
    if found.stock:
        placed["stock_quantity"] = found.stock
    texts = [columns[meant] for meant in ("product_name", "description") if meant in columns]
    by = answers.get(IDENTIFIERS)
    made = not is_update and isinstance(by, str) and by in names and "sku" not in {*columns, *unclear}
    plan = Plan(
        own_list=True, mode=UPDATE if is_update else "", made_for_us=is_update and (said_so or made_for_us),
        html=are_tagged(samples, texts), columns=placed,
        flags=found.flags, added=len(found.stock) > 1, handle=str(by) if made else "",  # no SKU as it stands
        stock_asked="stock_quantity" in [one.field for one in questions],
        id_first=_id_first(columns, mapping), empty_is_unknown=not is_update, lists=",;|", paths=">»|/\\",
        said=tuple(said),
    )  # fmt: skip
    return plan, tuple(questions)


class _Found(NamedTuple):
    """What the columns of a list are: field → header, or the headers that could each be it; those that are added up to
    the stock, the one that says whether there is any, and what was taken for granted."""

    columns: dict[str, str]
    unclear: dict[str, tuple[str, ...]]
    stock: tuple[str, ...]
    flags: tuple[str, ...]
    said: list[str]


def _found(
    names: Sequence[str],
    samples: Rows,
    mapping: ColumnMapping,
    answers: Mapping[str, Any],
    *,
    look: bool,
    names_apart: bool = False,
) -> _Found:
    """By their names and what was answered; `look` for those that go by names which only lists have.
    `names_apart`: a description is none that stands for a name."""
    mapping = answered(mapping, names, {name: one for name, one in answers.items() if isinstance(one, str)})
    columns, unclear, said = dict(mapping.fields), dict(mapping.unclear), list[str]()
    if stock := _stock_columns(names, answers):
        unclear.pop("stock_quantity", None)
        columns["stock_quantity"] = stock[0]
    if look:
        _settle(columns, unclear, said)
        _find_more(names, columns, unclear, samples, MORE)
        _selling_price(names, columns, unclear, samples, said)
        if not names_apart:
            _name_from_description(columns, unclear, samples, said)
        if {"product_name", "description"} & columns.keys():
            _find_more(names, columns, unclear, samples, {"sku": ITEMS})
    flags: tuple[str, ...] = ()
    if "stock_quantity" not in {*columns, *unclear}:
        keys = {normalise(name): name for name in reversed(names) if name not in columns.values()}
        flags = tuple(name for flag in FLAGS if (name := _named(flag, keys)))[:1]
        if flags and any(cell.isdecimal() and cell not in ("0", "1") for cell in _cells(flags[0], samples)):
            columns["stock_quantity"], flags = flags[0], ()
    if flags:
        said.append(f"“{short(flags[0])}” says whether a product is in stock, and no column how many there are.")
    return _Found(columns, unclear, stock, flags, said)


# --- questions about columns -------------------------------------------------------------------------------------


def _which_ones(names: Sequence[str], samples: Rows, unclear: Mapping[str, tuple[str, ...]]) -> list[Question]:
    rows = _as_rows(names, samples)
    asked = [ask(meant, could_be, names, rows, suggestion(meant, could_be)) for meant, could_be in unclear.items()]
    return [or_all_added(one, unclear[one.field]) if one.field == "stock_quantity" else one for one in asked]


def or_all_added(question: Question, could_be: Sequence[str]) -> Question:
    """Which column has the stock, or all of them added up: that is a list, as JSON."""
    together = Choice(json.dumps(list(could_be), ensure_ascii=False), "All of these added up")
    text = f"Which column has the {LABELS['stock_quantity']}: {quoted(could_be, ' or ')}, or all of them added up?"
    return replace(question, text=text, choices=(*question.choices, together))


def _has_none(meant: str, answers: Mapping[str, Any]) -> bool:
    """Whether somebody said that no column is this field."""
    return bool(answers.get(question_id(meant)) == [])


def _names_or_changes(names: Sequence[str], columns: Mapping[str, str], samples: Rows) -> list[Question]:
    """Which column has the names, or whether the list only changes products that are there; nothing where none could
    have them."""
    could_be = _could_be_names(names, columns, samples)
    if not could_be:
        return []
    question = ask("product_name", could_be, names, _as_rows(names, samples))
    text = f"No column says that it has the product name. Which one is it: {quoted(could_be, ' or ')}? "
    text += "Without one, only products that are in the catalog are changed."
    none = Choice(NO_COLUMN, "None: only change products that are in the catalog")
    return [replace(question, text=text, choices=(*question.choices, none))]


def _perhaps_stock(
    names: Sequence[str], columns: Mapping[str, str], unclear: Mapping[str, tuple[str, ...]], samples: Rows
) -> list[Question]:
    """Whether a column whose name has a word for stock in it is the stock, where no other is."""
    if "stock_quantity" in {*columns, *unclear}:
        return []
    free = [name for name in names if name not in columns.values() and kind_of("stock_quantity", name)]
    found = [name for name in free if _may_be("price", name, samples)]
    if not found:
        return []
    question = ask("stock_quantity", found, names, _as_rows(names, samples), found[0])
    text = question.text if len(found) > 1 else f"Is “{short(found[0])}” the {LABELS['stock_quantity']}?"
    none = Choice(NO_COLUMN, "No, none of these" if len(found) > 1 else "No, it is something else")
    return [replace(question, text=text, choices=(*question.choices, none))]


def _could_be_names(names: Sequence[str], columns: Mapping[str, str], samples: Rows) -> list[str]:
    """Columns without a meaning that have a text of their own in most rows, as names are."""
    found = []
    for name in names:
        cells = _cells(name, samples)
        texts = {cell for cell in cells if sum(map(str.isalpha, cell)) > 3 and "://" not in cell}
        other = set(in_words(name).split()) & NO_IDS or kind_of("price", name) or kind_of("stock_quantity", name)
        if name not in columns.values() and not other and 2 * len(texts) > len(samples):
            found.append(name)
    return found


def _as_rows(names: Sequence[str], samples: Rows) -> list[list[str]]:
    """The cells of these columns, in their order."""
    return [[row.get(name) or "" for name in names] for row in samples]


def _cells(column: str, samples: Rows) -> list[str]:
    return [cell for row in samples if (cell := (row.get(column) or "").strip())]


def _without_column(meant: str, names: Sequence[str], columns: Mapping[str, str], samples: Rows, hint: str) -> Question:
    """Which of the columns that mean nothing so far is a field that no list can do without."""
    free = [name for name in names if name not in columns.values() and _may_be(meant, name, samples)]
    perhaps = {field: header for header, field in suggested(names, mapped(names, dict(columns))).items()}
    likeliest = perhaps.get(meant, "")
    question = ask(meant, free, names, _as_rows(names, samples), likeliest if likeliest in free else "")
    text = f"No column says that it has the {LABELS[meant]}."
    which = f" Which one is it: {quoted(free[:MOST_CHOICES], ' or ')}?" if free else " Send the file with one."
    return replace(question, text=text + which + hint)


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
        # What a supplier calls “Your price” may be what it costs
        if len(left) == 1 and "your" not in in_words(left[0]).split():
            del unclear["price"]
            columns["price"] = left[0]
            said.append(f"The price is “{short(left[0])}”, and not {_listed(set(prices) - set(left), prices)}.")
        elif len(left) > 1:
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


def _selling_price(
    names: Sequence[str], columns: dict[str, str], unclear: Mapping[str, object], samples: Rows, said: list[str]
) -> None:
    """Where no column is the price by its name alone, the only one that a thing is sold for, with tax."""
    if "price" in columns or "price" in unclear:
        return
    free = [name for name in names if name not in columns.values() and _may_be("price", name, samples)]
    sold = [name for name in free if (kind := kind_of("price", name)) and kind.name in _SOLD_FOR]
    if len(sold) == 1 and not NOT_FINAL.search(in_words(sold[0])):
        columns["price"] = sold[0]
        said.append(f"The price is “{short(sold[0])}”.")


def _named(other: str, keys: Mapping[str, str]) -> str:
    if not other.endswith("#"):
        return keys.get(normalise(other), "")
    start = normalise(other[:-1])
    return next((name for key, name in keys.items() if key == start or key in (f"{start}1", f"{start}01")), "")


def meanings(names: Sequence[str]) -> int:
    """How many of these headers mean a field only where no better one is there."""
    keys = {normalise(name) for name in names}
    return len(keys & LISTED)


def _may_be(meant: str, name: str, samples: Rows) -> bool:
    """Whether the cells don't speak against it: SKUs are short and differ, prices are numbers, names aren't."""
    cells = _cells(name, samples)
    if not cells:
        return True
    if meant == "vendor_product_id":
        return len(set(cells)) == len(cells)
    if meant == "sku":
        short_ones = [cell for cell in cells if len(cell) <= 40 and len(cell.split()) <= 3]
        return 2 * len(short_ones) > len(cells) and 2 * len(set(cells)) > len(cells)
    if meant == "price":
        return 2 * sum(bool(PRICE.fullmatch(cell)) for cell in cells) > len(cells)
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
    if any(len(cell) > LIMITS["product_name"] or "\n" in cell or "</" in cell for cell in _cells(description, samples)):
        return
    if not any((row.get(description) or "").strip() for row in samples):
        return
    if not {"price", "category", "stock_quantity"} & {*columns, *unclear}:
        return
    columns["product_name"] = columns.pop("description")
    said.append(f"There is no column with names; “{short(description)}” is read as the product name.")


# --- product IDs and SKUs ----------------------------------------------------------------------------------------


def _identifiers(
    names: Sequence[str],
    columns: dict[str, str],
    unclear: dict[str, tuple[str, ...]],
    samples: Rows,
    answers: Mapping[str, Any],
    said: list[str],
    *,
    chosen: bool,
) -> list[Question]:
    """Settle which columns are product ID and SKU: an ID counts unless rows share it and not the SKU, or if it was
    `chosen`."""
    own, sku = columns.get("vendor_product_id", ""), columns.get("sku", "")
    if "sku" in unclear:
        return []
    if own and sku:
        if not chosen and _is_shared(own, samples) and _differs(sku, samples):
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


def _is_shared(column: str, samples: Rows) -> bool:
    """Whether at least half of the rows have what another one has too: the ID of a group, not of a product. Fewer are
    mistakes, and errors."""
    cells = Counter(identifier(cell, "sku") for row in samples if (cell := (row.get(column) or "").strip()))
    return 0 < cells.total() <= 2 * sum(count for count in cells.values() if count > 1)


def _ask_identifiers(names: Sequence[str], columns: Mapping[str, str], samples: Rows) -> Question:
    """By which column products are told apart. A name changes too easily: only where nothing else is there."""
    used = {column for meant, column in columns.items() if meant != "gtin"}  # a GTIN tells products apart, too
    free = [name for name in names if name not in used]
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
    likeliest = found[0] if len(found) == 1 or barcodes or ID_WORDS & set(in_words(found[0]).split()) else ""
    return Question(IDENTIFIERS, IDENTIFIERS, "sku", text, tuple(choices), likeliest)


def _are_skus(column: str, samples: Rows) -> bool:
    """Whether the cells can be SKUs as they stand. Where they can't, such as names, SKUs are made of them."""
    cells = [cell for row in samples if (cell := (row.get(column) or "").strip())]
    return 2 * sum(is_sku(cell) and len(cell) <= LIMITS["sku"] for cell in cells) > len(cells)


def _tells(name: str, samples: Rows) -> bool:
    """Whether a column may be an identifier: most cells are filled, with what is neither an address nor an amount."""
    words = set(in_words(name).split())
    if words & NO_IDS or kind_of("price", name) or kind_of("stock_quantity", name):
        return False
    cells = [cell for row in samples if (cell := (row.get(name) or "").strip())]
    return 2 * len(cells) > len(samples) and all(
        len(cell) <= 60 and " " not in cell and "://" not in cell and not AMOUNT.fullmatch(cell) for cell in cells
    )

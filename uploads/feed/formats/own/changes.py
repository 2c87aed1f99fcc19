"""Whether a list only changes products that are in the catalog, by what it has columns for or by what was said."""

from collections.abc import Mapping
from typing import Any, Final

from catalog.rules.fields import LABELS, REQUIRED
from uploads.feed.columns import short

# What a file is, where somebody said so: the answer KIND.
KIND: Final = "kind"
OFFER: Final = "offer"
CHANGES: Final = "changes"
_BRINGS: Final = {"price": ("prices", "price"), "stock_quantity": ("stock", "stock")}
_IDENTIFIERS: Final = frozenset({"sku", "vendor_product_id"})
# What a list changes that has neither names nor categories: nobody would send new products so.
_CHANGED: Final = frozenset({"price", "stock_quantity", "action", "gtin", "image_url", "brand"})


def has_our_names(fields: Mapping[str, str]) -> bool:
    """Whether columns have the very names that programs know our fields by, one at least that nobody else would use:
    then a description is one, and not what a list has for a name."""
    return all(header == meant for meant, header in fields.items()) and any("_" in meant for meant in fields)


def only_changes(columns: Mapping[str, str], unclear: Mapping[str, tuple[str, ...]], *, has_our_names: bool) -> bool:
    """Whether the file lacks what a new product needs, and has what changes one that is there: anything, where its
    columns have our names, and otherwise what isn't perhaps a name."""
    known = {*columns, *unclear}
    if "product_name" in known or not known & _IDENTIFIERS:
        return False
    if has_our_names:
        return bool(known - _IDENTIFIERS)
    return not known & {"category", "description"} and bool(known & _CHANGED)


def without_identifiers(columns: Mapping[str, str], unclear: Mapping[str, tuple[str, ...]]) -> str:
    """What else may be missing where a file has no names: then it may be one of changes that doesn't say of what."""
    if {*columns, *unclear} & _IDENTIFIERS or not {*columns, *unclear} & {"price", "stock_quantity"}:
        return ""
    gtin = columns.get("gtin")
    barcode = f" The GTIN (“{short(gtin)}”) isn’t enough: several of your products may have it." if gtin else ""
    text = " To change only the prices or stock of products that are in the catalog, send their SKU or product ID."
    return text + barcode


def is_said(columns: Mapping[str, str], unclear: Mapping[str, tuple[str, ...]], answers: Mapping[str, Any]) -> bool:
    """Whether somebody said that the file is one of offers (OFFER), or that it only updates products (CHANGES), of
    which it lacks something that a new one needs."""
    known = {*columns, *unclear}
    said = answers.get(KIND)
    can = bool(known & _IDENTIFIERS) and bool(known - _IDENTIFIERS)
    return can and (said == OFFER or (said == CHANGES and not known.issuperset(REQUIRED)))


def said_of(columns: Mapping[str, str]) -> str:
    by = "SKU" if "sku" in columns else "product ID"
    by = "product ID and SKU" if columns.keys() >= _IDENTIFIERS else by
    if changed := [LABELS[meant] for meant in columns if meant not in {*_IDENTIFIERS, "price", "stock_quantity"}]:
        changed += [LABELS[meant] for meant in ("price", "stock_quantity") if meant in columns]
        what = " and ".join(filter(None, (", ".join(changed[:-1]), changed[-1])))
        return (
            f"The file lacks what a new product needs, so it only changes products that are in the catalog, by its "
            f"{what}. Nothing is added, nothing else is changed. Products are found by their {by}."
        )
    brings = [words for meant, words in _BRINGS.items() if meant in columns] or [("prices or stock", "price or stock")]
    lists, only = (" and ".join(words) for words in zip(*brings, strict=True))
    return (
        f"This is a list of {lists}: it has no names and no categories. Only {only} of products that are in the "
        f"catalog {'is' if len(brings) == 1 else 'are'} updated; nothing is added, nothing else is changed. Products "
        f"are found by their {by}."
    )

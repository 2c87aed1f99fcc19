"""What is wrong with a row because of other data: rows of its file, products, vendors. The committer finds these."""

from catalog.rules.fields import LABELS
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem


def duplicate_in_file(field: str, value: str, first: str) -> Problem:
    """`first` is the place of the row that had it before, as `places.place` says it."""
    message = f"The {LABELS[field]} {quoted(value)} is already used in {first} of this file."
    if field == "vendor_product_id":
        message += " Two variants of a product need IDs of their own: use their SKUs, for example."
    return Problem(field, Code.DUPLICATE_IN_FILE, message)


def sku_taken(sku: str, own_product_id: str | None) -> Problem:
    """`own_product_id`: the vendor's own product that has the SKU; None when it is another vendor's, never named."""
    owner = "another vendor" if own_product_id is None else f"your product {quoted(own_product_id)}"
    return Problem("sku", Code.SKU_TAKEN, f"The SKU {quoted(sku)} already belongs to {owner}.")


def unknown_product(by: str, key: str, near: str) -> Problem:
    """A row that only changes a product, found `by` a field with this `key`; `near` is one that is perhaps meant."""
    message = f"Your catalog has no product with the {LABELS[by]} {quoted(key)}, and this row can’t add one."
    hint = f" Did you mean {near}?" if near else " Send new products with all their columns."
    return Problem(by, Code.UNKNOWN_PRODUCT, message + hint, near)


def other_sku(product_id: str, sku: str, named: str) -> Problem:
    """A row that only changes a product, found by its ID, names a SKU that this product hasn't: perhaps another one is
    meant, whosever it is."""
    message = f"Your product {quoted(product_id)} has the SKU {quoted(sku)}, not {quoted(named)}."
    hint = " Correct the one that is wrong. This row can’t give the product another SKU."
    return Problem("sku", Code.UNKNOWN_PRODUCT, message + hint, sku)


def vendor_unknown(vendor_id: str) -> Problem:
    if not vendor_id:
        return Problem("", Code.VENDOR_UNKNOWN, "The record names no vendor. Put the vendor's ID there as vendor_id.")
    return Problem("", Code.VENDOR_UNKNOWN, f"There is no vendor {quoted(vendor_id)}.")


def vendor_not_active(vendor_id: str, status: str) -> Problem:
    message = f"The vendor {quoted(vendor_id)} is {status}. Products are accepted from active vendors only."
    return Problem("", Code.VENDOR_NOT_ACTIVE, message)


def vendor_mismatch(vendor_id: str, upload_id: str) -> Problem:
    """A record that names one vendor inside an upload of another, never named."""
    named = f"the vendor {quoted(vendor_id)}" if vendor_id else "no vendor"
    message = f"The record names {named}, but the upload {quoted(upload_id)} is not theirs."
    return Problem("", Code.VENDOR_MISMATCH, message)

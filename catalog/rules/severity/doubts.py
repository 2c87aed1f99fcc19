"""Values that can be stored, and are perhaps not what was meant: a warning each, unless staff made it an error.

Looked for in rows that are right otherwise. Nearly all of these have none, and cost a few looks; each look is over a
value once, and values have limits (fields.LIMITS).
"""

import html
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from catalog.rules.fields import LABELS
from catalog.rules.money import quoted
from catalog.rules.offers import OfferDraft
from catalog.rules.problems import KINDS, Code, Problem
from catalog.rules.severity.severities import Severities
from catalog.rules.validator import ProductDraft

_TAGS: Final = """
    a abbr b big blockquote body br button center code dd div dl dt em font form h1 h2 h3 h4 h5 h6 head hr html i iframe
    img input label li link meta object ol p pre s script small span strong style sub sup svg table tbody td th thead
    title tr u ul video
"""
# Nothing but attributes stands in a tag: “a<b and b>c” is none.
_TAG: Final = re.compile(
    rf"</?(?:{'|'.join(_TAGS.split())})(?:\s[^<>=]{{0,200}}=[^<>]{{0,1000}}|[\s/]{{0,100}})>|<!--", re.IGNORECASE
)
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PRICES: Final = re.compile(r"from ([0-9,]{1,30}\.[0-9]{2}) to ([0-9,]{1,30}\.[0-9]{2})\.")  # of _price_changed
PICTURE: Final = "image_url"
_USUAL_SHORT: Final = KINDS[Code.DESCRIPTION_SHORT].threshold or 0


def of_row(
    draft: ProductDraft | OfferDraft,
    values: Mapping[str, str | None],
    severities: Severities,
    *,
    html_read: bool = False,
    guessed: str = "",
) -> list[Problem]:
    """What is odd in a right row, in the order of the fields. `values` are its cells by field. `html_read`: its texts
    were read as HTML, so what looks like it in them is meant. `guessed`: the cell that its category was chosen from.
    """
    if isinstance(draft, OfferDraft):
        given: Mapping[str, Any] = draft.values
        if not guessed and "product_name" not in given and "description" not in given:
            return []
        name, description, category = given.get("product_name"), given.get("description"), given.get("category", "")
        pictures = False  # an empty cell of a list of changes leaves what is there
    else:
        name, description, category = draft.product_name, draft.description, draft.category
        pictures = PICTURE in values
    found = []
    if name:
        if name.isupper() and (problem := _capitals(name, severities.threshold(Code.NAME_IN_CAPITALS, category))):
            found.append(problem)
        if not html_read and ("<" in name or "&" in name):
            found += _left("product_name", name)
    if guessed and category:
        found.append(_guessed(guessed, category))
    if description:
        if severities.rules or len(description) < _USUAL_SHORT:  # nearly all are longer, and nobody said anything
            least = severities.threshold(Code.DESCRIPTION_SHORT, category)
            found += [_short(description, least)] if len(description) < least else []
        if not html_read and ("<" in description or "&" in description):
            found += _left("description", description)
    if pictures and not (values[PICTURE] or "").strip():
        found.append(Problem(PICTURE, Code.PICTURE_MISSING, "The picture's address is empty. Add one if there is any."))
    return found


def _capitals(name: str, least: int) -> Problem | None:
    letters = [character for character in name if character.isalpha()]
    if len(letters) < least or not all(character.isupper() for character in letters):
        return None
    message = f"The product name {quoted(name)} is in capitals. Write it as people would read it."
    return Problem("product_name", Code.NAME_IN_CAPITALS, message)


def _left(field: str, text: str) -> list[Problem]:
    tag = _TAG.search(text) if "<" in text else None
    mark = tag[0] if tag else next((one for one in _ENTITY.findall(text) if html.unescape(one) != one), "")
    if not mark:
        return []
    message = (
        f"The {LABELS[field]} has {quoted(mark)} in it, which is HTML and was stored as it stands. Send plain text."
    )
    return [Problem(field, Code.HTML_LEFT, message)]


def _guessed(cell: str, category: str) -> Problem:
    message = f"The category {quoted(cell)} was read as {quoted(category)}. Send that alone if it is right."
    return Problem("category", Code.CATEGORY_GUESSED, message)


def _short(description: str, least: int) -> Problem:
    message = (
        f"The description {quoted(description)} has fewer than {least:,} characters. Say what buyers want to know."
    )
    return Problem("description", Code.DESCRIPTION_SHORT, message)


def of_retired(offer: OfferDraft, product: ProductDraft) -> list[Problem]:
    """What is to be said of a row that changes a retired product and leaves it so: nobody sees what it says. Nothing of
    one that is sold out, which nobody expects to see, and of one that says nothing or retires it once more."""
    if offer.retires or offer.values.get("stock_quantity") == 0 or not offer.changes:
        return []
    message = (
        f"Your product {quoted(product.vendor_product_id)} is retired, so what this row says of it isn’t shown. Send "
        "its whole row to bring it back, or leave it out of this file."
    )
    return [Problem("", Code.RETIRED_PRODUCT, message)]


def settle_change(
    before: ProductDraft, after: ProductDraft, severities: Severities, said: list[Problem]
) -> Problem | None:
    """Adds what is odd in the change of a product to what was `said` of its row; takes out and returns the first
    problem that keeps the row out, by the category that the product is stored under."""
    if before.price != after.price or before.stock_quantity != after.stock_quantity:
        said += of_change(before, after, severities)
    return _settle(said, severities, after.category) if said else None


def settle_offer(
    draft: ProductDraft | OfferDraft, stored: ProductDraft | None, severities: Severities, said: list[Problem]
) -> Problem | None:
    """The same of a row that only changes a product, before it is left alone or comes too late for what it says: an
    error beside such an outcome would be open, and counted nowhere. Where its product is missing, that is the error."""
    if not said or not isinstance(draft, OfferDraft) or not (stored or draft.listed):
        return None
    return _settle(said, severities, draft.values.get("category") or (stored.category if stored else ""))


def _settle(said: list[Problem], severities: Severities, category: str) -> Problem | None:
    said[:] = severities.settled(said, category)
    wrong = next((problem for problem in said if not problem.is_warning), None)
    if wrong is not None:
        said.remove(wrong)
    return wrong


def of_change(before: ProductDraft, after: ProductDraft, severities: Severities) -> list[Problem]:
    """What is odd in how a product is about to change."""
    found = []
    if before.price != after.price and before.currency == after.currency and before.price:
        share = _share(before.price, after.price)
        if share > severities.threshold(Code.PRICE_CHANGED, after.category):
            found.append(_price_changed(before.price, after.price, share))
    if before.stock_quantity > 0 and after.stock_quantity == 0:
        message = f"The stock fell from {before.stock_quantity:,} to 0."
        found.append(Problem("stock_quantity", Code.STOCK_ZERO, message))
    return found


def _share(before: Decimal, after: Decimal) -> Decimal:
    return abs(after - before) * 100 / before


def _price_changed(before: Decimal, after: Decimal, share: Decimal) -> Problem:
    how = "fell" if after < before else "rose"
    message = f"The price {how} by {share:,.0f}%, from {before:,.2f} to {after:,.2f}. Look whether it is meant so."
    return Problem("price", Code.PRICE_CHANGED, message)


def still_beyond(problem: Problem, severities: Severities, category: str) -> bool:
    """Whether a problem that was found in a product's change would be found with what is said here, too: of a price
    by the numbers in its message, where it has them."""
    numbers = _PRICES.search(problem.message) if problem.code == Code.PRICE_CHANGED else None
    if numbers is None:
        return True
    before, after = (Decimal(number.replace(",", "")) for number in numbers.groups())
    return not before or _share(before, after) > severities.threshold(Code.PRICE_CHANGED, category)

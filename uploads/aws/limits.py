"""DynamoDB's limits, as data: what it refuses for good, which the embedded engine mostly takes.

From AWS's pages "Quotas and constraints" and "DynamoDB item sizes and formats" in its developer guide, and from the
shapes of botocore's model of the service. KB and MB are 1,024 and 1,048,576 bytes, texts count in UTF-8.

What we put keeps to them: a header's names have a limit of their own (uploads.feed.header), a row that is too long is
an error row (pipeline.staged_rows), numbers are short (records), and requests are small (dynamo). Reading needs none:
a page of a query has 1 MB, whatever is asked for.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

ITEM_BYTES: Final = 400 * 1024  # names and values together
NAME_BYTES: Final = 65_535  # of an attribute's name, also inside a map
KEY_NAME_BYTES: Final = 255  # of the name of one that is a key, of the table or of an index, or projected into one
PARTITION_KEY_BYTES: Final = 2_048
SORT_KEY_BYTES: Final = 1_024
DIGITS: Final = 38  # of a number, without zeros at its ends
SMALLEST, LARGEST = -130, 125  # exponent of a number's first digit: 1E-130 to 9.99…E+125
NESTING: Final = 32  # levels, of which the attribute itself is the first
PUTS: Final = 25  # in one BatchWriteItem, none with the key of another
REQUEST_BYTES: Final = 16 * 1024 * 1024  # of it, as JSON
STATEMENTS: Final = 25  # of PartiQL in one request
STATEMENT_CHARS: Final = 8_192

# The keys of the table and of its two indexes. An upload_id is a sort key too, in VendorIndex.
KEYS: Final[Mapping[str, int]] = {
    "upload_id": min(PARTITION_KEY_BYTES, SORT_KEY_BYTES),
    "record_id": SORT_KEY_BYTES,
    "vendor_id": PARTITION_KEY_BYTES,
    "status": SORT_KEY_BYTES,
}
_NUMBER = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,9}))?")


def item_bytes(item: Mapping[str, Any]) -> int:
    """How large DynamoDB counts an item in its wire format. Numbers only nearly: AWS says no more of them."""
    return sum(_bytes(name) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    """How large DynamoDB counts a value, without its name: {"S": "ab"} is 2."""
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return _bytes(content)
        case "N":
            return _number_bytes(content)
        case "B":
            return len(b64decode(content))
        case "M":
            return 3 + sum(_bytes(name) + value_bytes(inner) + 1 for name, inner in content.items())
        case "L":
            return 3 + sum(value_bytes(inner) + 1 for inner in content)
        case "SS" | "NS" | "BS":
            return sum(value_bytes({kind[0]: inner}) for inner in content)
        case _:  # NULL and BOOL
            return 1


def why_not(item: Mapping[str, Any], most: int = ITEM_BYTES) -> str | None:
    """What of an item is over a limit, as a sentence; None for one that DynamoDB takes.

    `most` is how many bytes it may have. It looks at every value: thousands of rows that are short by their looks are
    better not asked about.
    """
    for key, limit in KEYS.items():
        size = _bytes(item.get(key, {}).get("S", ""))
        if not 1 <= size <= limit:
            return f"The {key} has {size:,} bytes; it needs 1 to {limit:,}."
    for name, value in item.items():
        if problem := next(_over(name, value, 1), None):
            return problem
    size = item_bytes(item)
    if size > most:
        return f"The record takes {size:,} bytes with the names of its columns; at most {most:,} fit."
    return None


def _over(name: str, value: Mapping[str, Any], level: int) -> Iterator[str]:
    """What is over a limit in an attribute and below it."""
    if _bytes(name) > NAME_BYTES:
        yield f"The name “{name[:20]}…” has {_bytes(name):,} bytes; at most {NAME_BYTES:,} are allowed."
    if level > NESTING:
        yield f"There are more than {NESTING} levels of values inside each other."
        return
    kind, content = next(iter(value.items()))
    if kind == "M":
        for inner_name, inner in content.items():
            if not inner_name:
                yield "There is a value without a name; DynamoDB takes none."
            yield from _over(inner_name, inner, level + 1)
    elif kind == "L":
        for inner in content:
            yield from _over("", inner, level + 1)
    elif kind in ("N", "NS"):
        for number in [content] if kind == "N" else content:
            if not is_number(number):
                yield f"“{number[:50]}” is no number that DynamoDB takes: it has up to {DIGITS} digits."


def is_number(text: str) -> bool:
    """Whether DynamoDB takes this as a number."""
    found = _NUMBER.fullmatch(text)
    if not found or not (text.strip("+-")[:1].isdigit() or found[3]):
        return False
    digits, exponent = _significant(text)
    return not digits or (len(digits) <= DIGITS and SMALLEST <= exponent <= LARGEST)


def _significant(number: str) -> tuple[str, int]:
    """The digits of a number without zeros at its ends, and the exponent of the first; "" for zero."""
    found = _NUMBER.fullmatch(number)
    if not found:
        return number, 0
    whole, fraction, exponent = found[2], found[3] or "", int(found[4] or 0)
    digits = (whole + fraction).lstrip("0")
    first = len(whole) - 1 if whole else -1 - (len(fraction) - len(fraction.lstrip("0")))
    return digits.rstrip("0"), exponent + first


def _number_bytes(number: str) -> int:
    """A byte for two digits, one for the exponent, and one for a minus."""
    digits, _ = _significant(number)
    return (len(digits) + 1) // 2 + 1 + number.startswith("-")


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))

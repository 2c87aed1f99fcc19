"""What a cell is before a field judges it: without what stands around a value, or can't be seen in it.

An ERP writes `="001001"` to keep Excel from eating zeros, a web page leaves a direction mark behind a SKU, pandas makes
90101.0 of 90101, a Mac spells é in two characters. In a product ID or a SKU none of that counts, or one product
would become two; so wherever two rows or products are compared by them, it is by `identifier`.
"""

import re
import unicodedata
from typing import Final

from catalog.rules.fields import LIMITS

# What str.strip() takes away, and the invisible characters that spreadsheets and web pages leave at the ends. Joiners
# and the direction marks of Arabic and Hebrew are not among them: texts need them there.
EDGES: Final = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\u00ad\u200b\u200e\u2060\ufeff"
)


def _shows_nothing(char: str) -> bool:
    """Format and control characters, and what Unicode says to pass over. NUL is left, as it can't be stored; so are the
    format characters that are signs (U+0600 to U+0605 and their kin), and white space."""
    code = ord(char)
    if unicodedata.category(char) == "Cf":
        signs = (0x600, 0x605), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x110BD, 0x110CD)
        return not any(first <= code <= last for first, last in signs)
    if unicodedata.category(char) == "Cc":
        return code > 0 and not char.isspace()
    fillers = (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
    return code in fillers or 0xFE00 <= code <= 0xFE0F or 0x180B <= code <= 0x180F or 0xE0100 <= code <= 0xE01EF


_BLOCKS: Final = (0, 0x3165), (0xFE00, 0x10000), (0x11000, 0x11100), (0x13400, 0x1D200), (0xE0000, 0xE01F0)
UNSEEN_CHARACTERS: Final = "".join(c for block in _BLOCKS for c in map(chr, range(*block)) if _shows_nothing(c))
_UNSEEN: Final = re.compile(f"[{re.escape(UNSEEN_CHARACTERS)}]+")

# ="001001", also as =T("001001"): https://github.com/JoshClose/CsvHelper/issues/197
_TEXT_FORMULA: Final = re.compile(r'=(?:"((?:[^"]|"")*)"|T\("((?:[^"]|"")*)"\))')
_APOSTROPHES: Final = ("'", "’", "‘")
_WRAPPERS: Final = ("=", '"', *_APOSTROPHES)
# As pandas writes whole numbers of a column that has gaps. A SKU of one to three digits may well be called 2.0.
_FLOATS: Final = {
    "vendor_product_id": re.compile(r"[1-9][0-9]*[.,]0"),
    "sku": re.compile(r"[1-9][0-9]{3,}[.,]0"),
}

WRAPPING: Final = "without the signs around it, which only keep spreadsheets from changing it"
UNSEEN: Final = "without characters that can't be seen"
SPACES: Final = "with single plain spaces"
ACCENTS: Final = "with its accents spelled the usual way"
FLOAT: Final = "without the decimal that programs add to numbers"


def trimmed(value: str) -> str:
    return value.strip() if value.isascii() else value.strip(EDGES)


def is_storable(cell: str) -> bool:
    """PostgreSQL text takes every character but NUL; half a surrogate pair is no character."""
    if "\0" in cell:
        return False
    if cell.isascii():
        return True
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def seen(cell: str) -> str:
    """The cell without the characters in it that show nothing."""
    return cell if cell.isascii() and cell.isprintable() else _UNSEEN.sub("", cell)


def out_of_formula(cell: str) -> str:
    """The text that a trimmed cell such as ="001001" holds; any other cell as it is."""
    match = _TEXT_FORMULA.fullmatch(cell) if cell.startswith("=") else None
    return trimmed((match[1] or match[2] or "").replace('""', '"')) if match else cell


def unwrapped(cell: str) -> str:
    """A trimmed cell of a field without punctuation at its ends: also without a leading apostrophe, or quotes."""
    if not cell.startswith(_WRAPPERS):
        return cell
    cell = out_of_formula(cell)
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and cell.count('"') == 2:
        return trimmed(cell[1:-1])
    if len(cell) > 1 and cell.startswith(_APOSTROPHES):
        return trimmed(cell[1:-1] if cell.endswith(_APOSTROPHES) else cell[1:])
    return cell


def identifier(value: str, field: str) -> str:
    """The product ID or SKU that a cell means: what tells two of them apart. Costs little where it is tidy.

    >>> identifier('="001001"', "sku"), identifier(" 90101.0", "sku"), identifier("C19\u200b-3", "sku")
    ('001001', '90101', 'C19-3')
    """
    cell = value.strip()
    return cell if is_tidy(cell) else tidied(cell, field)[0]


def is_tidy(cell: str) -> bool:
    """Whether nothing of what `tidied` takes away can be in a stripped cell: so are nearly all."""
    if not cell.isascii():
        return False
    if cell.replace("-", "").isalnum():
        return True
    return cell.isprintable() and cell[:1] not in "=\"'" and "  " not in cell and cell[-2:] not in (".0", ",0")


def tidied(cell: str, field: str) -> tuple[str, str]:
    """The product ID or SKU that a cell means, and what was changed for it, as the end of a sentence; "" for nothing.

    White space at the ends is no change. Doing it again changes nothing, so what is stored comes back as it is. A cell
    that is much too long is only trimmed: composing can cost its square.
    """
    found = trimmed(cell)
    change = UNSEEN if found != cell.strip() else ""
    if len(found) > 4 * LIMITS[field]:
        return found, ""
    before = None
    while found != before:  # each turn takes something away
        before = found
        for step, what in _STEPS:
            last, found = found, step(found)
            change = change or (what if found != last else "")
        if _FLOATS[field].fullmatch(found):
            found, change = found[:-2], change or FLOAT
    return found, change


def _single_spaced(cell: str) -> str:
    return " ".join(cell.split())


def _composed(cell: str) -> str:
    return unicodedata.normalize("NFC", cell)


_STEPS: Final = ((seen, UNSEEN), (unwrapped, WRAPPING), (_single_spaced, SPACES), (_composed, ACCENTS))


# --- files of ours ---------------------------------------------------------------------------------------------

_RUNS: Final = "[=+\\-@＝＋－＠]"  # as config/web/spreadsheet.py has them; a test holds that nothing is changed by both
_GUARDED: Final = re.compile(f"'+(?:{_RUNS}|[\t\r\n])")
_INNER_GUARDED: Final = re.compile(f"([;\t\r\n])(?:(?<=;)|(?<=..))'(?=['\"]*{_RUNS})", re.DOTALL)


def unguard(cell: str) -> str:
    """The cell without the apostrophes that we put there, so that no spreadsheet runs it."""
    return _INNER_GUARDED.sub(r"\1", cell[1:] if _GUARDED.match(cell) else cell)

"""Which encoding a file's text is in, measured on all of its letters, and why.

What is valid UTF-8 is UTF-8. Anything else is Windows-1252, unless its undefined bytes or clear evidence speak for
another: each word that isn't ASCII is read in every encoding, and what can't stand where it would stand counts
against that one (a capital behind a small letter, a sign inside a word, letters of several languages, a letter where
a currency sign belongs). An encoding of two bytes a letter has to fit the whole file, with letters in common use.

Where two others fit as well and give different text, the file is refused with their names: a person can say which.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO, Final, NamedTuple

from uploads.feed.letters import LANGUAGES, LATIN, SCRIPTS, Language, odd
from uploads.feed.lines import MULTI_BYTE, FeedError, Limits, blocks, decodes, encoding_name, physical_lines

WESTERN: Final = "cp1252"
# Supersets of ASCII with a byte a letter, best first.
SINGLE_BYTE: Final = (
    WESTERN, "cp1250", "iso8859_2", "iso8859_15", "mac_roman", "cp850", "cp437", "cp852", "cp1251", "koi8_r", "cp866",
    "iso8859_5", "mac_cyrillic", "cp1253", "iso8859_7", "cp1254", "cp1257", "cp1255", "cp1256",
)  # fmt: skip
# Those that a person may choose. What is UTF-16 shows by its bytes.
ENCODINGS: Final = ("utf-8", *SINGLE_BYTE, *MULTI_BYTE)
MAX_WORDS: Final = 4_000  # different ones that are looked at; what a file has beyond them says nothing new
MAX_WORD: Final = 40  # bytes of one
CLEAR: Final = 0.05  # of all letters: where so many can't be, they speak against Windows-1252
# Rarer than others that look the same, as a share of letters that can't be.
RARE: Final = {"iso8859_15": 0.05, "cp437": 0.01}
WITHOUT_LETTERS: Final = 0.1  # for an encoding of other alphabets, where there are signs alone
COMMON: Final = 0.8  # so many letters of East Asian text are in common use
KOREAN: Final = 0.95  # and of Korean text, nearly all are hangul
KOREAN_LETTERS: Final = 12  # so many different ones don't all stand in the half that Chinese text shares with Korean
TIE: Final = 0.03
SAVE_AS_UTF8: Final = "Save it as “CSV UTF-8” and upload that file, or choose the encoding in the preview."

# A word with something beyond ASCII, the number in front of it, and what follows.
_WORD: Final = re.compile(
    rb"([0-9] ?|[^A-Za-z\x80-\xff])?((?:[A-Za-z]{0,20}[\x80-\xff]{1,20})+[A-Za-z]{0,20})(?=(.)?)", re.DOTALL
)
_CURRENCIES: Final = frozenset("€£¥₤₽₴₺₪₹") | {"zł", "kč", "₩"}


class Found(NamedTuple):
    """An encoding, why it is that one (the end of a sentence, "" where nothing else was possible), and what to know."""

    encoding: str
    reason: str = ""
    notes: tuple[str, ...] = ()


class _Word(NamedTuple):
    """Bytes of one word, with what stands beside it: "0" for a digit, " " for what separates, "." for other signs."""

    before: str
    text: bytes
    after: str


def utf16(beginning: bytes) -> str:
    """The UTF-16 form by its byte order mark, or by the NUL in every other byte that ASCII letters have there; ""
    for other text.
    """
    if beginning.startswith(BOM_UTF16_LE):
        return "utf-16-le"
    if beginning.startswith(BOM_UTF16_BE):
        return "utf-16-be"
    even, odd_bytes = beginning[:200:2], beginning[1:200:2]
    if odd_bytes.count(0) * 2 > len(odd_bytes) and even.count(0) * 10 < len(even):
        return "utf-16-le"
    if even.count(0) * 2 > len(even) and odd_bytes.count(0) * 10 < len(odd_bytes):
        return "utf-16-be"
    return ""


def find(file: BinaryIO, limits: Limits) -> Found:
    """The encoding of a file that isn't UTF-16. It is read once, in constant memory; once more if it isn't UTF-8.

    Raises FeedError("unknown_encoding") where several are possible that give different text.
    """
    valid = invalid = 0
    words: Counter[_Word] = Counter()
    for line, size in physical_lines(blocks(file, "", 0), limits.max_row_chars):
        if line.isascii() or size > len(line):
            if b"\x1b$" in line or b"\x1b(" in line:
                raise _unknown("ISO-2022-JP")
            continue
        if decodes(line, "utf-8"):
            valid += 1
            continue
        invalid += 1
        _count(line, words)
    if not invalid:
        return Found("utf-8")
    if valid > invalid or _starts_with_bom(file):
        note = f"Lines that are not valid UTF-8: {invalid:,}. Their rows are reported as errors."
        return Found("utf-8", "as most of its lines are", (note,))
    encoding, reason = _of_two_bytes(file) or _of_one_byte(words)
    name = encoding_name(encoding)
    notes = [f"The file is not UTF-8. It is read as {name}, {reason}; if letters look wrong, save it as UTF-8."]
    if valid:
        notes.append(f"Lines that look like UTF-8 all the same: {valid:,}. They are read as {name} too.")
    return Found(encoding, reason, tuple(notes))


def _starts_with_bom(file: BinaryIO) -> bool:
    return next(blocks(file, "", 0), b"").startswith(BOM_UTF8)


def _unknown(names: str) -> FeedError:
    return FeedError("unknown_encoding", f"The text of this file looks like {names}, not like UTF-8. {SAVE_AS_UTF8}")


# --- a byte a letter -------------------------------------------------------------------------------------------


def _count(line: bytes, words: Counter[_Word]) -> None:
    for before, text, after in _WORD.findall(line):
        word = _Word(_beside(before[:1] if before[:1].isdigit() else before[-1:]), text[:MAX_WORD], _beside(after))
        if word in words or len(words) < MAX_WORDS:
            words[word] += 1


def _beside(byte: bytes) -> str:
    if byte.isdigit():
        return "0"
    return " " if not byte or byte in b' \t\r\n,;|"' else "."


class _Fit(NamedTuple):
    """How an encoding fits: the share of letters that can't be, and the language that has most of the others."""

    oddity: float
    encoding: str
    language: str


def _of_one_byte(words: Counter[_Word]) -> tuple[str, str]:
    """The encoding and the reason. Raises FeedError."""
    currencies = _currencies(words)
    fits = [_fit(encoding, words, currencies) for encoding in SINGLE_BYTE]
    western, best = fits[0], min(fits, key=lambda fit: fit.oddity)
    if western.oddity < CLEAR or best.oddity > western.oddity / 3:
        return WESTERN, "as nearly all files are that aren't UTF-8"
    rivals = [fit for fit in fits if fit.oddity < best.oddity + TIE and _differ(words, fit.encoding, best.encoding)]
    if rivals:
        raise _unknown(" or ".join(encoding_name(fit.encoding) for fit in (best, *rivals[:2])))
    if best.language:
        return best.encoding, f"in which its letters make {best.language} words"
    return best.encoding, "in which its signs stand where they can stand"


def _fit(encoding: str, words: Counter[_Word], currencies: dict[_Word, frozenset[str]]) -> _Fit:
    against, total = 0.0, 0
    letters: Counter[str] = Counter()
    for word, count in words.items():
        text = word.text.decode(encoding, "replace")
        signs = sum(not char.isascii() for char in text) or 1
        weight = min(count, 5)  # a brand in every row says no more than in a few
        total += signs * weight
        if word in currencies:
            against += 0 if encoding in currencies[word] else signs * weight
            continue
        against += weight * odd(word.before, text, word.after)
        for char in text:
            if not char.isascii() and char.isalpha():
                letters[char.lower()] += weight
    language, foreign = _language(encoding, letters)
    rare = RARE.get(encoding, 0.0) if letters or encoding in LATIN else WITHOUT_LETTERS
    return _Fit((against + 0.6 * foreign) / max(total, 1) + rare, encoding, language.name if language else "")


def _language(encoding: str, letters: Counter[str]) -> tuple[Language | None, float]:
    """The language whose letters most of these are, and how many aren't its own, rare ones of it by half."""
    if not letters:
        return None, 0.0
    return min(
        ((language, _foreign(language, letters)) for language in LANGUAGES if encoding in language.encodings),
        key=lambda pair: pair[1],
        default=(None, float(letters.total())),
    )


def _foreign(language: Language, letters: Counter[str]) -> float:
    foreign = float(sum(count for letter, count in letters.items() if letter not in language.letters))
    if language.common:
        rare = sum(count for letter, count in letters.items() if letter not in language.common)
        foreign += max(0.0, rare - 0.45 * letters.total())
    return foreign + language.seldom * letters.total()


def _currencies(words: Iterable[_Word]) -> dict[_Word, frozenset[str]]:
    """Words beside a number that are a currency's sign or name in some encodings, and which these are."""
    found = {}
    for word in words:
        if "0" in (word.before, word.after) and len(word.text) <= 2:
            fitting = [name for name in SINGLE_BYTE if word.text.decode(name, "replace").lower() in _CURRENCIES]
            if fitting:
                found[word] = frozenset(fitting)
    return found


def _differ(words: Iterable[_Word], one: str, other: str) -> bool:
    """Whether two encodings give different text."""
    return any(word.text.decode(one, "replace") != word.text.decode(other, "replace") for word in words)


# --- several bytes a letter ------------------------------------------------------------------------------------


def _of_two_bytes(file: BinaryIO) -> tuple[str, str] | None:
    """The encoding of several bytes a letter that fits the whole file, and the reason; None if none does."""
    read = {encoding: letters for encoding in MULTI_BYTE if (letters := _letters(file, encoding))}
    shares = {encoding: SCRIPTS[encoding].share(letters) for encoding, letters in read.items()}
    encoding = max(shares, key=lambda name: shares[name], default="")
    if not encoding or shares[encoding] < COMMON:
        return None
    if shares.get("cp949", 0) > KOREAN and shares.get("gb18030", 0) > KOREAN:
        if len(read["cp949"]) < KOREAN_LETTERS:
            raise _unknown("Chinese in GB 18030 or Korean in EUC-KR")
        encoding = "cp949"
    return encoding, f"in which it is {SCRIPTS[encoding].name} text"


def _letters(file: BinaryIO, encoding: str) -> Counter[str] | None:
    """How often each letter beyond ASCII occurs, in pairs at least; None where not all bytes are letters, or where most
    of these stand alone among others, as no text of this kind has them.
    """
    decoder = getincrementaldecoder(encoding)()
    letters: Counter[str] = Counter()
    alone = together = 0
    try:
        for block in blocks(file, "", 0):
            for run in re.findall(r"[^\x00-\x7f]+", decoder.decode(block)):
                letters.update(run)
                if len(run) > 1:
                    together += len(run)
                else:
                    alone += 1
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return letters if together > alone else None

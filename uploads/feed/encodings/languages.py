"""How words look in the languages that feeds come in, and marks such as ® and € beside them: how surprising a text is.

A letter that stands beside another as in no language, a capital behind a small letter, a trade mark in front of a word:
each costs bits, so that of two readings of the same bytes the right one is much cheaper. What is measured are words
with other characters than ASCII; the rest reads the same in all the encodings that are in question.

letters.txt has the costs of pairs of letters, made from the 40,000 most frequent words of each language in wordfreq 3.1
(Estonian: a spelling dictionary): minus log2 of how often the second follows the first, `^` and `$` for a word's ends.
common.txt has the most frequent characters of Chinese, Japanese and Korean from the same lists.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

RARE: Final = 13  # bits for a pair that no word of the language has
# More no word costs, so that a brand or a damaged one doesn't outvote all others: so much, and so much a character.
WORST: Final = 18
WORST_EACH: Final = 7
UNREADABLE: Final = "\ufffd"
UNDEFINED_BITS: Final = 25
UNLISTED_BITS: Final = 20  # for a sign that no feed needs
CAPITAL_INSIDE_BITS: Final = 10
SMALL_BEHIND_CAPITALS_BITS: Final = 5
TWO_ALPHABETS_BITS: Final = 12
LETTER_BY_NUMBER_BITS: Final = 8
LANGUAGE_BITS: Final = 10  # for each language that a file is said to be in


COMMON_BITS: Final = 9
KANA_BITS: Final = 6
UNCOMMON_BITS: Final = 17
CJK: Final = {"gb18030": "Chinese", "cp950": "Chinese", "cp932": "Japanese", "euc_jp": "Japanese", "cp949": "Korean"}
WITH_KANA: Final = frozenset({"cp932", "euc_jp"})
_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fc\uff66-\uff9f]")
_FULL_WIDTH: Final = re.compile("[\u3000-\u303f\uff01-\uff5e\u2010-\u2312\xa0-\xff]")


class Marks(NamedTuple):
    """Signs with what may stand on either side: a letter L, a digit 0, another sign or nothing `^`. Costs in bits."""

    signs: str
    left: str
    right: str
    right_bits: int
    wrong_bits: int = 16


# The first entry that fits counts.
MARKS: Final = (
    Marks("£€¥$", "0", "L0^", 1),
    Marks("£€¥$", "^", "0", 1),
    Marks("£€", "^", "^", 4, 7),
    Marks("¢", "0", "^", 2),
    Marks("\xa0", "0^", "L0^", 2),
    Marks("\xa0", "L", "0^", 2),
    Marks("\xa0", "L", "L", 10),
    Marks("®™", "L0^", "^", 2),
    Marks("©", "^", "L0^", 3),
    Marks("’‘", "L", "^", 3),
    Marks("’‘", "^0", "L0^", 3),
    Marks("“„«", "^", "L0^", 2),
    Marks("”“»", "0^", "^", 2),
    Marks("”“»", "L", "^", 4),
    Marks("«", "L0^", "^", 4),
    Marks("»", "^", "L0^", 4),
    Marks("‹", "^", "L0^", 8),
    Marks("›", "L0^", "^", 8),
    Marks("–—", "0^", "0^", 1),
    Marks("–—", "L", "L^", 13),
    Marks("–—", "L0^", "L0^", 7),
    Marks("…", "0^", "^", 2),
    Marks("…", "L", "^", 9),
    Marks("…", "^", "L0^", 4),
    Marks("•", "^", "L0^", 3),
    Marks("·", "^", "L0^", 8),
    Marks("°", "0^", "^", 1),
    Marks("º°", "L0", "^0", 3),
    Marks("ª", "0", "^", 1),
    Marks("ª", "L", "^", 11),
    Marks("²³", "0", "^", 4, 20),
    Marks("½¼¾", "0", "L^", 1),
    Marks("½¼¾", "^", "^", 1),
    Marks("½¼¾", "^", "L", 12),
    Marks("×", "0", "0^L", 1),
    Marks("×", "^", "0^", 1),
    Marks("±", "^0", "0^", 1),
    Marks("µ", "0^", "L", 1),
    Marks("Øø", "^", "0^", 3),
    Marks("№", "^L", "0^", 2),
    Marks("§", "^", "0^", 4),
    Marks("¿", "^", "L", 8),
    Marks("¡", "^", "L", 4),
    Marks("´", "L", "L^", 10),
    Marks("‰", "0", "^", 3),
    Marks("≤≥≈", "^", "0^", 3),
    Marks("Ω", "0", "^", 3),
    Marks("\xad", "L", "L", 10),
)
# Where an apostrophe stands in a word: children’s, don’t, d’été, dell’acqua
_APOSTROPHE: Final = re.compile(
    "(?<=\\w)’(?=(?:s|t|d|m|re|ll|ve)\\$)|(?<=[ldnmtsjcu])’(?=[aeiouhàâéèêîôûœy])|(?<=\\^[od])’"
)
# 20 °C and 2 m²
_UNITS: Final = re.compile(r"(?<=[0^])°(?=[cfk]\$)|(?<=[0^]m)[²³]\$|(?<=[0^][cdkm]m)[²³]\$|(?<=[0^](?:in|ft|yd))[²³]\$")
_COMPOUND: Final = re.compile(r"(?<=[a-z]{4})[–—](?=[a-z]{4})")  # water–proof, but not ni–o
# What is in its place, as it is in ASCII, and what it costs.
_SPELT_OUT: Final = ((_APOSTROPHE, "'", 1), (_UNITS, "$", 1), (_COMPOUND, "-", 6), (re.compile("l·l"), "ll", 1))
# Names of currencies, which stand beside numbers in feeds of any language
_CURRENCIES: Final = frozenset({"zł", "kč", "лв", "грн", "руб"})
_FOREIGN: Final = re.compile("[\xc0-\u024f]+")
# Words of one letter, which may stand between numbers: from 5 à 10
SHORT_WORDS: Final = frozenset("àáéèíóôåøвисокуиійаяієηο")


class Language(NamedTuple):
    name: str
    encodings: frozenset[str]
    """Those in which files in this language are written, beside Unicode."""
    pairs: dict[str, int]
    """Two letters → bits."""


@cache
def languages() -> tuple[Language, ...]:
    found: list[Language] = []
    for line in (Path(__file__).parent / "letters.txt").read_text(encoding="utf-8").splitlines():
        first, *rest = line.split()
        if first.endswith(":"):
            found.append(Language(first[:-1], frozenset(rest), {}))
        else:
            found[-1].pairs.update(dict.fromkeys(rest, int(first)))
    return tuple(found)


@cache
def common_characters() -> dict[str, frozenset[str]]:
    """Codec → the characters that its texts mostly consist of, beside kana."""
    text = (Path(__file__).parent / "common.txt").read_text(encoding="utf-8")
    return {codec: frozenset(characters) for codec, characters in (line.split() for line in text.splitlines())}


class Cost(NamedTuple):
    """What the words of a file cost in one reading: each word's bits, and the languages that they are said to be in."""

    words: tuple[int, ...]
    looks: tuple[int, ...]
    """How many pairs and marks each word has."""
    faults: tuple[int, ...]
    """What is wrong with each word in any language, in bits."""
    languages: tuple[str, ...]


def cost(words: Sequence[str], encoding: str) -> Cost:
    """Of words as `word` cuts them, read as this encoding."""
    fixed, marks, pairs = zip(*map(_looked_at, words), strict=True) if words else ((), (), ())
    columns = {
        one.name: [sum(one.pairs.get(pair, RARE) for pair in of_word) for of_word in pairs]
        for one in languages()
        if encoding in one.encodings
    }
    most = [WORST + WORST_EACH * sum(sign > "\x7f" for sign in word) for word in words]
    bits = [min(limit, own + RARE * len(of_word)) for limit, own, of_word in zip(most, fixed, pairs, strict=True)]
    said: list[str] = []
    while columns:
        cheaper = {
            name: [min(now, own + of_word) for now, own, of_word in zip(bits, fixed, column, strict=True)]
            for name, column in columns.items()
        }
        best = min(cheaper, key=lambda name: sum(cheaper[name]))
        if sum(cheaper[best]) + LANGUAGE_BITS >= sum(bits):
            break
        bits = cheaper[best]
        said.append(best)
        del columns[best]
    looks = tuple(max(1, len(of_word) + of_marks) for of_word, of_marks in zip(pairs, marks, strict=True))
    return Cost(tuple(bits), looks, fixed, tuple(said))


class Characters(NamedTuple):
    """What runs of Chinese, Japanese or Korean characters cost in one reading: each run's bits, how many of their
    different characters are common ones (0…1), and the language."""

    words: tuple[int, ...]
    common: float
    languages: tuple[str, ...]


def characters(runs: Sequence[str], codec: str) -> Characters:
    """Of characters in a row, read as this multi-byte encoding."""
    common, kana = common_characters()[codec], codec in WITH_KANA
    bits = {one: _character_bits(one, common, kana) for one in set("".join(runs))}
    telling = [cost for one, cost in bits.items() if one > "\x7f" and not _FULL_WIDTH.match(one)]
    share = sum(cost < UNCOMMON_BITS for cost in telling) / max(1, len(telling))
    return Characters(tuple(sum(bits[one] for one in run) for run in runs), share, (CJK[codec],))


def _character_bits(character: str, common: frozenset[str], kana: bool) -> int:
    if character in common or _FULL_WIDTH.match(character):
        return COMMON_BITS
    if kana and _KANA.match(character):
        return COMMON_BITS if character > "\uff00" else KANA_BITS
    return 0 if character.isascii() else UNCOMMON_BITS


@lru_cache(maxsize=16_384)  # most words read the same in several encodings
def _looked_at(word: str) -> tuple[int, int, tuple[str, ...]]:
    """What a word costs in any language, and its pairs of letters, which cost what the language says."""
    fixed, pairs = _capitals(word), list[str]()
    lower = "^" + word.replace("İ", "i").replace("ς", "σ").lower() + "$"
    for pattern, spelt, bits in _SPELT_OUT:
        lower, count = pattern.subn(spelt, lower)
        fixed += bits * count
    if lower.strip("^0$") in _CURRENCIES:
        return 0, 1, ()
    marks = [_mark(*around) for around in zip("^" + lower[:-1], lower, lower[1:] + "$", strict=True)]
    fixed += sum(mark for mark in marks if mark is not None)
    for position, (before, after) in enumerate(pairwise(lower)):
        left = before if marks[position] is None else "^"
        right = after if marks[position + 1] is None else "$"
        if (left + right).isascii():
            continue
        if "0" in left + right:
            fixed += LETTER_BY_NUMBER_BITS * (lower.strip("^0$") not in SHORT_WORDS)
        elif left.isalpha() and right.isalpha() and _alphabet(left) != _alphabet(right):
            fixed += TWO_ALPHABETS_BITS
        pairs.append(left.replace("0", "^") + right.replace("0", "$"))
    if max(map(len, _FOREIGN.findall(lower)), default=0) >= 4:
        fixed += TWO_ALPHABETS_BITS
    return fixed, sum(mark is not None for mark in marks), tuple(pairs)


def names_currency(words: Sequence[str]) -> bool:
    """Whether there is a currency among them."""
    return any(word.strip("0").lower() in _CURRENCIES for word in words)


def _capitals(word: str) -> int:
    bits = 0
    for position, (before, after) in enumerate(pairwise(word)):
        if (before + after).isascii():
            continue
        if before.islower() and after.isupper() and before != "µ":
            bits += CAPITAL_INSIDE_BITS
        elif position and word[position - 1 : position + 1].isupper() and before.isupper() and after.islower():
            bits += SMALL_BEHIND_CAPITALS_BITS
    return bits


def _mark(before: str, sign: str, after: str) -> int | None:
    """The bits of a sign between two others; None for a letter and for ASCII."""
    if sign.isascii():
        return None
    fitting = _MARKS_BY_SIGN.get(sign, ())
    left, right = _kind(before), _kind(after)
    for marks in fitting:
        if left in marks.left and right in marks.right:
            return marks.right_bits
    if _is_letter(sign):
        return None
    if sign == UNREADABLE:
        return UNDEFINED_BITS
    return fitting[0].wrong_bits if fitting else UNLISTED_BITS + LETTER_BY_NUMBER_BITS * ("0" in left + right)


_MARKS_BY_SIGN: Final = {
    sign: tuple(marks for marks in MARKS if sign in marks.signs) for sign in "".join(marks.signs for marks in MARKS)
}


def _kind(sign: str) -> str:
    return "0" if sign == "0" else "L" if _is_letter(sign) else "^"


def _is_letter(sign: str) -> bool:
    return sign.isalpha() and sign not in "ªºµ"


def _alphabet(letter: str) -> str:
    """Greek, Cyrillic and so on by their blocks; "" for Latin, and for a word's end, which is in any."""
    return "" if letter < "Ͱ" else chr(ord(letter) & 0xFF00)

"""What letters and signs can stand where, and which language has which: the evidence for an encoding.

The alphabets are those of Unicode's CLDR (exemplar characters), without the letters that ASCII has.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

_WESTERN: Final = frozenset({"cp1252", "iso8859_15", "mac_roman", "cp850", "cp437"})
_CENTRAL: Final = frozenset({"cp1250", "iso8859_2", "cp852"})
LATIN: Final = _WESTERN | _CENTRAL
_CYRILLIC: Final = frozenset({"cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic"})
_GREEK: Final = frozenset({"cp1253", "iso8859_7"})


class Language(NamedTuple):
    """A language: the letters it has beyond ASCII, the encodings that are used for it, the letters that most of its
    text consists of (none: they say nothing), and how much rarer it is than others with the same letters, from 0 to 1.
    """

    name: str
    letters: frozenset[str]
    encodings: frozenset[str]
    common: frozenset[str] = frozenset()
    seldom: float = 0.0


def _language(name: str, letters: str, encodings: frozenset[str], common: str = "", seldom: float = 0.0) -> Language:
    return Language(name, frozenset(letters), encodings, frozenset(common), seldom)


LANGUAGES: Final = (
    _language("English", "éèêëçñïöüàáâîôûæœå", _WESTERN),
    _language("German", "äöüßéèàáçëñ", _WESTERN | _CENTRAL),
    _language("French", "àâæçéèêëîïôœùûüÿñ", _WESTERN),
    _language("Spanish", "áéíóúüñºª", _WESTERN),
    _language("Portuguese", "áâãàçéêíóôõúüºª", _WESTERN),
    _language("Italian", "àèéìíîòóùúºª", _WESTERN),
    _language("Dutch", "ëïöüéèáóêçä", _WESTERN),
    _language("Swedish or Finnish", "åäöéüàšžæø", _WESTERN),
    _language("Danish or Norwegian", "æøåéèêóòôüöä", _WESTERN),
    _language("Catalan", "àçéèíïóòúüº", _WESTERN),
    _language("Icelandic", "áæðéíóöþúý", _WESTERN, seldom=0.1),
    _language("Polish", "ąćęłńóśźżéüö", _CENTRAL),
    _language("Czech or Slovak", "áčďéěíňóřšťúůýžäľĺôŕöü", _CENTRAL),
    _language("Hungarian", "áéíóöőúüű", _CENTRAL),
    _language("Croatian or Slovene", "čćđšžéöü", _CENTRAL),
    _language("Romanian", "ăâîșțşţéö", _CENTRAL),
    _language("Turkish", "çğıöşüâîûi̇", frozenset({"cp1254"})),
    _language("Lithuanian", "ąčęėįšųūž", frozenset({"cp1257"})),
    _language("Latvian", "āčēģīķļņšūž", frozenset({"cp1257"})),
    _language("Estonian", "äõöüšž", frozenset({"cp1257", "cp1252"})),
    _language("Russian", "абвгдежзийклмнопрстуфхцчшщъыьэюяё", _CYRILLIC, "оеаинтсрвлкмд"),
    _language("Ukrainian", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", _CYRILLIC, "оаиніетрсвлкм"),
    _language("Bulgarian", "абвгдежзийклмнопрстуфхцчшщъьюя", _CYRILLIC, "аоеинтрсвлдкъ"),
    _language("Greek", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", _GREEK, "αοιετσνηυρπκμλςάέήίόύώ"),
    _language("Hebrew", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", frozenset({"cp1255"}), "יוהלאתרבשמןנםכ"),
    _language("Arabic", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي", frozenset({"cp1256"}), "المينورتبةسدع"),
)

# Small words of one letter, as in `à`, `é`, `ö`.
_ALONE: Final = frozenset("àéèêóôåöøæíúáÀÉÈÓÅÖØÆÍÚÁ")
_UNITS: Final = frozenset({"m", "cm", "mm", "dm", "km", "ft", "in", "yd", "µm"})
_BEHIND_TEXT: Final = frozenset("®™©℠")
_FRACTIONS: Final = frozenset("½¼¾⅓⅔⅛⅜⅝⅞")
_BETWEEN_NUMBERS: Final = frozenset("×÷±≤≥≈")
_WITH_NUMBERS: Final = frozenset("²³ºª°µ") | _FRACTIONS | _BETWEEN_NUMBERS
_OPENING: Final = frozenset("¿¡«“„‘‚‹")
_CLOSING: Final = frozenset("»”›")


def odd(before: str, text: str, after: str) -> float:
    """How many of the signs beyond ASCII in a word can't stand where they do; some count by a part.

    `before` and `after` are what stands beside it: "0" for a digit, " " for what separates cells and words, "." else.
    """
    whole = before + text + after
    found = sum(
        _oddity(whole[place - 1], char, whole[place + 1], whole)
        for place, char in enumerate(whole[1:-1], 1)
        if not char.isascii()
    )
    return found + sum(len(run) for run in _LONG_RUN.findall(text))


# No word of a Latin alphabet has four letters beyond ASCII in a row.
_LONG_RUN: Final = re.compile("[\u00aa-\u024f]{4,}")


def _oddity(left: str, char: str, right: str, whole: str) -> float:
    category = unicodedata.category(char)
    if category[0] == "L" and char not in "ªºµƒˆ˜":
        return _odd_letter(left, char, right)
    in_word = left.isalpha() and right.isalpha()
    if category == "Sc":
        return float(char == "¤" or left.isalpha() or right.isalpha())
    if category == "Pd":
        return 0.04 if in_word else 0.0
    if char in _WITH_NUMBERS:
        return _odd_beside_number(left, char, right, whole)
    if char in "’´":
        return 0.0 if left.isalnum() else 0.5
    if char in _BEHIND_TEXT or char in "…•·‰":
        return float(right.isalpha() if char in _BEHIND_TEXT else in_word)
    if char in _OPENING or char in _CLOSING:
        return float(left.isalnum() if char in _OPENING else right.isalnum())
    return {"\u00a0": 0.0, "\u00ad": 0.1}.get(char, 1.0)


def _odd_beside_number(left: str, char: str, right: str, whole: str) -> float:
    """2 m², 5 µg, 20×30, 180°, 2ª and Nº."""
    word = whole[1:].split(char, maxsplit=1)[0]
    if char in "²³":
        return float(right.isalpha() or not (left in "0 )" or word.lower() in _UNITS))
    if char in "ºª":
        return float(right.isalpha() or len(word) > 2)
    if char == "°":
        return float(left not in "0 .")
    return float(left.isalpha() or (right.isalpha() and char != "µ"))


def _odd_letter(left: str, char: str, right: str) -> float:
    if left == "0" or right == "0":
        return 1.0  # 10.99Ä
    if not left.isalpha() and not right.isalpha():
        return float(_script(char) == "LATIN" and char not in _ALONE)
    if any(other.isalpha() and _script(other) != _script(char) for other in (left, right)):
        return 1.0
    if char.isupper() and left.islower():
        return 1.0
    return float(char.islower() and right.isupper() and left.islower())


def _script(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "").split(" ")[0]


@dataclass(frozen=True)
class Script:
    """What text of a language with thousands of letters consists of: the first bytes of those in common use, by the
    standard's own order, and whether it has to have kana."""

    name: str
    codec: str
    first: range
    kana: bool = False

    def share(self, letters: Mapping[str, int]) -> float:
        """The share of letters in common use; 0 where there are none of a kind that no such text is without."""
        total = sum(letters.values())
        kana = sum(count for letter, count in letters.items() if "\u3041" <= letter <= "\u30fe")
        if self.kana and kana * 10 < total:
            return 0.0
        common = sum(count for letter, count in letters.items() if self._is_common(letter))
        return common / total

    def _is_common(self, letter: str) -> bool:
        if "\u3000" <= letter <= "\u30fe" or "\uff01" <= letter <= "\uff5e":
            return self.kana or not "\u3041" <= letter <= "\u30fe"
        try:
            return letter.encode(self.codec)[0] in self.first
        except UnicodeEncodeError:
            return False


# First bytes of the letters in common use, by JIS X 0208, GB 2312, Big5 and KS X 1001.
SCRIPTS: Final = {
    "cp932": Script("Japanese", "cp932", range(0x88, 0x99), kana=True),
    "euc_jp": Script("Japanese", "euc_jp", range(0xB0, 0xD0), kana=True),
    "cp949": Script("Korean", "euc_kr", range(0xB0, 0xC9)),
    "gb18030": Script("Chinese", "gb2312", range(0xB0, 0xD8)),
    "big5": Script("Chinese", "big5", range(0xA4, 0xC7)),
}

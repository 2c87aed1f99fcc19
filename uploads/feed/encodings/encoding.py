"""In which encoding a file is, and why: by its bytes where they say so, else by how its words would read.

What is not UTF-8 is Windows-1252, unless its words or its marks speak clearly for another encoding. Where a choice is
not clear and would give other letters, a person makes it. All words of the file that have other characters than ASCII
are weighed, each once or a few times (languages.py): how surprising they would be, in bits.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Mapping, Sequence
from string import ascii_letters
from typing import BinaryIO, Final, NamedTuple, TypeVar

from catalog.rules.garbled import is_garbled
from uploads.feed.encodings import languages
from uploads.feed.lines import (
    MULTI_BYTE,
    FeedError,
    Limits,
    blocks,
    encoding_name,
    physical_lines,
)
from uploads.feed.questions import Choice, Question

QUESTION: Final = "encoding"  # its id
USUAL: Final = "cp1252"
# With the bits by which each must be better than the usual one: how much rarer its files are.
SINGLE_BYTE: Final[Mapping[str, int]] = {
    USUAL: 0, "cp1250": 8, "cp1251": 4, "cp1253": 6, "cp1254": 8, "cp1257": 8, "cp1255": 8, "cp1256": 8, "koi8_r": 6,
    "mac_roman": 8, "iso8859_2": 9, "iso8859_15": 9, "cp850": 12, "cp437": 14, "cp852": 14, "cp866": 8, "koi8_u": 8,
    "iso8859_5": 12, "iso8859_6": 12, "iso8859_7": 16, "mac_cyrillic": 14, "mac_latin2": 16, "mac_greek": 18,
    "mac_turkish": 18, "cp737": 16, "cp775": 18, "cp857": 18, "cp862": 16, "cp874": 18,
}  # fmt: skip
# Their marks alone can speak for them; for the others it takes words of a language that is written in them.
WESTERN: Final = frozenset({USUAL, "iso8859_15", "mac_roman", "cp850", "cp437"})
MULTI_BYTE_BITS: Final = 16
MISFIT_BITS: Final = 30  # for a line that is not valid in a multi-byte encoding
# Those that a person may choose. What is UTF-16 shows by its bytes.
ENCODINGS: Final = ("utf-8", *SINGLE_BYTE, *MULTI_BYTE)

CLEAR_BITS: Final = 8  # by so much another reading must be better than the usual one
# By the grade of the usual reading: where one that is worse by no more than so much, the choice is not clear.
SLACK: Final = (10_000, 20, 8)
TIE_BITS: Final = 4  # by so much the best of the others must be better than the next
OTHER_ALPHABET_BITS: Final = 30
# Words that cost more a pair of letters are in no language that we know.
FLUENT_BITS: Final = 8.5
FAULT_BITS: Final = 10  # so much of what no language has makes a word wrong
COMMON_SHARE: Final = 0.55  # of the characters of a Chinese, Japanese or Korean text are common ones

# Of a file with more lines that aren't UTF-8, every so many are looked at closely, and all that have a new byte.
ALL_OF: Final = 20_000
ONE_IN: Final = 16
MOST_WORDS: Final = 20_000  # different ones that are kept of a file; more say nothing new
MOST_WEIGHED: Final = 1_000  # of these, evenly over the file
MOST_TIMES: Final = 4  # more often none counts: a brand in every row says no more than one in four
MOST_OF_A_LINE: Final = 1_000
LONGEST_WORD: Final = 40  # bytes
MOST_CHOICES: Final = 3
MOST_CHARS: Final = 20  # of a word that is shown

# ASCII as words are cut at: letters stay, digits are all the same, the rest is a space.
_CLASSES: Final = bytes(
    byte if byte >= 128 or chr(byte).isalpha() else ord("0") if chr(byte).isdigit() else 32 for byte in range(256)
)
# The space between a number and a sign of one byte: 10,99 €
_BY_NUMBER: Final = re.compile(
    rb" (?:(?<=[0-9] )(?=[\x80-\xff](?![A-Za-z\x80-\xff]))|(?<=[^A-Za-z\x80-\xff][\x80-\xff] )(?=[0-9]))"
)
_RUN: Final = re.compile(r"[A-Za-z]?[^\x00-\x7f]+[A-Za-z]?")
# Controls that no text has: where Windows-1252 has letters and marks, ISO 8859 has nothing else.
_CONTROLS: Final = dict.fromkeys(range(0x80, 0xA0), languages.UNREADABLE)
# Encodings that switch back and forth by ASCII characters: what stands where can't be told in the middle of a file.
_SWITCHING: Final = (
    (re.compile(rb"\x1b\$[@AB()]|\x1b\([IJ]"), "ISO-2022-JP, -KR or -CN, as mails in East Asia have it"),
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){2,}~\}"), "HZ, as old Chinese mails have it"),
)


Word = TypeVar("Word", str, bytes)


class Candidate(NamedTuple):
    """An encoding, and words of the file as they would be in it: “køeslo”, or ""."""

    encoding: str
    words: str


class Found(NamedTuple):
    """The encoding, why it is that one (the end of a sentence), and what has to be said about it."""

    encoding: str
    reason: str = ""
    notes: tuple[str, ...] = ()
    doubt: tuple[Candidate, ...] = ()
    """What it can be, the likeliest first, where that isn't clear: a person has to choose."""


def by_bytes(beginning: bytes) -> Found | None:
    """UTF-16 by its byte order mark, or by the NUL in every other byte that ASCII letters have there."""
    if beginning.startswith(BOM_UTF16_LE):
        return Found("utf-16-le", "its byte order mark says so")
    if beginning.startswith(BOM_UTF16_BE):
        return Found("utf-16-be", "its byte order mark says so")
    even, odd = beginning[:200:2], beginning[1:200:2]
    if odd.count(0) * 2 > len(odd) and even.count(0) * 10 < len(even):
        return Found("utf-16-le", "every other byte is 0")
    if even.count(0) * 2 > len(even) and odd.count(0) * 10 < len(odd):
        return Found("utf-16-be", "every other byte is 0")
    return None


def find(file: BinaryIO, limits: Limits) -> Found:
    """The encoding of a seekable file that is not UTF-16; it is read once, in constant memory.

    UTF-8 if the whole file, or most of its lines with other than ASCII characters, are. Raises FeedError for an
    encoding that can't be read.
    """
    seen = _Seen()
    for line, size in physical_lines(blocks(file, "", 0), limits.max_row_chars):
        if line.isascii():
            if b"\x1b" in line or b"~{" in line:
                _refuse_switching(line)
        elif size == len(line):
            seen.add(line)
    if not seen.invalid:
        return Found("utf-8", "all of it is valid in it" if seen.valid else "", _garbled_note(seen))
    if seen.valid > seen.invalid or next(blocks(file, "", 0), b"").startswith(BOM_UTF8):
        note = f"Lines that are not valid UTF-8: {seen.invalid:,}. Their rows are reported as errors."
        return Found("utf-8", "most of its lines are valid in it", (note, *_garbled_note(seen)))
    found = _weighed(seen)
    name = encoding_name(found.encoding)
    hint = "If letters look wrong, choose another encoding or save it as UTF-8."
    notes = [f"The file is not UTF-8. It is read as {name}, since {found.reason}. {hint}"]
    if found.doubt:
        notes = [f"The file is not UTF-8. It is shown as {name}, until somebody says what it is."]
    if seen.valid:
        notes.append(f"Lines that look like UTF-8 all the same: {seen.valid:,}. They are read as {name} too.")
    return found._replace(notes=tuple(notes))


def questions(found: Found) -> tuple[Question, ...]:
    """Which of several encodings it is, where that isn't clear."""
    if not found.doubt:
        return ()
    labels = [f"{encoding_name(name)} ({words})" if words else encoding_name(name) for name, words in found.doubt]
    text = (
        f"The file is not UTF-8, and its letters beyond A to Z could be {' or '.join(labels)}. "
        "Choose the encoding, or save the file as “CSV UTF-8” and upload that."
    )
    choices = tuple(Choice(one.encoding, label) for one, label in zip(found.doubt, labels, strict=True))
    return (Question(QUESTION, "encoding", "", text, choices, found.doubt[0].encoding),)


def _refuse_switching(line: bytes) -> None:
    for pattern, name in _SWITCHING:
        if pattern.search(line):
            message = f"The file is in {name}, which can't be read. Save it as “CSV UTF-8”, and upload that file."
            raise FeedError("unknown_encoding", message)


class _Seen:
    """What one pass over a file tells, in bounded memory."""

    def __init__(self) -> None:
        self.valid = self.invalid = self.garbled = 0
        self.weighed = 0
        """Lines that are not UTF-8 and were looked at closely."""
        self.words: Counter[bytes] = Counter()
        """Words with other characters than ASCII, in lines that are not UTF-8; digits are all 0."""
        self.runs: dict[str, Counter[str]] = {codec: Counter() for codec in MULTI_BYTE}
        """Of each encoding in which nearly all lines are valid, characters in a row, with a small letter beside."""
        self.misfits = dict.fromkeys(MULTI_BYTE, 0)
        """Of those, lines that are not valid in it."""
        self._bytes = bytes(range(0x80))  # that were met

    def add(self, line: bytes) -> None:
        """A line with other characters than ASCII."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.invalid += 1
            if self.invalid <= ALL_OF or not self.invalid % ONE_IN or line.translate(None, self._bytes):
                self._weigh(line)
        else:
            self.valid += 1
            self.garbled += is_garbled(text)

    def _weigh(self, line: bytes) -> None:
        self.weighed += 1
        if len(self.words) < MOST_WORDS:
            self.words.update(_words(line)[:MOST_OF_A_LINE])
        for codec in list(self.runs):
            self._try(codec, line)
        if new := line.translate(None, self._bytes):
            self._bytes += bytes(set(new))

    def _try(self, codec: str, line: bytes) -> None:
        try:
            text = line.decode(codec)
        except UnicodeDecodeError:
            self.misfits[codec] += 1
            if self.misfits[codec] > 2 + self.weighed // 20:
                del self.runs[codec]
        else:
            if len(self.runs[codec]) < MOST_WORDS:
                runs = _RUN.findall(text)[:MOST_OF_A_LINE]
                self.runs[codec].update(run[:LONGEST_WORD] for run in runs)


def _words(line: bytes) -> list[bytes]:
    return [word[:LONGEST_WORD] for word in _BY_NUMBER.sub(b"", line).translate(_CLASSES).split() if not word.isascii()]


def _garbled_note(seen: _Seen) -> tuple[str, ...]:
    if seen.garbled * 2 <= seen.valid:
        return ()
    return (
        f"Letters were turned into others before the file was saved, like “CafÃ©” for “Café”, in {seen.garbled:,} of "
        f"the {seen.valid:,} lines with letters beyond A to Z. Export it anew, as UTF-8.",
    )


# --- weighing --------------------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """A file's words in one encoding."""

    encoding: str
    texts: tuple[str, ...]
    bits: int
    """What they cost, with what the encoding costs."""
    grade: int
    """2: they read well; 1: nothing is wrong with them, but they are in no language that we know; 0: most are wrong."""
    languages: tuple[str, ...]
    flawed: bool = False
    """Whether more than a few words are wrong."""


def _weighed(seen: _Seen) -> Found:
    """The encoding of a file that is not Unicode, with the reason; the usual one and a doubt where that isn't clear."""
    words = _some(seen.words)
    readings = [_single_byte(words, seen.words, encoding) for encoding in SINGLE_BYTE]
    readings += [_multi_byte(codec, seen) for codec in seen.runs if seen.misfits[codec] * 10 <= seen.weighed]
    readings.sort(key=lambda one: one.bits)
    # With the same letters, the words may be in a language that Windows-1252 isn't used for.
    usual = next(one for one in readings if one.texts == _texts(words, USUAL))
    usual = usual._replace(encoding=USUAL, bits=usual.bits - SINGLE_BYTE[usual.encoding])
    rivals = [one for one in readings if one.grade == 2 and not one.flawed and one.texts != usual.texts]
    best = rivals[0] if rivals and rivals[0].bits + CLEAR_BITS < usual.bits else usual
    # What reads well needs no more; what is in no known language may be in another encoding that is nearly as cheap.
    room = TIE_BITS if best is not usual else SLACK[usual.grade]
    others = [one for one in rivals if one.texts != best.texts and one.bits < best.bits + room * bool(one.languages)]
    if not others and best.grade:
        return Found(best.encoding, _reason(best, seen))
    candidates = sorted([best, *(others or readings)], key=lambda one: (-one.grade, one.bits))
    different: dict[tuple[str, ...], _Reading] = {}
    for one in [one for one in candidates if one.grade] or [best]:
        different.setdefault(one.texts, one)
    shown = list(different.values())[:MOST_CHOICES]
    doubt = tuple(Candidate(one.encoding, _examples(one, seen, most=2)) for one in shown)
    return Found(shown[0].encoding, doubt=doubt)


def _some(counter: Counter[Word]) -> list[Word]:
    words = list(counter)
    return words[:: len(words) // MOST_WEIGHED + 1]


def _texts(words: Sequence[bytes], encoding: str) -> tuple[str, ...]:
    return tuple(word.decode(encoding, "replace").translate(_CONTROLS) for word in words)


def _single_byte(words: Sequence[bytes], counted: Counter[bytes], encoding: str) -> _Reading:
    texts = _texts(words, encoding)
    cost = languages.cost(texts, encoding)
    bits = sum(of_word * min(counted[word], MOST_TIMES) for word, of_word in zip(words, cost.words, strict=True))
    bits = bits * len(counted) // len(words) + SINGLE_BYTE[encoding] + languages.LANGUAGE_BITS * len(cost.languages)
    if encoding not in WESTERN and not cost.languages and not languages.names_currency(texts):
        bits += OTHER_ALPHABET_BITS
    # Rows with a byte that means nothing are errors: they tell nothing about the others.
    readable = [position for position, text in enumerate(texts) if languages.UNREADABLE not in text]
    wrong = sum(cost.faults[position] >= FAULT_BITS for position in readable)
    fluent = sum(cost.words[p] for p in readable) <= FLUENT_BITS * sum(cost.looks[p] for p in readable)
    grade = 0 if 2 * len(readable) < len(texts) or 3 * wrong >= len(readable) else 1 + fluent
    alone = encoding not in WESTERN and all(len(text.strip("0")) < 2 for text in texts)
    return _Reading(encoding, texts, bits, grade, cost.languages, alone or 10 * wrong > len(readable))


def _multi_byte(codec: str, seen: _Seen) -> _Reading:
    """One character beside a Latin letter is rather a letter of a Western word, and one half a character wide too."""
    counted, runs = seen.runs[codec], _some(seen.runs[codec])
    found = languages.characters(runs, codec)
    bits = sum(of_run * min(counted[run], MOST_TIMES) for run, of_run in zip(runs, found.words, strict=True))
    bits = MULTI_BYTE_BITS + MISFIT_BITS * seen.misfits[codec] + bits * len(counted) // max(1, len(runs))
    alone = [run for run in runs if len(run.strip(ascii_letters)) == 1]
    within = sum(len(run) > 1 or run > "\uff60" for run in alone)
    grade = 2 if found.common >= COMMON_SHARE and 3 * within < len(runs) else 0
    return _Reading(codec, tuple(runs), bits, grade, found.languages)


# --- reasons ---------------------------------------------------------------------------------------------------


def _reason(reading: _Reading, seen: _Seen) -> str:
    """The end of a sentence for people, with words as they are read."""
    examples = _examples(reading, seen)
    examples = f": {examples}" if examples else ""
    if reading.encoding == USUAL:
        return f"its letters and signs make sense in it{examples}"
    if reading.languages:
        return f"its words read as {' and '.join(reading.languages[:2])} only in it{examples}"
    return f"its signs stand where such signs stand only in it{examples}"


def _examples(reading: _Reading, seen: _Seen, most: int = 3) -> str:
    """Frequent words of the file in this reading, quoted."""
    if reading.encoding in MULTI_BYTE:
        words = [run for run, _ in seen.runs[reading.encoding].most_common(20)]
    else:
        words = list(_texts([word for word, _ in seen.words.most_common(20)], reading.encoding))
    fitting = [word for word in words if word.isprintable() and not word.startswith("0")]
    return ", ".join(f"“{word[:MOST_CHARS]}”" for word in fitting[:most])

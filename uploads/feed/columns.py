"""Which header means which field: exact names, well-known aliases, and what somebody chose for these very headers.

Headers are compared without regard to case, spaces, punctuation and accents. Each field has a ranked list of aliases
(aliases.py); where two headers mean one field the higher-ranked one is taken and the other is an extra column. Where
two columns could both be the field (rivals.py) none is taken: that is left open, and asked. Nothing is taken that
merely resembles the field: a sale price, a compare-at price and a cost are not the price, and a barcode is not the
SKU. What resembles a field is at most suggested to a person, who says what each column means (`chosen`).

What was chosen once is remembered for a set of headers, not for a name: in another file the same name may mean another
thing. It never counts against a header that is exactly a field's name, nor in files that we handed out ourselves.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz, process

from catalog.rules.fields import LABELS, READ, REQUIRED
from uploads.feed.aliases import ALIASES, FAMILIES, TOSS_UPS
from uploads.feed.lines import FeedError
from uploads.feed.questions import Choice, Question
from uploads.feed.rivals import (
    SIGNS,
    Rival,
    are_sizes,
    counts_cents,
    is_other_thing,
    kind_of,
    left_over,
    likeliest,
    sample_cells,
)
from uploads.feed.sheets.handed_out import OUR_COLUMNS, is_ours

NAME_CHARS: Final = 1_000  # of a column's name; longer ones are refused


def normalise(header: str) -> str:
    """The key under which headers are compared: letters and digits only, no case, no accents; and the few signs that
    change what a name means.

    >>> normalise(" Catégorie-Name "), normalise("Price (¢)")
    ('categoriename', 'price¢')
    """
    # Composing costs the square of accents in a row; a longer name is refused anyway.
    decomposed = unicodedata.normalize("NFKD", header[:NAME_CHARS]).casefold()
    return "".join(char for char in decomposed if char.isalnum() or char in SIGNS)


def key_of(header: str) -> str:
    """What a header is known by; one of signs alone (`€`) by what stands there, an empty one by nothing. An apostrophe
    in front may have come with our error report.

    >>> key_of(" Price "), key_of(" # "), key_of("'=")
    ('price', '#', '=')
    """
    return normalise(header) or header.strip().lstrip("'")


_MEANINGS: Final[Mapping[str, tuple[str, int]]] = {
    normalise(alias): (meant, rank)
    # Backwards, so that of two spellings with one key (`body (html)`, `body html`) the better rank stays
    for meant, aliases in ALIASES.items()
    for rank, alias in reversed(tuple(enumerate(aliases)))
}
# How an alias is written, for the words in it: a header may have them without spaces.
_WRITTEN: Final = {normalise(alias): alias for aliases in ALIASES.values() for alias in reversed(aliases)}
_TOSS_UPS: Final = {one: frozenset(normalise(alias) for alias in aliases) for one, aliases in TOSS_UPS.items()}
_OUR_KEYS: Final = frozenset(normalise(name) for name in OUR_COLUMNS)
_NUMBERED: Final = re.compile(r" \(\d+\)$")
# What has a field's word in its name and is something else: a cost is no price, a bar code no SKU.
_OTHER_THINGS: Final = re.compile("cost|sale|compare|purchase|einkauf|barcode|gtin|ean")
CLOSE_ENOUGH: Final = 80  # of 100
SUGGESTED_CHARS: Final = 60  # of a header, for its likeness
MOST_CHOICES: Final = 20  # of a question; the others are in the table of the columns
SHOWN_CHARS: Final = 40
HEADER_FIELDS: Final = 3  # a row with so many names of fields, and no digit for a price, is a header


@dataclass(frozen=True)
class ColumnMapping:
    """What the columns of one file mean. All names are those that `name_headers` gives."""

    fields: dict[str, str]
    """Field → the header it is read from."""
    ignored: tuple[str, ...]
    """Headers that mean no field, in the file's order; OUR_COLUMNS are among them."""
    missing: tuple[str, ...]
    """Required fields without a column, in the order of READ."""
    unclear: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → the headers of which each could be it, the likeliest first. It has no column until somebody says it."""

    @property
    def complete(self) -> bool:
        """Whether rows can be read by it."""
        return not (self.missing or self.unclear)


@dataclass(frozen=True)
class Remembered:
    """What somebody decided for a file with the same headers: field → header, and answers to other questions.

    `said` tells people when that was, and for which file.
    """

    fields: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)
    said: str = ""


# A vendor's: from the fingerprint of a set of headers to what is remembered for it.
Memory = Callable[[str], Remembered | None]


def name_headers(headers: Sequence[str]) -> tuple[str, ...]:
    """A unique name for every column: the header as it stands, `column_5` for an empty one, ` (2)` for a repeated one.

    Names that are unique already stay as they are, so applying this twice changes nothing. No number is tried twice for
    a header, so the work grows with their number alone, however often one comes.
    """
    names: dict[str, None] = {}
    copies: dict[str, int] = {}  # of each header, the number tried last: those below it are taken
    for position, header in enumerate(headers, 1):
        name = base = header if header.strip() else f"column_{position}"
        copy = copies.get(base, 1)
        while name in names:
            copy += 1
            name = f"{base} ({copy})"
        copies[base] = copy
        names[name] = None
    return tuple(names)


# --- what is remembered ----------------------------------------------------------------------------------------


def fingerprint(headers: Sequence[str]) -> str:
    """The same for the same set of headers, in any order and however written; the columns of our report don't count.

    Where two headers can't be told apart, their order counts.
    """
    keys = [key_of(name) for name in name_headers(headers) if key_of(name) not in _OUR_KEYS]
    known = sorted(keys) if len(set(keys)) == len(keys) else keys
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def recall(headers: Sequence[str], memory: Memory | None) -> Remembered | None:
    """What is remembered for this set of headers; nothing for files that we handed out."""
    return None if memory is None or is_ours(headers) else memory(fingerprint(headers))


def _remembered(names: Sequence[str], fields: Mapping[str, str], exact: Mapping[str, int]) -> dict[str, int]:
    """Field → column, as far as it doesn't take a column from the field that it has the name of, or that field another
    one; none of two fields that would share a column."""
    keys = [key_of(name) for name in names]
    found: dict[str, int] = {}
    for meant, header in fields.items():
        same = [index for index, name in enumerate(names) if name == header]
        same = same or [index for index, key in enumerate(keys) if key == key_of(header)]
        if meant in READ and len(same) == 1:
            found[meant] = same[0]
    named, columns = {index: meant for meant, index in exact.items()}, list(found.values())
    return {
        meant: index for meant, index in found.items()
        if exact.get(meant, index) == index and named.get(index, meant) == meant and columns.count(index) == 1
    }  # fmt: skip


def said(before: Remembered, mapping: ColumnMapping) -> str:
    """What people are told of what was remembered, and of what doesn't follow it."""
    other = [name for name in mapping.fields.values() if name in READ and name not in before.fields.values()]
    if not other:
        return before.said
    listed = quoted(other, " and ")
    return f"{before.said} Not so {listed}: a column with the very name of a field is always that field."


# --- what a header says ----------------------------------------------------------------------------------------


def map_headers(
    headers: Sequence[str], remembered: Mapping[str, str] | None = None, samples: Sequence[Sequence[str]] = ()
) -> ColumnMapping:
    """Say which header each field is read from.

    `headers` are the cells of the header row as they came, and `samples` those of the first rows below. `remembered` is
    what was chosen for these headers, field → header: a field that it leaves out has no column.
    """
    names = name_headers(headers)
    written = frozenset(headers)
    spelled = [_spelled(header, written) for header in headers]
    keys = [normalise(header) for header in spelled]
    exact = _exact(headers, keys)
    found: dict[str, int] = {}
    if remembered is not None:
        found = _remembered(names, remembered, exact)
    elif all(meant in exact for meant in REQUIRED):  # made for us: what else is there is something else
        found = exact
    found |= {meant: index for meant, index in exact.items() if "_" in meant}
    unclear: dict[str, tuple[str, ...]] = {}
    for meant in READ:
        left_out = remembered is not None and (meant not in REQUIRED or meant not in remembered) and meant not in exact
        if meant in found or left_out:
            continue
        left = _columns_of(meant, spelled, keys, set(found.values()), samples)
        if len(left) == 1:
            found[meant] = left[0]
        elif left:
            unclear[meant] = tuple(names[index] for index in left)
    return mapped(names, {meant: names[found[meant]] for meant in READ if meant in found}, unclear)


def _exact(headers: Sequence[str], keys: Sequence[str]) -> dict[str, int]:
    """The fields that a header has exactly the name of, with its column; not where another has the same name."""
    written = [header.strip() for header in headers]
    return {
        meant: written.index(meant) for meant in READ if meant in written and keys.count(normalise(meant)) == 1
    }  # fmt: skip


def _columns_of(
    meant: str, headers: Sequence[str], keys: Sequence[str], taken: Set[int], samples: Sequence[Sequence[str]]
) -> list[int]:
    """The columns that are or could be the field: none, the one, or several with the likeliest first. Those that are
    `taken` by other fields are none of them."""
    free = [index for index, key in enumerate(keys) if index not in taken and key not in _OUR_KEYS]
    known = {index: _MEANINGS[keys[index]][1] for index in free if _MEANINGS.get(keys[index], ("",))[0] == meant}
    if meant not in FAMILIES:
        best = [index for index, rank in known.items() if rank == min(known.values())]
        toss_up = [index for index in known if keys[index] in _TOSS_UPS.get(meant, ())]
        return toss_up if set(best) & set(toss_up) else best
    rivals = [
        Rival(index, kind, index in known) for index in free
        if (index in known or keys[index] not in _MEANINGS)
        and (kind := kind_of(meant, _WRITTEN.get(keys[index], headers[index])))
    ]  # fmt: skip
    left = left_over(rivals, samples)
    if len(left) == 1 and not (left[0].known or left[0].kind.alone):
        return []
    return [rival.column for rival in sorted(left, key=lambda rival: -rival.kind.weight)]


def _spelled(header: str, headers: Set[str]) -> str:
    """The header without the number that we gave to a repeated one in our report."""
    base = _NUMBERED.sub("", header)
    return base if base in headers else header


def mapped(
    names: Sequence[str], fields: dict[str, str], unclear: Mapping[str, tuple[str, ...]] | None = None
) -> ColumnMapping:
    """The mapping with these fields. `names` as by `name_headers`."""
    unclear = unclear or {}
    taken = {*fields.values(), *(name for could_be in unclear.values() for name in could_be)}
    return ColumnMapping(
        fields=fields,
        ignored=tuple(name for name in names if name not in taken),
        missing=tuple(one for one in REQUIRED if one not in fields and one not in unclear),
        unclear=dict(unclear),
    )


def why_not(headers: Sequence[str], missing: Sequence[str], samples: Sequence[Sequence[str]]) -> list[str]:
    """Sentences about columns that look like a field that is missing, and aren't it."""
    said = []
    for index, header in enumerate(headers):
        if "price" in missing and counts_cents(header):
            said.append(f"“{short(header)}” is in hundredths, not in units: divide it by 100 and call it price.")
        cells = sample_cells(samples, index)
        if "stock_quantity" in missing and kind_of("stock_quantity", header) and are_sizes(cells):
            said.append(f"“{short(header)}” has sizes such as “{short(cells[0])}”, which are no stock.")
    return said[:3]


# --- what a person says ----------------------------------------------------------------------------------------


def chosen(names: Sequence[str], choice: Sequence[str]) -> ColumnMapping:
    """The mapping that a person chose: for each column its field, or "" for none. `names` as by `name_headers`.

    Raises FeedError: "other_columns" for a choice about other columns than these, "duplicate_column" where two
    columns would be one field.
    """
    if len(choice) != len(names) or any(one and one not in READ for one in choice):
        raise FeedError("other_columns", "The file has other columns than those that were chosen from.")
    for meant in READ:
        if choice.count(meant) > 1:
            listed = quoted([name for name, one in zip(names, choice, strict=True) if one == meant], " and ")
            message = f"The columns {listed} are both to be read as {meant}. Choose one of them."
            raise FeedError("duplicate_column", message)
    return mapped(names, {meant: names[choice.index(meant)] for meant in READ if meant in choice})


def question_id(meant: str) -> str:
    """What the question is called which column a field is read from."""
    return {"price": "price_from", "stock_quantity": "stock_from"}.get(meant, f"column_{meant}")


QUESTION_IDS: Final = {question_id(meant): meant for meant in READ}


def answered(mapping: ColumnMapping, names: Sequence[str], answers: Mapping[str, str]) -> ColumnMapping:
    """The mapping with the columns that were answered. An answer that names no column, or one that another field is
    read from, counts for nothing."""
    written = {_one_line(name): name for name in reversed(names)}  # forms have their own line breaks
    fields, unclear = dict(mapping.fields), dict(mapping.unclear)
    for name, meant in QUESTION_IDS.items():
        answer = answers.get(name, "")
        header = answer if answer in names else written.get(_one_line(answer), "")
        if header and header not in [one for other, one in fields.items() if other != meant]:
            fields[meant] = header
            unclear.pop(meant, None)
    taken = set(fields.values())
    left = {meant: tuple(one for one in could_be if one not in taken) for meant, could_be in unclear.items()}
    in_order = {meant: fields[meant] for meant in READ if meant in fields}
    return mapped(names, in_order, {meant: could_be for meant, could_be in left.items() if could_be})


def questions(mapping: ColumnMapping, names: Sequence[str], samples: Sequence[Sequence[str]]) -> tuple[Question, ...]:
    """What is unclear, each with its columns to choose from and a cell of each."""
    return tuple(
        ask(meant, could_be, names, samples, suggestion(meant, could_be))
        for meant, could_be in mapping.unclear.items()
    )  # fmt: skip


def ask(
    meant: str, could_be: Sequence[str], names: Sequence[str], samples: Sequence[Sequence[str]], suggestion: str = ""
) -> Question:
    """Which of these columns is the field."""
    choices = []
    for header in could_be[:MOST_CHOICES]:
        cells = sample_cells(samples, names.index(header))
        example = f", for example “{short(cells[0])}”" if cells else ""
        choices.append(Choice(header, f"{short(header)}{example}"))
    kind = question_id(meant)
    text = f"Which column has the {LABELS[meant]}: {quoted(could_be, ' or ')}?"
    return Question(kind, kind if meant in FAMILIES else "column", meant, text, tuple(choices), suggestion)


def suggestion(meant: str, could_be: Sequence[str]) -> str:
    """The likeliest of these columns to be the field, or "": what dealers pay is suggested as nobody's price."""
    if meant not in FAMILIES:
        return ""
    kinds = [kind_of(meant, _WRITTEN.get(normalise(header), header)) for header in could_be]
    rivals = [Rival(index, kind, known=False) for index, kind in enumerate(kinds) if kind]
    best = likeliest(rivals) if len(rivals) == len(could_be) else None
    return could_be[best.column] if best and best.kind.name != "wholesale" else ""


def suggested(names: Sequence[str], mapping: ColumnMapping) -> dict[str, str]:
    """Header → field, for columns without a meaning that resemble a field which has no column. For people to judge.

    What the aliases know is settled.
    """
    settled = _OUR_KEYS | _MEANINGS.keys()
    open_fields = [one for one in READ if one not in mapping.fields and one not in mapping.unclear]
    aliases = {key: meant for key, (meant, _) in _MEANINGS.items() if meant in open_fields and len(key) > 2}
    likely: list[tuple[float, int, str]] = []
    ignored = frozenset(mapping.ignored)
    for index, name in enumerate(names):
        key = normalise(name[:SUGGESTED_CHARS])
        if name in ignored and len(key) > 2 and key not in settled and not _OTHER_THINGS.search(key):
            found = process.extractOne(key, aliases.keys(), scorer=_likeness, score_cutoff=CLOSE_ENOUGH)
            if found and not is_other_thing(aliases[found[0]], name):
                likely.append((-found[1], index, aliases[found[0]]))
    suggestions: dict[str, str] = {}
    for _, index, meant in sorted(likely):
        if meant not in suggestions.values():
            suggestions.setdefault(names[index], meant)
    return suggestions


def _likeness(one: Sequence[Hashable], other: Sequence[Hashable], *, score_cutoff: float | None = None) -> float:
    """Of 100, as rapidfuzz asks for it. A name within a longer one counts for less than a slip of the keyboard."""
    return max(fuzz.ratio(one, other), 0.9 * fuzz.partial_ratio(one, other) if min(len(one), len(other)) > 3 else 0)


def means_other_columns(cells: Sequence[str], headers: Sequence[str], mapping: ColumnMapping) -> bool:
    """Whether a row below the header is another header, as wide but with other columns. Quick for rows of products."""
    if len(cells) != len(headers):
        return False
    ours = {meant: headers.index(header) for meant, header in mapping.fields.items()}
    numbers = [cells[ours[meant]] for meant in ("price", "stock_quantity") if meant in ours] or cells
    if any(character.isdigit() for cell in numbers[:1] for character in cell):
        return False
    names = name_headers(cells)
    if names == tuple(headers):
        return False
    keys, own = [key_of(cell) for cell in cells], [key_of(header) for header in headers]
    if keys != own and sorted(keys) == sorted(own):
        return True
    if sum(key in _MEANINGS for key in keys) < HEADER_FIELDS:
        return False
    found = map_headers(cells)
    known = {meant: index for meant, index in ours.items() if meant not in found.unclear}
    return len(found.fields) >= HEADER_FIELDS and {one: names.index(it) for one, it in found.fields.items()} != known


def quoted(headers: Sequence[str], last: str) -> str:
    """In one bounded line, `last` before the last one."""
    shown = [f"“{short(header)}”" for header in headers[:5]]
    if len(headers) > 5:
        return ", ".join(shown) + last + f"{len(headers) - 5} more"
    return last.join(filter(None, (", ".join(shown[:-1]), "".join(shown[-1:]))))


def short(text: str) -> str:
    """The text in one line of at most 40 characters."""
    text = _one_line(text[: 10 * SHOWN_CHARS])
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def _one_line(text: str) -> str:
    return " ".join(text.split())

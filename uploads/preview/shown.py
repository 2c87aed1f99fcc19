"""A preview as pages show it: how a file is read, its columns, and its first rows with their verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, NamedTuple

from catalog.rules.explained import waits_for
from catalog.rules.fields import LABELS, READ
from catalog.rules.problems import Problem
from config.web.text import visible
from uploads.feed import columns, parser
from uploads.feed.choices import as_list
from uploads.feed.formats.detect import FORMAT, OWN_LIST, format_of
from uploads.feed.formats.plan import TAKEN
from uploads.feed.header import ignored_notes
from uploads.feed.parser import Layout, Reading, Row
from uploads.feed.questions import CATEGORY_VALUES
from uploads.models import UploadHistory
from uploads.pipeline import remembered
from uploads.pipeline.examine import Contents
from uploads.preview.asked import Asked, Offer, asked, offers

BRIEF_CHARS: Final = 40
SAMPLES: Final = 3  # cells shown of each column
FULL_COLUMNS: Final = 25  # of a file with more, those that mean nothing are put aside


class Difference(NamedTuple):
    """What an update would change in a field, or what a rule reads instead of a cell."""

    label: str
    before: str
    after: str


class Cell(NamedTuple):
    """A field of a row: as it would be stored, or as it is understood where the row is wrong. `said` is what the file
    says, where that is another text; `how` it came to be, where that is more than reading it; `problems` are those of
    the field that keep the row out.
    """

    label: str
    text: str
    said: str = ""
    how: str = ""
    problems: tuple[Problem, ...] = ()


class PreviewRow(NamedTuple):
    """One row and what would become of it: inserted, updated, unchanged, skipped, error, or open as long as a question
    is.

    `cells` are those of Preview.fields, none for a row that can't be read: `raw` has its text then. `problems` are why
    it is an error, `warnings` what else there is to say of it, `changes` an update's. `left_out` says why it is no
    product, and `in_file` where it stands there.
    """

    number: int
    in_file: str
    outcome: str
    cells: tuple[Cell, ...]
    raw: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    changes: tuple[Difference, ...]
    left_out: str = ""

    @property
    def other_problems(self) -> list[Problem]:
        """Those that stand beside none of its cells."""
        beside = {problem for cell in self.cells for problem in cell.problems}
        return [problem for problem in self.problems if problem not in beside]

    @property
    def waits(self) -> str:
        """When it is retried by itself, where the vendor wants that; "" for never."""
        return waits_for(problem.code for problem in self.problems) if self.problems else ""

    @property
    def verdict(self) -> str:
        """The outcome as something that is still to come."""
        if self.left_out:
            return "left out"
        return {"inserted": "new", "updated": "update"}.get(self.outcome, self.outcome)


class Column(NamedTuple):
    """One column of the file: what it has, what is read from it, and what could be."""

    position: int
    header: str
    samples: tuple[str, ...]
    field: str
    suggestion: str
    aside: bool
    understood: str = ""
    """The fields that a known format has in it, as people call them."""

    @property
    def shown(self) -> str:
        """The header, with what can't be seen in it."""
        return visible(self.header)

    @property
    def name(self) -> str:
        """Of its input in a form."""
        return f"column-{self.position}"

    @property
    def perhaps(self) -> str:
        """The field that it resembles, as people call it; "" for none. Nothing is read from it for that."""
        return LABELS.get(self.suggestion, "")


@dataclass(frozen=True)
class Preview:
    """How a file is read, and its first rows with their verdicts; none as long as required columns are missing.

    `problem` says why what was asked for about the columns can't be done; `changed`, that it differs from what would
    be found without anybody's word.
    """

    layout: Layout
    reading: Reading
    contents: Contents
    sent_before: UploadHistory | None
    rows: tuple[PreviewRow, ...]
    mapped: tuple[Column, ...]
    problem: str
    changed: bool
    mode: str = "upsert"
    shown: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    retries_by_itself: bool = False

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields that are shown of a row, as people call them, with the header that each is read from, if any."""
        read = self.layout.mapping.fields
        return [(LABELS[field], read.get(field, "")) for field in self.shown]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The fields that the file has, with the header that each is read from, in the order of READ."""
        fields = self.layout.mapping.fields
        return [(LABELS[field], fields[field]) for field in READ if field in fields]

    @property
    def encoding(self) -> str:
        return parser.encoding_name(self.layout.encoding)

    @property
    def notes(self) -> list[str]:
        """Those about ignored columns not while a person is asked what these mean."""
        asked = ignored_notes(self.layout.mapping) if self.missing else []
        return [visible(note) for note in self.layout.notes if note not in asked]

    @property
    def delimiter(self) -> str:
        return parser.DELIMITERS.get(self.layout.delimiter, self.layout.delimiter)

    @property
    def currency(self) -> str:
        """What the prices are in; "" while that is open."""
        return "what each row says" if self.layout.currency_in_rows else self.layout.currency

    @property
    def ready(self) -> bool:
        """Whether it could be sent as it is read now."""
        return not (self.problem or self.layout.mapping.missing or self.layout.questions)

    @property
    def clear(self) -> bool:
        """Whether nobody needs to look at what the columns mean."""
        return not (self.problem or self.missing or any(one.suggestion for one in self.mapped))

    @property
    def used(self) -> int:
        """How many columns something is read from."""
        return sum(bool(one.field or one.understood) for one in self.mapped)

    @property
    def size(self) -> int:
        return self.contents.size

    @property
    def missing(self) -> list[str]:
        """Required fields that no column is for."""
        return [LABELS[field] for field in self.layout.mapping.missing]

    @property
    def asked(self) -> list[Asked]:
        return asked(self.layout)

    @property
    def offers(self) -> list[Offer]:
        return offers(self.layout, self.left_out)

    @property
    def carried(self) -> dict[str, str]:
        """The answers that a form brings along unseen: what is taken all the same has boxes."""
        return {name: answer for name, answer in self.answers.items() if name != TAKEN}

    @property
    def switched_off(self) -> str:
        """What the file looks like, where a person said that it is a list of the vendor's own; else ""."""
        known = format_of(self.layout.headers) if self.layout.answers.get(FORMAT) == OWN_LIST else None
        return known.name if known else ""

    @property
    def aside(self) -> bool:
        return any(one.aside for one in self.mapped)

    @property
    def answers(self) -> dict[str, str]:
        """What was answered already, for the form to bring along. Which column it is stands in the columns by then."""
        layout, answers = self.layout, self.reading.answers
        settled = {question.id for question in (*layout.questions, *layout.optional)} - {CATEGORY_VALUES}
        if not layout.of_format:
            settled |= {name for name in columns.QUESTION_IDS if as_list(answers.get(name, "")) is None}
        return {name: answer for name, answer in answers.items() if name not in settled}

    @property
    def choice(self) -> Reading:
        """What is shown, as the reading that gives it again."""
        chosen = () if self.layout.of_format else tuple(one.field for one in self.mapped)
        return replace(self.reading, columns=chosen, shape=self.layout.shape, answers=self.answers)


def columns_of(layout: Layout, impossible: Reading | None, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns with what is read from them; an `impossible` choice stays as it was made."""
    fields = {header: field for field, header in remembered.chosen_fields(layout).items()}
    understood = _understood(layout)
    chosen = impossible.columns if impossible and impossible.shape == layout.shape else None
    settled = layout.remembered or layout.of_format
    suggestions = {} if settled else columns.suggested(layout.headers, layout.mapping)
    many = len(layout.headers) > FULL_COLUMNS
    unclear = {header for could_be in layout.mapping.unclear.values() for header in could_be}
    found = []
    for position, header in enumerate(layout.headers):
        field = chosen[position] if chosen else fields.get(header, "")
        suggestion = suggestions.get(header, "")
        samples = tuple(_samples(row.cells[header] for row in rows if row.cells))
        meant = understood.get(header, "")
        aside = many and not (field or suggestion or meant or header in unclear)
        found.append(Column(position, header, samples, field, suggestion, aside, meant))
    return tuple(found)


def _understood(layout: Layout) -> dict[str, str]:
    """Of a known format: header → the fields that are read from it, also where another column comes first."""
    found: dict[str, list[str]] = {}
    for meant, read in (layout.plan.columns if layout.plan and layout.of_format else {}).items():
        for header in read:
            found.setdefault(header, []).append(LABELS[meant])
    return {header: ", ".join(labels) for header, labels in found.items()}


def _samples(cells: Iterable[str]) -> Iterable[str]:
    """The first different cells that have something in them."""
    return islice(dict.fromkeys(brief(cell) for cell in cells if cell.strip()), SAMPLES)


def brief(value: object) -> str:
    """A value as a list of changes has room for it: its beginning, on one line."""
    text = visible(" ".join(str("nothing" if value in (None, "") else value).split()))
    return text if len(text) <= BRIEF_CHARS else text[: BRIEF_CHARS - 1] + "…"

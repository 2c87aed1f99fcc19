"""What people should know of how a workbook was read: which sheet, and what of it nobody sees on the screen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from catalog.rules.problems import ngettext
from uploads.feed.header import Layout
from uploads.feed.questions import HIDDEN_ROWS, LEAVE_OUT, READ, Choice, Question, answer_to

LISTED: Final = 10  # names or numbers in one sentence
NAME_CHARS: Final = 60  # of a sheet's name; Excel allows 31


@dataclass
class Seen:
    """What was come by while a sheet was read.

    `others` are names of other visible sheets with something in them, `hidden` those of hidden ones. `hidden_rows`
    has the first LISTED hidden rows below the header that have something in them, `hidden_count` is how many there
    are, `filtered` whether a filter hides them. `hidden_columns` are letters, those of columns with something in them.
    """

    name: str
    others: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    hidden_rows: list[int] = field(default_factory=list)
    hidden_count: int = 0
    hidden_columns: tuple[str, ...] = ()
    filtered: bool = False

    def hide(self, number: int) -> None:
        """Note a hidden row."""
        self.hidden_count += 1
        if len(self.hidden_rows) < LISTED:
            self.hidden_rows.append(number)

    def about(self) -> "About":
        """What is to be kept of it."""
        rows = _listed([f"{number:,}" for number in self.hidden_rows], self.hidden_count) if self.hidden_count else ""
        return About(self._notes(), self.hidden_count, rows, self.filtered)

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self.others:
            count = len(self.others)
            few = ngettext("the other sheet, {}, was not", "the {count} other sheets, {}, were not", count)
            shown = few.format(_listed(_quoted(self.others), count), count=count)
            remedy = "If there are products too, send them as a file of their own."
            notes.append(f"The sheet “{self.name}” was read; {shown}. {remedy}")
        if self.hidden:
            count = len(self.hidden)
            notes.append(
                ngettext("{} hidden sheet was not read: {}.", "{} hidden sheets were not read: {}.", count).format(
                    count, _listed(_quoted(self.hidden), count)
                )
            )
        if self.hidden_columns:
            count = len(self.hidden_columns)
            notes.append(
                ngettext(
                    "{} hidden column was read too: column {}.", "{} hidden columns were read too: columns {}.", count
                ).format(count, _listed(self.hidden_columns, count))
            )
        return tuple(notes)


@dataclass(frozen=True)
class About:
    """What people should know of how a sheet was read: sentences, and which of its rows are hidden: how many, the first
    of them as words, and whether a filter hides them.
    """

    notes: tuple[str, ...] = ()
    hidden: int = 0
    hidden_rows: str = ""
    filtered: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The About whose to_json() went through JSON to become `data`."""
        return cls(**{**data, "notes": tuple(data["notes"])})


def told(layout: Layout, about: About) -> Layout:
    """The layout with what is to be said of its sheet. Whether rows that a filter hides are meant is a question."""
    if not about.hidden:
        return replace(layout, notes=(*about.notes, *layout.notes))
    rows = f"{ngettext('row', 'rows', about.hidden)} {about.hidden_rows}"
    questions = layout.questions
    left_out = layout.leaves_out_hidden
    if about.filtered and not answer_to(question := _question(about, rows), layout.answers):
        return replace(layout, notes=(*about.notes, *layout.notes), questions=(*questions, question))
    one, many = "{:,} hidden row was {}: {}.", "{:,} hidden rows were {}: {}."
    note = ngettext(one, many, about.hidden).format(about.hidden, "left out" if left_out else "read too", rows)
    return replace(layout, notes=(*about.notes, note, *layout.notes))


def _question(about: About, rows: str) -> Question:
    found = ngettext("A filter hides {:,} row", "A filter hides {:,} rows", about.hidden).format(about.hidden)
    text = f"{found} of this sheet ({rows}). Are they to be read too? Otherwise take the filter off, or delete them."
    choices = (
        Choice(READ, "Read all rows, hidden ones too", about.hidden),
        Choice(LEAVE_OUT, "Leave hidden rows out", about.hidden),
    )
    return Question(HIDDEN_ROWS, HIDDEN_ROWS, "", text, choices, rows=about.hidden)


def shown_name(name: str) -> str:
    """A sheet's name on one line, and not too long."""
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return name if len(name) <= NAME_CHARS else name[: NAME_CHARS - 1] + "…"


def column_letters(column: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(65 + place) + letters
    return letters


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"“{name}”" for name in names]


def _listed(which: Sequence[str], count: int) -> str:
    """`3, 4 and 7`; the first LISTED and how many more, where there are more."""
    shown = list(which[:LISTED])
    last = f"{count - LISTED:,} more" if count > LISTED else shown.pop()
    return " and ".join(filter(None, (", ".join(shown), last)))

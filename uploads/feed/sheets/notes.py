"""What people should know of how a workbook was read: which sheet, and what of it nobody sees on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from gettext import ngettext  # Django's would do, but nothing here knows of it
from typing import Final

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

    def notes(self) -> tuple[str, ...]:
        """Sentences for people."""
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
        if self.hidden_count:
            notes.append(self._rows())
        if self.hidden_columns:
            count = len(self.hidden_columns)
            notes.append(
                ngettext(
                    "{} hidden column was read too: column {}.", "{} hidden columns were read too: columns {}.", count
                ).format(count, _listed(self.hidden_columns, count))
            )
        return tuple(notes)

    def _rows(self) -> str:
        count = self.hidden_count
        listed = _listed([f"{number:,}" for number in self.hidden_rows], count)
        rows = ngettext("{:,} hidden row was read too: row {}.", "{:,} hidden rows were read too: rows {}.", count)
        why = " A filter hides rows in this sheet." if self.filtered else ""
        remedy = ngettext(" If it isn't to be sent, delete it.", " If they aren't to be sent, delete them.", count)
        return rows.format(count, listed) + why + remedy


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

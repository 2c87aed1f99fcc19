"""The questions about a file as a form asks them, and the answers as it sends them back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final, NamedTuple

from catalog.rules.problems import ngettext
from uploads.feed.formats.model import (
    GIFT_CARD,
    GROUP,
    NOT_FOR_SALE,
    REASONS,
    SERVICE,
    SOLD_ELSEWHERE,
    TRANSLATION,
)
from uploads.feed.formats.plan import TAKEN
from uploads.feed.parser import Layout
from uploads.feed.questions import CATEGORY_VALUES, Question, with_answers
from uploads.pipeline.understood import categories

ANSWER: Final = "answer-"
AS: Final = "as"  # the buttons that switch a known format off and on
CELL, CATEGORY = "cell-{}", "category-{}"
LEFT_OUT: Final = "-"
SHOWN: Final = 200  # different cells at once; the others are asked when these are answered
SHOWN_CHARS: Final = 100_000  # and at most so much of them, since a form takes a megabyte
SHOWN_OPTIONS: Final = 20_000  # of all lists of categories on a page
NUMBERS: Final = ("quantity_where_unknown",)
LISTS: Final = ("category_for_all",)


# What could be a product all the same.
OFFERED: Final = (NOT_FOR_SALE, SOLD_ELSEWHERE, GIFT_CARD, SERVICE, TRANSLATION, GROUP)
TAKE: Final = "take-{}"


class Offer(NamedTuple):
    """Rows that are left out for one reason, or would be: the name of their box in the form, and if it is ticked."""

    name: str
    label: str
    taken: bool


class Cell(NamedTuple):
    """One different cell that has no category: its name in the form, the cell as JSON, since forms change line breaks,
    what people read, in how many rows it stands, and the likeliest category or ""."""

    position: int
    value: str
    label: str
    rows: int
    suggestion: str


@dataclass(frozen=True)
class Asked:
    """A question with what its widget needs: `widget` is choices, list, number or cells."""

    question: Question
    widget: str
    cells: tuple[Cell, ...] = ()
    categories: tuple[str, ...] = ()
    more: int = 0
    optional: bool = False
    """Whether the file can be sent without an answer: then its rows are errors."""


def asked(layout: Layout) -> list[Asked]:
    optional = [replace(_asked(question), optional=True) for question in layout.optional]
    return [*(_asked(question) for question in layout.questions), *optional]


def _asked(question: Question) -> Asked:
    if question.kind == CATEGORY_VALUES:
        near = json.loads(question.suggestion) if question.suggestion else {}
        chars = accumulate(len(one.value) for one in question.choices[:SHOWN])
        ours = categories.ours().names
        most = max(1, min(sum(so_far <= SHOWN_CHARS for so_far in chars), SHOWN_OPTIONS // max(1, len(ours))))
        shown = question.choices[:most]
        cells = tuple(
            Cell(position, json.dumps(one.value), one.label, one.count, near.get(one.value, ""))
            for position, one in enumerate(shown)
        )
        return Asked(question, "cells", cells, ours, len(question.choices) - len(shown))
    widget = "number" if question.kind in NUMBERS else "list" if question.kind in LISTS else "choices"
    return Asked(question, widget)


def offers(layout: Layout, left_out: Mapping[str, int]) -> list[Offer]:
    """The reasons by which rows of a known format are left out, and those that somebody takes all the same."""
    taken = layout.plan.taken if layout.plan else ()
    found = [one for one in OFFERED if one in taken or left_out.get(one)]
    return [Offer(TAKE.format(one), _rows(one, left_out.get(one, 0)), one in taken) for one in found]


def _rows(reason: str, rows: int) -> str:
    """“2 gift cards”, or all of them."""
    return ngettext(*REASONS[reason], rows).format(rows) if rows else REASONS[reason][1].removeprefix("{:,} ")


def answers_of(posted: Mapping[str, str]) -> dict[str, str]:
    """Question ID → answer, as text."""
    found = {name.removeprefix(ANSWER): posted[name] for name in posted if name.startswith(ANSWER) and posted[name]}
    if cells := _cells_of(posted):
        found = with_answers(found, {CATEGORY_VALUES: json.dumps(cells, ensure_ascii=False)})
    if taken := [reason for reason in OFFERED if TAKE.format(reason) in posted]:
        found[TAKEN] = ",".join(taken)
    if posted.get(AS):
        found["format"] = posted[AS]
    return found


def _cells_of(posted: Mapping[str, str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for position in range(SHOWN):
        cell, category = posted.get(CELL.format(position)), posted.get(CATEGORY.format(position))
        if not cell or not category:
            continue
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, str):
            found[value] = None if category == LEFT_OUT else category
    return found

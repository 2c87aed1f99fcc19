"""What a person said about the columns of a file, applied to how it shows: the fields chosen for them, and answers."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from uploads.feed import columns
from uploads.feed.columns import ColumnMapping
from uploads.feed.formats.detect import is_own_list
from uploads.feed.formats.model import UPDATE
from uploads.feed.formats.own.changes import CHANGES, KIND, OFFER
from uploads.feed.header import Layout, Reading, ignored_notes
from uploads.feed.lines import FeedError
from uploads.feed.questions import Question


def as_chosen(layout: Layout, reading: Reading) -> Layout:
    """The layout with the columns that were chosen, and those that were answered: what is chosen counts first. Answers
    about a list of the vendor's own are for its plan, as far as they count.

    Raises FeedError as `columns.chosen` does.
    """
    mapping = layout.mapping
    if reading.columns is not None:
        if reading.shape != layout.shape or len(reading.columns) != len(layout.headers):
            raise FeedError("other_columns", "The file is read with other columns now. Look at them again.")
        mapping = columns.chosen(layout.headers, reading.columns)
        # A question that nothing was chosen for is still one.
        left = {name: could_be for name, could_be in layout.mapping.unclear.items() if name not in mapping.fields}
        mapping = columns.mapped(layout.headers, mapping.fields, left)
    answers = layout.answers if reading.columns is None else _counting(layout.answers, mapping)
    settled = columns.answered(mapping, layout.headers, answers)
    is_own = is_own_list(layout.headers, layout.answers)
    mapping = mapping if is_own else settled
    kept = [note for note in layout.notes if note not in ignored_notes(layout.mapping)]
    return replace(
        layout,
        mapping=mapping,
        answers=answers,
        chosen=layout.chosen or (is_own and reading.columns is not None),
        notes=(*kept, *ignored_notes(mapping)),
        questions=_still_open(layout.questions, settled),
        remembered=layout.remembered if mapping.fields == layout.mapping.fields else "",
    )


def _counting(answers: Mapping[str, str], chosen: ColumnMapping) -> dict[str, str]:
    """Without those about a field that was chosen since; columns that are added up are chosen by the first of them."""
    return {
        name: answer
        for name, answer in answers.items()
        if (header := chosen.fields.get(columns.QUESTION_IDS.get(name, ""))) is None
        or (as_list(answer) or [])[:1] == [header]
    }


def as_list(answer: str) -> list[str] | None:
    """The columns that an answer adds up, of which there may be none; None where it is one column."""
    with suppress(ValueError, RecursionError):
        found = json.loads(answer)
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else None
    return None


def _still_open(asked: Sequence[Question], mapping: ColumnMapping) -> tuple[Question, ...]:
    """Of the questions about columns those that are still unclear, without columns that another field has meanwhile."""
    others = tuple(one for one in asked if one.id not in columns.QUESTION_IDS)
    return others + tuple(
        replace(one, choices=tuple(choice for choice in one.choices if choice.value in mapping.unclear[one.field]))
        for one in asked
        if one.id in columns.QUESTION_IDS and one.field in mapping.unclear
    )


def in_mode(reading: Reading, mode: str, *, offers: bool = False) -> Reading:
    """The reading of a file that is sent in this mode: one that only updates products may lack what a new one needs.
    `offers`: somebody said that each of its rows is what changes of a product."""
    if offers:
        return replace(reading, answers={**reading.answers, KIND: OFFER})
    if mode == UPDATE and KIND not in reading.answers:
        return replace(reading, answers={**reading.answers, KIND: CHANGES})
    return reading

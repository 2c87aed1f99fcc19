"""What a person said about the columns of a file, applied to how it shows: the fields chosen for them, and answers."""

from collections.abc import Sequence
from dataclasses import replace

from uploads.feed import columns
from uploads.feed.columns import ColumnMapping
from uploads.feed.header import Layout, Reading, ignored_notes
from uploads.feed.lines import FeedError
from uploads.feed.questions import Question


def as_chosen(layout: Layout, reading: Reading) -> Layout:
    """The layout with the columns that were chosen, and those that were answered: what is chosen counts first.

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
    counting = {
        name: answer
        for name, answer in reading.answers.items()
        if reading.columns is None or columns.QUESTION_IDS.get(name) not in mapping.fields
    }
    mapping = columns.answered(mapping, layout.headers, counting)
    kept = [note for note in layout.notes if note not in ignored_notes(layout.mapping)]
    return replace(
        layout,
        mapping=mapping,
        notes=(*kept, *ignored_notes(mapping)),
        questions=_still_open(layout.questions, mapping),
        remembered=layout.remembered if mapping.fields == layout.mapping.fields else "",
    )


def _still_open(asked: Sequence[Question], mapping: ColumnMapping) -> tuple[Question, ...]:
    """Of the questions about columns those that are still unclear, without columns that another field has meanwhile."""
    others = tuple(one for one in asked if one.id not in columns.QUESTION_IDS)
    return others + tuple(
        replace(one, choices=tuple(choice for choice in one.choices if choice.value in mapping.unclear[one.field]))
        for one in asked
        if one.id in columns.QUESTION_IDS and one.field in mapping.unclear
    )

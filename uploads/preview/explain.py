"""How a file would be read and what it leaves open, without writing anything: for programs and the command line."""

from typing import Any

from catalog.rules.offers import OfferDraft
from catalog.rules.validator import ProductDraft
from uploads.feed import columns
from uploads.feed.apart.reader import Look
from uploads.feed.parser import Layout, Reading
from uploads.feed.questions import Question
from uploads.feed.sheets.handed_out import OUR_COLUMNS
from uploads.insight import reading as how_read
from uploads.pipeline import examine
from uploads.pipeline.examine import FeedFile
from uploads.preview import verdicts

SAMPLE_ROWS = 5


def explained(feed: FeedFile, vendor_id: str, reading: Reading) -> tuple[Layout, dict[str, Any]]:
    """How it would be read, and the same for programs with the first rows as they would be stored, and what is asked.

    Raises Refused for what no answer helps.
    """
    look = examine.look(feed, examine.examine(feed.text), vendor_id, reading, SAMPLE_ROWS, whole=True)
    layout = look.layout
    asked = (*layout.questions, *missing_columns(layout))
    sample = _sample(look, vendor_id) if layout.mapping.complete else []
    found = how_read.whole(layout) | {"sample": sample}
    return layout, found | {"questions": [how_read.question_as_json(question) for question in asked]}


def missing_columns(layout: Layout) -> list[Question]:
    """For each required field without a column: which of those that mean nothing it is."""
    free = [name for name in layout.mapping.ignored if name not in OUR_COLUMNS]
    perhaps = {field: header for header, field in columns.suggested(layout.headers, layout.mapping).items()}
    return [
        columns.ask(field, free, layout.headers, [], perhaps.get(field, ""))
        for field in layout.mapping.missing
        if free
    ]  # fmt: skip


def _sample(look: Look, vendor_id: str) -> list[dict[str, Any]]:
    return [
        {
            "row": one.row.number,
            "line": one.row.line,
            "product": _product(one.draft),
            "problems": [
                {"field": problem.field, "code": str(problem.code), "message": problem.message}
                for problem in one.problems
            ],
            "derived": sorted(one.derived),
            "left_out": one.left_out,
        }
        for one in verdicts.first_rows(look, vendor_id)
    ]


def _product(draft: ProductDraft | OfferDraft | None) -> dict[str, Any] | None:
    """Field → value, of an offer those that it changes and is found by; the price as text, with its two decimals."""
    if draft is None:
        return None
    found = draft.values if isinstance(draft, OfferDraft) else draft._asdict()
    return {name: str(value) if name == "price" else value for name, value in found.items()}

"""How a file would be read and what it leaves open, without writing anything: for programs and the command line."""

from typing import Any, Final

from catalog.rules.fields import ACTIVE
from catalog.rules.offers import OfferDraft
from catalog.rules.validator import ProductDraft
from uploads.feed.apart.reader import Look
from uploads.feed.parser import Layout, Reading
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
    sample = _sample(look, vendor_id) if layout.mapping.complete else []
    found = how_read.whole(layout) | {"sample": sample}
    questions = [how_read.question_as_json(question) for question in layout.questions]
    return layout, found | {
        "questions": questions,
        "optional": [how_read.question_as_json(question) for question in layout.optional],
    }


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
    values = {name: str(value) if name == "price" else value for name, value in verdicts.stored(draft).items()}
    return {name: value for name, value in values.items() if name not in _LATER or value != _LATER[name]}


# What most files don't say, and therefore needn't be listed in each of their rows.
_LATER: Final = {"gtin": None, "image_url": None, "status": ACTIVE}

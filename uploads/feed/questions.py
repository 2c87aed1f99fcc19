"""What a file leaves open and only a person can decide: a question instead of a guess.

A file is not sent while one of its questions is open. Pages ask them in the preview; where nobody can be asked, the
file is refused with the first of them.

Whoever reads a file and meets a choice puts a Question into `Layout.questions`, unless `answer_to` finds its answer in
`Layout.answers`: those come from a person, by `Reading.answers`, or are remembered for files with the same columns.
Both previews show any Question (templates/uploads/preview/questions.html) and post its answer as `answer-<id>`; the
command line takes a file of them.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

HIDDEN_ROWS: Final = "hidden_rows"
READ: Final = "read"
LEAVE_OUT: Final = "leave_out"
CATEGORY_VALUES: Final = "category_values"
# Questions whose answers hold for all files with the same columns, so they are remembered with these. Which column a
# field is read from is remembered as such, except where a known format's columns are told apart by it.
LASTING: Final[frozenset[str]] = frozenset(
    {
        "currency", "format", "column_product_name", "identifiers_from", "empty_sku", "category_for_all",
        CATEGORY_VALUES, "quantity_where_unknown", "negative_stock", "stock_from", "price_from", "round_prices",
        "repair_skus",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One possible answer: what programs send, what people read, and how many rows speak for it (0: not counted)."""

    value: str
    label: str
    count: int = 0


@dataclass(frozen=True)
class Question:
    """One thing to decide about a file.

    `id` names it in a file of answers, `kind` says what sort of answer it takes: column (which header is this field),
    price_from and stock_from (which of several columns), currency (ISO 4217), hidden_rows (what to do with rows that a
    filter hides: READ or LEAVE_OUT), and those of survey.py about the rows of a known format; an answer to
    category_values is JSON: cell → category, or null. `field` is the field it is about, or "", `suggestion` the value
    of the likeliest choice or "", never chosen without a person, and `rows` how many rows depend on it (0: all).
    """

    id: str
    kind: str
    field: str
    text: str
    choices: tuple[Choice, ...]
    suggestion: str = ""
    rows: int = 0


def with_answers(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What was answered before, and what is said now, which counts where both say something; about categories each of
    a file's for itself."""
    found = {**before, **given}
    earlier, later = (_values(answers.get(CATEGORY_VALUES, "")) for answers in (before, given))
    if earlier and later:
        found[CATEGORY_VALUES] = json.dumps({**earlier, **later}, ensure_ascii=False)
    return found


def _values(answer: str) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}
    return {}


def answer_to(question: Question, answers: Mapping[str, str]) -> str:
    """The value of the choice that was made; "" where none was, or one that there isn't."""
    answer = answers.get(question.id, "")
    return answer if any(choice.value == answer for choice in question.choices) else ""


def refusal(question: Question) -> str:
    """The question with what to do, where nobody can be asked at once."""
    if question.kind in ("price_from", "stock_from", "column"):
        return f"{question.text} Choose it in the preview, or rename or remove the columns that are something else."
    return question.text

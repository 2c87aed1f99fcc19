"""What would happen in one sentence, and what the button says, by the counts of a dry run."""

from typing import Any

import pytest

from uploads.models import Job
from uploads.preview import outlook

CONTENTS = {"size": 100, "sha256": "", "lines": 20}
LARGE = CONTENTS | {"lines": 2_000_000}
NO_QUESTIONS: dict[str, Any] = {
    "encoding": "utf-8", "delimiter": ",", "headers": ["sku"], "notes": [],
    "mapping": {"fields": {}, "ignored": [], "missing": []}, "first_row": {"offset": 0, "row_number": 0},
}  # fmt: skip


def asks(count: int) -> dict[str, Any]:
    question = {"kind": "empty_sku", "field": "sku", "text": "?", "choices": []}
    return NO_QUESTIONS | {"questions": [{"id": str(number), **question} for number in range(count)]}


def of(
    result: dict[str, Any], state: str = "done", mode: str = "upsert", questions: int = 0, looked: bool = True,
    contents: dict[str, Any] = CONTENTS, done: int = 0,
) -> outlook.Outlook:  # fmt: skip
    layout = asks(questions)
    found = {"looked": {"asked": "", "layout": layout, "left_out": {}}} if looked else {}
    parameters = {"contents": contents, "mode": mode, "layout": layout, **found}
    return outlook.of(Job(kind="dry_run", state=state, result=result, parameters=parameters, done=done, total=10))


@pytest.mark.parametrize(
    ("result", "more", "sentence", "button", "gets_in"),
    [
        (
            {"inserted": 16, "skipped": 6, "left_out": {"picture": 6}}, {"questions": 2},
            "Of 22 rows, 16 products would be added; 6 picture rows are left out; 2 questions are open.", "", False,
        ),
        ({"inserted": 10, "error": 30}, {}, "Of 40 rows, 10 products would be added; 30 rows have errors.",
         "Import 10 products, leave 30", True),
        ({"updated": 1}, {}, "Of 1 row, 1 product would be updated.", "Update 1 product", True),
        ({"inserted": 1, "updated": 2}, {}, "Of 3 rows, 1 product would be added; 2 products would be updated.",
         "Import 3 products", True),
        ({"error": 30}, {}, "Of 30 rows, nothing would be imported: 30 rows have errors.", "Import nothing, leave 30",
         False),
        ({"unchanged": 5}, {}, "Of 5 rows, nothing would change: 5 products stay as they are.", "Import nothing",
         False),
        ({"unchanged": 5, "absent": 3}, {"mode": "replace"},
         "Of 5 rows, 5 products stay as they are; 3 products aren’t in it.",
         "Replace the catalog, without 3 products", True),
        ({"inserted": 2, "skipped": 1}, {"mode": "add"},
         "Of 3 rows, 2 products would be added; 1 row is left alone (in the catalog already).",
         "Import 2 products, leave 1", True),
        (
            {"inserted": 1, "skipped": 3, "left_out": {"picture": 1, "gift_card": 2}}, {},
            "Of 4 rows, 1 product would be added; 3 rows are left out (1 picture row and 2 rows of gift cards).",
            "Import 1 product", True,
        ),
        ({"open": 2, "skipped": 1, "left_out": {"picture": 1}}, {"questions": 1},
         "Of 3 rows, 2 rows wait for an answer; 1 picture row is left out; 1 question is open.", "", False),
        ({"inserted": 2000}, {"state": "running", "done": 2000}, "Of the first 2,000 rows, 2,000 products would be "
         "added.", "Import all that is right", False),
        ({"inserted": 2000, "cut_short": True}, {}, "Of the first 2,000 rows, 2,000 products would be added.",
         "Import all that is right", True),
        ({}, {"state": "waiting", "looked": False, "questions": 1},
         "The whole file is being tried; 1 question is open.", "", False),
        ({}, {"state": "waiting", "looked": False}, "The whole file is being tried.", "Import all that is right",
         False),
        ({}, {"state": "failed", "looked": False, "contents": LARGE}, "The whole file couldn’t be tried.", "", False),
    ],
)  # fmt: skip
def test_a_sentence_says_what_would_happen_and_the_button_what_it_does(
    result: dict[str, Any], more: dict[str, Any], sentence: str, button: str, gets_in: bool
) -> None:
    found = of(result, **more)
    assert (found.sentence, found.button, found.gets_in, found.wait) == (sentence, button, gets_in, "")


def test_a_large_file_can_be_sent_when_all_its_rows_were_looked_at() -> None:
    waiting = of({"looking": 43}, "running", looked=False, contents=LARGE)
    assert waiting.wait == "The whole file is still being looked at (43 %). You can import it then."
    assert waiting.button == ""
    assert of({}, "running", contents=LARGE).button == "Import all that is right"


def test_how_far_it_is_never_goes_back() -> None:
    steps: list[tuple[dict[str, Any], bool, int]] = [
        ({}, False, 0), ({"looking": 50}, False, 0), ({"looking": 99}, False, 0), ({}, True, 0), ({}, True, 5),
        ({}, True, 30),
    ]  # fmt: skip
    found = []
    for result, looked, done in steps:
        parameters: dict[str, Any] = {"looked": {"asked": "", "layout": NO_QUESTIONS, "left_out": {}}} if looked else {}
        parameters |= {"contents": CONTENTS}
        job = Job(kind="dry_run", state="running", result=result, parameters=parameters, done=done, total=10)
        found.append(outlook.percent(job))
    assert found == [0, 25, 49, 50, 75, 99]

"""What the form of a preview says when it comes back."""

from dataclasses import replace

import pytest

from uploads.feed.parser import Reading
from uploads.preview.form import Confirmation, fingerprint

COLUMNS = {"shape": "2.1", "column-0": "sku", "column-1": "", "encoding": "cp1252"}
READ = Reading("cp1252", "", ("sku", ""), "2.1")


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({}, Confirmation("", None, "upsert", "", remember=False, notify=False)),
        ({"token": "t", "mode": "add"}, Confirmation("t", None, "add", "", remember=False, notify=False)),
        ({"mode": "shown"}, Confirmation("", None, "update", "", remember=False, notify=False, shown=True)),
        ({"notify": "on"}, Confirmation("", None, "upsert", "", remember=False, notify=True)),
        ({"mode": "swap", "encoding": "cp1252"}, Confirmation("", None, "upsert", "", False, False)),
        (
            COLUMNS | {"token": "t", "seen": "s", "remember": "on", "notify": "on"},
            Confirmation("t", READ, "upsert", "s", remember=True, notify=True),
        ),
        (COLUMNS | {"column-3": "price"}, Confirmation("", READ, "upsert", "", False, False)),
        (
            COLUMNS | {"answer-currency": "EUR", "answer-stock_from": ""},
            Confirmation("", replace(READ, answers={"currency": "EUR"}), "upsert", "", False, False),
        ),
    ],
    ids=[
        "nothing",
        "only the file",
        "the mode that shows",
        "one box",
        "no such mode",
        "everything",
        "columns after a gap",
        "answers",
    ],
)
def test_the_form_is_understood_as_it_was_filled_in(posted: dict[str, str], said: Confirmation) -> None:
    assert Confirmation.from_post(posted) == said


def test_what_was_previewed_was_seen_and_nothing_else() -> None:
    seen = COLUMNS | {"mode": "add", "seen": fingerprint(READ, "add")}
    assert Confirmation.from_post(seen).was_seen
    for change in (
        {"column-1": "price"},
        {"mode": "upsert"},
        {"encoding": ""},
        {"seen": ""},
        {"answer-currency": "EUR"},
    ):
        assert not Confirmation.from_post(seen | change).was_seen, change


def test_a_mode_that_the_file_shows_is_not_the_one_that_was_chosen() -> None:
    shown = COLUMNS | {"mode": "shown", "seen": fingerprint(READ, "shown")}
    assert Confirmation.from_post(shown).was_seen
    assert not Confirmation.from_post(shown | {"mode": "update"}).was_seen

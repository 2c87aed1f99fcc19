"""What people see at a terminal while an upload runs and when it has ended."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerDown

from config.celery import app
from uploads.insight import progress
from uploads.insight.progress import ErrorKind, Progress
from uploads.management import terminal
from uploads.models import UploadHistory

NO_WORKER = "No worker answers; the upload waits for one. Start it with: make up"
NO_REDIS = "Redis isn't reachable; the upload waits for it."
NO_DATABASE = "PostgreSQL isn't reachable; the upload waits for it."


def _state(errors: tuple[ErrorKind, ...] = (), **facts: Any) -> Progress:
    upload = UploadHistory(**{"upload_id": "UPLOAD_1", "file_name": "feed.csv", **facts})
    return Progress(upload, 0.0, 2.5, errors)


RUNNING = _state()
MOVED = _state(staged_rows=10)
ENDED = _state(status="completed", file_rows=10, total_records=10, valid_records=10, inserted_records=10)


class Scene:
    """A follow-up in which time passes only when the code sleeps: what each look at the upload finds is written down.

    The last state is found for good; each earlier one for so many seconds.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.found: Iterator[Progress | Exception] = iter(())
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep)
        monkeypatch.setattr(terminal, "time", clock)
        monkeypatch.setattr(progress, "of", self._look)
        monkeypatch.setattr(terminal, "connection", SimpleNamespace(close=lambda: None))
        self.out = io.StringIO()

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _look(self, upload_id: str) -> Progress:
        found = next(self.found)
        if isinstance(found, Exception):
            raise found
        return found

    def play(self, *acts: tuple[Progress | Exception, float]) -> list[str]:
        """What is said while each state lasts its seconds, until the upload has ended."""
        looks = [state for state, seconds in acts for _ in range(round(seconds / terminal.POLL_SECONDS))]
        self.found = iter([*looks, ENDED])
        assert terminal.follow("UPLOAD_1", self.out) is ENDED
        return self.out.getvalue().splitlines()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Nobody has looked at the upload yet; no worker answers."""
    monkeypatch.setattr(app.control, "ping", lambda **_: [])
    return Scene(monkeypatch)


# --- while it runs ---------------------------------------------------------------------------------------------


def test_an_upload_that_moves_is_followed_to_its_end_without_a_word(scene: Scene) -> None:
    assert scene.play((RUNNING, 4), (MOVED, 4)) == []


def test_a_standstill_without_a_worker_is_asked_about_and_explained_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def silence(**question: object) -> list[object]:
        asked.append(question)
        return []

    monkeypatch.setattr(app.control, "ping", silence)
    assert scene.play((RUNNING, 60)) == [NO_WORKER]
    assert len(asked) == 1


def test_each_new_standstill_is_explained_again(scene: Scene) -> None:
    assert scene.play((RUNNING, 10), (MOVED, 10)) == [NO_WORKER, NO_WORKER]


def test_a_standstill_with_a_worker_at_work_says_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.control, "ping", lambda **_: [{"worker@here": {"ok": "pong"}}])
    assert scene.play((RUNNING, 60)) == []


@pytest.mark.parametrize("error", [BrokerDown("refused"), ConnectionRefusedError()])
def test_a_standstill_without_redis_names_redis(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(app.control, "ping", refuse)
    assert scene.play((RUNNING, 10)) == [NO_REDIS]


def test_a_database_that_is_away_is_named_once_and_waited_for(scene: Scene) -> None:
    assert scene.play((RUNNING, 1), (OperationalError("refused"), 60), (MOVED, 1)) == [NO_DATABASE]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_a_bar_moves_and_shows_vendors_text_as_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    scene.out = Screen()
    reason = "The column [/price] is missing."
    failing = replace(_state(status="failed", failure_reason=reason), fraction=1.0)
    scene.found = iter([RUNNING, failing])
    assert terminal.follow("UPLOAD_1", scene.out) is failing
    assert "The column [/price] is missing." in scene.out.getvalue()
    assert "100%" in scene.out.getvalue()


# --- when it has ended -----------------------------------------------------------------------------------------


def _outcome(state: Progress) -> list[str]:
    out = io.StringIO()
    terminal.print_outcome(state, out)
    return [" ".join(line.replace("│", " ").replace("┃", " ").split()) for line in out.getvalue().splitlines()]


def test_the_numbers_of_an_upload_are_shown_with_what_became_of_its_rows() -> None:
    shown = _outcome(
        _state(
            status="completed", file_rows=2000, inserted_records=1500, updated_records=300, unchanged_records=100,
            error_records=100,
        )
    )  # fmt: skip
    assert shown[0] == "UPLOAD_1: completed"
    for text in (
        "Rows in the file 2,000", "Inserted 1,500", "Updated 300", "Unchanged 100", "Rows with errors 100",
        "Seconds 2.5",
    ):  # fmt: skip
        assert text in shown
    assert not [text for text in shown if "Superseded" in text or "Error report" in text]


def test_rows_that_a_newer_upload_overtook_are_shown_where_there_are_some() -> None:
    assert "Superseded by a newer upload 3" in _outcome(_state(status="completed", superseded_records=3))


def test_errors_are_shown_by_type_with_an_example_and_the_way_to_the_report() -> None:
    kind = ErrorKind("invalid_price", 1200, 17, 19, "The price is not a number.", "")
    shown = _outcome(_state((kind,), status="completed", error_records=1200, error_report_key="reports/VEND001/r.csv"))
    assert "invalid_price 1,200 row 17 (line 19) The price is not a number." in shown
    assert any("Error report: reports/VEND001/r.csv in the bucket" in text for text in shown)


def test_a_failed_upload_is_one_line_with_the_reason() -> None:
    state = _state(status="failed", failure_reason="The file has no header.")
    assert _outcome(state) == ["feed.csv failed: The file has no header."]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bold]cheap[/bold]", "[bold]cheap[/bold]"),
        ("[/]", "[/]"),
        ("[/nothing] [red", "[/nothing] [red"),
        ("[link=http://x.example]free[/link]", "[link=http://x.example]free[/link]"),
        ("back\\", "back\\"),
        ("red\x1b[31m\x07\r", "red�[31m��"),
        ("Übergröße 🎉 日本", "Übergröße 🎉 日本"),
    ],
)
@pytest.mark.parametrize("place", ["message", "file name", "reason"])
def test_what_vendors_wrote_is_shown_as_text_whatever_it_is(place: str, text: str, shown: str) -> None:
    quoted = f"x {text} x"
    states: dict[str, Callable[[], Progress]] = {
        "message": lambda: _state((ErrorKind("invalid_price", 1, 1, None, quoted, ""),), status="completed"),
        "file name": lambda: _state(status="failed", file_name=quoted),
        "reason": lambda: _state(status="failed", failure_reason=quoted),
    }
    assert f"x {shown} x" in "\n".join(_outcome(states[place]()))

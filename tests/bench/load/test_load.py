"""`make load` itself: it sees what is lost and what fails, and a short run of it goes well."""

import subprocess
import sys
from dataclasses import replace

import pytest

from config.embedded import processes
from tests.bench.load import verdict
from tests.bench.load.browsers import NO_ANSWER, Asked, form_of
from tests.bench.load.run import Seen
from tests.bench.load.senders import Plan, Sent
from tests.bench.load.verdict import Outcome, percentile
from tests.bench.load.watching import Behind, Watched

SENT = Sent("U1", "LOAD001", 100)
RIGHT = Outcome("U1", "completed", 100, 100, 95, 5, 100, 5)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([RIGHT], ""),
        ([], "U1 was opened, its sender was told, and it isn't there."),
        ([replace(RIGHT, status="processing", total=60)], "U1 is processing, with 60 of 100 rows."),
        ([replace(RIGHT, file_rows=99)], "U1 had 100 rows and has "),
        ([replace(RIGHT, valid=94)], "U1 had 100 rows and has "),
        ([replace(RIGHT, in_ledger=99)], "U1 had 100 rows and has "),
        ([replace(RIGHT, with_errors=4)], "U1 counts 5 rows with errors and names 4."),
        ([RIGHT, replace(RIGHT, upload_id="U2")], "U2 is there, and no sender was told."),
    ],
)
def test_what_is_lost_is_seen(found: list[Outcome], said: str) -> None:
    assert [sentence.startswith(said) for sentence in verdict.lost([SENT], found)] == [True] * bool(said)


def _seen(*loaded: Asked, caught_up: float | None = 70.0) -> Seen:
    watched = Watched([Behind(1.0, 0.5, 1, 0), Behind(61.0, 2.5, 1, 9)], {("web", 7): 40.0}, {"web": 9.0})
    return Seen([], [Asked(0.0, "vendor: home", 200, 0.02)], list(loaded), watched, 0.0, 60.0, caught_up)


@pytest.mark.parametrize(
    ("asked", "failed"),
    [
        (Asked(1.0, "vendor: home", 200, 0.1), False), (Asked(1.0, "vendor: home", 403, 0.1), False),
        (Asked(1.0, "vendor: home", 500, 0.1), True), (Asked(1.0, "staff: work", 503, 0.1), True),
        (Asked(1.0, "vendor: home", NO_ANSWER, 0.1), True),
    ],
)  # fmt: skip
def test_an_error_of_ours_or_no_answer_fails_the_run(asked: Asked, failed: bool) -> None:
    plan = Plan(100, 30.0, 1000, sent=[SENT])
    assert bool(verdict.wrong(plan, _seen(asked), [RIGHT])) is failed


def test_so_do_files_that_were_not_taken_and_work_that_is_never_done() -> None:
    plan = Plan(100, 30.0, 1000, sent=[SENT], refused=["LOAD002: 200 This file is empty."])
    assert verdict.wrong(plan, _seen(caught_up=None), [RIGHT]) == [
        "A file wasn't taken. LOAD002: 200 This file is empty.", "It didn't catch up.",
    ]  # fmt: skip


def test_what_was_seen_is_said() -> None:
    plan = Plan(100, 30.0, 1000, sent=[SENT], begun_rows=140)
    said = verdict.said(plan, _seen(Asked(2.0, "vendor: home", 200, 0.3)), [RIGHT])
    assert "1 files, 100 rows = 95 committed + 5 errors; 0 uploads with something lost" in said[0]
    assert "140 rows in 70 s, 2 rows a second" in said[1]
    assert said[3].endswith("1 asked, median   20 ms, 95%   20 ms, slowest 20 ms")
    assert said[4].endswith("1 asked, median  300 ms, 95%  300 ms, slowest 300 ms; goal 95% < 500 ms ✓")
    assert "  most by minute 0.5, 2.5 s" in said
    assert "memory, most    web: 40 MB" in said


def test_a_percentile_is_a_value_that_was_there() -> None:
    assert [percentile(range(1, 101), percent) for percent in (50, 95, 100)] == [50, 95, 100]
    assert (percentile([7.0], 95), percentile([], 95)) == (7.0, 0.0)


def test_a_form_is_sent_as_it_stands_on_the_page() -> None:
    page = """<form id="other"><input name="x" value="1"></form>
      <form id="it"><input type="hidden" name="token" value="a&amp;b"><input type="radio" name="mode" value="add">
      <input type="radio" name="mode" value="upsert" checked><input type="checkbox" name="remember" checked>
      <select name="c"><option value="">none</option><option value="sku" selected>SKU</option></select>
      <select name="d"><option value="first">1</option><option>2</option></select>
      <button name="confirm" value="1">Start</button></form><input name="outside" value="1">"""
    assert form_of(page, "it") == {"token": "a&b", "mode": "upsert", "remember": "on", "c": "sku", "d": "first"}


@pytest.mark.usefixtures("real_processes")
def test_a_short_run_loses_nothing_and_says_what_it_saw() -> None:
    command = ["-m", "tests.bench.load", "--vendors", "2", "--minutes", "0.1", "--rows", "60", "--every", "3"]
    done = subprocess.run(
        [sys.executable, *command], cwd=processes.ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("sent ", "pages, quiet", "pages, loaded", "stream behind", "catching up", "memory, most    web"):
        assert line in done.stdout
    assert "0 uploads with something lost" in done.stdout

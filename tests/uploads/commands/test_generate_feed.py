"""generate_feed: the same arguments give the same bytes, and the bundled feeds are its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import processes
from tests.uploads.commands.ended import Run

FIXTURES = processes.ROOT / "uploads" / "fixtures"


@pytest.mark.parametrize(
    ("fixture", "arguments"),
    [
        ("demo_vend001.csv", "--rows 2000 --vendor VEND001 --error-rate 0.05 --seed 1 --other-vendor VEND002"),
        ("demo_vend002.csv", "--rows 50 --vendor VEND002 --error-rate 0 --seed 2"),
    ],
)
def test_the_bundled_feeds_are_what_the_command_makes(run: Run, tmp_path: Path, fixture: str, arguments: str) -> None:
    done = run("generate_feed", *arguments.split(), "-o", str(tmp_path / "feed.csv"))
    assert done.status == 0
    assert (tmp_path / "feed.csv").read_bytes() == (FIXTURES / fixture).read_bytes()


def test_the_same_arguments_give_the_same_bytes_in_a_file_and_on_standard_output(run: Run, tmp_path: Path) -> None:
    arguments = ["generate_feed", "--rows", "40", "--error-rate", "0.5", "-o"]
    done = run(*arguments, str(tmp_path / "feed.csv"))
    assert done.out == f"{tmp_path / 'feed.csv'}: 40 rows, 20 of them with an error.\n"
    assert run(*arguments, "-").out.encode() == (tmp_path / "feed.csv").read_bytes()
    assert run(*arguments, "-", "--seed", "2").out.encode() != (tmp_path / "feed.csv").read_bytes()


@pytest.mark.parametrize(
    "arguments", ["--rows 0", "--rows -5", "--error-rate 1.5", "--error-rate -0.1", "--error-rate nan"]
)
def test_numbers_that_make_no_feed_are_refused(run: Run, tmp_path: Path, arguments: str) -> None:
    done = run("generate_feed", *arguments.split(), "-o", str(tmp_path / "feed.csv"))
    assert (done.status, done.err) == (1, "--rows must be at least 1 and --error-rate between 0 and 1.")
    assert not (tmp_path / "feed.csv").exists()


def test_a_file_that_cannot_be_written_is_named_with_the_reason(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "no" / "feed.csv"
    assert run("generate_feed", "-o", str(missing)).err == f"{missing} can't be written: No such file or directory."
    assert run("generate_feed", "-o", str(tmp_path)).err == f"{tmp_path} can't be written: Is a directory."


def test_a_reader_that_has_seen_enough_ends_the_command_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "manage.py", "generate_feed", "--rows", "5000", "-o", "-"],
        cwd=processes.ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")

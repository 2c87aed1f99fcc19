"""import_feed as people and scripts use it: what it prints, how it ends, and what it leaves behind."""

import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped] # no types of its own
import pytest
from django.conf import settings as django_settings
from django.db import connection

from config.embedded import processes
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.uploads.commands.ended import Run, answers
from uploads.aws import storage
from uploads.insight import progress
from uploads.management import terminal
from uploads.models import UploadHistory
from vendors.models import Vendor


def _stored() -> set[str]:
    """The names of all feeds in storage."""
    folders, _ = storage.listing("feeds")
    return {name for folder in folders for name in storage.listing(f"feeds/{folder}")[1]}


# --- import_feed: files that are refused -----------------------------------------------------------------------


def _workbook() -> bytes:
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty."),
    "header only": (f"{HEADER}\n".encode(), "The file has a header but no rows below it."),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "a PNG image"),
    "workbook": (_workbook(), "nothing in its visible sheets"),
    "without a header": (feed(line(1)).replace(HEADER, "name,b,c,d").encode(), "The header has no column for"),
}


@pytest.fixture
def refusing(vendor: Vendor, bucket: None, run: Run) -> Callable[[Path | str], str]:
    """Imports a file for VEND001, sees that it was refused and left nothing, and returns the sentence."""

    def attempt(file: Path | str, vendor_id: str = vendor.vendor_id) -> str:
        before = _stored()
        done = run("import_feed", str(file), "--vendor", vendor_id)
        assert (done.status, done.out) == (1, "")
        assert done.err.count("\n") == 0
        assert done.err.endswith(".")
        assert not UploadHistory.objects.exists()
        assert _stored() == before
        return done.err

    return attempt


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_is_no_feed_is_refused_with_one_sentence_and_leaves_nothing(
    refusing: Callable[..., str], tmp_path: Path, kind: str
) -> None:
    content, sentence = REFUSED[kind]
    file = tmp_path / "feed.csv"
    file.write_bytes(content)
    said = refusing(file)
    assert said.startswith("feed.csv: ")
    assert sentence in said


def test_a_missing_file_is_named(refusing: Callable[..., str], tmp_path: Path) -> None:
    assert refusing(tmp_path / "nothing.csv") == f"There is no file {tmp_path / 'nothing.csv'}."


def test_a_folder_is_not_taken_for_a_file(refusing: Callable[..., str], tmp_path: Path) -> None:
    assert refusing(tmp_path) == f"{tmp_path} is a folder, not a file."


def test_a_pipe_is_refused_since_it_can_be_read_only_once(refusing: Callable[..., str]) -> None:
    reading, writing = os.pipe()
    try:
        assert "is a pipe" in refusing(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
        os.close(writing)


def test_an_unknown_vendor_is_named(refusing: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text(feed(line(1)))
    assert refusing(tmp_path / "feed.csv", "NOBODY") == "feed.csv: There is no vendor NOBODY."


def test_a_suspended_vendor_cannot_send(refusing: Callable[..., str], tmp_path: Path, vendor: Vendor) -> None:
    Vendor.objects.update(status=Vendor.Status.SUSPENDED)
    (tmp_path / "feed.csv").write_text(feed(line(1)))
    assert "VEND001 is suspended" in refusing(tmp_path / "feed.csv")


def test_a_file_over_the_size_limit_is_refused_with_the_limit(
    refusing: Callable[..., str], tmp_path: Path, settings: Any
) -> None:
    settings.MAX_FILE_BYTES = 2 * 1024 * 1024
    with (tmp_path / "feed.csv").open("wb") as file:
        file.write(feed(line(1)).encode())
        file.truncate(2 * 1024 * 1024 + 1)
    assert refusing(tmp_path / "feed.csv") == (
        "feed.csv: The file is larger than 2 MB. Split it into several files."
    )  # fmt: skip


def test_a_file_with_too_many_rows_is_refused_with_the_limit(
    refusing: Callable[..., str], tmp_path: Path, settings: Any
) -> None:
    settings.MAX_FILE_ROWS = 3
    (tmp_path / "feed.csv").write_text(feed(*map(line, range(4))))
    assert refusing(tmp_path / "feed.csv") == "feed.csv: The file has more than 3 rows. Split it."


def test_a_file_with_exactly_as_many_rows_as_allowed_is_taken(
    vendor: Vendor, bucket: None, run: Run, tmp_path: Path, settings: Any
) -> None:
    settings.MAX_FILE_ROWS = 3
    (tmp_path / "feed.csv").write_text(feed(*map(line, range(3))))
    assert run("import_feed", str(tmp_path / "feed.csv"), "--vendor", "VEND001").status == 0


def test_a_vendor_must_be_named(run: Run, tmp_path: Path) -> None:
    done = run("import_feed", str(tmp_path / "feed.csv"))
    assert done.status == 1
    assert "--vendor" in done.err


MEASURED = """
    import resource, sys
    import django
    django.setup()
    from uploads.management.commands import import_feed
    import manage
    unit = 1 if sys.platform == "darwin" else 1024
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    before = peak()
    try:
        manage.main()
    finally:
        print((peak() - before) // 1_000_000)
"""


def test_one_endless_line_is_refused_in_little_memory(
    transactional_db: None, vendor: Vendor, bucket: None, tmp_path: Path
) -> None:
    with (tmp_path / "feed.csv").open("wb") as file:
        for _ in range(300):
            file.write(b"endless;line" * 83_334)
    database = {**django_settings.DATABASES["default"], "NAME": connection.settings_dict["NAME"]}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURED),
         "import_feed", str(tmp_path / "feed.csv"), "--vendor", "VEND001"],
        cwd=processes.ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
             "SECRET_KEY": "test", "PRODUCTION": "0",
             "DJANGO_SETTINGS_MODULE": "config.settings", "MAX_FILE_BYTES": "400000000"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: feed.csv: ")
    assert done.stderr.count("\n") == 1
    assert int(done.stdout) < 50
    assert not UploadHistory.objects.exists()


# --- import_feed: files that are taken -------------------------------------------------------------------------


@pytest.fixture
def worker(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Whoever follows an upload finds it worked on, as with a worker beside."""

    def follow(upload_id: str, out: object) -> progress.Progress:
        pipeline.stage(UploadHistory.objects.get(upload_id=upload_id))
        pipeline.settle()
        return progress.of(upload_id)

    monkeypatch.setattr(terminal, "follow", follow)
    return pipeline


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    """A feed of three good rows and two with the same kind of error."""
    file = tmp_path / "mixed.csv"
    file.write_text(feed(line(1), line(2, price="free"), line(3), line(4, price="soon"), line(5)))
    return str(file)


def test_an_upload_with_row_errors_is_a_success_and_its_outcome_is_shown(
    worker: Pipeline, run: Run, mixed: str
) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait")
    assert (done.status, done.err) == (0, "")
    shown = [" ".join(text.replace("│", " ").split()) for text in done.out.splitlines()]
    for text in ("Rows in the file 5", "Inserted 3", "Rows with errors 2"):
        assert text in shown
    assert any(text.startswith("invalid_price 2 row 2 (line 3) ") for text in shown)
    assert f"Error report: {UploadHistory.objects.get().error_report_key}" in done.out


@pytest.mark.parametrize(
    ("allowed", "status"),
    [
        (["--fail-on-errors"], 4),
        (["--fail-on-errors=39.9"], 4),
        (["--fail-on-errors=40"], 0),
        (["--fail-on-errors", "100"], 0),
    ],
)
def test_a_script_says_how_many_errors_it_takes(
    worker: Pipeline, run: Run, mixed: str, allowed: list[str], status: int
) -> None:
    assert run("import_feed", mixed, "--vendor", "VEND001", *allowed).status == status
    assert UploadHistory.objects.get().status == "completed"


@pytest.mark.parametrize("percent", ["x", "-1", "101", "nan"])
def test_what_is_no_percentage_is_refused(run: Run, mixed: str, percent: str) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001", f"--fail-on-errors={percent}")
    assert done.status != 0
    assert "expected a number from 0 to 100" in done.err


def test_the_wrong_rows_are_fetched_as_a_file_that_can_be_sent_back(
    worker: Pipeline, run: Run, mixed: str, tmp_path: Path
) -> None:
    report = tmp_path / "wrong.csv"
    done = run("import_feed", mixed, "--vendor", "VEND001", "--report", str(report))
    assert (done.status, done.err) == (0, "")
    found = report.read_text(encoding="utf-8-sig").splitlines()
    assert (len(found), found[1].startswith("P-2,"), "invalid_price" in found[1]) == (3, True, True)
    report.write_text(report.read_text().replace("free", "9.99").replace("soon", "9.99"))
    run("import_feed", str(report), "--vendor", "VEND001", "--report", str(report), "--fail-on-errors")
    assert len(report.read_text().splitlines()) == 1, "of an upload without errors there is the header"


def test_a_report_that_cannot_be_written_is_said(worker: Pipeline, run: Run, mixed: str, tmp_path: Path) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001", "--report", str(tmp_path / "no" / "wrong.csv"))
    assert (done.status, "can't be written" in done.err) == (1, True)


def test_programs_get_one_json_object_with_every_number(worker: Pipeline, run: Run, mixed: str) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait", "--json")
    outcome = json.loads(done.out)
    upload = UploadHistory.objects.get()
    assert (done.status, done.err) == (0, "")
    assert outcome.pop("seconds") >= 0
    reading = outcome.pop("reading")
    assert (reading["encoding"], reading["delimiter"], reading["header_line"]) == ("utf-8", ",", 1)
    assert (reading["columns"]["price"], reading["ignored"], reading["remembered"]) == ("price", [], "")
    assert outcome == {
        "upload_id": upload.upload_id,
        "status": "completed",
        "result": "partly_imported",
        "file_rows": 5,
        "total_records": 5,
        "valid_records": 3,
        "error_records": 2,
        "open_records": 2,
        "ignored_records": 0,
        "closed_records": 0,
        "inserted": 3,
        "updated": 0,
        "unchanged": 0,
        "superseded": 0,
        "skipped": 0,
        "retired": 0,
        "absent": 0,
        "absent_state": "",
        "absent_to": "",
        "absent_why": "",
        "errors_by_type": {"invalid_price": 2},
        "error_examples": [
            {
                "code": "invalid_price",
                "count": 2,
                "row_number": 2,
                "line_number": 3,
                "place": "row 2 (line 3)",
                "message": "“free” is not a price. Write a number such as 1299.00.",
                "suggestion": "",
            }
        ],
        "warning_records": 0,
        "warnings": 0,
        "warnings_by_type": {},
        "warning_examples": [],
        "sheet": "",
        "encoding": "utf-8",
        "encoding_reason": "",
        "delimiter": ",",
        "notes": [],
        "error_report": upload.error_report_key,
        "failure_reason": "",
        "guard": "",
        "held_for": [],
        "held_until": None,
    }


def test_an_upload_that_failed_gives_its_reason_and_exit_status_1(
    worker: Pipeline, run: Run, mixed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = terminal.follow

    def lose_the_file(upload_id: str, out: Any) -> progress.Progress:
        storage.delete(UploadHistory.objects.get(upload_id=upload_id).storage_key)
        return follow(upload_id, out)

    monkeypatch.setattr(terminal, "follow", lose_the_file)
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait")
    assert done.status == 1
    assert done.out.endswith("\nmixed.csv failed: The stored file is gone. Send it again.\n")
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait", "--json")
    assert done.status == 1
    assert json.loads(done.out)["failure_reason"] == "The stored file is gone. Send it again."


def test_without_wait_the_uploads_id_is_printed_at_once(vendor: Vendor, bucket: None, run: Run, mixed: str) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001")
    upload = UploadHistory.objects.get()
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Read as UTF-8, with a comma between cells.",
        "Columns: product ID, product name, category, SKU, brand, description, price, stock quantity.",
        f"{upload.upload_id} is open; the workers go on with it.",
    ]
    assert (upload.status, upload.file_name) == ("processing", "mixed.csv")

    state = json.loads(run("import_feed", mixed, "--vendor", "VEND001", "--json").out)
    assert (state["status"], state["file_rows"], state["total_records"]) == ("processing", None, 0)


def test_the_same_file_again_is_mentioned_and_goes_on_where_nobody_can_be_asked(
    vendor: Vendor, bucket: None, run: Run, mixed: str
) -> None:
    run("import_feed", mixed, "--vendor", "VEND001")
    first = UploadHistory.objects.get()
    done = run("import_feed", mixed, "--vendor", "VEND001")
    assert done.status == 0
    assert done.err.startswith(f"This file was sent before, as {first.upload_id} on ")
    assert UploadHistory.objects.count() == 2


@pytest.mark.parametrize(("answer", "status", "uploads"), [("y", 0, 2), ("YES ", 0, 2), ("n", 1, 1), ("", 1, 1)])
def test_at_a_terminal_the_same_file_again_is_asked_about(
    vendor: Vendor, bucket: None, run: Run, mixed: str, monkeypatch: pytest.MonkeyPatch,
    answer: str, status: int, uploads: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    asked = answers(monkeypatch, answer)
    run("import_feed", mixed, "--vendor", "VEND001")
    assert asked == []
    done = run("import_feed", mixed, "--vendor", "VEND001")
    assert "was sent before" in asked[0]
    assert (done.status, UploadHistory.objects.count()) == (status, uploads)
    assert done.err == ("Nothing was imported." if status else "")


def test_with_yes_nothing_is_asked(
    vendor: Vendor, bucket: None, run: Run, mixed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    asked = answers(monkeypatch, "no")
    for _ in range(2):
        assert run("import_feed", mixed, "--vendor", "VEND001", "--yes").status == 0
    assert asked == []


def test_the_same_file_of_another_vendor_is_nothing_special(
    vendor: Vendor, other_vendor: Vendor, bucket: None, run: Run, mixed: str
) -> None:
    run("import_feed", mixed, "--vendor", "VEND001")
    assert run("import_feed", mixed, "--vendor", "VEND002").err == ""

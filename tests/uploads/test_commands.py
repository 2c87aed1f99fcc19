"""The commands as people and scripts use them: what they print, how they end, and what they leave behind."""

import contextlib
import io
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped] # no types of its own
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from catalog.models import ProductCategory
from config import processes
from config.celery import app
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from uploads import dynamo, progress, storage, terminal, wire
from uploads.management.commands import verify_setup
from uploads.models import UploadHistory
from vendors.models import Vendor

FIXTURES = processes.ROOT / "uploads" / "fixtures"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as manage.py does: an error it reports goes to standard error, with exit status 1."""

    def command(*arguments: str) -> Done:
        out, err, status = io.StringIO(), io.StringIO(), 0
        try:
            call_command(*arguments, stdout=out, stderr=err)
        except CommandError as error:
            err.write(str(error))
            status = error.returncode
        except SystemExit as ended:
            status = int(ended.code or 0)
        shown = capsys.readouterr()
        return Done(status, out.getvalue() + shown.out, err.getvalue() + shown.err)

    return command


def _answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Somebody answers what is asked; returns the list that the questions go to."""
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("builtins.input", reply)
    return asked


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
    "without a price": (feed(line(1)).replace(",price", ",cost").encode(), "price"),
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
             "SECRET_KEY": "test", "DJANGO_SETTINGS_MODULE": "config.settings", "MAX_FILE_BYTES": "400000000"},
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
    assert any(text.startswith("invalid_price 2 2 ") for text in shown)
    assert f"Error report: {UploadHistory.objects.get().error_report_key}" in done.out


def test_programs_get_one_json_object_with_every_number(worker: Pipeline, run: Run, mixed: str) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait", "--json")
    outcome = json.loads(done.out)
    upload = UploadHistory.objects.get()
    assert (done.status, done.err) == (0, "")
    assert outcome.pop("seconds") >= 0
    assert outcome == {
        "upload_id": upload.upload_id,
        "status": "completed",
        "file_rows": 5,
        "total_records": 5,
        "valid_records": 3,
        "error_records": 2,
        "inserted": 3,
        "updated": 0,
        "unchanged": 0,
        "superseded": 0,
        "skipped": 0,
        "errors_by_type": {"invalid_price": 2},
        "error_report": upload.error_report_key,
        "failure_reason": "",
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
    assert (done.status, done.out) == (1, "mixed.csv failed: The stored file is gone. Send it again.\n")
    done = run("import_feed", mixed, "--vendor", "VEND001", "--wait", "--json")
    assert done.status == 1
    assert json.loads(done.out)["failure_reason"] == "The stored file is gone. Send it again."


def test_without_wait_the_uploads_id_is_printed_at_once(vendor: Vendor, bucket: None, run: Run, mixed: str) -> None:
    done = run("import_feed", mixed, "--vendor", "VEND001")
    upload = UploadHistory.objects.get()
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{upload.upload_id} is open; the workers go on with it.\n"
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
    asked = _answering(monkeypatch, answer)
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
    asked = _answering(monkeypatch, "no")
    for _ in range(2):
        assert run("import_feed", mixed, "--vendor", "VEND001", "--yes").status == 0
    assert asked == []


def test_the_same_file_of_another_vendor_is_nothing_special(
    vendor: Vendor, other_vendor: Vendor, bucket: None, run: Run, mixed: str
) -> None:
    run("import_feed", mixed, "--vendor", "VEND001")
    assert run("import_feed", mixed, "--vendor", "VEND002").err == ""


# --- generate_feed ---------------------------------------------------------------------------------------------


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


# --- dynamodb --------------------------------------------------------------------------------------------------


@pytest.fixture
def no_table(settings: Any) -> Iterator[str]:
    """The name of a table that doesn't exist, and is gone again afterwards."""
    settings.UPLOAD_RECORDS_TABLE = f"UploadRecords-{uuid.uuid4().hex[:8]}"
    yield settings.UPLOAD_RECORDS_TABLE
    with contextlib.suppress(dynamo.TableMissing):
        dynamo.delete_table()


def test_create_shows_progress_and_then_the_table_as_it_is(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Creating the table ...",
        "The table is ready.",
        f"  Table    {no_table}, ACTIVE, PAY_PER_REQUEST",
        "  Keys     upload_id + record_id",
        "  Stream   enabled, NEW_IMAGE",
        "  Index    VendorIndex, ACTIVE, vendor_id + upload_id, KEYS_ONLY",
        "  Index    StatusIndex, ACTIVE, upload_id + status, INCLUDE",
    ]
    again = run("dynamodb", "create")
    assert (again.status, again.err) == (0, "")
    assert again.out.splitlines() == ["The table exists already.", *done.out.splitlines()[2:]]


def test_a_table_with_provisioned_capacity_can_be_chosen(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create", "--billing", "PROVISIONED", "--capacity", "7")
    assert f"  Table    {no_table}, ACTIVE, PROVISIONED" in done.out
    table = dynamo.describe_table()
    for part in [table, *table["GlobalSecondaryIndexes"]]:
        assert part["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
        assert part["ProvisionedThroughput"]["WriteCapacityUnits"] == 7


def test_no_capacity_at_all_is_refused(no_table: str, run: Run) -> None:
    done = run("dynamodb", "create", "--billing", "PROVISIONED", "--capacity", "0")
    assert done.status == 1
    assert done.err.endswith("argument --capacity: at least 1 is needed")


@pytest.mark.parametrize("answer", ["no", "", "y", "yes please"])
def test_delete_asks_and_keeps_the_table_without_a_yes(
    table: str, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    _answering(monkeypatch, answer)
    done = run("dynamodb", "delete")
    assert (done.status, done.err) == (1, "Nothing was deleted.")
    assert dynamo.describe_table()["TableName"] == table


def test_delete_keeps_the_table_where_nobody_can_be_asked(
    table: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert run("dynamodb", "delete").err == "Nothing was deleted."
    dynamo.describe_table()


@pytest.mark.parametrize("arguments", [["--yes"], []], ids=["--yes", "yes"])
def test_delete_goes_ahead_with_a_yes(
    no_table: str, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    asked = _answering(monkeypatch, "yes")
    run("dynamodb", "create")
    done = run("dynamodb", "delete", *arguments)
    assert (done.status, done.out) == (0, f"The table {no_table} is being deleted.\n")
    assert asked == ([] if arguments else [f"Delete the table {no_table} with about 0 records? Type yes: "])
    with pytest.raises(dynamo.TableMissing):
        dynamo.describe_table()


@pytest.mark.parametrize("call", ["delete", "sample", "queries"])
def test_without_a_table_each_call_says_how_to_create_it(no_table: str, run: Run, call: str) -> None:
    done = run("dynamodb", call)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"The DynamoDB table {no_table} doesn't exist. Create it with: manage.py dynamodb create"
    )  # fmt: skip


def test_the_sample_record_becomes_a_product(pipeline: Pipeline, run: Run) -> None:
    done = run("dynamodb", "sample")
    assert done.status == 0
    upload_id = done.out.split()[3].rstrip(".")
    record = dynamo.get_record(upload_id, "REC_0000001")
    assert record is not None
    assert record["status"] == {"S": "pending_validation"}
    pipeline.settle()
    upload = UploadHistory.objects.get(upload_id=upload_id)
    assert (upload.status, upload.inserted_records) == ("completed", 1)


def test_queries_without_data_say_what_to_do(table: str, run: Run) -> None:
    done = run("dynamodb", "queries")
    assert done.status == 0
    assert done.out.splitlines() == [
        "VendorIndex: VEND001 has records in 0 uploads (first 1,000 records read)",
        "Nothing to query yet. Put something in: manage.py dynamodb sample",
    ]


def test_queries_ask_the_table_and_both_indexes(table: str, run: Run) -> None:
    def item(upload_id: str, number: int, vendor_id: str, **more: str) -> dict[str, Any]:
        names = {"upload_id": upload_id, "record_id": f"REC_{number:07d}", "vendor_id": vendor_id, **more}
        return {name: {"S": value} for name, value in names.items()}

    wrong = {"status": "error", "error_reason": "The price is missing."}
    dynamo.put_records(
        [
            item("UPLOAD_1", 1, "VEND001", status="validated"),
            item("UPLOAD_2", 1, "VEND001", status="validated"),
            *(item("UPLOAD_2", number, "VEND001", **wrong) for number in range(2, 9)),
            item("UPLOAD_3", 1, "VEND002", **wrong),
        ]
    )
    shown = run("dynamodb", "queries").out.splitlines()
    assert shown[:3] == [
        "VendorIndex: VEND001 has records in 2 uploads (first 1,000 records read)", "  UPLOAD_1", "  UPLOAD_2",
    ]  # fmt: skip
    assert shown[3:6] == [
        "Table: the first record of UPLOAD_2",
        "  REC_0000001  validated",
        "StatusIndex: error records of UPLOAD_2 (at most 5 shown): 5",
    ]
    assert sorted(shown[6:]) == [f"  REC_000000{number}  error  The price is missing." for number in range(2, 7)]
    assert run("dynamodb", "queries", "--vendor", "VEND002").out.splitlines()[1] == "  UPLOAD_3"


# --- verify_setup ----------------------------------------------------------------------------------------------


@pytest.fixture
def ready(vendor: Vendor, other_vendor: Vendor, categories: None, table: str, bucket: None, answering: None) -> None:
    """A platform with everything in place."""
    Vendor.objects.create(vendor_id="VEND003", vendor_name="Casa", email="c@example.com")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker, played by its answer."""
    monkeypatch.setattr(app.control, "ping", lambda **_: [{"worker@here": {"ok": "pong"}}])


def test_verify_setup_ticks_everything_that_is_in_place(ready: None, run: Run) -> None:
    done = run("verify_setup")
    lines = done.out.splitlines()
    assert [text for text in lines if not text.startswith("✓ ")] == []
    assert (done.status, done.err, len(lines)) == (0, "", 14)
    for text in ("✓ 5 tables", "✓ 3 views", "✓ 3 sample vendors", "✓ 20 product categories", "✓ VendorIndex is ACTIVE"):
        assert text in lines


def test_verify_setup_gives_programs_the_same_list(ready: None, run: Run) -> None:
    answer = json.loads(run("verify_setup", "--json").out)
    assert answer["ok"] is True
    assert len(answer["checks"]) == 14
    assert answer["checks"][0] == {"check": "PostgreSQL is reachable", "ok": True, "problem": "", "remedy": ""}


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


MISSING: dict[str, tuple[Callable[[], object], str, str]] = {
    "Indexes": (lambda: _sql("DROP INDEX idx_products_search"), "missing: idx_products_search", verify_setup.MIGRATE),
    "Triggers that keep updated_at": (
        lambda: _sql("DROP TRIGGER products_set_updated_at ON products"),
        "missing: products_set_updated_at",
        verify_setup.MIGRATE,
    ),
    "3 views": (lambda: _sql("DROP VIEW recent_uploads"), "missing: recent_uploads", verify_setup.MIGRATE),
    "5 tables": (lambda: _sql("DROP TABLE validation_errors"), "missing: validation_errors", verify_setup.MIGRATE),
    "3 sample vendors": (
        lambda: Vendor.objects.get(vendor_id="VEND003").delete(), "2 vendors", "Run: manage.py seed_demo",
    ),
    "20 product categories": (
        lambda: _sql("DELETE FROM product_categories WHERE category_name = 'Books'"),
        "19 categories",
        "Run: manage.py seed_categories",
    ),
}  # fmt: skip


def test_verify_setup_crosses_a_worker_that_does_not_answer(
    ready: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.control, "ping", lambda **_: [])
    assert run("verify_setup").out.endswith("\n✗ A worker answers: no worker answers\n    Run: make up\n")


@pytest.mark.parametrize("check", MISSING)
def test_verify_setup_crosses_what_is_missing_with_its_remedy(ready: None, run: Run, check: str) -> None:
    spoil, problem, remedy = MISSING[check]
    spoil()
    done = run("verify_setup")
    lines = done.out.splitlines()
    crosses = [number for number, text in enumerate(lines) if not text.startswith("✓ ")]
    assert done.status == 1
    assert [lines[number] for number in crosses] == [f"✗ {check}: {problem}", f"    {remedy}"]

    answer = json.loads(run("verify_setup", "--json").out)
    assert answer["ok"] is False
    assert [row for row in answer["checks"] if not row["ok"]] == [
        {"check": check, "ok": False, "problem": problem, "remedy": remedy}
    ]


@override_settings(UPLOAD_RECORDS_TABLE="Nowhere")
def test_verify_setup_misses_a_table_of_dynamodb_with_its_stream_and_indexes(
    db: None, answering: None, run: Run
) -> None:
    answer = json.loads(run("verify_setup", "--json").out)
    wrong = [row for row in answer["checks"] if "Nowhere doesn't exist" in row["problem"]]
    assert [row["check"].split()[0] for row in wrong] == ["DynamoDB", "Its", "VendorIndex", "StatusIndex"]


def test_verify_setup_crosses_a_stream_that_shows_something_else(
    db: None, answering: None, run: Run, no_table: str
) -> None:
    wire.dynamodb().create_table(
        TableName=no_table, BillingMode="PAY_PER_REQUEST", KeySchema=dynamo._keys("upload_id", "record_id"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("upload_id", "record_id")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )  # fmt: skip
    shown = run("verify_setup").out
    assert "✗ Its stream is enabled with NEW_IMAGE: the view type is KEYS_ONLY" in shown
    assert "✗ VendorIndex is ACTIVE: VendorIndex is missing" in shown


def test_verify_setup_crosses_a_missing_bucket(ready: None, run: Run, settings: Any) -> None:
    settings.UPLOAD_BUCKET = "no-such-bucket"
    assert (
        "✗ The bucket for files exists: the bucket doesn't exist\n    Run: manage.py prepare" in run("verify_setup").out
    )


def test_a_check_that_fails_without_a_word_is_crossed_by_the_name_of_its_error() -> None:
    def silent() -> str:
        raise TimeoutError

    assert verify_setup._look(verify_setup.Check("x", silent, "Try again.")) == ("TimeoutError", "Try again.")


# --- prepare ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(db: None, no_table: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Neither table nor bucket, and a folder for the logins."""
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.UPLOAD_BUCKET = f"prepare-{uuid.uuid4().hex}"
    return settings


def test_prepare_brings_fresh_services_to_where_the_platform_can_run_and_changes_nothing_again(
    fresh: Any, run: Run
) -> None:
    fresh.EMBEDDED_DATABASE = True
    first = run("prepare").out.splitlines()
    assert first[0] == "20 categories added, 20 in all."
    assert first[1].startswith("3 vendors. Logins: admin / ")
    table, bucket = fresh.UPLOAD_RECORDS_TABLE, fresh.UPLOAD_BUCKET
    assert first[2:] == [f"Table {table} created.", f"Bucket {bucket} created."]
    ProductCategory.objects.filter(category_name="Books").delete()
    again = run("prepare").out.splitlines()
    assert again == [first[1], f"Table {table} is there.", f"Bucket {bucket} is there."]
    assert ProductCategory.objects.count() == 19, "what staff removed stays removed"


def test_prepare_makes_no_demo_logins_in_a_database_of_somebodys_own_unless_asked(fresh: Any, run: Run) -> None:
    fresh.EMBEDDED_DATABASE = False
    assert "Logins" not in run("prepare").out
    assert not Vendor.objects.exists()
    assert "3 vendors. Logins: admin / " in run("prepare", "--demo").out

"""Warnings draw attention to rows that were read all the same: stored and shown, and never taken for errors."""

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import correct, error_rows, failed_rows, retry, wrong_values
from uploads.corrections.failed_rows import Selection
from uploads.insight import error_habits, operations, progress, sku_search, warned_rows
from uploads.management import terminal
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import commit, report, stream
from vendors.models import Vendor

ROOT = Path(__file__).resolve().parents[3]


def wrapped(number: int, **changes: str) -> str:
    """A row whose SKU is a formula of Excel's that gives text: read as that text, with a warning."""
    return line(number, **{"sku": f'"=""SKU-{number}"""'} | changes)


WARNED = wrapped(1)
# Two rows with a warning, one of them an error too; one error without; one row as it should be.
ROWS = [WARNED, wrapped(2, price="free"), line(3, price="dear"), line(4)]
TEXT = "was read as"
SAID = "The SKU “=&quot;SKU-1&quot;” was read as “SKU-1”"


def of(severity: str) -> list[tuple[int, str]]:
    found = ValidationError.objects.filter(severity=severity, resolved_at=None).order_by("row_number", "error_id")
    return [(one.row_number, one.error_type) for one in found]


# --- stored ----------------------------------------------------------------------------------------------------


def test_a_row_with_a_warning_is_valid_and_a_row_with_an_error_too_has_both(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*ROWS))
    assert (upload.total_records, upload.valid_records, upload.error_records) == (4, 2, 2)
    assert Product.objects.filter(sku="SKU-1").exists()
    assert of("warning") == [(1, "cleaned"), (2, "cleaned")]
    assert of("error") == [(2, "invalid_price"), (3, "invalid_price")]


def test_what_was_taken_off_a_cell_is_a_warning_beside_a_valid_row(pipeline: Pipeline, member: Client) -> None:
    upload = pipeline.run(feed(line(1, sku='"=""001001"""'), line(2, vendor_product_id="P-2\u200b")))
    assert (upload.valid_records, upload.error_records) == (2, 0)
    assert of("warning") == [(1, "cleaned"), (2, "cleaned")]
    assert Product.objects.filter(sku="001001").exists()
    shown = _text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/warnings/cleaned/"))
    assert "Row 1 (line 2)" in shown
    assert "Row 2 (line 3)" in shown
    assert "P-2⟨U+200B⟩" in shown


def test_the_reason_in_the_ledger_and_in_dynamodb_is_of_errors_alone(pipeline: Pipeline) -> None:
    pipeline.run(feed(*ROWS))
    reasons = dict(RecordOutcome.objects.values_list("row_number", "error_reason"))
    assert reasons[1] == ""
    assert "free" in reasons[2]
    assert TEXT not in reasons[2]


def test_a_row_that_clashes_keeps_its_warning(pipeline: Pipeline) -> None:
    pipeline.run(feed(WARNED, wrapped(2, sku='"=""SKU-1"""')))
    assert of("error") == [(2, "duplicate_in_file")]
    assert of("warning") == [(1, "cleaned"), (2, "cleaned")]


def test_a_warning_has_all_that_an_error_has(pipeline: Pipeline) -> None:
    pipeline.run(feed(WARNED))
    warning = ValidationError.objects.warnings().get()
    assert (warning.field, warning.wrong_value) == ("sku", '="SKU-1"')
    assert (warning.row_number, warning.line_number, warning.attempt) == (1, 2, 1)
    assert (warning.original_data or {})["sku"] == '="SKU-1"'


def test_records_that_are_delivered_again_write_no_second_warning(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pipeline.settle()
    stream_again = UploadHistory.objects.filter(pk=upload.pk)
    stream_again.update(status="processing", staged_rows=0, staged_offset=upload.staged_offset, file_rows=None)
    pipeline.stage(upload)
    pipeline.settle()
    assert len(of("warning")) == 2


def test_warnings_and_outcome_come_in_one_transaction(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:

    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    with monkeypatch.context() as patch:
        patch.setattr(commit, "_count", lambda *_: 1 / 0)
        patch.setattr(commit, "INFRASTRUCTURE", (ZeroDivisionError,))
        with pytest.raises(ZeroDivisionError):
            stream.consume()
    assert of("warning") == []
    pipeline.settle()
    assert len(of("warning")) == 2


def test_plain_sql_that_names_no_severity_writes_an_error(vendor: Vendor) -> None:
    UploadHistory.objects.create(upload_id="U", vendor=vendor, file_name="f")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO validation_errors (upload_id, vendor_id, row_number, error_type, error_message)"
            " VALUES ('U', 'VEND001', 1, 'e', 'm')"
        )
    assert of("error") == [(1, "e")]


# --- never an error --------------------------------------------------------------------------------------------


def test_no_question_about_errors_finds_a_warning(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(*ROWS))
    selection = Selection(upload_id=upload.pk)
    assert failed_rows.count(selection) == 2
    assert failed_rows.count(Selection(upload_id=upload.pk, codes=("cleaned",))) == 0
    assert failed_rows.count(Selection(upload_id=upload.pk, codes=("invalid_price",), alone=True)) == 2
    assert [one.code for one in failed_rows.one(upload.pk, "REC_0000002").problems] == ["invalid_price"]  # type: ignore[union-attr] # it is there
    assert failed_rows.one(upload.pk, "REC_0000001") is None
    assert [kind.code for kind in error_rows.kinds(upload)] == ["invalid_price"]
    assert error_rows.kind(upload, "cleaned") is None
    assert error_rows.page(upload, "cleaned").lines == ()
    assert {one.field for one in wrong_values.fields_of([upload.pk])} == {"price"}
    assert wrong_values.portion([upload.pk], "sku").values == []
    assert [one.code for one in error_habits.habits("VEND001", 7)] == ["invalid_price"]
    assert [one.code for one in operations.error_kinds(admin_user, 7)] == ["invalid_price"]
    assert [one.code for one in progress.of(upload.pk).errors] == ["invalid_price"]
    assert [step.bad for step in sku_search.find("VEND001", "SKU-1").steps] == [False]


def test_the_error_report_has_rows_that_failed_with_their_errors_alone(pipeline: Pipeline) -> None:
    header, *rows = report.report_rows(pipeline.run(feed(*ROWS)))
    said = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(one["row_number"], one["error_code"]) for one in said] == [("2", "invalid_price"), ("3", "invalid_price")]
    assert not any(TEXT in one["error_message"] for one in said)


def test_a_file_with_nothing_but_warnings_has_no_report_and_no_errors(pipeline: Pipeline, member: Client) -> None:
    upload = pipeline.run(feed(WARNED))
    assert (upload.status, upload.error_records, upload.error_report_key) == ("completed", 0, "")
    assert "No row has an error" in member.get(f"/vendor/VEND001/uploads/{upload.pk}/errors/").content.decode()


def test_a_new_attempt_settles_the_warnings_of_the_one_before(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(*ROWS))
    correct.correct(upload.pk, "REC_0000002", 1, {"price": "5", "sku": "SKU-2"}, admin_user)
    assert of("warning") == [(1, "cleaned")]
    run_jobs(retry.start(Selection(upload_id=upload.pk), admin_user))
    assert of("error") == [(3, "invalid_price")]


def test_a_row_that_is_retried_with_its_warning_has_it_once(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(*ROWS))
    correct.correct(upload.pk, "REC_0000002", 1, {"price": "5"}, admin_user)
    assert of("warning") == [(1, "cleaned"), (2, "cleaned")]
    assert ValidationError.objects.warnings().get(row_number=2, resolved_at=None).attempt == 2


# Where it is not said on the spot, and why not.
ELSEWHERE = (
    "SELECT coalesce(max(error_id), 0) FROM validation_errors",  # the newest of all
    "FROM validation_errors e WHERE {}",  # Selection.condition says it
    "JOIN validation_errors e ON e.error_id = k.newest",  # of errors, as the query within says
    "ValidationError.objects.filter(pk__in=looked_at)",  # those looked at are of one kind already
    "FROM validation_errors WHERE closed_by = %s",  # only errors are closed
    "found = (ValidationError.objects.filter(vendor=vendor)",  # all of a vendor that leaves
    'yield "errors", ValidationError.objects.filter(vendor=vendor)',  # the same
    "FROM validation_errors e WHERE e.upload_id = w.upload_id AND {}",  # Selection.condition says it
    "ValidationError.objects.filter(settled, upload=upload, severity=severity)",  # of the one that is asked for
    "of_rows = ValidationError.objects.filter(",  # both, of rows of one page
)


def test_every_question_to_the_table_says_whether_it_means_errors_or_warnings() -> None:
    """In Python by `.errors()` or `.warnings()`, in SQL by the severity."""
    paths = [path for folder in ("uploads", "vendors", "catalog", "config") for path in (ROOT / folder).rglob("*.py")]
    unsaid = [
        f"{path.relative_to(ROOT)}: {said}"
        for path in paths if "migrations" not in path.parts for said in _unsaid(path.read_text())
        if not any(allowed in said for allowed in ELSEWHERE)
    ]  # fmt: skip
    assert unsaid == []


def _unsaid(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    said = {id(node.value) for node in attributes if node.attr in ("errors", "warnings")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = " ".join(node.value.split())
            asked = sum(text.count(f"{verb} validation_errors") for verb in ("FROM", "JOIN", "UPDATE", "COPY"))
            if asked > text.count("severity"):
                yield text
        elif (
            isinstance(node, ast.Attribute) and ast.unparse(node) == "ValidationError.objects" and id(node) not in said
        ):
            yield source.splitlines()[node.lineno - 1].strip()


# --- shown -----------------------------------------------------------------------------------------------------


def test_programs_get_warnings_by_type_with_an_example(pipeline: Pipeline) -> None:
    outcome = json.loads(json.dumps(progress.of(pipeline.run(feed(*ROWS)).pk).as_json()))
    assert (outcome["warning_records"], outcome["warnings"]) == (2, 2)
    assert outcome["warnings_by_type"] == {"cleaned": 2}
    assert outcome["errors_by_type"] == {"invalid_price": 2}
    (example,) = outcome["warning_examples"]
    assert (example["code"], example["place"]) == ("cleaned", "row 1 (line 2)")


def test_a_terminal_shows_them_beside_the_errors(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:

    terminal.print_outcome(progress.of(pipeline.run(feed(*ROWS)).pk), sys.stdout)
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Rows with warnings 2" in shown
    assert "Warnings by type, with an example each" in shown
    assert "cleaned 2 row 1 (line 2)" in shown


def test_the_mail_says_how_many_rows_have_warnings(pipeline: Pipeline) -> None:
    pipeline.run(feed(*ROWS))
    assert "2 rows have warnings" in mail.outbox[-1].body
    pipeline.run(feed(line(4)))
    assert "warning" not in mail.outbox[-1].body


def test_an_uploads_page_leads_to_its_warnings_by_kind_and_those_to_their_rows(
    pipeline: Pipeline, member: Client
) -> None:
    upload = pipeline.run(feed(*ROWS))
    base = f"/vendor/VEND001/uploads/{upload.pk}"
    assert f'<a href="{base}/warnings/">2 rows have warnings</a>' in _text(member.get(f"{base}/"))
    assert f'<a href="{base}/warnings/"' in _text(member.get(f"{base}/errors/")), "a tab of their own"
    kinds = _text(member.get(f"{base}/warnings/"))
    assert f'<a href="{base}/warnings/cleaned/">Cleaned</a>' in kinds
    assert f"Row 1 (line 2): {SAID}" in kinds
    assert "free" not in kinds
    rows = _text(member.get(f"{base}/warnings/cleaned/"))
    assert '<th scope="row">Row 1 (line 2)</th><td>SKU</td><td>=&quot;SKU-1&quot;</td>' in rows
    assert "Row 2 (line 3)" in rows
    assert member.get(f"{base}/warnings/nothing_such/").status_code == 302


def test_an_upload_without_warnings_speaks_of_none(pipeline: Pipeline, member: Client) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="x")))
    for address in ("", "errors/"):
        shown = _text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/{address}"))
        assert "arning" not in shown.replace('class="message warning"', "")
    assert "No row has a warning" in _text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/warnings/"))


def test_many_rows_with_a_warning_come_page_by_page(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warned_rows, "PAGE", 2)
    upload = pipeline.run(feed(*(wrapped(n) for n in range(1, 6))))
    seen, after = [], ""
    while True:
        page = warned_rows.page(upload, "cleaned", after)
        seen += [row.cell for row in page.rows]
        if not (after := page.after):
            break
    assert seen == [f'="SKU-{n}"' for n in range(1, 6)]
    assert warned_rows.page(upload, "cleaned", "9" * 5000 + "-x").rows, "an address of nobody's making"


def test_staff_see_errors_unless_they_ask_for_warnings(pipeline: Pipeline, admin_client: Client) -> None:
    upload = pipeline.run(feed(*ROWS))
    address = f"/admin/uploads/validationerror/?upload={upload.pk}"
    for asked, rows in (("", [2, 3]), ("&severity=warning", [1, 2]), ("&severity=all", [2, 3, 1, 2])):
        found = admin_client.get(address + asked).context["cl"].result_list
        assert [one.row_number for one in found] == rows
    shown = _text(admin_client.get(f"/admin/uploads/uploadhistory/{quote(upload.pk)}/change/"))
    assert "2 rows have warnings</a>" in shown
    assert "severity=warning&amp;error_type=cleaned" in shown
    assert f"Row 1 (line 2): {SAID}" in shown


def test_a_warning_can_be_looked_at_and_there_is_nothing_to_correct_in_it(
    pipeline: Pipeline, admin_client: Client
) -> None:
    pipeline.run(feed(*ROWS))
    warning = ValidationError.objects.warnings().first()
    assert warning is not None
    page = f"/admin/uploads/validationerror/{warning.pk}"
    assert "Correct it" not in _text(admin_client.get(f"{page}/change/"))
    assert "This row has no open errors" in _text(admin_client.get(f"{page}/correct/", follow=True))


def test_the_preview_shows_them_beside_the_verdict(pipeline: Pipeline, admin_user: User, uploader: Client) -> None:

    file = SimpleUploadedFile("feed.csv", feed(*ROWS).encode())
    response = uploader.post("/vendor/VEND001/upload/", {"file": file})
    rows = response.context["preview"].rows
    assert [(row.outcome, len(row.problems), len(row.warnings)) for row in rows] == [
        ("inserted", 0, 1), ("error", 1, 1), ("error", 1, 0), ("inserted", 0, 0),
    ]  # fmt: skip
    assert f"<strong>Warning:</strong> {SAID}" in _text(response)


def test_a_dry_run_counts_them_apart(pipeline: Pipeline, admin_user: User, uploader: Client) -> None:

    uploader.post("/vendor/VEND001/upload/", {"file": SimpleUploadedFile("feed.csv", feed(*ROWS).encode())})
    job = run_jobs()
    assert (job.result["inserted"], job.result["error"], job.result["warned"]) == (2, 2, 2)
    assert {code: kind["count"] for code, kind in job.result["problems"].items()} == {"invalid_price": 2}
    assert {code: kind["count"] for code, kind in job.result["warnings"].items()} == {"cleaned": 2}
    shown = _text(uploader.get(f"/vendor/VEND001/upload/trial/{job.pk}/"))
    assert "<dt>With warnings</dt><dd>2</dd>" in shown
    assert f"Row 1 (line 2): {SAID}" in shown


# --- costs -----------------------------------------------------------------------------------------------------


def test_many_warnings_do_not_make_an_uploads_errors_slower_to_find(vendor: Vendor) -> None:
    """Every question about an upload's errors goes through an index that has the severity, and skips its warnings."""
    upload = UploadHistory.objects.create(upload_id="U", vendor=vendor, file_name="f")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO validation_errors (upload_id, vendor_id, row_number, record_id, severity, error_type,
                                           error_message, wrong_value, field)
            SELECT 'U', 'VEND001', n, 'REC_' || n, CASE WHEN n % 5000 = 0 THEN 'error' ELSE 'warning' END,
                   CASE WHEN n % 5000 = 0 THEN 'invalid_price' ELSE 'a_warning' END, 'm', 'v' || n, 'price'
              FROM generate_series(1, 20000) n
            """
        )
        cursor.execute("ANALYZE validation_errors")
    asked: list[Callable[[], object]] = [
        lambda: progress.error_kinds(upload),
        lambda: error_rows.kinds(upload),
        lambda: list(report.report_rows(upload)),
        lambda: failed_rows.count(Selection(upload_id="U")),
        lambda: wrong_values.fields_of(["U"]),
        lambda: error_rows.page(upload, "invalid_price"),
    ]
    for ask in asked:
        with CaptureQueriesContext(connection) as queries:
            ask()
        for query in queries.captured_queries:
            assert _rows_read(query["sql"]) < 1000, query["sql"]


def _rows_read(sql: str) -> int:
    """How many rows of validation_errors a query reads, those that it throws away among them."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql.replace('%', '%%')}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return sum(
        int((node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 1))
        for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") == "validation_errors"
    )  # fmt: skip


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _text(response: Any) -> str:
    return " ".join(response.content.decode().split())

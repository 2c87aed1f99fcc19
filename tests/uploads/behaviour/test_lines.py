"""Wherever a row is named, the line of the file stands beside its number, or the row of the sheet: on its whole way."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from tests.workbooks import workbook
from uploads.aws import client, dynamo
from uploads.aws.records import encode
from uploads.corrections import correct, retry, undo
from uploads.corrections.failed_rows import Selection
from uploads.feed import parser
from uploads.feed.lines import FeedError
from uploads.feed.parser import Marks
from uploads.insight import progress, sku_search, timeline
from uploads.models import Correction, RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import examine, judge, reconcile, report, stage
from uploads.preview import dry_run, verdicts
from uploads.preview.accepted import Accepted

# Two lines above the header, blank lines, a cell over three lines: row 3 begins in line 10.
ROWS = [
    line(1),
    "",
    line(2, description='"one\ntwo\nthree"'),
    "",
    line(3, price="free"),
    line(4, sku="SKU-1"),
    "torn,row",
]
FEED = "\n".join(["Our price list", "", HEADER, *ROWS, ""])
LINES = {1: 4, 2: 6, 3: 10, 4: 11, 5: 12}
CLASH = "The SKU “SKU-1” is already used in row 1 (line 4) of this file."


def page(browser: Client, name: str, upload: UploadHistory, *arguments: Any, **asked: Any) -> str:
    owner = ["VEND001", upload.pk] if name.startswith("vendor:") else [quote(upload.pk)]
    url = reverse(name, args=[*owner, *arguments])
    return " ".join(browser.get(url, asked).content.decode().split())


def messages(upload: UploadHistory) -> dict[int, str]:
    return dict(ValidationError.objects.errors().filter(upload=upload).values_list("row_number", "error_message"))


def lines_in_the_table(upload: UploadHistory) -> dict[int, int]:
    items = dynamo.query_upload(upload.pk)
    return {int(item["row_number"]["N"]): int(item["line_number"]["N"]) for item in items}


def read_as(upload: UploadHistory, sheet: str) -> None:
    """As if the upload's file had been made from this sheet."""
    UploadHistory.objects.filter(pk=upload.pk).update(layout=(upload.layout or {}) | {"sheet": sheet})


# --- through the pipeline --------------------------------------------------------------------------------------


def test_the_table_the_ledger_and_the_errors_have_the_line_of_each_row(pipeline: Pipeline) -> None:
    upload = pipeline.run(FEED)
    assert lines_in_the_table(upload) == LINES
    assert dict(RecordOutcome.objects.values_list("row_number", "line_number")) == LINES
    errors = ValidationError.objects.errors().values_list("row_number", "line_number")
    assert dict(errors) == {row: LINES[row] for row in (3, 4, 5)}


def test_a_row_that_repeats_another_names_the_line_of_that_one(pipeline: Pipeline) -> None:
    assert messages(pipeline.run(FEED))[4] == CLASH


def test_it_does_so_when_the_other_row_came_in_an_earlier_batch(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 1)
    upload = pipeline.send(FEED)
    while stage.stage(upload.pk, seconds=0) is not None:
        pipeline.settle()
    pipeline.settle()
    assert messages(upload)[4] == CLASH


def test_rows_of_a_workbook_are_named_by_the_row_of_their_sheet(pipeline: Pipeline, member: Client) -> None:
    """There a cell with line breaks takes one row as any other."""
    upload = pipeline.send(FEED)
    read_as(upload, "Products")
    pipeline.stage(upload)
    pipeline.settle()
    there = "row 1 (row 4 of the sheet “Products”)"
    assert messages(upload)[4] == CLASH.replace("row 1 (line 4)", there)
    assert "row 3 (row 8 of the sheet “Products”)" in [kind.place for kind in progress.of(upload.pk).errors]
    product = Product.objects.get(sku="SKU-1")
    assert [entry.place for entry in timeline.of(product.pk).entries] == [there]
    assert {there} <= {step.place for step in sku_search.find("VEND001", "SKU-1").steps}
    assert "the row of the sheet “Products”" in page(member, "vendor:errors", upload)


def test_a_workbook_is_named_by_the_rows_that_excel_shows(pipeline: Pipeline) -> None:
    cells = [["Our price list"], [], HEADER.split(","), line(1).split(","), [], line(2, price="free").split(",")]
    cells += [line(3, description="a\nb").split(","), line(4, sku="SKU-1").split(",")]
    upload = pipeline.run(workbook(cells))
    places = [kind.place for kind in progress.of(upload.pk).errors]
    assert sorted(places) == ["row 2 (row 6 of the sheet “Products”)", "row 4 (row 8 of the sheet “Products”)"]
    assert messages(upload)[4].endswith("is already used in row 1 (row 4 of the sheet “Products”) of this file.")


def test_a_record_without_a_file_has_no_line_whatever_it_says(pipeline: Pipeline) -> None:
    header, cells = HEADER.split(","), line(1, price="free").split(",")
    row = parser.Row(1, dict(zip(header, cells, strict=True)), None, "", 0, line=77)
    dynamo.put_records([encode("ERP-1", "VEND001", row, "2026-01-31T10:30:45.123Z")])
    pipeline.settle()
    assert RecordOutcome.objects.get().line_number is None
    assert ValidationError.objects.errors().get().line_number is None
    assert progress.of("ERP-1").errors[0].place == "row 1"


def test_a_row_that_is_retried_keeps_its_line(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(FEED)
    correct.correct(upload.pk, "REC_0000003", 1, {"price": "dear"}, admin_user)
    assert [one.line_number for one in RecordOutcome.objects.filter(row_number=3)] == [10, 10]
    assert [one.line_number for one in ValidationError.objects.errors().filter(row_number=3)] == [10, 10]
    assert Correction.objects.get().line_number == 10
    run_jobs(retry.start(Selection(upload_id=upload.pk), admin_user))
    again = RecordOutcome.objects.filter(attempt__gt=1).values_list("row_number", "line_number")
    assert set(again) == {(3, 10), (4, 11), (5, 12)}


def test_a_file_with_a_second_table_is_refused_with_the_line_of_that_ones_header() -> None:
    header = HEADER.split(",")
    other = ",".join([header[1], header[0], *header[2:]])
    with pytest.raises(FeedError, match=r"another one in line 7, with other columns"):
        parser.inspect(io.BytesIO("\n".join(["Prices", "", HEADER, line(1), line(2), "", other, line(3)]).encode()))


# --- resumed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_file_that_is_read_in_turns_has_the_lines_of_one_that_is_read_at_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, chunk: int, encoding: str
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", chunk)
    upload = pipeline.send(FEED.replace("two", "zwölf").replace("\n", "\r\n").encode(encoding))
    turns = 0
    while stage.stage(upload.pk, seconds=0) is not None:
        turns += 1
    assert turns >= len(LINES) // chunk
    assert lines_in_the_table(upload) == LINES


def test_a_file_that_is_staged_again_from_its_first_row_has_them_too(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    upload = pipeline.send(FEED)
    stage.stage(upload.pk, seconds=0)
    client.dynamodb().delete_item(
        TableName=settings.UPLOAD_RECORDS_TABLE, Key={"upload_id": {"S": upload.pk}, "record_id": {"S": "REC_0000002"}}
    )
    UploadHistory.objects.filter(pk=upload.pk).update(staging_expires_at=None)
    reconcile.reconcile(upload.pk)
    pipeline.stage(upload)
    assert lines_in_the_table(upload) == LINES


def test_rows_whose_staging_began_before_lines_were_counted_have_none_rather_than_wrong_ones(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    upload = pipeline.send(FEED)
    stage.stage(upload.pk, seconds=0)
    UploadHistory.objects.filter(pk=upload.pk).update(staged_line=0)
    pipeline.stage(upload)
    pipeline.settle()
    assert dict(RecordOutcome.objects.values_list("row_number", "line_number")) == {
        1: 4, 2: 6, 3: None, 4: None, 5: None,
    }  # fmt: skip


def test_reading_on_behind_any_row_counts_on_from_its_line() -> None:
    file = io.BytesIO(FEED.encode("utf-16"))
    layout = parser.inspect(file)
    marks = Marks()
    rows = list(parser.rows(file, layout, marks=marks))
    assert {row.number: row.line for row in rows} == LINES
    for done, row in enumerate(rows, 1):
        assert list(parser.rows(file, layout, row.after)) == rows[done:]


# --- on the way out --------------------------------------------------------------------------------------------


def test_the_error_report_has_a_column_for_the_line(pipeline: Pipeline) -> None:
    upload = pipeline.run(FEED)
    out = io.StringIO(newline="")
    report.write_report(upload, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert [(row["row_number"], row["line_number"]) for row in rows] == [("3", "10"), ("4", "11"), ("5", "12")]


def test_a_row_of_a_program_has_an_empty_cell_there(vendor: Any) -> None:
    upload = UploadHistory.objects.create(upload_id="ERP", vendor=vendor, file_name="x", source="dynamodb")
    ValidationError.objects.create(
        upload=upload, vendor=vendor, row_number=1, error_type="e", error_message="m", original_data={"sku": "A"}
    )
    header, row = report.report_rows(upload)
    assert dict(zip(header, row, strict=True)) == {
        "sku": "A", "row_number": "1", "line_number": "", "error_code": "e", "error_field": "",
        "error_message": "m", "error_suggestion": "", "error_severity": "error",
    }  # fmt: skip


def test_programs_get_the_line_of_each_example(pipeline: Pipeline) -> None:
    examples = json.loads(json.dumps(progress.of(pipeline.run(FEED).pk).as_json()))["error_examples"]
    assert {(one["row_number"], one["line_number"], one["place"]) for one in examples} == {
        (3, 10, "row 3 (line 10)"), (4, 11, "row 4 (line 11)"), (5, 12, "row 5 (line 12)"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("vendor:upload", [], "Row 3 (line 10): "),
        ("vendor:errors", [], "Row 3 (line 10): "),
        ("vendor:error_rows", ["invalid_price"], "3 <small>line 10</small>"),
        ("admin:uploads_uploadhistory_change", [], "Row 3 (line 10): "),
        ("admin:uploads_uploadhistory_records", [], "3 <small>line 10</small>"),
    ],
)
def test_the_pages_of_an_upload_name_the_line(
    pipeline: Pipeline, member: Client, admin_client: Client, name: str, arguments: list[str], said: str
) -> None:
    upload = pipeline.run(FEED)
    assert said in page(admin_client if name.startswith("admin:") else member, name, upload, *arguments)


def test_records_of_one_status_are_listed_with_their_lines_too(pipeline: Pipeline, admin_client: Client) -> None:
    """They come from an index that doesn't carry the line."""
    upload = pipeline.run(FEED)
    assert "5 <small>line 12</small>" in page(
        admin_client, "admin:uploads_uploadhistory_records", upload, status="error"
    )


def test_the_lists_of_the_admin_name_the_line(pipeline: Pipeline, admin_client: Client) -> None:
    upload = pipeline.run(FEED)
    for name, where in (("validationerror", "Row 3 (line 10)"), ("recordoutcome", "3 <small>line\N{NO-BREAK SPACE}10")):
        shown = admin_client.get(f"/admin/uploads/{name}/?upload={upload.pk}").content.decode()
        assert f"{where}</small>" in shown
    read_as(upload, "Products")
    shown = admin_client.get(f"/admin/uploads/recordoutcome/?upload={upload.pk}").content.decode()
    assert "3 <small>row\N{NO-BREAK SPACE}10 of the sheet “Products”</small>" in shown


def test_the_page_of_an_error_and_that_of_its_correction_name_the_line(
    pipeline: Pipeline, admin_client: Client
) -> None:
    pipeline.run(FEED)
    error = ValidationError.objects.errors().get(row_number=3)
    for address in ("change", "correct"):
        shown = admin_client.get(f"/admin/uploads/validationerror/{error.pk}/{address}/").content.decode()
        assert "ow 3 (line 10)" in shown


def test_where_a_product_is_names_the_line(pipeline: Pipeline, member: Client, admin_client: Client) -> None:
    pipeline.run(FEED)
    shown = member.get("/vendor/VEND001/find/", {"q": "SKU-3"}).content.decode()
    assert "row 3 (line 10)" in shown
    product = Product.objects.get(sku="SKU-1")
    assert "row 1 (line 4)" in admin_client.get(f"/admin/catalog/product/{product.pk}/change/").content.decode()


def test_what_an_undo_keeps_is_named_by_its_line(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(FEED)
    Product.objects.filter(sku="SKU-1").delete()
    job = run_jobs(undo.start(upload, admin_user, dry=True))
    assert [(one["row"], one["in_file"]) for one in job.result["examples"]] == [(1, "line 4")]


# --- before it is sent -----------------------------------------------------------------------------------------


def test_the_preview_and_the_dry_run_name_the_line(pipeline: Pipeline, admin_user: User) -> None:
    file = io.BytesIO(FEED.encode())
    seen = verdicts.of(examine.FeedFile(file), "VEND001", parser.Reading())
    assert [(row.number, row.in_file) for row in seen.rows] == [(row, f"line {at}") for row, at in LINES.items()]
    assert [problem.message for problem in seen.rows[3].problems] == [CLASH]


@pytest.mark.parametrize("page_rows", [1, 1000])
def test_a_dry_run_names_the_line_of_a_row_on_an_earlier_page(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch, page_rows: int
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", page_rows)
    file = io.BytesIO(FEED.encode())
    layout = examine.inspect(examine.FeedFile(file), examine.examine(file), "VEND001")
    rows = list(parser.rows(file, layout))
    with Accepted() as accepted:
        rules = judge.category_rules()
        decided = [
            outcome
            for start in range(0, len(rows), page_rows)
            for outcome in dry_run.decided(rows[start : start + page_rows], layout, "VEND001", rules, None, accepted)
        ]
    assert [problem.message for problem in decided[3][2]] == [CLASH]
    assert dry_run._example(rows[3], decided[3][2][0])["line"] == 11


def test_a_plain_feed_says_row_and_line_too(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    assert progress.of(upload.pk).errors[0].place == "row 1 (line 2)"

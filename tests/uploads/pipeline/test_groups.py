"""Groups of a shop's export on their way: their first rows are known before any row is judged, whoever is killed, and
wherever a batch ends; no product ever has another's values.
"""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalog.models import Product
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.uploads.feed.formats.understanding import case
from uploads.aws import dynamo
from uploads.aws.records import decode
from uploads.corrections import correct, undo
from uploads.feed.formats.groups import Head, Place
from uploads.feed.formats.model import Group, Plan
from uploads.feed.parser import Reading
from uploads.models import RecordOutcome, UploadHead, UploadHistory, ValidationError, ValueRule
from uploads.pipeline import commit, finish, judge, receive, reconcile, report, stage
from uploads.pipeline.understood import heads
from uploads.work import leases

HEADER = (
    "Handle,Title,Vendor,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,"
    "Image Src,Image Position"
)


def first(handle: str, sku: str, price: str = "9.50", category: str = "Clothing") -> str:
    return f"{handle},Shirt {handle},Faden,{category},Size,S,{sku},5,{price},,"


def variant(handle: str, sku: str, price: str = "9.50") -> str:
    return f"{handle},,,,,{sku[-1]},{sku},7,{price},,"


def picture(handle: str) -> str:
    return f"{handle},,,,,,,,,https://cdn.example/1.jpg,2"


def export(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


SHIRTS = export(
    variant("a", "A-M"), first("a", "A-S"), picture("a"), first("b", "B-S"), variant("b", "B-M"), variant("a", "A-L"),
    variant("b", "B-L"), picture("b"),
)  # fmt: skip
NAMES = {
    "A-S": "Shirt a – S", "A-M": "Shirt a – M", "A-L": "Shirt a – L",
    "B-S": "Shirt b – S", "B-M": "Shirt b – M", "B-L": "Shirt b – L",
}  # fmt: skip


def names() -> dict[str, str]:
    return dict(Product.objects.values_list("sku", "product_name"))


def kept(upload: UploadHistory) -> dict[tuple[str, int], Any]:
    found = UploadHead.objects.filter(upload=upload).order_by("key", "row_number")
    return {(one.key, one.row_number): json.loads(one.head) for one in found}


def send_case(name: str) -> UploadHistory:
    content, expected = case(name)
    answers = {one: it if isinstance(it, str) else json.dumps(it) for one, it in expected["decisions"].items()}
    return receive.receive(io.BytesIO(content), Path(name).name, "VEND001", reading=Reading(answers=answers))


# --- killed anywhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["01-shopify", "04-woo", "15-big"])
def test_a_pass_for_first_rows_that_is_killed_anywhere_goes_on_to_the_same_result(
    name: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = send_case(name)
    stage.stage(whole.pk)
    wanted, rows = kept(whole), UploadHistory.objects.get(pk=whole.pk).file_rows or 0
    finish.cancel(whole.pk)
    assert wanted
    monkeypatch.setattr(heads, "CHUNK_ROWS", 2)
    renew, upload = leases.renew, send_case(name)
    deaths = 0
    for dies_at in range(1, 2 * rows):
        calls = 0

        def dying(*given: Any, at: int = dies_at, **others: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at % 3 + 1:  # with what it was to note undone, as the transaction is
                raise SystemExit
            return renew(*given, **others)

        with monkeypatch.context() as killed:
            killed.setattr(leases, "renew", dying)
            try:
                stage.stage(upload.pk, 0.0)
            except SystemExit:
                deaths += 1
        pipeline.end_pause(upload)
    assert deaths > 1
    pipeline.stage(upload)
    assert kept(upload) == wanted


def test_nothing_is_staged_before_all_first_rows_are_known(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "CHUNK_ROWS", 3)
    upload = pipeline.send(SHIRTS)
    slices = 0
    while not UploadHistory.objects.get(pk=upload.pk).heads_done:
        assert stage.stage(upload.pk, 0.0) == 0.0
        pipeline.end_pause(upload)
        if not UploadHistory.objects.get(pk=upload.pk).heads_done:
            assert not list(dynamo.query_upload(upload.pk))
        slices += 1
        assert slices < 10
    assert slices > 2
    pipeline.stage(upload)
    pipeline.settle()
    assert names() == NAMES


def test_a_worker_that_was_overtaken_adds_nothing_to_a_group(pipeline: Pipeline) -> None:
    upload = pipeline.send(SHIRTS)
    claim = stage._claim(upload.pk)
    assert claim
    UploadHistory.objects.filter(pk=upload.pk).update(staging_expires_at=None)
    pipeline.stage(upload)
    before = kept(upload)
    with io.BytesIO(SHIRTS.encode()) as file, pytest.raises(leases.LeaseLost):
        stage._take_in_heads(claim, file, float("inf"))
    assert kept(upload) == before


# --- batches ---------------------------------------------------------------------------------------------------


def test_a_variant_has_its_groups_values_wherever_a_batch_ends(pipeline: Pipeline) -> None:
    upload = pipeline.send(SHIRTS)
    pipeline.stage(upload)
    records = [decode(item) for item in dynamo.query_upload(upload.pk)]
    together = judge.judge(records)
    assert [one.draft for one in together] == [judge.judge([record])[0].draft for record in records]
    assert [bool(one.left_out) for one in together] == [False, False, True, False, False, False, False, True]


def test_a_batch_asks_for_its_first_rows_once(pipeline: Pipeline, django_assert_max_num_queries: Any) -> None:
    upload = pipeline.send(SHIRTS)
    pipeline.stage(upload)
    records = [decode(item) for item in dynamo.query_upload(upload.pk)]
    with django_assert_max_num_queries(7):
        judge.judge(records * 20)


def test_the_same_rows_delivered_twice_count_once(pipeline: Pipeline) -> None:
    upload = pipeline.send(SHIRTS)
    pipeline.stage(upload)
    records = [decode(item) for item in dynamo.query_upload(upload.pk)]
    for batch in (records[:3], records, records[5:]):
        commit.commit_batch(batch)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.total_records, upload.valid_records, upload.skipped_records) == (8, 8, 2)
    assert names() == NAMES


def test_a_group_larger_than_any_chunk_is_one(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "CHUNK_ROWS", 7)
    upload = pipeline.run(export(*(variant("a", f"A-{n:03}x") for n in range(60)), first("a", "A-S")))
    assert (upload.status, upload.valid_records) == (UploadHistory.Status.COMPLETED, 61)
    assert {name.partition(" – ")[0] for name in names().values()} == {"Shirt a"}
    assert kept(upload)["a", 0]["variants"] == 60


# --- what doesn't fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "outcomes"),
    [
        ((variant("x", "X-M"), first("a", "A-S")), ["error", "inserted"]),
        ((first("a", "A-S"), first("a", "A-T").replace("Shirt a", "Other"), variant("a", "A-M")),
         ["inserted", "inserted", "error"]),
        ((first("a", "A-S", price="free"), variant("a", "A-M")), ["error", "inserted"]),
    ],
    ids=["no first row", "two first rows", "a first row that is wrong"],
)  # fmt: skip
def test_a_group_that_doesnt_hold_together_gives_no_product_anothers_values(
    rows: tuple[str, ...], outcomes: list[str], pipeline: Pipeline
) -> None:
    upload = pipeline.run(export(*rows))
    found = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number")
    assert [one.outcome for one in found] == outcomes
    assert all(name.startswith(("Shirt a", "Other")) for name in names().values())


def test_keys_of_any_length_are_told_apart(pipeline: Pipeline) -> None:
    rows = first("1", "A-S"), first("2", "B-S", category="Books"), variant("2", "B-M")
    long = "x" * 5000
    upload = pipeline.run(export(*(long + row for row in rows)))
    assert Product.objects.get(sku="B-M").category == "Books"
    assert {len(key) for key, _ in kept(upload)} == {len("sha256:") + 64}


def test_a_head_is_found_by_the_nearest_row_above(pipeline: Pipeline) -> None:
    upload = pipeline.send(SHIRTS)
    heads._write(upload.pk, {Place("", row): Head(row=row) for row in (3, 9)})
    wanted = [(upload.pk, Place("", row)) for row in (2, 3, 8, 9, 90)]
    found = heads.of(wanted)
    assert [found[one].row if one in found else None for one in wanted] == [None, 3, 3, 9, 9]


# --- afterwards ------------------------------------------------------------------------------------------------


def test_a_variant_that_is_corrected_still_has_its_groups_name(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(export(variant("a", "A-M", price="free"), first("a", "A-S")))
    assert names() == {"A-S": "Shirt a – S"}
    correct.correct(upload.pk, "REC_0000001", 1, {"Variant Price": "12.00"}, admin_user)
    assert names() == {"A-S": "Shirt a – S", "A-M": "Shirt a – M"}
    assert not ValidationError.objects.filter(upload=upload, resolved_at=None, severity="error").exists()


def test_a_rule_reads_a_value_of_the_first_row_for_its_variants_too(pipeline: Pipeline) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="tops", right_value="Books")
    pipeline.run(export(first("a", "A-S", category="Tops"), variant("a", "A-M")))
    assert set(Product.objects.values_list("sku", "category")) == {("A-S", "Books"), ("A-M", "Books")}


def test_an_error_report_has_what_its_rows_need_and_can_be_sent_back(pipeline: Pipeline) -> None:
    upload = pipeline.run(export(first("a", "A-S"), variant("a", "A-M", price="free"), variant("a", "A-L", price="no")))
    out = io.StringIO()
    report.write_report(upload, out)
    again = pipeline.run(out.getvalue().replace(",free,", ",12.00,").replace(",no,", ",13.00,"))
    assert (again.valid_records, again.error_records) == (2, 0)
    assert names() == {sku: NAMES[sku] for sku in ("A-S", "A-M", "A-L")}


def test_in_an_error_report_a_product_of_several_places_has_its_whole_stock() -> None:
    plan = Plan(columns={"stock_quantity": ("On hand",)}, group=Group("summed", refers="SKU"))
    row = {"SKU": "A", "On hand": "5"}
    head = Head(row=1, cells={"On hand": "5"}, stock="8", variants=1)
    assert heads.filled(row, plan, 1, head)["On hand"] == "8"
    assert heads.filled(row | {"On hand": "6"}, plan, 1, head)["On hand"] == "6", "as somebody corrected it"
    assert heads.filled(row, plan, 1, Head(row=1, stock="5")) == row
    assert heads.filled(row, plan, 1, None) == row


def test_what_was_left_out_is_undone_and_cancelled_like_any_row(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(SHIRTS)
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    assert names() == {}
    cancelled = pipeline.send(SHIRTS.replace("9.50", "8.50"))
    pipeline.stage(cancelled)
    finish.cancel(cancelled.pk)
    pipeline.settle()
    cancelled.refresh_from_db()
    assert set(RecordOutcome.objects.filter(upload_id=cancelled.pk).values_list("outcome", flat=True)) == {"cancelled"}
    assert (cancelled.total_records, cancelled.skipped_records) == (0, 0)


def test_what_was_left_out_says_why_in_the_table_too(pipeline: Pipeline) -> None:
    upload = pipeline.run(SHIRTS)
    items = {item["record_id"]["S"]: item for item in dynamo.query_upload(upload.pk)}
    picture_row = items["REC_0000003"]
    assert picture_row["status"]["S"] == "validated"
    assert picture_row["error_reason"]["S"] == "Left out (picture): A further picture of row 2."
    assert "error_reason" not in items["REC_0000001"]


def test_rows_that_the_stream_never_brought_are_reconciled_with_their_groups(pipeline: Pipeline) -> None:
    upload = pipeline.send(SHIRTS)
    pipeline.stage(upload)
    reconcile.reconcile(upload.pk)
    assert names() == NAMES

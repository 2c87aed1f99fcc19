"""Files that only change products, made for us: what a cell says is changed, what it doesn't say stays."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import undo
from uploads.feed.choices import in_mode
from uploads.feed.parser import Reading
from uploads.models import RecordOutcome, SeverityRule, UploadHistory, ValidationError
from uploads.pipeline import examine, receive
from uploads.pipeline.receive import Options
from uploads.preview import flow
from uploads.preview.form import Confirmation
from vendors.models import Vendor


@pytest.fixture
def three(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 4))))


def form(context: dict[str, Any], **changes: str) -> Confirmation:
    """The preview's form as it comes back, with nothing said about columns."""
    posted = {name: value for name, value in context["confirm_form"].initial.items() if name != "shape"}
    return Confirmation.from_post({**posted, **changes})


def sku(number: int) -> str:
    return Product.objects.get(vendor_product_id=f"P-{number}").sku


def product(number: int) -> Product:
    return Product.objects.get(vendor_product_id=f"P-{number}")


@pytest.mark.parametrize("by", ["sku", "vendor_product_id", "both"])
def test_prices_and_stock_are_changed_and_nothing_else(by: str, pipeline: Pipeline, three: None) -> None:
    before = product(1)
    head = {"sku": "sku", "vendor_product_id": "vendor_product_id", "both": "vendor_product_id,sku"}[by]
    named = {"sku": sku(1), "vendor_product_id": "P-1", "both": f"P-1,{sku(1)}"}[by]
    upload = pipeline.run(f"{head},price,stock_quantity\n{named},3.50,41\n")
    assert (upload.status, upload.mode, upload.updated_records) == ("completed", "update", 1)
    after = product(1)
    assert (str(after.price), after.stock_quantity) == ("3.50", 41)
    assert (after.product_name, after.category, after.brand) == (before.product_name, before.category, before.brand)


def test_an_empty_cell_leaves_what_is_there_and_clear_empties(pipeline: Pipeline, three: None) -> None:
    Product.objects.update(brand="Acme", description="A lamp that lights.")
    before = product(1)
    upload = pipeline.run(
        "sku,price,stock_quantity,brand,description\n"
        f"{sku(1)},,7,,[clear]\n{sku(2)},N/A,,[clear],\n{sku(3)},,,,\n"
    )  # fmt: skip
    assert (upload.updated_records, upload.unchanged_records, upload.error_records) == (2, 1, 0)
    one, two = product(1), product(2)
    assert (one.price, one.stock_quantity, one.brand, one.description) == (before.price, 7, "Acme", None)
    assert (two.brand, two.description) == (None, "A lamp that lights.")


def test_clear_in_a_price_is_an_error_that_says_what_to_do(pipeline: Pipeline, three: None) -> None:
    before = product(1)
    upload = pipeline.run(f"sku,price,stock_quantity\n{sku(1)},[clear],7\n{sku(2)},3.50,[clear]\n{sku(3)},4.50,1\n")
    found = ValidationError.objects.errors().filter(upload=upload).order_by("row_number")
    assert [(one.field, one.error_type, one.suggestion) for one in found] == [
        ("price", "missing_value", ""), ("stock_quantity", "missing_value", "0")
    ]  # fmt: skip
    assert "Leave the cell empty to keep the price as it is." in found[0].error_message
    assert (product(1).price, product(1).stock_quantity) == (before.price, before.stock_quantity)


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_a_row_that_changes_a_retired_product_says_that_nobody_sees_it(
    severity: str, pipeline: Pipeline, three: None
) -> None:
    if severity == "error":
        SeverityRule.objects.create(code="retired_product", severity="error")
    pipeline.run(f"sku,action\n{sku(1)},retire\n{sku(2)},retire\n")
    before = product(1).price
    text = f"sku,price,stock_quantity\n{sku(1)},3.50,7\n{sku(2)},3.50,0\n{sku(3)},3.50,7\n"
    for upload in (pipeline.run(text), pipeline.run(text.replace(",0\n", ",0\r\n"))):
        said = ValidationError.objects.filter(upload=upload, error_type="retired_product")
        assert [(one.row_number, one.severity) for one in said] == [(1, severity)]
    assert (product(1).status, product(1).price == before) == ("retired", severity == "error")
    pipeline.run(feed(line(1, price="4.50")))
    assert product(1).status == "active"
    assert not ValidationError.objects.filter(upload=pipeline.run(f"sku,price\n{sku(1)},5.50\n")).exists()


def test_an_unknown_product_is_an_error_with_what_is_perhaps_meant(pipeline: Pipeline, three: None) -> None:
    Product.objects.filter(vendor_product_id="P-1").update(sku="LAMP-0017-BLK")
    Product.objects.filter(vendor_product_id="P-2").update(sku="00412")
    upload = pipeline.run("sku,stock_quantity\nlamp-0017-blk,1\n412,1\nLAMP-0017-BLU,1\nP-3,1\nnothing-like-it,1\n")
    errors = ValidationError.objects.errors().filter(upload=upload).order_by("row_number")
    assert [error.error_type for error in errors] == ["unknown_product"] * 5
    assert [error.suggestion for error in errors] == ["LAMP-0017-BLK", "00412", "LAMP-0017-BLK", sku(3), ""]
    assert "Did you mean LAMP-0017-BLK?" in errors[0].error_message
    assert Product.objects.count() == 3


def test_another_vendors_product_is_unknown_and_never_suggested(
    pipeline: Pipeline, three: None, other_vendor: Vendor
) -> None:
    upload = pipeline.run(f"sku,stock_quantity\n{sku(1)},1\n{sku(1).lower()},1\n", vendor_id=other_vendor.pk)
    errors = ValidationError.objects.errors().filter(upload=upload)
    assert [(error.error_type, error.suggestion) for error in errors] == [("unknown_product", "")] * 2


def test_rows_retire_products_in_a_file_of_nothing_else(pipeline: Pipeline, three: None, admin_user: User) -> None:
    upload = pipeline.run(f"sku,action\n{sku(1)},delete\n{sku(2)},\n{sku(3)},Löschen\n")
    assert (upload.retired_records, upload.unchanged_records, upload.error_records) == (2, 1, 0)
    assert set(Product.objects.filter(status="retired").values_list("vendor_product_id", flat=True)) == {"P-1", "P-3"}
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    assert not Product.objects.filter(status="retired").exists()


def test_rows_of_a_whole_feed_may_retire_too(pipeline: Pipeline, three: None) -> None:
    header, *rows = feed(line(1), line(2, price="", product_name=""), line(4)).splitlines()
    text = "\n".join([f"{header},action", f"{rows[0]},", f"{rows[1]},retire", f"{rows[2]},upsert"])
    upload = pipeline.run(text)
    assert (upload.inserted_records, upload.retired_records, upload.unchanged_records) == (1, 1, 1)
    assert product(2).status == "retired"


def test_what_it_changed_is_in_the_history_and_undone_with_it(
    pipeline: Pipeline, three: None, admin_user: User
) -> None:
    before = product(1).price
    upload = pipeline.run(f"sku,price\n{sku(1)},3.50\n")
    assert ProductChange.objects.get(upload_id=upload.pk).changes == {"price": [str(before), "3.50"]}
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    assert product(1).price == before


def test_a_list_of_another_program_leaves_what_it_does_not_know_alone(pipeline: Pipeline, three: None) -> None:
    upload = pipeline.run(f"SKU,Price,Qty\n{sku(1)},3.50,4\nNOT-OURS,2.00,1\n")
    assert (upload.updated_records, upload.skipped_records, upload.error_records) == (1, 1, 0)


def test_in_the_mode_that_only_updates_such_a_list_is_read_strictly(pipeline: Pipeline, three: None) -> None:
    text = f"SKU,Name,Price\n{sku(1)},Another name,\nNOT-OURS,x,1.00\n"
    upload = receive.receive(
        io.BytesIO(text.encode()), "f.csv", "VEND001", reading=in_mode(Reading(), "update"), options=Options("update")
    )
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.updated_records, upload.error_records) == (1, 1)
    assert product(1).product_name == "Another name"


def test_the_preview_says_what_it_is_and_what_is_meant(pipeline: Pipeline, three: None, admin_user: User) -> None:
    text = f"sku,price,brand\n{sku(1)},3.50,New brand\n{sku(2).lower()},1.00,\n"
    context = flow.choose(io.BytesIO(text.encode()), "offers.csv", Vendor.objects.get(pk="VEND001"), admin_user)
    preview = context["preview"]
    assert preview.mode == "update"
    assert any("by its brand and price" in note for note in preview.layout.plan.said)
    assert [row.outcome for row in preview.rows] == ["updated", "error"]
    assert preview.rows[1].problems[0].suggestion == sku(2)


def test_a_mode_is_chosen_and_taken_back_in_the_preview(pipeline: Pipeline, three: None, admin_user: User) -> None:
    vendor = Vendor.objects.get(pk="VEND001")
    text = f"SKU,Name,Price\n{sku(1)},A name,3.00\n"
    context = flow.choose(io.BytesIO(text.encode()), "f.csv", vendor, admin_user)
    assert context["preview"].layout.questions
    seen = flow.look_again(form(context, mode="update"), admin_user, vendor)
    assert (seen["preview"].mode, seen["preview"].layout.questions) == ("update", ())
    assert [row.outcome for row in seen["preview"].rows] == ["updated"]
    again = flow.look_again(form(seen, mode="upsert"), admin_user, vendor)
    assert again["preview"].layout.questions
    upload = flow.confirm(form(seen), admin_user, vendor)
    assert upload.mode == UploadHistory.Mode.UPDATE
    pipeline.stage(upload)
    pipeline.settle()
    assert product(1).product_name == "A name"


@pytest.mark.parametrize(
    ("chosen", "outcomes"),
    [({}, ["updated", "skipped", "error"]), ({"mode": "update"}, ["updated", "error", "updated"])],
)
def test_a_list_of_another_program_becomes_what_its_preview_shows(
    chosen: dict[str, str], outcomes: list[str], pipeline: Pipeline, three: None, admin_user: User
) -> None:
    vendor = Vendor.objects.get(pk="VEND001")
    text = f"SKU,Price,Qty\n{sku(1)},9.50,4\nNOT-OURS,2.00,1\n{sku(2)},,3\n"
    seen = flow.choose(io.BytesIO(text.encode()), "f.csv", vendor, admin_user)
    if chosen:
        seen = flow.look_again(form(seen, **chosen), admin_user, vendor)
    assert [row.outcome for row in seen["preview"].rows] == outcomes
    counted = {name: count for name, count in seen["job"].result.items() if isinstance(count, int) and name != "warned"}
    assert counted == {name: outcomes.count(name) for name in set(outcomes)}
    upload = flow.confirm(form(seen), admin_user, vendor)
    pipeline.stage(upload)
    pipeline.settle()
    rows = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number")
    assert [row.outcome for row in rows] == outcomes


def test_the_preview_of_a_whole_catalog_says_how_many_it_lacks_and_some(
    pipeline: Pipeline, three: None, admin_user: User
) -> None:
    vendor = Vendor.objects.get(pk="VEND001")
    text = feed(line(1), line(2))
    context = flow.choose(io.BytesIO(text.encode()), "all.csv", vendor, admin_user)
    seen = flow.look_again(form(context, mode="replace"), admin_user, vendor)
    run_jobs()
    job = seen["job"]
    job.refresh_from_db()
    assert (job.result["absent"], job.result["absent_some"]) == (
        1, [{"sku": sku(3), "name": product(3).product_name}],
    )  # fmt: skip
    upload = flow.confirm(form(seen), admin_user, vendor)
    assert (upload.mode, upload.absent_to) == ("replace", "retired")


@pytest.mark.parametrize(("column", "keeps", "ends"), [("update-delete", "update", "delete"), ("add-delete", "a", "d")])
def test_a_marketplaces_word_for_deleting_retires_and_no_product_of_its_own_is_missed(
    column: str, keeps: str, ends: str, pipeline: Pipeline, three: None
) -> None:
    rows = f"{sku(1)},3.50,4,{keeps}\n{sku(2)},3.50,4,{ends}\n{sku(3)},3.50,4,\nNOT-OURS,3.50,4,{ends}\n"
    upload = pipeline.run(f"sku,price,quantity,{column}\n{rows}")
    assert (upload.updated_records, upload.retired_records, upload.skipped_records) == (2, 1, 1)
    assert (product(2).status, product(2).stock_quantity) == ("retired", 5)


def test_a_list_whose_ids_are_another_programs_finds_products_by_their_sku(pipeline: Pipeline, three: None) -> None:
    rows = f"110553,{sku(1)},9.50,4\n,{sku(2)},9.50,4\n110555,NOT-OURS,9.50,4\n"
    upload = pipeline.run(f"ID,SKU,Regular price,Stock\n{rows}")
    assert (upload.updated_records, upload.skipped_records, upload.error_records) == (2, 1, 0)
    assert (product(1).stock_quantity, product(2).stock_quantity) == (4, 4)


def test_skus_that_a_spreadsheet_changed_rename_no_product(pipeline: Pipeline, three: None) -> None:
    Product.objects.filter(vendor_product_id="P-1").update(sku="00412")
    upload = pipeline.run("vendor_product_id,sku,price\nP-1,412,9.50\n")
    error = ValidationError.objects.errors().get(upload=upload)
    assert (error.error_type, error.field, error.suggestion) == ("unknown_product", "sku", "00412")
    assert (product(1).sku, str(product(1).price)) == ("00412", "9.99")


def test_gtins_alone_are_added_to_products_that_are_there(pipeline: Pipeline, three: None) -> None:
    upload = pipeline.run(f"Artikelnummer;EAN\n{sku(1)};4006381333931\n{sku(2)};\nNOT-OURS;4006381333931\n")
    assert (upload.updated_records, upload.unchanged_records, upload.skipped_records) == (1, 1, 1)
    assert (product(1).gtin, product(2).gtin) == ("4006381333931", None)


def test_a_list_of_prices_by_gtin_is_told_what_it_lacks(pipeline: Pipeline, three: None) -> None:
    with pytest.raises(examine.Refused, match=r"send their SKU or product ID. The GTIN .“EAN”. isn’t enough"):
        pipeline.send("EAN;Preis;Bestand\n4006381333931;11,00;4\n4006381333948;12,00;5\n")

"""Failed rows mended many at once in the admin: all wrong values of a field, the rows of a kind, what came of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import listed, posted, text
from uploads.models import Correction, Job, UploadHistory, ValidationError, ValueRule
from vendors.models import Vendor

ERRORS = "/admin/uploads/validationerror/"
OF_VENDOR = f"{ERRORS}values/?vendor=VEND001&field=category"


def values(upload: UploadHistory, field: str = "category") -> str:
    return f"{ERRORS}values/?upload={upload.pk}&field={field}"


def rows(upload: UploadHistory, code: str) -> str:
    return f"{ERRORS}rows/?upload={upload.pk}&code={code}"


@pytest.fixture
def uploads(pipeline: Pipeline) -> list[UploadHistory]:
    """Two uploads: four rows have “Elektro” in two spellings, two “Kleider”, one has none, and two wrong prices."""
    some = [
        line(1, category="Elektro"), line(2, category="ELEKTRO"), line(3, category="Kleider"), line(4, price="x"),
        line(5, category=""), line(6, category="Elektro"),
    ]  # fmt: skip
    more = [line(8, category="Elektro"), line(10, category="Kleider", price="x")]
    return [pipeline.run(feed(*some)), pipeline.run(feed(*more))]


# --- all wrong values of a field -------------------------------------------------------------------------------


def test_an_uploads_page_leads_to_the_wrong_values_of_each_field_and_to_the_rows_of_each_kind(
    admin_client: Client, uploads: list[UploadHistory]
) -> None:
    page = admin_client.get(f"/admin/uploads/uploadhistory/{uploads[0].pk}/change/")
    assert "Category 3 wrong values" in text(page)
    found = re.findall(r'(?:href|action)="([^"]*validationerror/(?:values|rows)/[^"]*)"', page.content.decode())
    links = set(found)
    assert len(links) == 5, "two forms, and three kinds of error"
    for address in links:
        assert admin_client.get(address.replace("&amp;", "&")).status_code == 200, address


def test_the_values_stand_there_with_their_rows_in_an_upload_or_in_all_of_its_vendor(
    admin_client: Client, uploads: list[UploadHistory]
) -> None:
    assert listed(admin_client.get(values(uploads[0]))) == [("ELEKTRO", 3), ("", 1), ("Kleider", 1)]
    assert listed(admin_client.get(OF_VENDOR)) == [("ELEKTRO", 4), ("Kleider", 2), ("", 1)]
    waiting = admin_client.get(f"{ERRORS}waiting/?vendor=VEND001")
    assert [(one.field, one.values, one.rows) for one, _ in waiting.context["fields"]] == [
        ("category", 3, 7), ("price", 1, 2),
    ]  # fmt: skip
    assert "8 rows of VEND001 wait for somebody" in text(waiting)


def test_one_save_corrects_all_of_them_and_the_job_says_what_came_of_each_and_what_is_left(
    admin_client: Client, uploads: list[UploadHistory]
) -> None:
    page = admin_client.get(OF_VENDOR)
    sent = posted(page, right_0="Electronics", right_1="Clothing", right_2="Books", keep="yes")
    job = admin_client.post(OF_VENDOR, sent).headers["Location"]
    assert "Waiting for its turn" in text(admin_client.get(job))
    run_jobs()

    shown = admin_client.get(job)
    assert "Done: 6 rows are right now, 1 still wrong." in text(shown)
    assert "6 new products" in text(shown)
    assert "Still wrong: Invalid price (1 row)" in text(shown)
    assert f'href="{ERRORS}waiting/?vendor=VEND001"' in shown.content.decode()
    assert "2 rows of VEND001 wait for somebody" in text(admin_client.get(f"{ERRORS}waiting/?vendor=VEND001"))
    assert set(Product.objects.values_list("category", "sku")) >= {("Electronics", "SKU-8"), ("Books", "SKU-5")}
    assert set(ValueRule.objects.values_list("wrong_value", "right_value")) == {
        ("ELEKTRO", "Electronics"), ("Kleider", "Clothing"),
    }, "empty cells of later files are nobody's decision"  # fmt: skip
    assert LogEntry.objects.get().change_message == "Category: 3 corrected of its wrong values, 7 rows, kept as rules."


def test_in_one_upload_the_rows_of_others_are_left_alone(admin_client: Client, uploads: list[UploadHistory]) -> None:
    page = admin_client.get(values(uploads[1]))
    job = admin_client.post(values(uploads[1]), posted(page, right_0="Electronics", ignore_1="yes"))
    run_jobs()
    for upload in uploads:
        upload.refresh_from_db()
    assert [(one.open_records, one.ignored_records) for one in uploads] == [(6, 0), (0, 1)]
    shown = text(admin_client.get(job.headers["Location"]))
    assert "Done: 1 row is right now, 0 still wrong, 1 ignored." in shown
    assert "6 rows of other uploads of VEND001 wait." in shown


def test_values_that_only_begin_alike_are_not_corrected_together(admin_client: Client, pipeline: Pipeline) -> None:
    names = ["A" * 200 + colour for colour in (" red", " blue")]
    upload = pipeline.run(
        feed(*(line(n, product_name=name) for n, name in enumerate(names, 1)), line(3, product_name=""))
    )
    assert listed(admin_client.get(values(upload, "product_name"))) == [("", 1)]
    admin_client.post(values(upload, "product_name"), {"value-0": "", "right-0": "Lamp"})
    job = run_jobs()
    assert (job.total, job.result["valid"], job.result["error"]) == (1, 1, 0), "the others are left alone"
    assert list(Product.objects.values_list("product_name", flat=True)) == ["Lamp"]


def test_no_two_rows_are_given_one_id_or_sku(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, sku=""), line(2, vendor_product_id=""), line(3, sku="")))
    for field in ("sku", "vendor_product_id"):
        assert listed(admin_client.get(values(upload, field))) == []
        admin_client.post(values(upload, field), {"value-0": "x", "right-0": "A-1"})
    assert not Job.objects.exists()


def test_what_cannot_be_saved_is_said_and_what_was_typed_stays_beside_its_value(
    admin_client: Client, uploads: list[UploadHistory]
) -> None:
    page = admin_client.get(OF_VENDOR)
    assert "Nothing was chosen" in text(admin_client.post(OF_VENDOR, posted(page)))
    long = posted(page, right_1="x" * 201)
    ValidationError.objects.filter(wrong_value__iexact="elektro").update(resolved_at="2026-01-01T00:00:00Z")
    shown = admin_client.post(OF_VENDOR, long)
    assert "200 characters at most" in text(shown)
    assert [(one.value, right) for _, one, _, right, _ in shown.context["lines"]] == [("Kleider", "x" * 201), ("", "")]
    gone = admin_client.post(OF_VENDOR, {"value-0": "Elektro", "right-0": "Books"})
    assert "No row has these values any more." in text(gone)
    Vendor.objects.update(status="suspended")
    refused = admin_client.post(OF_VENDOR, posted(page, right_1="Books"))
    assert "VEND001 is suspended: rows can be retried once it is active." in text(refused)
    assert not Job.objects.exists()


# --- the rows of a kind ----------------------------------------------------------------------------------------


def form(client: Client, address: str) -> dict[str, str]:
    """The form as a browser would send it back unchanged."""
    sent: dict[str, str] = {}
    for shown in client.get(address).context["page"].lines:
        sent |= {f"{shown.number}-error": str(shown.error_id), f"{shown.number}-attempt": str(shown.row.attempt)}
        sent |= {cell.name: cell.value for cell in shown.cells.values() if cell.wrong}
    return sent


def test_missing_values_are_filled_in_row_by_row_with_one_save(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, product_name=""), line(2, product_name="", price="x"), line(3, sku=""), line(4)))
    address = rows(upload, "missing_value")
    page = admin_client.get(address)
    assert [label for _, label in page.context["page"].fields] == ["Product name", "SKU", "Price"]
    assert "P-1 · SKU-1" in text(page)
    sent = form(admin_client, address) | {"0-product_name": "Lamp", "1-product_name": "Fan", "2-ignore": "yes"}
    shown = text(admin_client.post(address, sent, follow=True))
    assert "1 row is ignored." in shown
    assert "1 row is right now." in shown
    assert "1 row is still wrong." in shown
    upload.refresh_from_db()
    assert (upload.valid_records, upload.open_records, upload.ignored_records) == (2, 1, 1)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Ignored 1 rows (missing_value).", "Corrected 2 rows (missing_value).",
    ]  # fmt: skip
    assert "No row has this error any more" in text(admin_client.get(address, follow=True))


def test_rows_that_clash_are_given_a_sku_of_their_own_or_ignored(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, sku="SKU-1"), line(3, sku="SKU-1"), line(4, vendor_product_id="P-1")))
    address = rows(upload, "duplicate_in_file")
    assert [label for _, label in admin_client.get(address).context["page"].fields] == ["Product ID", "SKU"]
    shown = text(admin_client.post(address, form(admin_client, address) | {"0-sku": "SKU-2"}, follow=True))
    assert "1 row is right now." in shown
    admin_client.post(address, {"all": "ignore"})
    job = run_jobs()
    assert "Done: 2 rows ignored." in text(admin_client.get(f"/admin/uploads/job/{job.pk}/change/"))
    assert sorted(Product.objects.values_list("sku", flat=True)) == ["SKU-1", "SKU-2"]


def test_all_rows_of_a_kind_are_retried_as_they_are(admin_client: Client, uploads: list[UploadHistory]) -> None:
    address = rows(uploads[0], "invalid_price")
    admin_client.post(address, {"all": "retry"})
    assert run_jobs().result["error"] == 1
    uploads[0].refresh_from_db()
    Vendor.objects.update(status="suspended")
    assert "VEND001 is suspended" in text(admin_client.post(address, {"all": "retry"}, follow=True))
    assert "Nothing was changed" not in text(admin_client.post(address, {"all": "nonsense"}, follow=True))
    assert Job.objects.count() == 1


def test_a_number_that_is_id_and_sku_is_corrected_in_its_one_cell(admin_client: Client, pipeline: Pipeline) -> None:
    """Of a list with one number for both, what is wrong with the SKU is wrong with that cell."""
    pipeline.run(feed(line(1, sku="A-2")))
    upload = pipeline.send(
        "Number,Name,Category,Price,Stock\nA-1,Lamp,Books,5,5\nA-2,Fan,Books,5,5\n", identifiers_from="Number"
    )
    pipeline.stage(upload)
    pipeline.settle()
    address = rows(upload, "sku_taken")
    page = admin_client.get(address).context["page"]
    assert [(field, cell.wrong) for field, cell in page.lines[0].cells.items() if cell.problems] == [
        ("vendor_product_id", True)
    ]
    shown = text(admin_client.post(address, form(admin_client, address) | {"0-vendor_product_id": "A-3"}, follow=True))
    assert "1 row is right now." in shown
    assert Product.objects.filter(sku="A-3", vendor_product_id="A-3").exists()


# --- who may, and addresses ------------------------------------------------------------------------------------


def test_mending_needs_its_permission(client: Client, uploads: list[UploadHistory]) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    price = {"value-0": "x", "right-0": "5"}
    attempts: list[Callable[[], Any]] = [
        lambda: client.get(OF_VENDOR),
        lambda: client.post(values(uploads[0], "price"), price),
        lambda: client.get(rows(uploads[0], "invalid_price")),
        lambda: client.post(rows(uploads[0], "invalid_price"), {"all": "ignore"}),
    ]
    assert [attempt().status_code for attempt in attempts] == [403] * 4
    for page in (f"{ERRORS}waiting/?vendor=VEND001", f"/admin/uploads/uploadhistory/{uploads[0].pk}/change/"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert "validationerror/values/" not in shown.content.decode()
        assert "validationerror/rows/" not in shown.content.decode()
    assert not Job.objects.exists()


def test_who_may_neither_make_rules_nor_see_jobs_mends_without(client: Client, uploads: list[UploadHistory]) -> None:
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_validationerror", "replay_uploadhistory"]))
    client.force_login(user)
    page = client.get(OF_VENDOR)
    assert "in later files too" not in text(page)
    answer = client.post(OF_VENDOR, posted(page, right_0="Electronics", keep="yes"))
    assert answer.headers["Location"] == f"{ERRORS}waiting/?vendor=VEND001"
    assert "The work has been started." in text(client.get(answer.headers["Location"]))
    assert Job.objects.count() == 1
    assert not ValueRule.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "values/", "values/?vendor=VEND001", "values/?vendor=VEND001&field=colour", "values/?vendor=V%00&field=price",
        "values/?upload=nobodys&field=price", "rows/?vendor=VEND001&code=invalid_price", "rows/?upload=nobodys&code=x",
        "waiting/", "waiting/?vendor=VEND009",
    ],
)  # fmt: skip
def test_an_address_that_names_nothing_is_not_there(
    admin_client: Client, uploads: list[UploadHistory], address: str
) -> None:
    assert admin_client.get(ERRORS + address).status_code == 404
    assert admin_client.post(ERRORS + address, {"value-0": "x", "right-0": "5", "all": "ignore"}).status_code == 404
    assert not Job.objects.exists()


def test_forged_forms_change_nothing(admin_client: Client, uploads: list[UploadHistory]) -> None:
    foreign = ValidationError.objects.filter(upload=uploads[1], error_type="invalid_price").get()
    address = rows(uploads[0], "invalid_price")
    for error in (str(foreign.pk), "", "x", "-1", "9" * 30):
        sent = {"0-error": error, "0-attempt": "1", "0-price": "5"}
        assert admin_client.post(address, sent).status_code == 302
    assert not Correction.objects.exists()

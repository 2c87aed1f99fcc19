"""What people see of rows that wait and are retried by themselves: on their pages, in the timeline, and of the wish."""

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.keeping.aging import age
from tests.vendors.conftest import as_user, member
from uploads import tasks
from uploads.insight import timeline
from uploads.keeping import export, offboarding
from uploads.models import SelfRetry, UploadHistory, ValidationError
from uploads.pipeline import examine
from uploads.preview import verdicts
from vendors.models import Vendor

WAITS = "etried by itself when the category is on our list"


@pytest.fixture
def owner(pipeline: Pipeline, vendor: Vendor) -> Client:
    """An owner of VEND001, which wants its rows retried by themselves."""
    Vendor.objects.update(retries_by_itself=True)
    return as_user(member(vendor, "ada", "owner").user)


@pytest.fixture
def retried(owner: Client, pipeline: Pipeline) -> UploadHistory:
    """An upload whose second row became a product when its category was opened."""
    upload = pipeline.run(feed(line(1), line(2, category="Garden Gnomes"), line(3, category="Nothing")))
    ProductCategory.objects.create(category_name="Garden Gnomes")
    tasks.retry_waiting()
    run_jobs()
    upload.refresh_from_db()
    return upload


def text(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


# --- what became of it ---------------------------------------------------------------------------------------------


def test_the_timeline_says_why_the_row_was_retried(retried: UploadHistory, admin_client: Client, owner: Client) -> None:
    product = Product.objects.get(sku="SKU-2")
    (entry,) = timeline.of(product.pk).entries
    assert (entry.attempt, entry.because) == (2, "the category Garden Gnomes was opened")

    said = "Retried by itself, since the category Garden Gnomes was opened."
    assert said in text(admin_client, f"/admin/catalog/product/{product.pk}/change/")
    assert said in text(owner, "/vendor/VEND001/find/?q=SKU-2")


def test_the_uploads_page_and_the_jobs_say_so_too(retried: UploadHistory, admin_client: Client, owner: Client) -> None:
    title = "Rows retried by themselves, since the category Garden Gnomes was opened"
    job, error = retried.jobs.get(), ValidationError.objects.get(upload=retried, row_number=2)
    row = text(admin_client, f"/admin/uploads/validationerror/{error.pk}/change/")
    assert "Retried, since the category Garden Gnomes was opened." in row
    assert title in text(admin_client, f"/admin/uploads/uploadhistory/{retried.pk}/change/")
    assert title in text(owner, f"/vendor/VEND001/mending/{job.pk}/")
    assert "1 row is right now, 0 still wrong" in text(admin_client, f"/admin/uploads/job/{job.pk}/change/")


def test_the_vendor_gets_no_mail_for_it(retried: UploadHistory) -> None:
    assert [sent.subject for sent in mail.outbox if "etried" in f"{sent.subject} {sent.body}"] == []


def test_a_freed_sku_never_says_whose_it_was(owner: Client, pipeline: Pipeline, other_vendor: Vendor) -> None:
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    pipeline.run(feed(line(1)))
    Product.objects.all().delete()
    tasks.retry_waiting()
    run_jobs()

    page = text(owner, "/vendor/VEND001/find/?q=SKU-1")
    assert "Retried by itself, since the SKU SKU-1 became free." in page
    assert "Becker" not in page
    assert "VEND002" not in page


# --- a row that waits ----------------------------------------------------------------------------------------------


def test_rows_that_wait_say_what_for_where_the_vendor_wants_it(
    owner: Client, pipeline: Pipeline, admin_client: Client
) -> None:
    upload = pipeline.run(feed(line(1, category="Garden Gnomes"), line(2, price="cheap")))
    errors = f"/vendor/VEND001/uploads/{upload.pk}/errors/"
    pages = [(owner, errors), (owner, f"{errors}unknown_category/"),
             (admin_client, f"/admin/uploads/uploadhistory/{upload.pk}/change/")]  # fmt: skip
    assert [text(*page).count(WAITS) for page in pages] == [1, 1, 1]
    assert WAITS not in text(owner, f"{errors}invalid_price/")

    Vendor.objects.update(retries_by_itself=False)
    assert [text(*page).count(WAITS) for page in pages] == [0, 0, 0]


@pytest.mark.parametrize("wants", [True, False])
def test_a_preview_says_so_of_rows_with_no_other_problem(owner: Client, wants: bool) -> None:
    Vendor.objects.update(retries_by_itself=wants)
    rows = feed(line(1, category="Garden Gnomes"), line(2, category="Garden Gnomes", price="cheap"), line(3))
    preview = verdicts.of(examine.FeedFile(io.BytesIO(rows.encode())), "VEND001")

    assert preview.retries_by_itself is wants
    assert [row.waits for row in preview.rows] == ["the category is on our list", "", ""]


# --- the wish ------------------------------------------------------------------------------------------------------


def test_an_owner_says_on_the_profile_that_it_is_wanted_and_the_log_says_so(pipeline: Pipeline, vendor: Vendor) -> None:
    ada = as_user(member(vendor, "ada", "owner").user)
    data = {"vendor_name": "Northwind", "email": "feeds@northwind.example", "country": "USA"}
    label = "Retry rows by themselves when what they waited for happens"
    assert label in text(ada, "/vendor/VEND001/profile/")

    ada.post("/vendor/VEND001/profile/", data | {"retries_by_itself": "on"})

    vendor.refresh_from_db()
    assert vendor.retries_by_itself
    assert LogEntry.objects.get().change_message == f"Profile changed by an owner: {label}."
    viewer = as_user(member(vendor, "ben", "viewer").user)
    assert f"<dt>{label}</dt><dd>Yes</dd>" in text(viewer, "/vendor/VEND001/profile/")
    viewer.post("/vendor/VEND001/profile/", data)
    ada.post("/vendor/VEND001/profile/", data)
    vendor.refresh_from_db()
    assert not vendor.retries_by_itself


def test_staff_see_and_change_the_wish_on_the_vendors_page(admin_client: Client, vendor: Vendor) -> None:
    assert 'name="retries_by_itself"' in text(admin_client, f"/admin/vendors/vendor/{vendor.pk}/change/")


# --- what is kept --------------------------------------------------------------------------------------------------


def test_why_rows_were_retried_goes_with_the_vendors_data_and_with_the_archived_upload(retried: UploadHistory) -> None:
    vendor = Vendor.objects.get(pk="VEND001")
    assert dict(export.tables(vendor))["rows-retried-by-themselves"].count() == 1
    counted = offboarding.still_there(vendor)["errors, corrections and first rows of groups"]
    SelfRetry.objects.all().delete()
    assert offboarding.still_there(vendor)["errors, corrections and first rows of groups"] == counted - 1


def test_an_archived_upload_keeps_no_reasons(retried: UploadHistory) -> None:
    age(retried)
    for _ in range(30):
        tasks.delete_old()
    retried.refresh_from_db()
    assert retried.rows_deleted_at is not None
    assert not SelfRetry.objects.exists()

"""The preview of a whole catalog says what its import then does with what the file lacks, or why nothing."""

import io

import pytest
from django.contrib.auth.models import User

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.preview.test_own_lists import form
from uploads.models import Job, UploadHistory
from uploads.preview import flow, outlook
from uploads.preview.form import Confirmation
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("unguarded")


@pytest.fixture
def thirty(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 31)), line(31, vendor_product_id="0031")))
    Product.objects.filter(vendor_product_id="P-30").update(stock_quantity=0)


def previewed(text: str, user: User) -> tuple[Job, Confirmation]:
    vendor = Vendor.objects.get(pk="VEND001")
    context = flow.choose(io.BytesIO(text.encode()), "all.csv", vendor, user)
    seen = flow.look_again(Confirmation.from_post(form(context, mode="replace")), user, vendor)
    run_jobs()
    seen["job"].refresh_from_db()
    return seen["job"], Confirmation.from_post(form(seen))


@pytest.mark.parametrize(
    ("to", "rows", "end", "lacks", "why"),
    [
        ("retired", [*map(line, range(1, 29))], "\n", 3, ""),
        # What has no stock already keeps it.
        ("zero_stock", [*map(line, range(1, 29))], "\n", 2, ""),
        # A wrong row by its ID, one by its SKU, and one with a new ID for a SKU that is in the catalog.
        (
            "retired",
            [*map(line, range(3, 30)), line(1, price="free"), line(2, vendor_product_id=""),
             line(31, vendor_product_id="31")],
            "\n", 1, "",
        ),
        # What is one product's ID and another one's SKU names the first.
        ("retired", [*map(line, range(1, 28)), line(9, vendor_product_id="SKU-29", sku="SKU 9 9")], "\n", 4, ""),
        ("retired", [*map(line, range(1, 28)), line(28, vendor_product_id="", sku="")], "\n", 4, "1 row doesn't say"),
        ("retired", [*map(line, range(1, 25)), *(line(n, price="free") for n in range(25, 29))], "\n", 3, "4 of 28 "),
        ("retired", [*map(line, range(1, 28)), line(28, stock_quantity="")], "", 3, "may have been cut off there"),
    ],
)  # fmt: skip
def test_what_the_preview_says_of_what_is_absent_is_what_happens(
    pipeline: Pipeline, thirty: None, admin_user: User, to: str, rows: list[str], end: str, lacks: int, why: str
) -> None:
    Vendor.objects.update(absent_products=to)
    job, confirmation = previewed(feed(*rows).rstrip("\n") + end, admin_user)
    upload = flow.confirm(confirmation, admin_user, Vendor.objects.get(pk="VEND001"))
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert job.result["absent"] == lacks
    assert why in job.result.get("absent_why", "")
    if why:
        assert (upload.absent_state, upload.absent_records, upload.absent_agreed) == ("refused", 0, None)
        assert upload.absent_why.startswith(job.result["absent_why"])
        assert "nothing would be done to them" in outlook.of(job).sentence
        assert "without" not in outlook.of(job).button
    else:
        assert "absent_why" not in job.result
        assert (upload.absent_state, upload.absent_records, upload.absent_agreed) == ("done", lacks, lacks)
        assert f"without {lacks} product" in outlook.of(job).button


def test_who_confirms_another_reading_than_was_tried_has_agreed_to_nothing(
    pipeline: Pipeline, thirty: None, admin_user: User
) -> None:
    job, confirmation = previewed(feed(*map(line, range(1, 29))), admin_user)
    Job.objects.filter(pk=job.pk).update(parameters=job.parameters | {"mode": "upsert"})
    assert flow.confirm(confirmation, admin_user, Vendor.objects.get(pk="VEND001")).absent_agreed is None
    assert UploadHistory.objects.latest("created_at").mode == "replace"

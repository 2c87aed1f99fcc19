"""A vendor takes back what its own upload changed: first a look at what would happen, then the doing."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import text
from uploads.corrections import undo
from uploads.models import Job, UploadHistory
from vendors.models import Vendor


def of(upload: UploadHistory, rest: str = "undo/") -> str:
    return f"/vendor/{upload.vendor_id}/uploads/{upload.pk}/{rest}"


def test_first_it_says_what_would_happen_and_then_does_that(uploader: Client, pipeline: Pipeline) -> None:
    earlier = pipeline.run(feed(line(1), line(2), line(4, price="x")))
    upload = pipeline.run(feed(line(1, price="5.00"), line(2, price="6.00"), line(3), line(4)))
    pipeline.run(feed(line(2, price="7.00")))
    assert "Undo it" in text(uploader.get(of(upload, "")))
    assert "Products that this file brought (2)" in text(uploader.get(of(upload)))

    look = uploader.post(of(upload)).headers["Location"]
    assert "Waiting for its turn" in text(uploader.get(look))
    run_jobs()
    shown = uploader.get(look)
    assert "Nothing has changed yet: 3 products would be taken back." in text(shown)
    assert "Would leave the catalog 2 Would be as before 1 Would stay, changed since 1" in text(shown)
    assert "3 line 4 SKU-3 Product 3 leaves the catalog" in text(shown)
    assert "1 line 2 SKU-1 Product 1 price: 5.00 → 9.99" in text(shown)
    assert "SKU-2 The product was changed or confirmed since." in text(shown)
    assert "1 row of earlier files was settled by this file" in text(shown)
    assert Product.objects.count() == 4
    assert uploader.get(f"{look}progress/").status_code == 200

    done = uploader.post(of(upload), {"looked": str(Job.objects.get().pk)}).headers["Location"]
    run_jobs()
    assert "Undone: 3 products taken back." in text(uploader.get(done))
    assert "Rows of earlier files that wait again 1" in text(uploader.get(done))
    assert {p.sku: str(p.price) for p in Product.objects.all()} == {"SKU-1": "9.99", "SKU-2": "7.00"}
    earlier.refresh_from_db()
    assert (earlier.open_records, earlier.closed_records) == (1, 0)
    assert "Undone on" in text(uploader.get(of(upload, "")))
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Looked at what undoing it would do, on the vendor's page.", "Undid the upload on the vendor's page.",
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["", "0", "x", "9" * 99, "of another upload", "not ended", "no look"])
def test_nothing_is_undone_that_was_not_looked_at_first(uploader: Client, pipeline: Pipeline, number: str) -> None:
    upload, other = pipeline.run(feed(line(1))), pipeline.run(feed(line(2)))
    if number == "of another upload":
        number = str(run_jobs(undo.start(other, None, dry=True)).pk)
    elif number == "not ended":
        number = str(undo.start(upload, None, dry=True).pk)
    elif number == "no look":
        number = str(Job.objects.create(kind="undo", upload=upload, vendor_id="VEND001", state="done").pk)
    uploader.post(of(upload), {"looked": number})
    run_jobs()
    assert Product.objects.count() == 2
    assert all(job.parameters.get("dry", True) for job in Job.objects.all())


def test_what_was_edited_by_hand_stays_and_a_second_undo_finds_nothing(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)))
    ProductChange.objects.create(product_id=Product.objects.get().pk, kind="edited", changes={"brand": ["", "B"]})
    look = uploader.post(of(upload)).headers["Location"]
    job = run_jobs()
    shown = text(uploader.get(look))
    assert "0 products would be taken back" in shown
    assert "Undo: take" not in shown
    assert Product.objects.count() == 1
    Product.objects.all().delete()
    UploadHistory.objects.update(inserted_records=0, undone_at=upload.created_at, unchanged_records=1)
    again = uploader.post(of(upload), {"looked": str(job.pk)}, follow=True)
    assert "undone already" in text(again)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: UploadHistory.objects.update(status="processing"), "still under way"),
        (lambda: Vendor.objects.update(status="suspended"), "Your account is suspended"),
    ],
)
def test_it_says_why_an_upload_cannot_be_undone(uploader: Client, pipeline: Pipeline, change: Any, said: str) -> None:
    upload = pipeline.run(feed(line(1)))
    change()
    assert "Undo it" not in text(uploader.get(of(upload, "")))
    for method in (uploader.get, uploader.post):
        assert said in text(method(of(upload), follow=True))
    assert not Job.objects.exists()


def test_viewers_and_other_vendors_undo_nothing(sign_in: Any, pipeline: Pipeline, other_vendor: Vendor) -> None:
    viewer = sign_in("viewer")
    upload = pipeline.run(feed(line(1)))
    theirs = pipeline.run(feed(line(2)), vendor_id="VEND002")
    job = run_jobs(undo.start(theirs, None, dry=True))
    assert "Undo it" not in text(viewer.get(of(upload, "")))
    assert viewer.post(of(upload)).status_code == 403
    own = sign_in("owner")
    for vendor in ("VEND001", "VEND002"):
        for method in (own.get, own.post):
            assert method(f"/vendor/{vendor}/uploads/{theirs.pk}/undo/", {"looked": str(job.pk)}).status_code == 404
        for rest in ("", "progress/"):
            assert own.get(f"/vendor/{vendor}/undoing/{job.pk}/{rest}").status_code == 404
    assert Job.objects.count() == 1
    assert Product.objects.count() == 2

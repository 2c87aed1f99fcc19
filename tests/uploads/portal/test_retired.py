"""A vendor sees which of its products are retired, says what becomes of those that a whole catalog lacks, and reads
what that does where it is chosen."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.mending import text
from tests.uploads.portal.test_catalog import CATALOG, make, skus
from vendors.models import Vendor

PROFILE = "/vendor/VEND001/profile/"
RETIRES = "after its last row those that it lacks are retired: shops don’t see them any more."
EMPTIES = "after its last row the stock of those that it lacks is set to 0."


@pytest.fixture
def owner(sign_in: Callable[..., Client]) -> Client:
    return sign_in("owner")


def test_retired_products_are_marked_and_found_apart(member: Client, vendor: Vendor) -> None:
    make(1)
    make(2, status="retired", gtin="4006381333931", image_url="https://example.com/lamp.jpg")
    assert skus(member) == ["SKU-1", "SKU-2"]
    assert skus(member, status="active") == ["SKU-1"]
    assert skus(member, status="retired") == ["SKU-2"]
    assert skus(member, status="gone") == ["SKU-1", "SKU-2"]
    shown = member.get(CATALOG, {"status": "retired"}).content.decode()
    assert '<span class="tag tag-retired">retired</span>' in shown
    assert "GTIN 4006381333931" in shown
    assert '<a href="https://example.com/lamp.jpg" rel="noreferrer noopener nofollow">' in shown
    assert "tag-retired" not in member.get(CATALOG, {"status": "active"}).content.decode()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://me:secret@example.com/x.jpg", "x"])
def test_what_is_no_address_on_the_web_is_no_link(
    member: Client, admin_client: Client, vendor: Vendor, url: str
) -> None:
    product = make(1, image_url=url)
    assert f'href="{url}' not in member.get(CATALOG).content.decode()
    shown = admin_client.get(f"/admin/catalog/product/{product.pk}/change/").content.decode()
    assert f'href="{url}' not in shown
    assert "Picture</dt>" in shown


def test_the_export_has_what_the_filter_shows(member: Client, vendor: Vendor) -> None:
    make(1)
    make(2, status="retired")
    lines = b"".join(member.get(f"{CATALOG}export.csv", {"status": "retired"})).decode()
    assert "SKU-2" in lines
    assert "SKU-1" not in lines


def test_its_home_counts_those_that_are_active(member: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    make(2, status="retired")
    assert "Your active products 1 See them" in text(member.get("/vendor/VEND001/"))


def test_staff_see_that_a_product_is_retired_and_its_numbers(admin_client: Client, vendor: Vendor) -> None:
    product = make(1, status="retired", gtin="4006381333931", image_url="https://example.com/lamp.jpg")
    shown = text(admin_client.get(f"/admin/catalog/product/{product.pk}/change/"))
    assert "It is retired: kept with its history, and not shown to shops." in shown
    assert "Status retired" in shown
    assert "GTIN 4006381333931 Picture https://example.com/lamp.jpg" in shown
    assert "Status Retired" in text(admin_client.get(f"/admin/catalog/product/{product.pk}/peek/"))


# --- what becomes of those that a whole catalog lacks --------------------------------------------------------------


def data_of(vendor: Vendor, **changes: str) -> dict[str, str]:
    names = ("vendor_name", "email", "absent_products")
    return {name: getattr(vendor, name) for name in names} | changes


def test_owners_say_what_becomes_of_them(owner: Client, vendor: Vendor, pipeline: Pipeline) -> None:
    assert "Products that such a file lacks" in text(owner.get(PROFILE))
    owner.post(PROFILE, data_of(vendor, absent_products="zero_stock"))
    vendor.refresh_from_db()
    assert vendor.absent_products == "zero_stock"
    assert "Products that such a file lacks" in LogEntry.objects.latest("pk").change_message


def test_others_read_it_and_cant_change_it(uploader: Client, vendor: Vendor) -> None:
    assert "Products that such a file lacks they are retired" in text(uploader.get(PROFILE))
    assert uploader.post(PROFILE, data_of(vendor, absent_products="zero_stock")).status_code == 403
    vendor.refresh_from_db()
    assert vendor.absent_products == "retired"


def test_what_is_no_choice_is_refused(owner: Client, vendor: Vendor) -> None:
    owner.post(PROFILE, data_of(vendor, absent_products="deleted"))
    vendor.refresh_from_db()
    assert vendor.absent_products == "retired"


def test_staff_may_change_it_too(admin_client: Client, vendor: Vendor) -> None:
    shown = admin_client.get(f"/admin/vendors/vendor/{vendor.pk}/change/").content.decode()
    assert 'name="absent_products"' in shown


@pytest.mark.parametrize(("to", "does"), [("retired", RETIRES), ("zero_stock", EMPTIES)])
def test_where_a_file_is_sent_to_replace_the_catalog_it_says_what_that_does(
    owner: Client, admin_client: Client, pipeline: Pipeline, vendor: Vendor, to: str, does: str
) -> None:
    Vendor.objects.update(absent_products=to)
    file = SimpleUploadedFile("all.csv", feed(line(1)).encode())
    shown = owner.post("/vendor/VEND001/upload/", {"file": file}, follow=True).content.decode()
    assert 'id="mode-replace" aria-describedby="replaces"' in shown
    assert does in shown
    assert does in owner.get("/vendor/VEND001/sources/add/").content.decode()
    file = SimpleUploadedFile("all.csv", feed(line(1)).encode())
    sent = {"vendor": vendor.pk, "import_file": file, "format": "0", "resource": "0"}
    assert does in admin_client.post("/admin/catalog/product/import/", sent).content.decode()

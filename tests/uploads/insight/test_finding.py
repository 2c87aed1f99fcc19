"""What staff find by a few letters: of each kind, as far as they may view it, bounded whatever they type."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, ProductCategory
from tests.bench.pages import fill
from uploads.insight import finding
from uploads.models import UploadHistory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(vendor: Vendor) -> None:
    """One of each kind: of VEND001 Northwind, a lamp, a file and a category of its name."""
    ProductCategory.objects.create(category_name="Lamps & Lights")
    Product.objects.create(
        vendor=vendor, vendor_product_id="P-77", product_name="Desk lamp", sku="LAMP-1", category="Lamps & Lights",
        price=1, stock_quantity=0,
    )  # fmt: skip
    UploadHistory.objects.create(upload_id="UPLOAD_20261126_101010_abc", vendor=vendor, file_name="Lamps 100%.csv")


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


def names(user: Any, typed: str) -> dict[str, list[str]]:
    return {group.name: [hit.name for hit in group.hits] for group in finding.find(user, typed)}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("VEND001", {"Vendors": ["Northwind"]}),
        ("orthw", {"Vendors": ["Northwind"]}),
        ("LAMP-1", {"Products": ["LAMP-1"]}),
        ("lamp-", {"Products": ["LAMP-1"]}),
        (" P-77 ", {"Products": ["LAMP-1"]}),
        ("UPLOAD_20261126_101010_abc", {"Uploads": ["Lamps 100%.csv"]}),
        ("101010", {"Uploads": ["Lamps 100%.csv"]}),
        ("lamps", {"Uploads": ["Lamps 100%.csv"], "Categories": ["Lamps & Lights"]}),
        ("100%", {"Uploads": ["Lamps 100%.csv"]}),
    ],
)
def test_each_kind_is_found_by_what_people_know_of_it(
    things: None, boss: User, typed: str, found: dict[str, list[str]]
) -> None:
    assert names(boss, typed) == found


@pytest.mark.parametrize(
    "typed", ["", "  ", "%", "_", "\\", "'; DROP TABLE vendors", "\0", "x" * 10_000, "lamp " * 2_000]
)
def test_nothing_is_found_by_what_nothing_is_called_and_nothing_breaks(things: None, boss: User, typed: str) -> None:
    UploadHistory.objects.update(file_name="feed.csv", upload_id="U1")
    assert names(boss, typed) == {}


@pytest.mark.parametrize(
    ("permission", "kinds"),
    [
        ("view_vendor", {"Vendors"}),
        ("view_product", {"Products"}),
        ("view_uploadhistory", {"Uploads"}),
        ("view_productcategory", {"Categories"}),
        ("view_validationerror", set()),
    ],
)
def test_only_what_somebody_may_view_is_found(things: None, permission: str, kinds: set[str]) -> None:
    Vendor.objects.update(vendor_name="Lamp House")
    Product.objects.update(sku="LAMP")
    staff = User.objects.create_user("staff", is_staff=True)
    assert names(staff, "lamp") == {}
    staff.user_permissions.set(Permission.objects.filter(codename=permission))
    assert names(User.objects.get(pk=staff.pk), "lamp").keys() == kinds


def test_who_is_no_staff_finds_nothing_of_other_vendors(things: None) -> None:
    stranger = User.objects.create_user("stranger")
    stranger.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    assert names(stranger, "lamp").keys() <= {"Categories"}


def test_of_many_the_first_are_shown_and_a_way_to_all(boss: User, vendor: Vendor) -> None:
    for number in range(20):
        UploadHistory.objects.create(upload_id=f"U{number:02}", vendor=vendor, file_name="feed & co.csv")
    [group] = finding.find(boss, "feed & co")
    assert len(group.hits) == finding.SHOWN
    assert group.more_url == "/admin/uploads/uploadhistory/?q=feed+%26+co"


def test_uploads_are_looked_for_among_the_newest_and_by_their_whole_id_among_all(
    boss: User, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "NEWEST", 2)
    for number in range(4):
        upload = UploadHistory.objects.create(upload_id=f"U{number}", vendor=vendor, file_name=f"feed {number}.csv")
        UploadHistory.objects.filter(pk=upload.pk).update(created_at=f"2026-11-2{number}T00:00:00Z")
    assert names(boss, "feed") == {"Uploads": ["feed 3.csv", "feed 2.csv"]}
    assert names(boss, "U0") == {"Uploads": ["feed 0.csv"]}


def test_what_hides_in_a_name_is_spelled_out(boss: User, vendor: Vendor) -> None:
    UploadHistory.objects.create(upload_id="U1", vendor=vendor, file_name="inv\u202egnp.exe")
    assert names(boss, "gnp") == {"Uploads": ["inv⟨U+202E⟩gnp.exe"]}


def test_no_question_reads_a_whole_table(boss: User, categories: None) -> None:
    with connection.cursor() as cursor:
        fill.add(cursor, fill.Sizes(products=240, uploads=60, rows=1_050, vendors=15, categories=22))
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        finding.find(boss, Product.objects.all()[0].sku[:4])
    asked = [query["sql"] for query in captured if "LIKE" in query["sql"].upper() or "IN (SELECT" in query["sql"]]
    assert len(asked) >= 5
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off"
        )  # the tables are small; where there is an index it is taken now
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, f"{sql}\n{plan}"

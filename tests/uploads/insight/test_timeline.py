"""What became of one product: which upload and row set what, and what staff changed, newest first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, ProductChange
from tests.feeds import feed, line
from uploads.insight import timeline
from uploads.insight.timeline import FieldChange
from uploads.models import RecordOutcome, UploadHistory

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


@pytest.fixture
def product(vendor: Any) -> Product:
    return Product.objects.create(
        vendor=vendor, vendor_product_id="P-1", product_name="Lamp", category="Books", sku="SKU-1", price="7.00",
        stock_quantity=5,
    )  # fmt: skip


def record(product: Product, at: int, outcome: str = "unchanged", **more: Any) -> RecordOutcome:
    """What the upload of that minute did to the product; its file's row is the minute's number."""
    values = {
        "upload_id": f"U{at}", "record_id": f"REC_{at:07d}", "row_number": at, "upload_sequence": at,
        "vendor_id": "VEND001", "product_id": product.pk, "outcome": outcome, "created_at": minute(at),
    }  # fmt: skip
    return RecordOutcome.objects.create(**(values | more))


def change(product: Product, at: int, kind: str = "updated", **more: Any) -> ProductChange:
    values = {"product_id": product.pk, "kind": kind, "changes": {"price": ["1.00", "2.00"]}, "created_at": minute(at)}
    if kind == "updated":
        values |= {"upload_id": f"U{at}", "record_id": f"REC_{at:07d}"}
    return ProductChange.objects.create(**(values | more))


def page(client: Client, product: Product, query: str = "") -> str:
    response = client.get(f"/admin/catalog/product/{product.pk}/change/{query}")
    assert response.status_code == 200
    return response.content.decode()


# --- what it has -----------------------------------------------------------------------------------------------


def test_uploads_and_edits_stand_together_newest_first(product: Product, admin_user: User) -> None:
    record(product, 1, "inserted")
    record(product, 2, "updated")
    change(product, 2, changes={"stock_quantity": [3, 5], "price": ["9.99", "8.00"]})
    change(product, 3, "edited", changed_by=admin_user, changes={"price": ["8.00", "7.00"]})
    record(product, 4, "superseded", upload_sequence=0)
    entries = timeline.of(product.pk).entries
    assert [(entry.kind, entry.upload_id, entry.place, entry.changed_by) for entry in entries] == [
        ("superseded", "U4", "row 4", ""), ("edited", "", "", "admin"), ("updated", "U2", "row 2", ""),
        ("inserted", "U1", "row 1", ""),
    ]  # fmt: skip
    assert entries[2].changes == (FieldChange("price", "9.99", "8.00"), FieldChange("stock quantity", "3", "5"))


def test_uploads_are_called_by_their_files_and_records_without_one_by_their_id(
    product: Product, admin_client: Client
) -> None:
    UploadHistory.objects.create(upload_id="U1", vendor_id="VEND001", file_name="spring.csv")
    UploadHistory.objects.create(upload_id="U2", vendor_id="VEND001", file_name="", source="dynamodb")
    record(product, 1, "inserted")
    record(product, 2)
    assert [entry.file_name for entry in timeline.of(product.pk).entries] == ["", "spring.csv"]
    shown = page(admin_client, product)
    assert ">spring.csv</a>" in shown
    assert ">U2</a>" in shown
    assert ">U1</a>" not in shown


def test_an_insert_set_what_the_later_changes_started_from(product: Product) -> None:
    record(product, 1, "inserted")
    change(product, 2, changes={"price": ["9.99", "8.00"]})
    change(product, 3, changes={"price": ["8.00", "7.00"], "brand": ["", "Acme"]})
    inserted = timeline.of(product.pk).entries[-1]
    values = {one.field: (one.before, one.after) for one in inserted.changes}
    assert values["price"] == (None, "9.99")
    assert values["brand"] == (None, "")
    assert values["product name"] == (None, "Lamp")
    assert values["stock quantity"] == (None, "5")
    assert values["description"] == (None, "")


def test_what_the_pipeline_did_is_what_the_timeline_tells(pipeline: Any) -> None:
    pipeline.run(feed(line(1, price="5.00")))
    pipeline.run(feed(line(1, price="5.00")))
    pipeline.run(feed(line(1, price="6.00")))
    entries = timeline.of(Product.objects.get().pk).entries
    assert [entry.kind for entry in entries] == ["updated", "unchanged", "inserted"]
    assert entries[0].changes == (FieldChange("price", "5.00", "6.00"),)
    assert FieldChange("price", None, "5.00") in entries[2].changes
    uploads = list(UploadHistory.objects.order_by("-sequence").values_list("pk", flat=True))
    assert [entry.upload_id for entry in entries] == uploads


def test_confirmations_in_a_row_are_one_line(product: Product) -> None:
    for at in (1, 2, 3, 5, 6):
        record(product, at)
    record(product, 4, "updated")
    first, updated, last = timeline.of(product.pk).entries
    assert (first.uploads, first.upload_id, first.at, first.since) == (2, "U6", minute(6), minute(5))
    assert updated.kind == "updated"
    assert (last.uploads, last.upload_id, last.at, last.since) == (3, "U3", minute(3), minute(1))


def test_another_products_past_is_not_told(product: Product) -> None:
    record(product, 1, product_id=product.pk + 1)
    change(product, 1, product_id=product.pk + 1)
    assert timeline.of(product.pk) == timeline.Timeline((), None)


# --- pages -----------------------------------------------------------------------------------------------------


def everything(product: Product) -> list[timeline.TimelineEntry]:
    found = timeline.of(product.pk)
    entries = list(found.entries)
    while found.older:
        found = timeline.of(product.pk, found.older)
        entries += found.entries
    return entries


def test_pages_leave_out_nothing_and_repeat_nothing(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 3)
    monkeypatch.setattr(timeline, "READ", 7)
    for at in range(40):
        record(product, at, ("unchanged", "unchanged", "unchanged", "updated", "superseded")[at % 5])
        if at % 5 == 3:
            change(product, at)
        if at % 7 == 0:
            change(product, at, "edited", created_at=minute(at) + timedelta(seconds=30))
    entries = everything(product)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    rows = [entry for entry in entries if entry.kind != "edited"]
    assert sum(entry.uploads for entry in rows) == 40
    assert len([entry for entry in entries if entry.kind == "edited"]) == 6
    assert all(entry.changes for entry in entries if entry.kind == "updated")


def test_an_edit_long_ago_does_not_hide_the_uploads_that_came_after_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "READ", 3)
    for at in range(1, 11):
        record(product, at)
    change(product, 2, "edited", created_at=minute(2) + timedelta(seconds=30))
    entries = everything(product)
    assert sum(entry.uploads for entry in entries if entry.kind == "unchanged") == 10
    assert [entry.kind for entry in entries].count("edited") == 1


def test_what_happened_at_one_moment_is_not_torn_apart(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    for at in range(5):
        record(product, at, "superseded", created_at=minute(0))
    record(product, 9, "inserted", created_at=minute(-1))
    assert [entry.upload_id for entry in everything(product)] == ["U4", "U3", "U2", "U1", "U0", "U9"]


def test_a_long_past_costs_no_more_queries(product: Product) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            timeline.of(product.pk)
        return len(captured)

    record(product, 0, "inserted")
    change(product, 1, "edited")
    few = queries()
    for at in range(2, 40):
        record(product, at, "updated")
        change(product, at)
    assert queries() == few == 7


def test_both_tables_are_read_through_their_indexes(product: Product) -> None:
    """Of many products: where there are next to no rows, going through all in their order costs as little."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_outcomes (upload_id, record_id, row_number, upload_sequence, vendor_id, product_id,"
            " outcome) SELECT 'U1', 'R' || n, n, n, 'VEND001', n, 'unchanged' FROM generate_series(1, 2000) n"
        )
        cursor.execute(
            "INSERT INTO product_changes (product_id, kind, changes) SELECT n, 'edited', '{}'"
            " FROM generate_series(1, 2000) n"
        )
        cursor.execute("ANALYZE record_outcomes, product_changes")
        cursor.execute("SET LOCAL enable_seqscan = off")
        for table, column in (("record_outcomes", "upload_sequence"), ("product_changes", "id")):
            cursor.execute(f"EXPLAIN SELECT * FROM {table} WHERE product_id = 1 ORDER BY {column} DESC LIMIT 50")
            assert "_product" in "".join(row[0] for row in cursor.fetchall())


# --- on the page of the product --------------------------------------------------------------------------------


def test_the_page_of_a_product_shows_its_timeline(admin_client: Client, product: Product, admin_user: User) -> None:
    for at in range(1, 4):
        record(product, at)
    change(product, 5, changes={"price": ["9.99", "8.00"], "description": ["", "x" * 300]})
    change(product, 6, "edited", changed_by=admin_user)
    text = page(admin_client, product)
    assert "Confirmed by 3 uploads since" in text
    assert '<a href="/admin/uploads/uploadhistory/U5/change/">U5</a>' in text
    assert "<del>9.99" in text
    assert "<details>" in text
    assert "x" * 300 in text
    assert "Edited by hand" in text
    assert 'rel="next"' not in text


def test_older_lines_are_a_link_away(admin_client: Client, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    for at in range(4):
        change(product, at)
    text = page(admin_client, product)
    assert ">U3</a>" in text
    assert ">U1</a>" not in text
    older = text.split('rel="next"', maxsplit=1)[0].rpartition('href="')[2].partition("#")[0]
    text = page(admin_client, product, older)
    assert ">U3</a>" not in text
    assert ">U1</a>" in text
    assert "Newest</a>" in text


@pytest.mark.parametrize(
    "before",
    [
        "yesterday",
        "2026-02-31T00:00:00",
        "2026-01-01",
        "%00",
        "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_mistyped_moment_is_no_error_of_ours(admin_client: Client, product: Product, before: str) -> None:
    page(admin_client, product, f"?before={before}")


def test_hostile_values_are_shown_as_text_and_what_shows_nothing_is_spelled_out(
    admin_client: Client, product: Product
) -> None:
    record(product, 1, "updated", upload_id=f"U/{SCRIPT}")
    change(product, 1, upload_id=f"U/{SCRIPT}", changes={"product_name": [SCRIPT * 9, "\u202egnp.exe"]})
    text = page(admin_client, product)
    assert SCRIPT not in text
    assert "⟨U+202E⟩gnp.exe" in text


def test_a_new_product_has_no_timeline_yet_and_an_untouched_one_says_so(admin_client: Client, product: Product) -> None:
    assert 'id="timeline"' not in admin_client.get("/admin/catalog/product/add/").content.decode()
    assert "Nothing is known of this product" in page(admin_client, product)


def test_who_may_not_see_uploads_gets_no_links_to_them(client: Client, product: Product) -> None:
    record(product, 1)
    user = User.objects.create_user("newcomer", is_staff=True)
    client.force_login(user)
    assert client.get(f"/admin/catalog/product/{product.pk}/change/").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_product"))
    text = page(client, product)
    assert "U1, row 1" in text
    assert "/uploadhistory/U1/" not in text

"""Products that staff change: the checks of a feed, and a history that says who changed what."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import by_hand
from catalog.admin import OVERTAKEN, ProductAdmin
from catalog.models import Product, ProductChange

pytestmark = pytest.mark.usefixtures("vendor", "categories")
ADD = "/admin/catalog/product/add/"
FORM = {
    "vendor": "VEND001", "vendor_product_id": "P-1", "product_name": "Lamp", "category": "Books", "sku": "SKU-1",
    "brand": "", "description": "", "price": "9.99", "stock_quantity": "1",
}  # fmt: skip


def page(product: Product) -> str:
    return f"/admin/catalog/product/{product.pk}/change/"


def product(n: int = 1, **changes: Any) -> Product:
    values = {
        "vendor_id": "VEND001", "vendor_product_id": f"P-{n}", "product_name": "Lamp", "category": "Books",
        "sku": f"SKU-{n}", "price": "9.99", "stock_quantity": 1,
    }  # fmt: skip
    return Product.objects.create(**(values | changes))


def test_a_product_added_by_hand_is_in_its_history_with_all_that_was_entered(
    admin_client: Client, admin_user: User
) -> None:
    assert admin_client.post(ADD, FORM).status_code == 302
    change = ProductChange.objects.get()
    assert (change.kind, change.product_id, change.changed_by) == ("created", Product.objects.get().pk, admin_user)
    assert change.changes == {
        "vendor_id": [None, "VEND001"], "vendor_product_id": [None, "P-1"], "product_name": [None, "Lamp"],
        "category": [None, "Books"], "sku": [None, "SKU-1"], "brand": [None, ""], "description": [None, ""],
        "price": [None, "9.99"], "stock_quantity": [None, 1], "currency": [None, "USD"],
        "gtin": [None, ""], "image_url": [None, ""], "status": [None, "active"],
    }  # fmt: skip


def test_an_edit_is_in_the_history_with_what_differs(admin_client: Client, admin_user: User) -> None:
    one = product()
    admin_client.post(page(one), FORM | {"price": "19.9", "brand": "Acme"})
    change = ProductChange.objects.get()
    assert (change.kind, change.upload_id, change.changed_by) == ("edited", "", admin_user)
    assert change.changes == {"price": ["9.99", "19.90"], "brand": ["", "Acme"]}


def test_saving_without_a_change_leaves_no_line_in_the_history(admin_client: Client) -> None:
    one = product()
    assert admin_client.post(page(one), FORM | {"price": "9.990"}).status_code in (200, 302)
    admin_client.post(page(one), FORM)
    assert not ProductChange.objects.exists()


def test_the_history_of_an_edit_starts_from_what_a_feed_wrote_meanwhile(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = product()
    original = ProductAdmin.save_model

    def feed_first(*args: Any) -> None:
        Product.objects.filter(pk=one.pk).update(product_name="Lamp 2", price="5.00")
        original(*args)

    monkeypatch.setattr(ProductAdmin, "save_model", feed_first)
    admin_client.post(page(one), FORM | {"product_name": "Better"})
    assert ProductChange.objects.get().changes == {"product_name": ["Lamp 2", "Better"]}


def test_an_edit_waits_for_a_batch_of_the_vendors_feeds(admin_client: Client) -> None:
    one = product()
    with CaptureQueriesContext(connection) as captured:
        admin_client.post(page(one), FORM | {"price": "2"})
    statements = [query["sql"] for query in captured]
    lock = next(n for n, sql in enumerate(statements) if "vendor:VEND001" in sql)
    assert lock < next(n for n, sql in enumerate(statements) if "FOR UPDATE" in sql)


def test_a_deleted_product_leaves_what_it_was(admin_client: Client, admin_user: User) -> None:
    one = product()
    admin_client.post(f"/admin/catalog/product/{one.pk}/delete/", {"post": "yes"})
    change = ProductChange.objects.get()
    assert (change.kind, change.product_id, change.changed_by) == ("deleted", one.pk, admin_user)
    assert change.changes["sku"] == ["SKU-1", None]
    assert change.changes["price"] == ["9.99", None]
    assert not Product.objects.exists()


def test_products_deleted_from_the_list_leave_what_they_were_in_as_many_queries_as_one(
    admin_client: Client, admin_user: User
) -> None:
    chosen = [product(n).pk for n in range(1, 8)]
    for keys in (chosen[:3], chosen[3:]):
        action = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        assert admin_client.post("/admin/catalog/product/", action).status_code == 302
    assert set(ProductChange.objects.values_list("product_id", "kind")) == {(key, "deleted") for key in chosen}
    assert LogEntry.objects.filter(action_flag=3).count() == 7
    assert not Product.objects.exists()


def test_deleting_many_costs_as_many_queries_as_deleting_one(admin_user: User) -> None:
    def queries(keys: list[int]) -> int:
        with CaptureQueriesContext(connection) as captured:
            by_hand.delete(keys, admin_user)
        return len(captured)

    keys = [product(n).pk for n in range(1, 30)]
    assert queries(keys[:1]) == queries(keys[1:])


def test_history_and_deletion_stand_or_fall_together(admin_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one = product()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("django.db.models.query.QuerySet.delete", fail)
    with pytest.raises(RuntimeError):
        by_hand.delete([one.pk], admin_user)
    assert Product.objects.filter(pk=one.pk).exists()
    assert not ProductChange.objects.exists()


def test_a_sku_taken_between_check_and_writing_is_said_on_the_page(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ProductAdmin.save_model

    def feed_first(*args: Any) -> None:
        product(9, sku="SKU-1")
        original(*args)

    monkeypatch.setattr(ProductAdmin, "save_model", feed_first)
    assert OVERTAKEN in admin_client.post(ADD, FORM, follow=True).content.decode()
    assert not ProductChange.objects.exists()


def test_a_product_deleted_while_it_is_edited_is_said_and_not_made_again(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = product()
    original = ProductAdmin.save_model

    def deleted_first(*args: Any) -> None:
        Product.objects.all().delete()
        original(*args)

    monkeypatch.setattr(ProductAdmin, "save_model", deleted_first)
    # The test's deletion is rolled back with the edit.
    assert OVERTAKEN in admin_client.post(page(one), FORM | {"price": "2"}, follow=True).content.decode()
    assert not ProductChange.objects.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"product_name": "\u200b\u2060"}, "The product name is missing."),
        ({"description": "x" * 10_001}, "at most 10,000 are allowed"),
        ({"vendor_product_id": "1.23457E+12"}, "scientific notation"),
        ({"sku": "oak table"}, "Suggestion: oak-table"),
        ({"price": "100000000"}, "8 digits before the decimal point"),
        ({"stock_quantity": "2147483648"}, "2147483647"),
        ({"sku": "SKU-9"}, "Product with this SKU already exists."),
        ({"vendor_product_id": "P-9"}, "already exists"),
    ],
)
def test_a_rule_of_feeds_is_a_rule_of_the_form_in_a_sentence(
    admin_client: Client, change: dict[str, str], message: str
) -> None:
    product(9)
    response = admin_client.post(ADD, FORM | change)
    assert message in response.content.decode()
    assert Product.objects.count() == 1


def test_what_is_entered_is_stored_as_a_feeds_cell_would_be(admin_client: Client) -> None:
    admin_client.post(ADD, FORM | {"product_name": "\u200bLamp\ufeff", "brand": "\u2060"})
    stored = Product.objects.get()
    assert (stored.product_name, stored.brand) == ("Lamp", None)


def test_without_the_permission_nobody_changes_or_deletes_a_product(client: Client) -> None:
    one = product()
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_product"))
    client.force_login(user)
    assert client.post(page(one), FORM | {"price": "2"}).status_code == 403
    assert client.post(f"/admin/catalog/product/{one.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/catalog/product/", {"action": "delete_selected", "_selected_action": one.pk, "post": "yes"})
    assert Product.objects.filter(pk=one.pk, price="9.99").exists()
    assert not ProductChange.objects.exists()

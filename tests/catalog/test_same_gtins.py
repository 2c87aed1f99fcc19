"""GTINs that products of two vendors have: which are found, in what order, and how little is read for it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from catalog import same_gtins
from catalog.models import Product
from uploads.staff.everywhere import gtins
from vendors.models import Vendor

PAGE = "/admin/catalog/product/same-gtins/"
SHARED, OTHER, ALONE = "4006381333931", "9783161484100", "036000291452"


@pytest.fixture
def two(vendor: Vendor) -> list[Vendor]:
    second = Vendor.objects.create(vendor_id="VEND002", vendor_name="<b>Second</b>", email="second@example.com")
    return [vendor, second]


def product(vendor: Vendor, sku: str, gtin: str | None, price: str = "9.90", **changes: Any) -> Product:
    values = {"product_name": f"Product {sku}", "category": "Electronics", "stock_quantity": 1, **changes}
    return Product.objects.create(vendor=vendor, vendor_product_id=sku, sku=sku, gtin=gtin, price=price, **values)


def found(most: int = 50, after: str = "") -> list[tuple[str, int, int]]:
    return [(one.gtin, one.products, one.vendors) for one in same_gtins.shared(most, after).found]


def test_a_gtin_of_two_vendors_is_found_and_one_that_a_vendor_has_twice_is_not(two: list[Vendor]) -> None:
    first, second = two
    for vendor, sku, gtin in [
        (first, "A", SHARED), (second, "B", SHARED), (first, "C", ALONE), (first, "D", ALONE), (second, "E", OTHER),
        (first, "F", None), (second, "G", None), (first, "H", ""), (second, "I", ""),
    ]:  # fmt: skip
        product(vendor, sku, gtin)
    assert found() == [(SHARED, 2, 2)]


def test_a_gtin_in_12_13_and_14_digits_is_one_and_another_packing_of_it_is_not(two: list[Vendor]) -> None:
    first, second = two
    product(first, "A", "036000291452")
    product(second, "B", "0036000291452")
    product(second, "C", "00036000291452")
    product(first, "D", "96385074")
    product(second, "E", "00000096385074")
    product(first, "F", "4006381333931")
    product(second, "G", "14006381333938")
    assert found() == [("96385074", 2, 2), ("036000291452", 3, 2)]
    upc = same_gtins.shared(50).found[1]
    assert {one.sku: one.gtin for one in upc.offered} == {
        "A": "036000291452", "B": "0036000291452", "C": "00036000291452",
    }  # fmt: skip


def test_the_cheapest_product_stands_first_and_at_most_ten_of_a_gtin(two: list[Vendor]) -> None:
    for number in range(12):
        product(two[number % 2], f"S-{number}", SHARED, price=str(50 - number))
    (one,) = same_gtins.shared(50).found
    assert (one.products, one.vendors) == (12, 2)
    assert [each.sku for each in one.offered] == [f"S-{number}" for number in range(11, 1, -1)]


def test_portions_follow_each_other_until_nothing_is_left(two: list[Vendor]) -> None:
    for gtin in (OTHER, ALONE, SHARED):
        for vendor in two:
            product(vendor, f"{vendor.pk}-{gtin}", gtin)
    first = same_gtins.shared(2)
    second = same_gtins.shared(2, first.after)
    assert [one.gtin for one in (*first.found, *second.found)] == sorted([OTHER, ALONE, SHARED])
    assert second.after == ""


@pytest.mark.parametrize("looked_at", [1, 2, 3, 4, 5, 6, 7])
def test_no_gtin_is_missed_or_named_twice_however_few_are_looked_at_at_once(
    two: list[Vendor], monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(same_gtins, "LOOKED_AT", looked_at)
    for gtin in (ALONE, SHARED, OTHER):
        product(two[0], f"1-{gtin}", gtin)
    for gtin in (SHARED, OTHER):
        product(two[1], f"2-{gtin}", gtin)
    named: list[str] = []
    after, questions = "", 0
    while (after or not questions) and questions < 20:
        portion = same_gtins.shared(1, after)
        named += [one.gtin for one in portion.found]
        after, questions = portion.after, questions + 1
    expected = [SHARED, OTHER]
    assert named == expected if looked_at > 1 else set(named) <= set(expected)


def test_a_portion_is_read_from_the_index_and_no_further_than_said(two: list[Vendor]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity,
                                  currency, gtin)
            SELECT CASE WHEN n % 2 = 0 THEN 'VEND001' ELSE 'VEND002' END, 'N-' || n, 'Product', 'Electronics',
                   'N-' || n, 1, 1, 'USD', lpad((n / CASE WHEN n < 200 THEN 2 ELSE 1 END)::text, 13, '1')
              FROM generate_series(1, 30000) n
            """
        )
        cursor.execute("ANALYZE products")
        asked: dict[str, str | int] = {
            "after": "",
            "looked_at": same_gtins.LOOKED_AT,
            "counted": same_gtins.COUNTED,
            "most": 51,
        }
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {same_gtins._SHARED}", asked)
        plan = cursor.fetchone()[0][0]["Plan"]
    scans = list(_scans(plan))
    assert scans
    assert {(kind, index) for kind, index, _ in scans} <= {
        ("Index Only Scan", "idx_products_gtin_14"), ("Index Scan", "idx_products_gtin_14"),
    }  # fmt: skip
    assert ("Index Only Scan", "idx_products_gtin_14") in {(kind, index) for kind, index, _ in scans}
    assert max(rows for _, _, rows in scans) <= same_gtins.LOOKED_AT


def _scans(plan: dict[str, Any]) -> Any:
    if plan.get("Relation Name") == "products":
        yield plan["Node Type"], plan.get("Index Name", ""), plan["Actual Rows"]
    for below in plan.get("Plans", ()):
        yield from _scans(below)


def test_the_page_shows_who_has_it_at_which_price_and_leads_to_both(admin_client: Client, two: list[Vendor]) -> None:
    for vendor, price in zip(two, ("12.50", "11.00"), strict=True):
        product(vendor, vendor.pk, SHARED, price, product_name="<script>x</script>")
    response = admin_client.get(PAGE)
    text = response.content.decode()
    assert response.status_code == 200
    assert text.index("11.00") < text.index("12.50")
    for vendor in two:
        assert f"/admin/vendors/vendor/{vendor.pk}/change/" in text
    assert "&lt;script&gt;x" in text
    assert "<script>x" not in text
    assert "<b>Second" not in text


def test_the_page_leads_on_to_what_it_has_no_room_for(
    admin_client: Client, two: list[Vendor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gtins, "PORTION", 1)
    for gtin in (SHARED, OTHER):
        for vendor in two:
            product(vendor, f"{vendor.pk}-{gtin}", gtin)
    first: Any = admin_client.get(PAGE)
    second: Any = admin_client.get(first.context["next_url"])
    assert [line["one"].gtin for page in (first, second) for line in page.context["shared"]] == [SHARED, OTHER]
    assert (first.context["first_url"], second.context["next_url"]) == ("", "")


@pytest.mark.parametrize("after", ["%00", "%ff", "x" * 500, "'", "<b>"])
def test_whatever_the_address_says_is_answered(admin_client: Client, two: list[Vendor], after: str) -> None:
    assert admin_client.get(f"{PAGE}?after={after}").status_code == 200


def test_a_catalog_without_any_says_so(admin_client: Client, two: list[Vendor]) -> None:
    assert "No GTIN is at two vendors." in admin_client.get(PAGE).content.decode()


@pytest.mark.parametrize("query", ["", "?claims=1"])
def test_what_vendors_have_in_common_leads_to_it_for_who_may_see_it(
    client: Client, two: list[Vendor], query: str
) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    may = {codename: Permission.objects.get(codename=codename) for codename in ("view_validationerror", "view_product")}
    user.user_permissions.add(may["view_validationerror"])
    client.force_login(user)
    errors = f"/admin/uploads/validationerror/everywhere/{query}"
    assert PAGE not in client.get(errors).content.decode()
    user.user_permissions.add(may["view_product"])
    assert PAGE in client.get(errors).content.decode()


def test_the_page_is_for_who_may_view_products(client: Client, two: list[Vendor]) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_product", content_type__app_label="catalog"))
    assert client.get(PAGE).status_code == 200

"""Failed rows that a program corrects, or has tried again; the catalog; and what a feed is made of."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.http import urlencode

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.api.conftest import program_of
from uploads.models import Correction, UploadHistory
from vendors.models import Vendor

BAD = {2: {"price": "free"}, 3: {"category": "Spaceships"}, 4: {"price": "free", "stock_quantity": "-1"}}


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*(line(n, **BAD.get(n, {})) for n in range(1, 5))))


def patch(program: Client, upload: UploadHistory, *rows: dict[str, Any]) -> Any:
    return program.patch(f"/api/v1/feeds/{upload.pk}/rows", json.dumps({"rows": rows}), "application/json")


def test_rows_are_corrected_and_each_says_what_became_of_it(program: Client, upload: UploadHistory) -> None:
    answer = patch(
        program, upload, {"row": 2, "fields": {"price": "24.90"}}, {"row": 4, "fields": {"price": "9.99"}},
        {"row": 1, "fields": {"price": "1.00"}}, {"row": 3, "fields": {"category": "Spaceships"}},
    )  # fmt: skip
    assert answer.status_code == 200
    assert [(one["row"], one["outcome"]) for one in answer.json()["rows"]] == [
        (2, "inserted"), (4, "error"), (1, "not_open"), (3, "not_changed"),
    ]  # fmt: skip
    assert [one["code"] for one in answer.json()["rows"][1]["problems"]] == ["negative_stock"]
    assert str(Product.objects.get(sku="SKU-2").price) == "24.90"
    assert Correction.objects.count() == 2
    again = patch(program, upload, {"row": 2, "fields": {"price": "24.90"}})
    assert again.json()["rows"][0]["outcome"] == "not_open"
    counts = program.get(f"/api/v1/feeds/{upload.pk}").json()["counts"]
    assert (counts["inserted"], counts["errors"]) == (2, 2)


def test_a_row_is_named_by_its_record_too(program: Client, upload: UploadHistory) -> None:
    rows = program.get(f"/api/v1/feeds/{upload.pk}/rows", {"outcome": "error"}).json()["rows"]
    answer = patch(program, upload, {"record_id": rows[0]["record_id"], "fields": {"price": "24.90"}})
    assert answer.json()["rows"][0]["outcome"] == "inserted"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"row": 2, "fields": {"colour": "red"}}, "rows.0.fields.colour"), ({"fields": {"price": "1"}}, "rows.0"),
        ({"row": 2, "record_id": "R", "fields": {"price": "1"}}, "rows.0"), ({"row": 2}, "rows.0.fields"),
        ({"row": 0, "fields": {"price": "1"}}, "rows.0.row"), ({"row": 2, "fields": {}}, "rows.0.fields"),
        ({"row": 2, "fields": {"price": 1}}, "rows.0.fields.price"),
        ({"row": 2, "fields": {"price": "1"}, "x": 1}, "rows.0.x"),
        ({"row": 2, "fields": {"brand": "x" * 30_000}}, "rows.0.fields.brand"),
    ],
)  # fmt: skip
def test_what_isnt_understood_is_refused_by_its_place(
    program: Client, upload: UploadHistory, row: dict[str, Any], field: str
) -> None:
    answer = patch(program, upload, row)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_so_many_rows_at_once_and_no_more(program: Client, upload: UploadHistory) -> None:
    many = [{"row": n, "fields": {"price": "1.00"}} for n in range(1, 502)]
    assert patch(program, upload, *many).status_code == 422
    assert [one["outcome"] for one in patch(program, upload, *many[:500]).json()["rows"][:3]] == [
        "not_open", "inserted", "error",
    ]  # fmt: skip


def test_of_somebody_else_nothing_is_corrected(stranger: Client, upload: UploadHistory, vendor: Vendor) -> None:
    assert patch(stranger, upload, {"row": 2, "fields": {"price": "24.90"}}).status_code == 404
    reader = program_of(vendor, "feeds:read")
    assert patch(reader, upload, {"row": 2, "fields": {"price": "24.90"}}).status_code == 403
    assert not Correction.objects.exists()


def test_rows_are_tried_again_as_they_are(program: Client, upload: UploadHistory) -> None:
    ProductCategory.objects.create(category_name="Spaceships")
    answer = program.post(
        f"/api/v1/feeds/{upload.pk}/retry", json.dumps({"codes": ["unknown_category"]}), "application/json"
    )
    assert answer.status_code == 202
    run_jobs()
    assert Product.objects.filter(sku="SKU-3").exists()
    assert program.get(f"/api/v1/feeds/{upload.pk}").json()["counts"]["errors"] == 2


@pytest.mark.parametrize("code", ["a\x00b", "\ud800", "x" * 51])
def test_a_code_that_no_error_can_have_is_refused_by_its_field(
    program: Client, upload: UploadHistory, code: str
) -> None:
    answer = program.post(f"/api/v1/feeds/{upload.pk}/retry", json.dumps({"codes": [code]}), "application/json")
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["codes.0"]


# --- the catalog -----------------------------------------------------------------------------------------------


def test_the_catalog_is_read_through_cursors_with_prices_as_texts(
    program: Client, stranger: Client, upload: UploadHistory, pipeline: Pipeline
) -> None:
    pipeline.run(feed(*(line(n) for n in range(2, 6))))
    found: list[Any] = []
    cursor: Any = ""
    while cursor is not None:
        page = program.get("/api/v1/products", {"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += page["products"]
        cursor = page["next_cursor"]
    assert [one["vendor_product_id"] for one in found] == [f"P-{n}" for n in range(1, 6)]
    assert isinstance(found[0]["price"], str)
    assert found[0]["updated_at"].endswith("Z")
    assert [one["sku"] for one in program.get("/api/v1/products", {"sku": "SKU-3"}).json()["products"]] == ["SKU-3"]
    assert stranger.get("/api/v1/products").json() == {"products": [], "next_cursor": None}
    assert stranger.get("/api/v1/products/P-1").status_code == 404


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "ä ö", "a?b#c", "a'b\"", "timeline", "x/timeline", "..", "P-1/"])
def test_a_product_is_found_whatever_its_id(program: Client, vendor: Vendor, name: str) -> None:
    Product.objects.create(
        vendor=vendor, vendor_product_id=name, product_name="L", category="C", sku="S", price=1, stock_quantity=1
    )
    answer = program.get(f"/api/v1/products/{quote(name, safe='')}")
    if name == "x/timeline":  # is another call, so such a product is found in the list
        assert answer.status_code == 404
        return
    assert answer.status_code == 200, answer.content
    assert answer.json()["vendor_product_id"] == name


def test_how_a_product_came_to_be_is_told(program: Client, upload: UploadHistory, pipeline: Pipeline) -> None:
    newer = pipeline.run(feed(line(1, price="1.23")))
    entries = program.get("/api/v1/products/P-1/timeline").json()["entries"]
    assert [(one["kind"], one["feed_id"]) for one in entries] == [("updated", newer.pk), ("inserted", upload.pk)]
    (price,) = [one for one in entries[0]["changes"] if one["field"] == "price"]
    assert price["after"] == "1.23"


# --- what a feed is made of ------------------------------------------------------------------------------------


def test_columns_categories_and_codes_are_told(program: Client, categories: None) -> None:
    schema = program.get("/api/v1/schema").json()
    assert "price" in schema["required"]
    assert schema["properties"]["sku"]["maxLength"] == 100
    assert {"name": "Books", "parent": None} in [
        one | {"parent": None} for one in program.get("/api/v1/categories").json()["categories"]
    ]
    codes = program.get("/api/v1/error-codes").json()["codes"]
    assert all(one["explained"] and one["label"] for one in codes)
    (one,) = program.get(f"/api/v1/error-codes?{urlencode({'code': 'invalid_price'})}").json()["codes"]
    assert one["severity"] == "error"


def test_a_person_and_a_session_open_nothing_here(upload: UploadHistory, client: Client, vendor: Vendor) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    assert client.get("/api/v1/products").status_code == 401

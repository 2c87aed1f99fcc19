"""A list of the vendor's own in the preview: what is asked there and what its selects say lead to the same products as
at the command line, and are remembered for the next file.
"""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalog.models import Product
from tests.conftest import Pipeline
from tests.uploads.own_lists import LISTS, List, as_text
from tests.uploads.preview.test_questions_of_formats import form as form_of
from tests.uploads.preview.test_questions_of_formats import kinds
from uploads.feed.parser import Layout
from uploads.models import RememberedReading, UploadHistory
from uploads.preview import flow
from uploads.preview.form import Confirmation
from vendors.models import Vendor

HOME = "Home & Garden"


def form(context: dict[str, Any], **changes: str) -> dict[str, str]:
    """With the selects of the columns, as they are shown."""
    selects = {column.name: column.field for column in context["preview"].mapped}
    return form_of(context, **{**selects, **changes})


def choose(entry: List, user: User) -> dict[str, Any]:
    Vendor.objects.filter(pk="VEND001").update(currency=entry.currency)
    vendor = Vendor.objects.get(pk="VEND001")
    return flow.choose(io.BytesIO(entry.text.encode()), "list.csv", vendor, user)


def again(context: dict[str, Any], user: User, **changes: str) -> dict[str, Any]:
    return flow.look_again(Confirmation.from_post(form(context, **changes)), user)


def answer_of(context: dict[str, Any], kind: str, decisions: dict[str, Any]) -> dict[str, str]:
    """What the form sends for one question."""
    if kind != "category_values":
        return {f"answer-{kind}": as_text(decisions)[kind]}
    cells = [cell for asked in context["preview"].asked for cell in asked.cells]
    return {f"category-{cell.position}": decisions[kind][json.loads(cell.value)] for cell in cells}


def decided(entry: List, user: User) -> dict[str, Any]:
    """The preview with one question answered after the other."""
    context = choose(entry, user)
    assert set(kinds(context)) == {
        "column" if name.startswith("column_") else name for name in entry.decisions
    }  # fmt: skip
    while open_ones := [one.question.id for one in context["preview"].asked]:
        context = again(context, user, **answer_of(context, open_ones[0], entry.decisions))
    return context


def test_what_was_answered_is_said_to_be_answered_beside_what_the_file_says(
    pipeline: Pipeline, admin_user: User
) -> None:
    entry = LISTS["French till with prices before and after tax"]
    assert not choose(entry, admin_user)["preview"].rows, "as long as it is open which column is the price"
    preview = decided(entry, admin_user)["preview"]
    category = next(cell for cell in preview.rows[0].cells if cell.label == "category")
    assert (category.text, category.said, category.how) == (HOME, "Vaisselle", "as answered")


@pytest.mark.parametrize("name", LISTS)
def test_answers_and_selects_give_the_same_products_and_are_remembered(
    name: str, pipeline: Pipeline, admin_user: User
) -> None:
    entry = LISTS[name]
    context = decided(entry, admin_user)
    assert context["preview"].ready
    upload = flow.confirm(Confirmation.from_post(form(context)), admin_user)
    pipeline.stage(upload)
    pipeline.settle()
    products = [
        (it.vendor_product_id, it.sku, it.product_name, it.category, str(it.price), it.stock_quantity)
        for it in Product.objects.order_by("sku")
    ]
    assert products == sorted(entry.products)

    assert RememberedReading.objects.exists() == bool(entry.decisions)
    next_time = choose(entry, admin_user)
    assert kinds(next_time) == []
    assert not next_time["preview"].changed
    before, after = (Layout.from_json(one.to_json()) for one in (upload_layout(upload), next_time["preview"].layout))
    assert before.plan
    assert after.plan
    assert (after.plan.columns, after.plan.flags, after.plan.handle) == (
        before.plan.columns, before.plan.flags, before.plan.handle,
    )  # fmt: skip


def upload_layout(upload: UploadHistory) -> Layout:
    return Layout.from_json(upload.layout or {})


def test_a_column_that_is_not_to_be_imported_stays_out_and_is_asked_for_where_it_is_needed(
    pipeline: Pipeline, admin_user: User
) -> None:
    context = choose(LISTS["Polish shop"], admin_user)
    without = again(context, admin_user, **{"column-2": ""})
    assert kinds(without) == ["category_for_all"]
    ready = again(without, admin_user, **{"answer-category_for_all": HOME})
    assert ready["preview"].ready
    flow.confirm(Confirmation.from_post(form(ready)), admin_user)
    assert kinds(choose(LISTS["Polish shop"], admin_user)) == [], "nobody is asked what the column of categories means"


def test_a_column_that_is_chosen_in_the_table_counts_before_an_answer(pipeline: Pipeline, admin_user: User) -> None:
    entry = LISTS["stock in two warehouses"]
    both = again(choose(entry, admin_user), admin_user, **{"answer-stock_from": as_text(entry.decisions)["stock_from"]})
    assert both["preview"].layout.plan.columns["stock_quantity"] == ("Stock Berlin", "Stock Hamburg")
    same = again(both, admin_user)
    assert same["preview"].layout.plan.columns["stock_quantity"] == ("Stock Berlin", "Stock Hamburg")
    one = again(same, admin_user, **{"column-4": "", "column-5": "stock_quantity"})
    assert one["preview"].layout.plan.columns["stock_quantity"] == ("Stock Hamburg",)


def test_what_few_rows_leave_open_is_offered_and_need_not_be_answered(pipeline: Pipeline, admin_user: User) -> None:
    rows = [f"A-{n},Lamp {n},{'Lighting' if n == 3 else HOME},9.99,5" for n in range(20)]
    entry = List("\n".join(["Art. No.,Name,Category,Price,Stock", *rows, ""]), {}, [])
    context = choose(entry, admin_user)
    assert [(one.question.kind, one.optional) for one in context["preview"].asked] == [("category_values", True)]
    assert context["preview"].ready
    asked = answer_of(context, "category_values", {"category_values": {"Lighting": HOME}})
    answered = again(context, admin_user, **asked)
    assert kinds(answered) == []
    upload = flow.confirm(Confirmation.from_post(form(answered)), admin_user)
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (20, 0)

"""What a shop's export leaves open, asked in the preview, answered there, and remembered for the next one."""

import io
import json
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from uploads.feed.parser import Reading
from uploads.models import RecordOutcome, RememberedReading, UploadHistory
from uploads.pipeline import examine, receive
from uploads.preview import flow
from uploads.preview.asked import answers_of
from uploads.preview.flow import leaves_open
from uploads.preview.form import Confirmation
from vendors.models import Vendor, VendorMember

HEADER = (
    "Handle,Title,Vendor,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,"
    "Variant Inventory Qty,Variant Price,Image Src"
)
ROWS = (
    "a,Shirt,Faden,Tops,Size,S,A-S,shopify,5,9.50,",
    "a,,,,,M,A-M,shopify,7,9.50,",
    "a,,,,,,,,,,https://cdn.example/1.jpg",
    "b,Mug,Faden,Mugs & Cups,Title,Default Title,B,,0,4.50,",
    "c,Card,Faden,,Title,Default Title,C,shopify,3,2.50,",
)
CELLS = {'"Tops"': "Clothing", '"Mugs & Cups"': "-"}


def export(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows, "")).encode()


def choose(vendor: Vendor, user: User, content: bytes = b"") -> dict[str, Any]:
    return flow.choose(io.BytesIO(content or export(*ROWS)), "export.csv", vendor, user)


def form(context: dict[str, Any], **changes: str) -> dict[str, str]:
    """The preview's form as the browser would send it."""
    shown, preview = context["confirm_form"], context["preview"]
    initial = {name: shown.initial[name] for name in ("token", "shape", "seen", "encoding", "delimiter", "mode")}
    cells = {f"cell-{one.position}": one.value for asked in preview.asked for one in asked.cells}
    answers = {f"answer-{name}": answer for name, answer in preview.carried.items()}
    return {**initial, "remember": "on", **answers, **cells, **changes}


def chosen(context: dict[str, Any], categories: dict[str, str]) -> dict[str, str]:
    cells = [one for asked in context["preview"].asked for one in asked.cells]
    return {f"category-{one.position}": categories[one.value] for one in cells if one.value in categories}


def again(context: dict[str, Any], user: User, **changes: str) -> dict[str, Any]:
    return flow.look_again(Confirmation.from_post(form(context, **changes)), user)


def kinds(context: dict[str, Any]) -> list[str]:
    return [one.question.kind for one in context["preview"].asked]


def answered(context: dict[str, Any], user: User) -> dict[str, Any]:
    changes = {"answer-category_for_all": "Books", "answer-quantity_where_unknown": "4", **chosen(context, CELLS)}
    return again(context, user, **changes)


def test_a_preview_asks_shows_what_is_left_out_and_offers_no_columns_to_choose(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    seen = choose(vendor, admin_user)["preview"]
    assert [(one.question.kind, one.widget) for one in seen.asked] == [
        ("category_for_all", "list"), ("category_values", "cells"), ("quantity_where_unknown", "number"),
    ]  # fmt: skip
    assert not seen.ready
    (cells,) = (one.cells for one in seen.asked if one.cells)
    assert {(one.value, one.rows) for one in cells} == {('"Tops"', 2), ('"Mugs & Cups"', 1)}
    assert [row.verdict for row in seen.rows][2] == "left out"
    assert seen.rows[2].left_out == "A further picture of row 1."
    assert {one.header for one in seen.mapped if one.understood} >= {"Title", "Product Category", "Variant SKU"}
    assert seen.choice.columns == ()


def test_what_the_preview_shows_and_the_trial_counts_is_what_is_stored(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    shown = answered(choose(vendor, admin_user), admin_user)
    assert kinds(shown) == []
    assert shown["preview"].ready
    run_jobs()
    trial = shown["job"]
    verdicts = [row.outcome for row in shown["preview"].rows]
    assert verdicts == ["inserted", "inserted", "skipped", "skipped", "inserted"]
    assert {name: trial.result[name] for name in ("inserted", "skipped")} == {"inserted": 3, "skipped": 2}
    upload = flow.confirm(Confirmation.from_post(form(shown)), admin_user)
    pipeline.stage(upload)
    pipeline.settle()
    outcomes = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number")
    assert [one.outcome for one in outcomes] == verdicts
    assert dict(Product.objects.values_list("sku", "category")) == {"A-S": "Clothing", "A-M": "Clothing", "C": "Books"}


def test_answers_are_given_one_after_the_other_and_none_is_lost(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    context = choose(vendor, admin_user)
    context = again(context, admin_user, **chosen(context, {'"Tops"': "Clothing"}))
    (cells,) = (one.cells for one in context["preview"].asked if one.cells)
    assert [one.value for one in cells] == ['"Mugs & Cups"']
    context = again(context, admin_user, **chosen(context, {'"Mugs & Cups"': "-"}))
    assert kinds(context) == ["category_for_all"]  # what is left out needs no quantity
    context = again(context, admin_user, **{"answer-category_for_all": "Books"})
    assert context["preview"].ready
    assert json.loads(context["preview"].answers["category_values"]) == {"Tops": "Clothing", "Mugs & Cups": None}


def test_what_isnt_for_sale_can_be_taken_all_the_same(pipeline: Pipeline, vendor: Vendor, admin_user: User) -> None:
    header, row = HEADER + ",Status", "a,Shirt,Faden,Clothing,Title,Default Title,A-S,shopify,5,9.50,,draft"
    context = choose(vendor, admin_user, f"{header}\n{row}\n".encode())
    assert [(one.name, one.taken) for one in context["preview"].offers] == [("take-not_for_sale", False)]
    assert [row.outcome for row in context["preview"].rows] == ["skipped"]
    taken = again(context, admin_user, **{"take-not_for_sale": "on"})
    assert [(one.name, one.taken) for one in taken["preview"].offers] == [("take-not_for_sale", True)]
    assert [row.outcome for row in taken["preview"].rows] == ["inserted"]
    posted = Confirmation.from_post(form(taken, **{"take-not_for_sale": "on"}))
    assert posted.was_seen
    pipeline.stage(flow.confirm(posted, admin_user))
    pipeline.settle()
    assert Product.objects.get().sku == "A-S"


def test_answers_are_remembered_and_a_deleted_category_is_asked_again(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    shown = answered(choose(vendor, admin_user), admin_user)
    assert shown["preview"].changed
    flow.confirm(Confirmation.from_post(form(shown)), admin_user)
    assert RememberedReading.objects.get().answers["category_for_all"] == "Books"
    assert kinds(choose(vendor, admin_user, export(*ROWS, *ROWS))) == []
    new = choose(vendor, admin_user, export(*ROWS, "d,Hat,Faden,Hats,Title,Default Title,D,shopify,3,2.50,"))
    assert [one.value for asked in new["preview"].asked for one in asked.cells] == ['"Hats"']
    ProductCategory.objects.filter(category_name="Clothing").update(is_active=False)
    assert [one.value for asked in choose(vendor, admin_user)["preview"].asked for one in asked.cells] == ['"Tops"']


def test_a_format_can_be_switched_off_and_on(pipeline: Pipeline, vendor: Vendor, admin_user: User) -> None:
    context = again(choose(vendor, admin_user), admin_user, **{"as": "own_list"})
    seen = context["preview"]
    assert not seen.layout.of_format
    assert seen.layout.plan.own_list
    assert seen.switched_off == "Shopify product export"
    back = again(context, admin_user, **{"as": "known"})["preview"]
    assert back.layout.plan.format == choose(vendor, admin_user)["preview"].layout.plan.format


def test_what_only_rows_further_down_leave_open_is_asked_when_it_is_confirmed(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    many = [f"p{n},Shirt,Faden,Clothing,Title,Default Title,P-{n},shopify,5,9.50," for n in range(2_100)]
    content = export(*many, "z,Hat,Faden,Hats,Title,Default Title,Z,shopify,3,2.50,")
    shown = choose(vendor, admin_user, content)
    assert shown["preview"].ready
    with pytest.raises(examine.Refused) as refused:
        flow.confirm(Confirmation.from_post(form(shown)), admin_user)
    assert leaves_open(refused.value)
    assert not UploadHistory.objects.exists()
    whole = flow.look_again(Confirmation.from_post(form(shown)), admin_user, whole=True)
    done = again(whole, admin_user, **chosen(whole, {'"Hats"': "Clothing"}))
    assert done["preview"].ready
    assert flow.confirm(Confirmation.from_post(form(done)), admin_user).file_name == "export.csv"


def test_nothing_that_a_form_could_send_becomes_an_answer_by_mistake() -> None:
    posted = {
        "cell-0": "not JSON", "category-0": "Books", "cell-1": '["a"]', "category-1": "Books", "cell-2": '"A"',
        "category-2": "", "cell-3": "[" * 100_000, "category-3": "Books", "answer-x": "", "cell-900": '"B"',
        "category-900": "Books",
    }  # fmt: skip
    assert answers_of(posted) == {}


def test_many_and_long_categories_are_asked_in_portions_that_a_form_takes(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    row = "{0},Shirt,Faden,{1},Title,Default Title,S-{0},shopify,5,9.50,"
    for cells, shown in ((["x" * 30_000 + str(n) for n in range(6)], 3), ([f"Kind {n}" for n in range(450)], 200)):
        context = choose(vendor, admin_user, export(*(row.format(n, cell) for n, cell in enumerate(cells))))
        (asked,) = context["preview"].asked
        assert (len(asked.cells), asked.more) == (shown, len(cells) - shown)
        context = again(context, admin_user, **{f"category-{n}": "Books" for n in range(shown)})
        assert len(context["preview"].asked[0].question.choices) == len(cells) - shown


def test_line_breaks_in_a_cell_survive_the_form() -> None:
    posted = {"cell-0": json.dumps("Tops\nand more"), "category-0": "Clothing"}
    assert json.loads(answers_of(posted)["category_values"]) == {"Tops\nand more": "Clothing"}


@pytest.mark.parametrize("answer", ["Spaceships", ""])
def test_an_answer_that_is_no_category_leaves_the_question_open(answer: str, pipeline: Pipeline) -> None:
    with pytest.raises(examine.Refused) as refused:
        receive.receive(
            io.BytesIO(export(*ROWS)), "x.csv", "VEND001", reading=Reading(answers={"category_for_all": answer})
        )
    assert "category_for_all" in {one.id for one in refused.value.questions}


# --- on the pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["vendor", "staff"])
def test_both_previews_ask_in_widgets_that_fit(
    page: str, pipeline: Pipeline, vendor: Vendor, admin_user: User, client: Client
) -> None:
    client.force_login(admin_user)
    VendorMember.objects.create(vendor=vendor, user=admin_user, role="uploader")
    address = "/vendor/VEND001/upload/" if page == "vendor" else "/admin/catalog/product/import/"
    field = "file" if page == "vendor" else "import_file"
    file = SimpleUploadedFile("export.csv", export(*ROWS))
    response = client.post(address, {field: file, "vendor": "VEND001", "format": "0"})
    html = response.content.decode()
    assert '<input type="number" name="answer-quantity_where_unknown" min="0"' in html
    assert '<select name="answer-category_for_all"' in html
    assert html.count('<option value="-">Leave these rows out</option>') == 2
    assert "Mugs &amp; Cups" in html
    assert 'name="column-0"' not in html
    assert '<option value="Clothing" selected' not in html
    changes = {"answer-category_for_all": "Books", "answer-quantity_where_unknown": "4"}
    seen = cast("dict[str, Any]", response.context)
    posted = form(seen, **changes, **chosen(seen, CELLS))
    html = client.post(f"{address}preview/", posted).content.decode()
    assert "A further picture of row 1." in html
    assert "Shirt – S" in html

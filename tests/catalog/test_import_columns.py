"""The columns of a file that is imported: what each is read as, corrected, and remembered."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.models import Product
from tests.catalog.importing import CONFIRM, PREVIEW, choose, form_of
from tests.feeds import feed, line
from uploads.models import Job, RememberedReading, UploadHistory
from uploads.preview import flow

pytestmark = pytest.mark.usefixtures("vendor", "categories", "bucket")

OWN = "Code,Bez.,Cat.,Prce,On shelf,SKU\nP-1,Lamp,Electronics,9.99,5,SKU-1\n"

CHOSEN = {"column-0": "vendor_product_id", "column-1": "product_name", "column-2": "category",
          "column-3": "price", "column-4": "stock_quantity", "column-5": "sku"}  # fmt: skip


def test_missing_columns_are_said_and_can_be_mapped(admin_client: Client) -> None:
    first = choose(admin_client, OWN)
    page = first.content.decode()
    assert "No column says that it has the product name. Which one is it: “Code” or “Bez.”?" in page
    assert "No column says that it has the price. Which one is it: “Prce” or “On shelf”?" in page
    assert 'name="confirm"' not in page
    assert first.context["preview"].rows == ()
    assert Job.objects.get().kind == Job.Kind.DRY_RUN, "it looks at all rows while questions are open"
    assert [column.samples for column in first.context["preview"].mapped][:2] == [("P-1",), ("Lamp",)]

    second = admin_client.post(PREVIEW, form_of(first, **CHOSEN))
    assert [row.verdict for row in second.context["preview"].rows] == ["new"]
    assert 'name="confirm"' in second.content.decode()
    assert 'name="remember"' in second.content.decode()
    assert not RememberedReading.objects.exists()


def test_confirming_imports_with_the_columns_chosen_and_remembers_them(admin_client: Client, pipeline: Any) -> None:
    second = admin_client.post(PREVIEW, form_of(choose(admin_client, OWN), **CHOSEN))
    assert admin_client.post(CONFIRM, form_of(second)).status_code == 302
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    assert (Product.objects.get().product_name, str(Product.objects.get().price)) == ("Lamp", "9.99")
    again = choose(admin_client, OWN).context["preview"]
    assert (again.ready, again.changed) == (True, False)
    assert LogEntry.objects.filter(object_repr="VEND001: a file of 6 columns").exists()


def test_columns_are_not_remembered_without_the_tick(admin_client: Client) -> None:
    fields = form_of(admin_client.post(PREVIEW, form_of(choose(admin_client, OWN), **CHOSEN)))
    del fields["remember"]
    assert admin_client.post(CONFIRM, fields).status_code == 302
    assert UploadHistory.objects.exists()
    assert not RememberedReading.objects.exists()


def test_a_guess_is_shown_and_used_only_at_a_click(admin_client: Client) -> None:
    first = choose(admin_client, OWN)
    guess = {one.id: one.suggestion for one in first.context["preview"].layout.questions}
    assert (guess["price_from"], guess["column_product_name"]) == ("Prce", "")
    assert "price" not in first.context["preview"].layout.mapping.fields
    taken = admin_client.post(PREVIEW, form_of(first, take="3:price"))
    assert taken.context["preview"].layout.mapping.fields["price"] == "Prce"

    extra = choose(admin_client, feed(line(1)).replace(",description,", ",Descripton,"))
    assert "Perhaps the description?" in extra.content.decode()
    assert admin_client.post(CONFIRM, form_of(extra)).status_code == 302
    layout = UploadHistory.objects.get().layout or {}
    assert "description" not in layout["mapping"]["fields"], "who confirms without a click confirms what was shown"


@pytest.mark.parametrize(
    "take", ["", "3", "x:price", "99:price", "9999999999:price", "3:colour", ":", "-1:price", "²:price"]
)
def test_a_click_that_was_tampered_with_takes_nothing(admin_client: Client, take: str) -> None:
    shown = admin_client.post(PREVIEW, form_of(choose(admin_client, OWN), take=take))
    assert "price" not in shown.context["preview"].layout.mapping.fields


TWO = "Product ID,Product Name,Category,SKU,Retail Price,Unit Price,Stock\nP-1,Lamp,Electronics,S-1,199.00,129.00,5\n"
ASKED = "Which column has the price: “Unit Price” or “Retail Price”?"


def test_which_of_two_columns_is_asked_with_nothing_chosen_beforehand(admin_client: Client, pipeline: Any) -> None:
    first = choose(admin_client, TWO)
    page = first.content.decode()
    question = page[page.index('<fieldset class="question" id="question-price_from">') :]
    question = question[: question.index("</fieldset>")]
    assert ASKED in question
    assert "Retail Price, for example “199.00”" in question
    assert question.count('type="radio"') == 2
    assert "checked" not in question
    assert question.count("perhaps this one") == 1
    assert 'name="confirm"' not in page
    assert Job.objects.get().result["open"] == TWO.count("\n") - 1, "all rows wait for it"
    refused = admin_client.post(CONFIRM, form_of(first), follow=True)
    assert not UploadHistory.objects.exists()
    assert flow.OPEN in refused.content.decode()
    assert ASKED in refused.content.decode(), "the question is there again"

    second = admin_client.post(PREVIEW, form_of(first, **{"answer-price_from": "Unit Price"}))
    page = second.content.decode()
    assert ASKED not in page
    assert [column.field for column in second.context["preview"].mapped][4:6] == ["", "price"]
    assert admin_client.post(CONFIRM, form_of(second)).status_code == 302
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    assert str(Product.objects.get().price) == "129.00"

    again = choose(admin_client, TWO)
    assert again.context["preview"].ready
    assert "Columns as they were chosen on" in again.content.decode()
    forgotten = admin_client.post(PREVIEW, form_of(again, forget="1"))
    assert ASKED in forgotten.content.decode()
    assert not RememberedReading.objects.exists()
    assert LogEntry.objects.filter(action_flag=3).exists()


def test_a_question_can_be_answered_in_the_table_of_columns_too(admin_client: Client) -> None:
    first = choose(admin_client, TWO)
    second = admin_client.post(PREVIEW, form_of(first, **{"column-4": "price", "answer-price_from": "Unit Price"}))
    assert second.context["preview"].layout.mapping.fields["price"] == "Retail Price", "the table is nearer to the file"
    third = admin_client.post(PREVIEW, form_of(second, **{"column-4": ""}))
    assert ASKED in third.content.decode(), "an answer of before does not come back"


@pytest.mark.parametrize("answer", ["Stock", "Retail Price (2)", "<script>", "SKU", ""])
def test_an_answer_that_is_no_column_or_another_fields_leaves_the_question_open(
    admin_client: Client, answer: str
) -> None:
    shown = admin_client.post(PREVIEW, form_of(choose(admin_client, TWO), **{"answer-price_from": answer}))
    assert ASKED in shown.content.decode()
    assert not shown.context["preview"].ready


def test_two_columns_for_one_field_are_refused_in_a_sentence_and_the_choice_stays(admin_client: Client) -> None:
    response = admin_client.post(PREVIEW, form_of(choose(admin_client, OWN), **CHOSEN | {"column-1": "sku"}))
    assert "The columns “Bez.” and “SKU” are both to be read as sku. Choose one of them." in response.content.decode()
    assert [column.field for column in response.context["preview"].mapped].count("sku") == 2
    assert 'name="confirm"' not in response.content.decode()
    fields = form_of(response)
    assert "both to be read as sku" in admin_client.post(CONFIRM, fields, follow=True).content.decode()
    assert not UploadHistory.objects.exists()


def test_two_columns_of_one_name_can_be_told_apart(admin_client: Client) -> None:
    text = feed(line(1)).replace("brand", "Price").replace("Acme", "1.00")
    first = choose(admin_client, text)
    assert "Which column has the price: “Price” or “price”?" in first.content.decode()
    second = admin_client.post(PREVIEW, form_of(first, **{"column-6": "price"}))
    assert second.context["preview"].ready
    assert second.context["preview"].rows[0].cells[5].text == "9.99 USD"


def test_encoding_and_delimiter_can_be_corrected(admin_client: Client) -> None:
    text = "vendor_product_id;product_name;category;sku;price;stock_quantity\nP-1;\u0416;Books;S-1;1;1\n"
    first = choose(admin_client, text.encode("cp1251"))
    second = admin_client.post(PREVIEW, form_of(first, encoding="cp1251"))
    assert second.context["preview"].rows[0].cells[1].text == "\u0416"
    assert admin_client.post(CONFIRM, form_of(second)).status_code == 302
    assert UploadHistory.objects.get().layout["encoding"] == "cp1251"  # type: ignore[index] # it has one

    third = admin_client.post(PREVIEW, form_of(choose(admin_client, text), delimiter=","))
    assert [column.header for column in third.context["preview"].mapped] == [text.splitlines()[0]]
    fourth = admin_client.post(PREVIEW, form_of(third, delimiter=""))
    assert fourth.context["preview"].ready


@pytest.mark.parametrize(
    "tampered",
    [
        {"column-0": "colour"}, {"column-0": "<script>"}, {"column-6": "brand"}, {"shape": "44.0.6"}, {"shape": ""},
        {"encoding": "rot13"}, {"delimiter": "x"}, {"column-0": "\0"},
    ],
)  # fmt: skip
def test_a_mapping_that_was_tampered_with_imports_nothing(admin_client: Client, tampered: dict[str, str]) -> None:
    seen = admin_client.post(PREVIEW, form_of(choose(admin_client, OWN), **CHOSEN))
    assert admin_client.post(PREVIEW, form_of(seen, **tampered)).status_code == 200
    response = admin_client.post(CONFIRM, form_of(seen, **tampered), follow=True)
    assert response.status_code == 200
    assert not UploadHistory.objects.exists()


def test_a_file_of_500_columns_with_hostile_names_stays_readable(admin_client: Client) -> None:
    names = [f'\u202e<script>{n}</script>" onfocus="x' for n in range(494)]
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    header = "vendor_product_id,product_name,category,sku,price,stock_quantity"
    text = f"{header},{quoted}\nP-1,Lamp,Books,S-1,1,1{',x' * 494}\n"
    first = choose(admin_client, text)
    page = first.content.decode()
    assert "<script>0" not in page
    assert "\u202e" not in page
    assert sum(not column.aside for column in first.context["preview"].mapped) == 6
    second = admin_client.post(PREVIEW, form_of(first, **{"column-499": "brand"}))
    assert second.context["preview"].ready
    assert admin_client.post(CONFIRM, form_of(second)).status_code == 302
    assert RememberedReading.objects.get().columns["brand"] == names[493]


def test_one_column_more_than_allowed_is_refused(admin_client: Client) -> None:
    response = choose(admin_client, ",".join(f"c{n}" for n in range(501)) + "\n" + "x," * 500 + "x\n")
    assert "501 columns; at most 500" in response.context["form"].errors["import_file"][0]

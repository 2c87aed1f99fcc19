"""How a vendor's file was read, as somebody chose it once: kept for its next files with the same columns, and forgotten
at a click."""

import io
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from catalog.models import Product
from catalog.rules.fields import FIELDS, READ
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.remembering import remembering
from uploads.feed import columns
from uploads.feed.aliases import ALIASES
from uploads.feed.columns import fingerprint, map_headers, suggested
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Position
from uploads.feed.sheets import handed_out
from uploads.models import RememberedReading, UploadHistory, ValueRule
from uploads.pipeline import remembered, report
from uploads.pipeline.examine import Refused
from vendors.models import Vendor

OWN = ["Code", "Bez.", "Cat.", "Ref.", "Amount", "On shelf"]
CHOICE = ["vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity"]
CHOSEN = dict(zip(CHOICE, OWN, strict=True))
ROW = "P-1,Lamp,Electronics,SKU-1,9.99,5\n"


def layout_of(headers: list[str], choice: list[str], **answers: str) -> Layout:
    """As a preview has it when these columns were chosen."""
    names = columns.name_headers(headers)
    return Layout("utf-8", ",", names, columns.chosen(names, choice), Position(0, 0), (), answers=answers)


def read_as(headers: list[str], vendor_id: str = "VEND001") -> dict[str, str]:
    """Field → header, for the next file."""
    found = columns.recall(headers, remembered.of(vendor_id))
    return map_headers(headers, found.fields if found else None).fields


# --- using what is remembered ----------------------------------------------------------------------------------


def test_a_vendors_own_columns_are_read_once_they_are_remembered(pipeline: Pipeline, admin_user: User) -> None:
    text = ",".join(OWN) + "\n" + ROW
    with pytest.raises(Refused, match="No column says that it has the product name"):
        pipeline.send(text)
    remembered.remember("VEND001", layout_of(OWN, CHOICE), "spring.csv", admin_user)
    upload = pipeline.run(text)
    assert upload.valid_records == 1
    assert Product.objects.get().product_name == "Lamp"
    assert "for “spring.csv”." in Layout.from_json(upload.layout or {}).remembered


def test_what_one_vendor_chose_is_not_anothers(pipeline: Pipeline, other_vendor: Vendor) -> None:
    remembering(OWN, CHOSEN)
    with pytest.raises(Refused, match="No column says that it has the product name"):
        pipeline.send(",".join(OWN) + "\n" + ROW, vendor_id="VEND002")


def test_the_command_reads_by_it_too_and_says_so(pipeline: Pipeline, tmp_path: Path) -> None:
    remembering(OWN, CHOSEN)
    file, out = tmp_path / "own.csv", io.StringIO()
    file.write_text(",".join(OWN) + "\n" + ROW)
    call_command("import_feed", str(file), vendor="VEND001", stdout=out)
    assert (UploadHistory.objects.get().layout or {})["mapping"]["fields"]["price"] == "Amount"
    assert "Columns as they were chosen on" in out.getvalue()


@pytest.mark.parametrize(
    "headers",
    [
        ["On shelf", "Amount", "Ref.", "Cat.", "Bez.", "Code"],  # another order
        ["CODE", " bez", "cat", "REF", "amount ", "on-shelf"],  # written otherwise
        [*OWN, "error_code", "row_number"],  # our report of them
    ],
)
def test_the_same_set_of_headers_is_known_again(vendor: Vendor, headers: list[str]) -> None:
    remembering(OWN, CHOSEN)
    assert {field: columns.key_of(header) for field, header in read_as(headers).items()} == {
        field: columns.key_of(header) for field, header in CHOSEN.items()
    }


@pytest.mark.parametrize("headers", [[*OWN, "Colour"], OWN[1:], [*OWN[1:], "Kode"]])
def test_another_set_of_headers_is_read_as_it_shows(vendor: Vendor, headers: list[str]) -> None:
    remembering(OWN, CHOSEN)
    assert read_as(headers) == map_headers(headers).fields


def test_a_name_that_was_chosen_in_one_file_means_nothing_in_another(pipeline: Pipeline) -> None:
    """A German list had `name` for the maker; the next file is a perfect one with a column of that name."""
    german = ["Artikelnummer", "Titel", "name", "Kategorie", "ID", "Preis", "Bestand"]
    remembering(german, {"vendor_product_id": "ID", "product_name": "Titel", "brand": "name", "sku": "Artikelnummer",
                         "category": "Kategorie", "price": "Preis", "stock_quantity": "Bestand"})  # fmt: skip
    assert pipeline.run("id,name,category,sku,price,stock\n" + ROW).valid_records == 1
    assert (Product.objects.get().product_name, Product.objects.get().brand) == ("Lamp", None)


def test_a_column_that_is_left_out_stays_out(vendor: Vendor) -> None:
    remembering([*OWN, "Brand"], CHOSEN)
    assert read_as([*OWN, "Brand"]) == CHOSEN


def test_a_header_that_is_a_fields_own_name_is_that_field_whatever_is_remembered(pipeline: Pipeline) -> None:
    headers = [*HEADER.split(","), "name_de", "old"]
    hurting = {"product_name": "name_de", "sku": "vendor_product_id", "price": "old", "brand": "description"}
    remembering(headers, CHOSEN | hurting | {"stock_quantity": "price"})
    text = ",".join(headers) + "\n" + line(1) + ",Lampe,1.00\n"
    assert pipeline.run(text).valid_records == 1
    product = Product.objects.get()
    assert (product.product_name, product.sku, str(product.price)) == ("Product 1", "SKU-1", "9.99")


def test_what_does_not_follow_a_choice_is_said(pipeline: Pipeline) -> None:
    headers = ["vendor_product_id", "product_name", "category", "sku", "Preis", "stock_quantity", "Netto-EK"]
    fields = {name: name for name in headers[:4]} | {"price": "Preis", "stock_quantity": "Netto-EK"}
    remembering(headers, fields)
    layout = Layout.from_json(pipeline.send(",".join(headers) + "\n" + ROW.strip() + ",1\n").layout or {})
    assert layout.mapping.fields["stock_quantity"] == "stock_quantity"
    assert "Not so “stock_quantity”: a column with the very name of a field is always that field." in layout.remembered


def test_answers_are_remembered_too(pipeline: Pipeline, admin_user: User) -> None:
    headers = [*OWN[:4], "Price (EUR)", "Stock"]
    chosen = dict(zip(CHOICE, headers, strict=True))
    text = ",".join(headers) + "\n" + ROW
    remembering(headers, chosen)
    with pytest.raises(Refused, match="The prices are in EUR"):
        pipeline.send(text)
    remembered.remember("VEND001", layout_of(headers, CHOICE, currency="EUR", price_from="x"), "a.csv", admin_user)
    assert RememberedReading.objects.get().answers == {"currency": "EUR"}
    assert Layout.from_json(pipeline.send(text).layout or {}).currency == "EUR"


def test_an_answer_is_asked_for_again_where_the_file_says_another_thing(pipeline: Pipeline) -> None:
    headers = [*OWN[:4], "Price (GBP)", "Stock"]
    remembering(headers, dict(zip(CHOICE, headers, strict=True)), answers={"currency": "EUR"})
    with pytest.raises(Refused, match="The prices are in GBP"):
        pipeline.send(",".join(headers) + "\n" + ROW)


# --- files that we handed out ----------------------------------------------------------------------------------

# Of each set of headers that a file of ours can have, a choice that would turn everything around.
SETS = [
    list(FIELDS),
    [name for name in FIELDS if name != "currency"],
    [*FIELDS, handed_out.CATALOG_COLUMN],
    [*FIELDS, *handed_out.REPORT_COLUMNS],
    [*HEADER.split(","), *handed_out.REPORT_COLUMNS],
    [*HEADER.split(","), handed_out.CURRENCY_COLUMN, *handed_out.REPORT_COLUMNS],
    HEADER.split(","),
]


@pytest.fixture
def harmful(vendor: Vendor) -> None:
    """What would hurt, for all these sets; those that are the same without our columns need it once."""
    for headers in {fingerprint(one): one for one in SETS}.values():
        fields = [name for name in headers if name in FIELDS]
        remembering(headers, dict(zip(fields, fields[1:] + fields[:1], strict=True)))
    for single in FIELDS:
        remembering([single, "other"], {"product_name": single})


@pytest.mark.parametrize("headers", SETS, ids=lambda headers: " ".join(headers)[-60:])
def test_no_choice_applies_to_a_file_that_we_handed_out(harmful: None, headers: list[str]) -> None:
    assert read_as(headers) == {name: name for name in headers if name in FIELDS}


def test_nothing_is_remembered_for_a_file_that_we_handed_out(vendor: Vendor, admin_user: User) -> None:
    headers = HEADER.split(",")
    choice = ["sku", "product_name", "category", "vendor_product_id", "", "", "price", "stock_quantity"]
    remembered.remember("VEND001", layout_of(headers, choice), "x.csv", admin_user)
    assert not RememberedReading.objects.exists()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def test_template_export_and_report_come_back_unchanged_whatever_is_remembered(
    pipeline: Pipeline, uploader: Client, harmful: None
) -> None:
    first = pipeline.run(feed(line(1), line(2, price="free"), line(3)))
    assert (first.valid_records, first.error_records) == (2, 1)
    before = list(Product.objects.order_by("pk").values())
    for form in ("csv", "xlsx"):
        export = body(uploader.get(f"/vendor/VEND001/catalog/export.{form}"))
        again = pipeline.run(export)
        assert (again.unchanged_records, again.total_records) == (2, 2), form
    failed = pipeline.run("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in report.report_rows(first)))
    assert (failed.error_records, failed.total_records) == (1, 1)
    kinds = [set(upload.errors.values_list("error_type", flat=True)) for upload in (first, failed)]
    assert kinds == [{"invalid_price"}] * 2
    assert list(Product.objects.order_by("pk").values()) == before

    for form in ("csv", "xlsx"):
        template = body(uploader.get(f"/vendor/VEND001/upload/template.{form}"))
        pipeline.run(template)
        assert pipeline.run(template).unchanged_records == 1, form
    assert Product.objects.get(vendor_product_id="00017").product_name == "Desk lamp, black"


def test_the_demo_feed_is_read_as_ever_whatever_is_remembered(
    pipeline: Pipeline, harmful: None, tmp_path: Path
) -> None:
    file = tmp_path / "demo.csv"
    call_command("generate_feed", output=str(file), rows=200, error_rate=0.0)
    upload = pipeline.run(file.read_bytes())
    assert (upload.error_records, upload.total_records) == (0, 200)


# --- remembering -----------------------------------------------------------------------------------------------


def test_what_a_file_shows_by_itself_is_not_kept(vendor: Vendor, admin_user: User) -> None:
    headers = ["Product ID", "Name", "Category", "SKU", "Price", "Stock"]
    remembered.remember("VEND001", layout_of(headers, CHOICE), "x.csv", admin_user)
    assert not RememberedReading.objects.exists()
    remembering(headers, CHOSEN)
    remembered.remember("VEND001", layout_of(headers, CHOICE), "x.csv", admin_user)
    assert not RememberedReading.objects.exists(), "what was remembered against it is forgotten"


def test_an_answered_question_is_kept(vendor: Vendor, admin_user: User) -> None:
    headers = ["Product ID", "Name", "Category", "SKU", "List price", "Selling price", "Stock"]
    choice = [*CHOICE[:4], "", *CHOICE[4:]]
    remembered.remember("VEND001", layout_of(headers, choice), "x.csv", admin_user)
    assert read_as(headers)["price"] == "Selling price"


@pytest.mark.parametrize("seed", range(20))
def test_the_next_file_is_read_as_this_one_was(vendor: Vendor, admin_user: User, seed: int) -> None:
    dice = random.Random(seed)
    some = [names[dice.randrange(len(names))] for names in ALIASES.values() for _ in range(2)]
    named = {columns.key_of(name): name for name in dice.sample([*some, "Colour", "Ref", "€"], 10)}
    headers = [name for name in named.values() if name not in READ]
    choice = dice.sample([*READ, *[""] * len(headers)], len(headers))
    choice = [*choice, *(field for field in CHOICE if field not in choice)]
    headers += [f"Column {n}" for n in range(len(choice) - len(headers))]
    remembered.remember("VEND001", layout_of(headers, choice), "x.csv", admin_user)
    assert read_as(headers) == columns.chosen(headers, choice).fields
    shuffled = dice.sample(headers, len(headers))
    assert read_as(shuffled) == columns.chosen(headers, choice).fields


def test_a_later_word_replaces_the_earlier_one_and_says_who_and_for_which_file(
    vendor: Vendor, admin_user: User
) -> None:
    remembering(OWN, CHOSEN)
    shelf = ["", *CHOICE[1:4], "price", "vendor_product_id"]
    remembered.remember("VEND001", layout_of(OWN, shelf), "autumn.csv", admin_user)
    kept = RememberedReading.objects.get()
    assert (kept.file_name, kept.created_by) == ("autumn.csv", admin_user)
    assert kept.columns["vendor_product_id"] == "On shelf"


@pytest.mark.parametrize("headers", [["", " ", *OWN[2:]], ["Twice", "twice", *OWN[2:]]])
def test_columns_that_cannot_be_told_apart_are_known_by_their_places(
    vendor: Vendor, admin_user: User, headers: list[str]
) -> None:
    remembered.remember("VEND001", layout_of(headers, CHOICE), "x.csv", admin_user)
    names = columns.name_headers(headers)
    assert read_as(headers) == dict(zip(CHOICE, names, strict=True))
    if names != tuple(headers):  # without names at all they are known by nothing else
        return
    swapped = [headers[1], headers[0], *headers[2:]]
    assert read_as(swapped) == dict(zip(CHOICE, headers, strict=True)), "spelled as they were"


@pytest.mark.parametrize(
    "header", ["€", "价格", "x\0y", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "🦆", "z" * 50_000]
)
def test_hostile_and_strange_names_are_kept_and_found_again(vendor: Vendor, admin_user: User, header: str) -> None:
    printed = header.replace("\0", "␀")  # as the parser has it
    remembered.remember("VEND001", layout_of([*OWN[:5], printed], CHOICE), "x.csv", admin_user)
    assert read_as([*OWN[:5], printed])["stock_quantity"] == printed
    assert max(len(one) for one in RememberedReading.objects.get().headers) <= remembered.HEADER_CHARS


def test_what_is_remembered_and_forgotten_is_in_the_admin_log(vendor: Vendor, admin_user: User) -> None:
    for _ in range(2):
        remembered.remember("VEND001", layout_of(OWN, CHOICE), "spring.csv", admin_user)
    remembered.forget("VEND001", admin_user, layout=layout_of(OWN, CHOICE))
    entries = LogEntry.objects.order_by("pk").values_list("user", "action_flag", "object_repr")
    name = "VEND001: a file of 6 columns"
    assert list(entries) == [(admin_user.pk, 1, name), (admin_user.pk, 2, name), (admin_user.pk, 3, name)]
    assert read_as(OWN) == {"sku": "Ref."}, "as it shows"


def test_a_vendor_has_no_more_than_the_newest_hundred(vendor: Vendor, admin_user: User) -> None:
    for number in range(remembered.MOST + 3):
        remembering([*OWN, f"Extra {number}"], CHOSEN, file_name=f"{number}.csv")
    remembered.remember("VEND001", layout_of(OWN, CHOICE), "newest.csv", admin_user)
    assert RememberedReading.objects.count() == remembered.MOST
    assert read_as(OWN) == CHOSEN


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_confirm_at_once_the_later_one_counts(vendor: Vendor, admin_user: User) -> None:
    start, failures = threading.Barrier(2), []

    def confirm(shelf: bool) -> None:
        try:
            choice = CHOICE if shelf else [*CHOICE[:4], "stock_quantity", "price"]
            start.wait(10)
            remembered.remember("VEND001", layout_of(OWN, choice), f"{shelf}.csv", admin_user)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    people = [threading.Thread(target=confirm, args=[shelf]) for shelf in (True, False)]
    for person in people:
        person.start()
    for person in people:
        person.join(30)
    assert failures == []
    kept = RememberedReading.objects.get()
    assert kept.columns["price"] == ("Amount" if kept.file_name == "True.csv" else "On shelf")


# --- suggestions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Preis netto", "price"), ("Descripton", "description"), ("Stok quantity", "stock_quantity"),
        ("Cost price", None), ("Wholesale price", None), ("EAN barcode", None), ("Colour", None), ("error_code", None),
        ("", None), ("\0", None), ("=1+1", None),
    ],
)  # fmt: skip
def test_what_resembles_an_open_field_is_suggested_and_not_taken(header: str, field: str | None) -> None:
    found = map_headers([header])
    assert found.fields == {}
    assert suggested([header], found).get(header) == field


def test_nothing_is_suggested_for_a_field_that_has_a_column_or_is_asked_about() -> None:
    names = ["Price", "Prices", "Descripton"]
    assert suggested(names, map_headers(names)) == {"Descripton": "description"}
    names = ["List price", "Selling price", "Prize"]
    assert suggested(names, map_headers(names)) == {}


def test_a_choice_of_two_columns_for_one_field_is_refused_with_their_names() -> None:
    with pytest.raises(FeedError, match=r"“A” and “B” are both to be read as sku\. Choose one"):
        columns.chosen(["A", "B"], ["sku", "sku"])


@pytest.mark.parametrize("choice", [["sku"], ["sku", "price", ""], ["sku", "colour"], ["sku", "<b>"]])
def test_a_choice_about_other_columns_is_refused(choice: list[str]) -> None:
    with pytest.raises(FeedError, match="other columns"):
        columns.chosen(["A", "B"], choice)


# --- in the admin ----------------------------------------------------------------------------------------------


def test_staff_see_what_is_remembered_and_can_delete_but_not_change_it(admin_client: Client, vendor: Vendor) -> None:
    Vendor.objects.create(vendor_id="VEND002", vendor_name="Other", email="other@example.com")
    kept = remembering(OWN, CHOSEN, answers={"currency": "EUR"})
    remembering(OWN, CHOSEN, "VEND002", "other.csv")
    listed = "/admin/uploads/rememberedreading/"
    assert admin_client.get(listed, {"vendor": "VEND001"}).context["cl"].result_count == 1
    page = admin_client.get(f"{listed}{kept.pk}/change/").content.decode()
    assert all(word in page for word in ("spring.csv", "On shelf", "EUR", "VEND001"))
    assert "_save" not in page
    assert admin_client.post(f"{listed}add/").status_code == 403
    assert admin_client.post(f"{listed}{kept.pk}/delete/", {"post": "yes"}).status_code == 302
    assert [one.vendor_id for one in RememberedReading.objects.all()] == ["VEND002"]
    assert list(LogEntry.objects.values_list("action_flag", flat=True)) == [3]


def test_a_value_rule_says_who_made_it_and_cannot_be_made_twice(
    admin_client: Client, admin_user: User, vendor: Vendor
) -> None:
    add = "/admin/uploads/valuerule/add/"
    data: dict[str, Any] = {
        "vendor": "VEND001", "field": "category", "wrong_value": "Boks", "right_value": "Books",
    }  # fmt: skip
    assert admin_client.post(add, data).status_code == 302
    rule = ValueRule.objects.get()
    assert (rule.created_by, str(rule)) == (admin_user, "VEND001 category: Boks → Books")
    assert admin_client.post(add, data | {"wrong_value": "BOKS"}).status_code == 200
    assert ValueRule.objects.count() == 1
    page = admin_client.get("/admin/uploads/valuerule/").content.decode()
    assert all(text in page for text in ("Boks", "Books", "VEND001", "admin"))

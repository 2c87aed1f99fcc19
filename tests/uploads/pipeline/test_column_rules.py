"""What a vendor's columns mean, as somebody said it once: kept, used for its next files, and visible to staff."""

import random
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from catalog.models import Product
from catalog.rules.fields import FIELDS
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.feed import columns
from uploads.feed.columns import map_headers, suggested
from uploads.feed.lines import FeedError
from uploads.models import ColumnRule, UploadHistory, ValueRule
from uploads.pipeline import column_rules
from uploads.pipeline.examine import Refused
from vendors.models import Vendor

OWN = "Code,Bez.,Cat.,Ref.,Amount,On shelf\n"
CHOICE = ["vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity"]


def rules() -> dict[str, str]:
    return dict(ColumnRule.objects.values_list("header", "field"))


# --- using what is remembered ----------------------------------------------------------------------------------


def test_a_vendors_own_columns_are_read_once_they_are_remembered(pipeline: Pipeline, admin_user: User) -> None:
    text = OWN + "P-1,Lamp,Electronics,SKU-1,9.99,5\n"
    with pytest.raises(Refused, match="no column for"):
        pipeline.send(text)
    assert column_rules.remember("VEND001", OWN.strip().split(","), CHOICE, admin_user) == 5  # all but “Ref.”
    assert pipeline.run(text).valid_records == 1
    assert Product.objects.get().product_name == "Lamp"


def test_the_rules_of_one_vendor_are_not_anothers(pipeline: Pipeline, other_vendor: Vendor, admin_user: User) -> None:
    column_rules.remember("VEND001", OWN.strip().split(","), CHOICE, admin_user)
    with pytest.raises(Refused, match="no column for"):
        pipeline.send(OWN + "P-1,Lamp,Electronics,SKU-1,9.99,5\n", vendor_id="VEND002")


def test_the_command_reads_by_them_too(pipeline: Pipeline, admin_user: User, tmp_path: Path) -> None:
    column_rules.remember("VEND001", OWN.strip().split(","), CHOICE, admin_user)
    file = tmp_path / "own.csv"
    file.write_text(OWN + "P-1,Lamp,Electronics,SKU-1,9.99,5\n")
    call_command("import_feed", str(file), vendor="VEND001")
    assert UploadHistory.objects.get().layout["mapping"]["fields"]["price"] == "Amount"  # type: ignore[index] # it has one


def test_a_column_that_is_left_out_stays_out(pipeline: Pipeline, admin_user: User) -> None:
    ColumnRule.objects.create(vendor_id="VEND001", header="Brand", field="")
    pipeline.run(feed(line(1)))
    assert Product.objects.get().brand is None


# --- remembering -----------------------------------------------------------------------------------------------


def test_only_what_a_name_does_not_say_by_itself_is_kept(vendor: Vendor, admin_user: User) -> None:
    headers = ["SKU", "Price", "Unit price", "Colour", "Ref"]
    column_rules.remember("VEND001", headers, ["sku", "", "price", "", "vendor_product_id"], admin_user)
    assert rules() == {"Price": "", "Ref": "vendor_product_id"}
    fields = map_headers(headers, column_rules.saved("VEND001")).fields
    assert fields == {"sku": "SKU", "price": "Unit price", "vendor_product_id": "Ref"}


@pytest.mark.parametrize("seed", range(20))
def test_the_next_file_is_read_as_this_one_was(vendor: Vendor, admin_user: User, seed: int) -> None:
    dice = random.Random(seed)
    aliases = [names[dice.randrange(len(names))] for names in columns.ALIASES.values() for _ in range(2)]
    headers = list({columns.key_of(name): name for name in dice.sample([*aliases, "Colour", "Ref", "€"], 10)}.values())
    choice = dice.sample([*FIELDS, *[""] * len(headers)], len(headers))
    column_rules.remember("VEND001", headers, choice, admin_user)
    assert map_headers(headers, column_rules.saved("VEND001")) == columns.chosen(headers, choice)


def test_a_later_word_replaces_the_earlier_one_whatever_the_spelling(vendor: Vendor, admin_user: User) -> None:
    column_rules.remember("VEND001", ["Colour ", "Price"], ["brand", ""], admin_user)
    column_rules.remember("VEND001", ["COLOUR", "price"], ["description", "price"], admin_user)
    assert rules() == {"Colour ": "description"}


@pytest.mark.parametrize(
    ("headers", "choice"),
    [
        (["", " "], ["sku", "price"]),
        (["Twice", "twice"], ["sku", "price"]),
        (["x" * 201], ["sku"]),
    ],
)
def test_columns_that_could_not_be_told_apart_are_not_kept(
    vendor: Vendor, admin_user: User, headers: list[str], choice: list[str]
) -> None:
    assert column_rules.remember("VEND001", headers, choice, admin_user) == 0
    assert rules() == {}


@pytest.mark.parametrize("header", ["€", "价格", "x\0y", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "🦆"])
def test_hostile_and_strange_names_are_kept_and_found_again(vendor: Vendor, admin_user: User, header: str) -> None:
    printed = header.replace("\0", "␀")  # as the parser has it
    assert column_rules.remember("VEND001", [printed], ["price"], admin_user) == 1
    assert map_headers([printed], column_rules.saved("VEND001")).fields == {"price": printed}


def test_what_is_remembered_is_in_the_admin_log(vendor: Vendor, admin_user: User) -> None:
    column_rules.remember("VEND001", ["A", "B"], ["sku", "price"], admin_user)
    column_rules.remember("VEND001", ["A", "B"], ["price", ""], admin_user)
    entries = LogEntry.objects.order_by("pk").values_list("user", "action_flag", "object_repr")
    assert list(entries) == [
        (admin_user.pk, 1, "VEND001: A → sku"), (admin_user.pk, 1, "VEND001: B → price"),
        (admin_user.pk, 2, "VEND001: A → price"), (admin_user.pk, 3, "VEND001: B → price"),
    ]  # fmt: skip


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
    assert suggested([header], found, {}).get(header) == field


def test_nothing_is_suggested_for_a_field_that_has_a_column_or_against_a_rule() -> None:
    names = ["Price", "Price net", "Descripton"]
    assert suggested(names, map_headers(names), {}) == {"Descripton": "description"}
    assert suggested(names, map_headers(names), {"descripton": ""}) == {}


def test_a_choice_of_two_columns_for_one_field_is_refused_with_their_names() -> None:
    with pytest.raises(FeedError, match=r"“A” and “B” are both to be read as sku\. Choose one"):
        columns.chosen(["A", "B"], ["sku", "sku"])


@pytest.mark.parametrize("choice", [["sku"], ["sku", "price", ""], ["sku", "colour"], ["sku", "<b>"]])
def test_a_choice_about_other_columns_is_refused(choice: list[str]) -> None:
    with pytest.raises(FeedError, match="other columns"):
        columns.chosen(["A", "B"], choice)


# --- the rules in the admin ------------------------------------------------------------------------------------


def test_staff_see_filter_change_and_delete_column_rules(admin_client: Client, vendor: Vendor) -> None:
    Vendor.objects.create(vendor_id="VEND002", vendor_name="Other", email="other@example.com")
    rule = ColumnRule.objects.create(vendor=vendor, header="Colour", field="brand")
    ColumnRule.objects.create(vendor_id="VEND002", header="Farbe", field="")
    listed = "/admin/uploads/columnrule/"
    assert admin_client.get(listed, {"vendor": "VEND001"}).context["cl"].result_count == 1
    assert "not imported" in admin_client.get(listed, {"vendor": "VEND002"}).content.decode()
    data = {"header": "Colour", "field": "description"}
    assert admin_client.post(f"{listed}{rule.pk}/change/", data).status_code == 302
    rule.refresh_from_db()
    assert (rule.vendor_id, rule.field) == ("VEND001", "description")
    assert admin_client.post(f"{listed}{rule.pk}/change/", data | {"field": "colour"}).status_code == 200
    assert admin_client.post(f"{listed}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(LogEntry.objects.order_by("pk").values_list("action_flag", flat=True)) == [2, 3]


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


def test_every_field_can_be_chosen(admin_client: Client) -> None:
    form = admin_client.get("/admin/uploads/columnrule/add/").context["adminform"].form
    assert [value for value, _ in form.fields["field"].choices] == ["", *FIELDS]

"""Which currency a file's prices are in: said where there is one answer, asked where there are several, refused where
there is none."""

import io
from dataclasses import replace
from unittest.mock import patch

import pytest

from catalog.rules.currencies import in_order, meanings
from uploads.feed import prices
from uploads.feed.header import Layout
from uploads.feed.lines import FeedError, Limits
from uploads.feed.parser import Reading, inspect
from uploads.feed.prices import Vendor
from uploads.feed.questions import Question
from uploads.feed.sheets.handed_out import CATALOG_COLUMN, CURRENCY_COLUMN

LIMITS = Limits()
AMERICAN, CANADIAN, EUROPEAN = Vendor("Northwind", "USD"), Vendor("Maple", "CAD"), Vendor("Becker", "EUR")


def table(*cells: str, header: str = "price", after: str = "", name: str = "Lamp", delimiter: str = ";") -> bytes:
    """A feed with these prices; with `after`, the rest of each line behind them, header included."""
    title, *tails = after.split("|") if after else [""]
    lines = [f"id;name;category;sku;stock;{header}{title}"]
    lines += [
        f"P{number};{name};Home;S{number};5;{cell}{tails[number - 1] if tails else ''}"
        for number, cell in enumerate(cells, 1)
    ]
    return "\n".join(lines).replace(";", delimiter).encode()


def layout_of(data: bytes, vendor: Vendor = AMERICAN, answer: str = "") -> Layout:
    file = io.BytesIO(data)
    layout = inspect(file, reading=Reading(answers={prices.QUESTION: answer}))
    return prices.with_currency(file, layout, LIMITS, vendor)


def question(data: bytes, vendor: Vendor = AMERICAN) -> Question:
    layout = layout_of(data, vendor)
    (found,) = layout.questions
    assert layout.currency == ""
    return found


def refusal(data: bytes, vendor: Vendor = AMERICAN) -> str:
    with pytest.raises(FeedError) as caught:
        layout_of(data, vendor)
    assert caught.value.code == "mixed_currencies"
    return caught.value.message


# --- one answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "vendor"),
    [
        (table("9.99", "1,299.00", "12,50"), AMERICAN),
        (table("$9.99", "9.99", "12 USD"), AMERICAN),
        (table("$9.99", "CA$5", "12 CAD"), CANADIAN),
        (table("9,99 €", "12 EUR", "12"), EUROPEAN),
        (table("9,99", header="Preis EUR"), EUROPEAN),
        (table("9.99", header="price (USD)"), AMERICAN),
        (table("9.99", after=";currency|;USD"), AMERICAN),
        (table("9.99", "9.99", after=";currency|;USD|;"), AMERICAN),
        # what is no price has no say
        (table("9.99", "call € us", "", "10-20 €", "€"), AMERICAN),
        # nor has any other column
        (table("9.99", name="Lamp for 10 €"), AMERICAN),
        (table("9.99", after=";cost|;10 €"), AMERICAN),
        # a word that is no currency is for the row to be told
        (table("9.99", after=";currency|;Bitcoin"), AMERICAN),
    ],
)
def test_what_can_all_be_the_vendors_currency_is_in_it(data: bytes, vendor: Vendor) -> None:
    layout = layout_of(data, vendor)
    assert (layout.currency, layout.currency_in_rows, layout.questions) == (vendor.currency, False, ())


# --- a question -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "vendor", "choices"),
    [
        (table("€10.00", "9,99 €"), AMERICAN, ["EUR"]),
        (table("10.00 EUR", "€ 9.99"), AMERICAN, ["EUR"]),
        (table("10.00", "9.99", header="Price (EUR)"), AMERICAN, ["EUR"]),
        (table("10.00", "9.99", header="price_gbp"), AMERICAN, ["GBP"]),
        (table("10.00", "9.99", after=";currency|;EUR|;eur"), AMERICAN, ["EUR"]),
        (table("10.00", after=";Währung|;CHF"), EUROPEAN, ["CHF"]),
        (table("$10.00", "12 AUD"), EUROPEAN, ["AUD"]),
        (table("$10.00", "12 CAD"), AMERICAN, ["CAD"]),
        (table("129 kr"), EUROPEAN, ["DKK", "ISK", "NOK", "SEK"]),
        (table("$1"), EUROPEAN, in_order(meanings("$"))),
        (table("10.00 EUR", delimiter="\t").decode().encode("utf-16"), AMERICAN, ["EUR"]),
        (table("10,00 €").decode().encode("cp1252"), AMERICAN, ["EUR"]),
    ],
)
def test_prices_that_are_all_in_another_currency_are_asked_about(
    data: bytes, vendor: Vendor, choices: list[str]
) -> None:
    asked = question(data, vendor)
    assert (asked.id, asked.kind, asked.field) == ("currency", "currency", "price")
    assert [choice.value for choice in asked.choices] == choices
    assert asked.suggestion == choices[0]


def test_the_question_says_what_the_prices_are_in_and_what_the_vendor_has() -> None:
    asked = question(table("€10.00", "€9.99"))
    assert asked.text == (
        "The prices are in EUR, but the currency of Northwind is USD. Which currency is right? "
        "Otherwise send a file with all prices in USD."
    )
    assert asked.rows == 2
    assert [(choice.label, choice.count) for choice in asked.choices] == [("EUR – Euro", 2)]


def test_where_only_some_prices_say_another_currency_the_vendors_own_is_an_answer_too() -> None:
    asked = question(table("9.99", "12.00", "€10.00"))
    assert asked.text.startswith(
        "1 price is in EUR (first in line 4), 2 name no currency, and that of Northwind is USD."
    )
    assert [(choice.value, choice.count) for choice in asked.choices] == [("EUR", 1), ("USD", 2)]
    assert asked.suggestion == "EUR"


@pytest.mark.parametrize("answer", ["EUR", "USD"])
def test_an_answer_is_what_the_prices_are_in(answer: str) -> None:
    layout = layout_of(table("9.99", "€10.00"), answer=answer)
    assert (layout.currency, layout.questions) == (answer, ())


@pytest.mark.parametrize("answer", ["GBP", "eur", "euro", "*"])
def test_an_answer_that_is_none_of_the_choices_leaves_the_question_open(answer: str) -> None:
    assert layout_of(table("€9.99"), answer=answer).questions
    assert layout_of(table("€9.99"), answer="USD").questions  # all say that they aren't


def test_an_answer_to_another_file_changes_nothing_in_one_that_leaves_nothing_open() -> None:
    assert layout_of(table("9.99"), answer="EUR").currency == "USD"


# --- refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "vendor"),
    [
        (table("$9.99", "€10.00"), AMERICAN),
        (table("$9.99", "€10.00"), EUROPEAN),
        (table("£9.99", "€10.00"), AMERICAN),
        (table("9.99 USD", "9.99 CAD"), CANADIAN),
        (table("9.99", "$9.99", "1.299 €"), AMERICAN),
        (table("$9.99", header="Price (EUR)"), AMERICAN),
        (table("9.99", "9.99", after=";currency|;USD|;EUR"), AMERICAN),
        (table("$9.99", after=";currency|;EUR"), AMERICAN),
        (table(*["9.99 USD"] * 5_000, "9,99 €"), AMERICAN),
    ],
)
def test_prices_in_different_currencies_are_refused(data: bytes, vendor: Vendor) -> None:
    assert "Send each currency in a file of its own." in refusal(data, vendor)


def test_the_refusal_says_how_many_rows_have_which_currency_and_where() -> None:
    assert refusal(table("9.99 USD", "$3", "5.00", "12 USD", "9,99 €")).startswith(
        "The prices are in different currencies: USD (2 rows, from line 2 on), USD, CAD or another (1 row, in line 3) "
        "and EUR (1 row, in line 6)."
    )
    assert "EUR (in the header “Preis EUR”) and USD, CAD or another (1 row, in line 2)" in refusal(
        table("$3", header="Preis EUR")
    )


def test_a_row_of_a_sheet_is_called_a_row_and_counted_as_one() -> None:
    data = io.BytesIO(table("9.99 USD", "9,99 €", name='"La\nmp"'))
    with pytest.raises(FeedError, match=r"EUR \(1 row, in row 3\)"):
        prices.with_currency(data, replace(inspect(data), sheet="Products"), LIMITS, AMERICAN)


# --- the look itself --------------------------------------------------------------------------------------------


BROKEN = {
    "a stray quote": 'P7;"Lamp" big;Home;S7;5;£1',
    "an open quote": 'P7;"Lamp;Home;S7;5;£1',
    "too few cells": "P7;Lamp",
    "too many cells": "P7;Lamp;big;Home;S7;5;9.99;£1",
    "a blank line": " ; ;;;",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_rows_that_cannot_be_read_hide_no_others_and_have_no_say(broken: str) -> None:
    lines = table("9.99", "9.99 USD", "9,99 €").decode().splitlines()
    found = refusal("\n".join([*lines[:2], broken, *lines[2:]]).encode())
    assert "USD (1 row, in line 4) and EUR (1 row, in line 5)" in found


def test_lines_are_counted_through_line_breaks_in_cells_and_lines_above_the_header() -> None:
    data = b"Our products\n\n" + table("9.99 USD", "9,99 €", name='"La\nmp"')
    assert "USD (1 row, in line 4) and EUR (1 row, in line 6)" in refusal(data)


def test_a_quote_that_nothing_closes_is_not_read_to_the_end_of_the_file_as_one_cell() -> None:
    lines = table(*["9.99 USD"] * 2_000, "9,99 €").decode().splitlines()
    lines[1] = lines[1].replace("Lamp", '"Lamp')
    assert "USD (1,999 rows, from line 3 on) and EUR (1 row, in line 2,002)" in refusal("\n".join(lines).encode())


def test_a_well_formed_file_is_not_read_by_the_parser_once_more() -> None:
    data = table("9.99", "1,299.00", "", name='"La\nmp"') + b"\n\nP8;Lamp;Home\n"
    with patch.object(prices, "rows", side_effect=AssertionError):
        assert layout_of(data).currency == "USD"


# --- files that we handed out -----------------------------------------------------------------------------------


def test_an_export_of_the_catalog_says_the_currency_of_each_row() -> None:
    layout = layout_of(table("9.99", "9.99", after=f";currency;{CATALOG_COLUMN}|;USD;x|;EUR;x"))
    assert (layout.currency, layout.currency_in_rows, layout.questions) == ("USD", True, ())


def test_an_error_report_says_what_its_upload_was_in() -> None:
    layout = layout_of(table("9.99", "€5", after=f";{CURRENCY_COLUMN}|;EUR|;EUR"))
    assert (layout.currency, layout.currency_in_rows, layout.questions) == ("EUR", False, ())
    assert "EUR (1 row" in refusal(table("9.99", "9.99", after=f";{CURRENCY_COLUMN}|;EUR|;CHF"))

"""Which currencies a mark can mean, and what becomes of a price whose mark isn't what is expected."""

from decimal import Decimal

import pytest

from catalog.rules.currencies import CURRENCIES, in_order, meanings, named, of_header
from catalog.rules.money import PriceError, marked, parse_price, read_price
from catalog.rules.problems import Code, Problem
from catalog.rules.validator import validate
from tests.catalog.rules.validating import GOOD, RULES

SCANDINAVIAN = "DKK ISK NOK SEK"
POUNDS = "EGP FKP GBP GIP LBP SDG SHP SSP SYP"


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("12.99", ""),
        ("1,299", ""),
        ("10,99 €", "EUR"),
        ("€10.99", "EUR"),
        ("10.99 EUR", "EUR"),
        ("eur 10,99", "EUR"),
        ("10,99 Euro", "EUR"),
        ("-5 €", "EUR"),
        ("1.299 €", "EUR"),
        ("US$ 12.99", "USD"),
        ("12.99 usd", "USD"),
        ("$12.99 USD", "USD"),
        ("$12.99 CAD", "CAD"),
        ("CA$12.99", "CAD"),
        ("R$ 12,99", "BRL"),
        ("£9.99", POUNDS),
        ("£9.99 GBP", "GBP"),
        ("¥1200", "CNY JPY"),
        ("CN¥ 12.00", "CNY"),
        ("129 kr", SCANDINAVIAN),
        ("129 kr.", SCANDINAVIAN),
        ("Fr. 12.50", "CHF"),
        ("CHF 12.50", "CHF"),
        ("12.-- CHF", "CHF"),
        ("₹1,29,900.00", "INR"),
        ("Rs. 500", "INR LKR MUR NPR PKR SCR"),
        ("12,99 zł", "PLN"),
        ("R 199.99", "ZAR"),
        ("12,99 ₺", "TRY"),
    ],
)
def test_a_price_tells_which_currencies_its_mark_can_mean(cell: str, codes: str) -> None:
    assert marked(cell) == frozenset(codes.split())


def test_a_dollar_is_that_of_many_countries_and_no_other_currency() -> None:
    dollars = marked("$5.00")
    assert dollars
    assert {"USD", "CAD", "AUD", "MXN", "CLP"} <= dollars
    assert not dollars & {"EUR", "GBP", "BRL", "JPY"}


@pytest.mark.parametrize(
    "cell", ["", "free", "from 10", "12 pcs", "$12 EUR", "€ 12 $", "USD.99", "12 ¤", "₿1", "1 2 x 3"]
)
def test_what_is_no_price_has_no_mark(cell: str) -> None:
    assert marked(cell) is None


@pytest.mark.parametrize(("cell", "suggestion"), [("199¢", "1.99"), ("¢ 5", "0.05"), ("199 ￠", "1.99"), ("1.5¢", "")])
def test_cents_are_not_taken_for_whole_units(cell: str, suggestion: str) -> None:
    with pytest.raises(PriceError, match="in cents") as caught:
        parse_price(cell)
    assert (caught.value.code, caught.value.suggestion) == (Code.INVALID_PRICE, suggestion)


def test_the_amount_and_its_currency_are_read_together() -> None:
    assert read_price("1.299,00 €") == (Decimal("1299.00"), frozenset({"EUR"}))
    assert read_price("1299") == (Decimal("1299.00"), frozenset())


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("price", ""),
        ("Price (EUR)", "EUR"),
        ("Preis in €", "EUR"),
        ("price_usd", "USD"),
        ("PRICE EUR", "EUR"),
        ("PriceEUR", "EUR"),
        ("pricegbp", "GBP"),
        ("US$ price", "USD"),
        ("Prezzo €", "EUR"),
        ("Price (TRY)", "TRY"),
        ("Price for all", ""),
        ("PRICE FOR ALL", ""),
        ("Top price", ""),
        ("Variant Price", ""),
        ("Price kr", ""),
        ("Price EUR/USD", "EUR USD"),
    ],
)
def test_a_header_tells_the_currency_of_its_column(header: str, codes: str) -> None:
    assert of_header(header) == frozenset(codes.split())


def test_every_mark_means_currencies_that_there_are() -> None:
    assert all(meanings(code) == {code} for code in CURRENCIES)
    assert all(len(code) == 3 and code.isupper() and name for code, name in CURRENCIES.items())


def test_the_likeliest_currency_is_named_first() -> None:
    assert in_order(["XCD", "AUD", "USD", "CAD"]) == ["USD", "CAD", "AUD", "XCD"]
    assert named(["EUR"]) == "EUR"
    assert named(["CNY", "JPY"]) == "JPY or CNY"
    assert named(["AUD", "CAD", "USD"]) == "USD, CAD or another"


# --- a row ------------------------------------------------------------------------------------------------------


def only_problem(expected: str, /, **cells: str) -> Problem:
    outcome = validate({**GOOD, "currency": "", **cells}, RULES, currency=expected)
    assert outcome.draft is None
    (problem,) = outcome.problems
    return problem


@pytest.mark.parametrize(
    ("price", "cell", "expected", "currency"),
    [
        ("12.99", "", "EUR", "EUR"),
        ("€12.99", "", "EUR", "EUR"),
        ("$12.99", "", "CAD", "CAD"),
        ("12.99 CAD", "", "CAD", "CAD"),
        ("12.99", "eur", "EUR", "EUR"),
        ("12.99", "€", "EUR", "EUR"),
        ("$12.99", "CAD", "CAD", "CAD"),
        # nobody knows what to expect
        ("€12.99", "", "", None),
        ("12.99", "SEK", "", "SEK"),
    ],
)
def test_a_price_in_what_is_expected_becomes_a_draft_in_it(
    price: str, cell: str, expected: str, currency: str | None
) -> None:
    outcome = validate({**GOOD, "price": price, "currency": cell}, RULES, currency=expected)
    assert outcome.draft
    assert (outcome.draft.price, outcome.draft.currency) == (Decimal("12.99"), currency)


def test_a_row_without_a_column_for_it_has_the_currency_that_is_expected() -> None:
    without = {field: cell for field, cell in GOOD.items() if field != "currency"}
    outcomes = [validate(without, RULES, currency=expected).draft for expected in ("EUR", "")]
    assert [draft and draft.currency for draft in outcomes] == ["EUR", None]


def test_a_price_in_another_currency_is_an_error_that_says_both() -> None:
    problem = only_problem("USD", price="€10.00")
    assert (problem.field, problem.code, problem.suggestion) == ("price", Code.OTHER_CURRENCY, "")
    assert problem.message == (
        "The price “€10.00” is in EUR; this upload is in USD. Write it in USD, or send it in a file of its own."
    )
    assert "in USD, CAD or another; this upload is in EUR" in only_problem("EUR", price="$10").message


def test_a_cell_that_names_another_currency_is_an_error() -> None:
    problem = only_problem("USD", currency="EUR")
    assert (problem.field, problem.code) == ("currency", Code.OTHER_CURRENCY)
    assert problem.message.startswith("The price of this row is in EUR; this upload is in USD.")


@pytest.mark.parametrize(("expected", "cell"), [("USD", "Bitcoin"), ("", "Bitcoin"), ("", "$"), ("USD", "USDD")])
def test_a_cell_that_names_no_one_currency_is_an_error(expected: str, cell: str) -> None:
    problem = only_problem(expected, currency=cell)
    assert (problem.field, problem.code) == ("currency", Code.INVALID_CURRENCY)
    assert problem.message == f"“{cell}” is not a currency. Write its code of three letters, such as USD."

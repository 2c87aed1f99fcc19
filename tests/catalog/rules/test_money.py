"""What vendors write in a price column, and what we make of it."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.rules.money import (
    MAX_PRICE,
    PriceError,
    exact_number,
    parse_number_price,
    parse_price,
    quoted,
    readings,
    typewritten,
)
from catalog.rules.problems import Code

NBSP, NARROW_NBSP = "\u00a0", "\u202f"


def refusal(text: str) -> PriceError:
    with pytest.raises(PriceError) as caught:
        parse_price(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12", "12.00"),
        ("12.9", "12.90"),
        ("12.99", "12.99"),
        ("12,99", "12.99"),
        ("0.01", "0.01"),
        (".99", "0.99"),
        ("$.99", "0.99"),
        ("012.50", "12.50"),
        ("99999999.99", "99999999.99"),
        ("0000000012.99", "12.99"),
        # thousands
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1,299.5", "1299.50"),
        ("1 299,00", "1299.00"),
        ("1 299", "1299.00"),
        (f"1{NBSP}299,00", "1299.00"),
        (f"1{NARROW_NBSP}299,00", "1299.00"),
        ("1'299.00", "1299.00"),
        ("1’299.00", "1299.00"),
        ("1'299", "1299.00"),
        ("1.299.000", "1299000.00"),
        ("1,299,000", "1299000.00"),
        ("1,29,900.00", "129900.00"),
        ("1,29,900", "129900.00"),
        ("1,23,45,678.9", "12345678.90"),
        # currencies, before and behind
        ("$1,299.00", "1299.00"),
        ("1.299,00 €", "1299.00"),
        (f"1.299,00{NBSP}€", "1299.00"),
        ("£ 12.99", "12.99"),
        ("12.99 USD", "12.99"),
        ("12.99usd", "12.99"),
        ("EUR 12,99", "12.99"),
        ("CHF 1'299.00", "1299.00"),
        ("₹1,29,900.00", "129900.00"),
        ("Rs.500", "500.00"),
        ("Rs. 500.50", "500.50"),
        ("US$12.99", "12.99"),
        ("129 kr", "129.00"),
        ("12,99 zł", "12.99"),
        ("$12.99 USD", "12.99"),
        ("$12.99 CAD", "12.99"),
        # a dash for no cents
        ("12,-", "12.00"),
        ("12,- €", "12.00"),
        ("12,--", "12.00"),
        ("12.–", "12.00"),
        ("1.299,-", "1299.00"),
        ("1'299.-", "1299.00"),
        # zeros beyond the cents
        ("12.5000", "12.50"),
        ("1299.500", "1299.50"),
        ("1,299.000", "1299.00"),
        ("0.500", "0.50"),
    ],
)
def test_a_price_with_one_reading_is_understood(text: str, price: str) -> None:
    assert str(parse_price(text)) == price


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("1,299", "1299.00 or 1.30"),
        ("1.299", "1299.00 or 1.30"),
        ("$1,299", "1299.00 or 1.30"),
        ("12.500", "12500.00 or 12.50"),
        ("12.999 €", "12999.00 or 13.00"),
        ("999,999", "999999.00 or 1000.00"),
    ],
)
def test_a_separator_before_exactly_three_digits_is_refused_with_both_readings(text: str, choices: str) -> None:
    error = refusal(text)
    assert error.code == Code.INVALID_PRICE
    assert error.suggestion == choices
    assert error.message == f"“{text}” can be thousands or decimals. Write {choices}."


@pytest.mark.parametrize(
    ("text", "code", "suggestion"),
    [
        ("0", Code.PRICE_NOT_POSITIVE, ""),
        ("0.00", Code.PRICE_NOT_POSITIVE, ""),
        ("-0", Code.PRICE_NOT_POSITIVE, ""),
        ("-5", Code.PRICE_NOT_POSITIVE, ""),
        ("−5", Code.PRICE_NOT_POSITIVE, ""),
        ("–5.00", Code.PRICE_NOT_POSITIVE, ""),
        ("-$5.00", Code.PRICE_NOT_POSITIVE, ""),
        ("$-5.00", Code.PRICE_NOT_POSITIVE, ""),
        ("-1,299", Code.PRICE_NOT_POSITIVE, ""),
        ("12.9999", Code.PRICE_TOO_PRECISE, "13.00"),
        ("0.999", Code.PRICE_TOO_PRECISE, "1.00"),
        ("1299.995", Code.PRICE_TOO_PRECISE, "1300.00"),
        ("1 234.567", Code.PRICE_TOO_PRECISE, "1234.57"),
        ("0.001", Code.PRICE_TOO_PRECISE, ""),
        ("100000000", Code.PRICE_TOO_LARGE, ""),
        ("99999999.991", Code.PRICE_TOO_LARGE, ""),
        ("1,000,000,000.00", Code.PRICE_TOO_LARGE, ""),
    ],
)
def test_a_number_that_is_no_price_we_take_has_its_own_code(text: str, code: Code, suggestion: str) -> None:
    error = refusal(text)
    assert (error.code, error.suggestion) == (code, suggestion)
    assert quoted(text) in error.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a price"),
        ("free", "not a price"),
        ("from 10", "not a price"),
        ("12 pcs", "not a price"),
        ("12.", "not a price"),
        ("12..5", "not a price"),
        ("1,2,3", "not a price"),
        ("1.299.00", "not a price"),
        ("1,299,00", "not a price"),
        ("0 299", "not a price"),
        ("12,50,-", "not a price"),
        ("USD.99", "not a price"),
        ("$12 EUR", "not a price"),
        ("€ 12 $", "not a price"),
        ("5-", "not a price"),
        ("--5", "not a price"),
        ("(5.00)", "not a price"),
        ("12²", "not a price"),
        ("NaN", "not a price"),
        ("inf", "not a price"),
        ("1_000", "not a price"),
        ("1" * 61, "not a price"),
        ("EUR", "not a price"),
        ("10%", "percentage"),
        ("10-20", "range"),
        ("10 – 20 €", "range"),
        ("10 to 20", "range"),
        ("1E+2", "scientific notation"),
        ("1.3e5", "scientific notation"),
    ],
)
def test_what_is_no_single_number_is_refused_with_the_reason(text: str, reason: str) -> None:
    error = refusal(text)
    assert error.code == Code.INVALID_PRICE
    assert reason in error.message
    assert error.suggestion == ""


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("１２.５０", "12.50"),
        ("١٢", "12.00"),
        ("१२,५० ₹", "12.50"),
        ("1２", "12.00"),
        ("x１２", ""),
        ("１２٫５", "12.50"),
        ("١٢٫٥٠", "12.50"),
        ("١٬٢٩٩", "1299.00"),
    ],
)
def test_digits_of_other_scripts_are_refused_with_the_price_in_plain_digits(text: str, suggestion: str) -> None:
    error = refusal(text)
    assert error.code == Code.INVALID_PRICE
    assert "digits 0 to 9" in error.message
    assert error.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "price"),
    [("12.99", "12.99"), ("1299", "1299.00"), ("1E+2", "100.00"), ("1.5e1", "15.00"), ("12.500", "12.50")],
)
def test_a_native_number_has_one_reading(text: str, price: str) -> None:
    assert str(parse_number_price(text)) == price


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.299", Code.PRICE_TOO_PRECISE),
        ("1E-130", Code.PRICE_TOO_PRECISE),
        ("1E-999999999999999999", Code.PRICE_TOO_PRECISE),
        ("0", Code.PRICE_NOT_POSITIVE),
        ("-1E+125", Code.PRICE_NOT_POSITIVE),
        ("1E+125", Code.PRICE_TOO_LARGE),
        ("1E+999999999999", Code.PRICE_TOO_LARGE),
        ("1E+99999999999999999999", Code.INVALID_PRICE),
        ("NaN", Code.INVALID_PRICE),
        ("sNaN", Code.INVALID_PRICE),
        ("-Infinity", Code.INVALID_PRICE),
        ("1_000", Code.INVALID_PRICE),
        ("١٢", Code.INVALID_PRICE),
        ("$5", Code.INVALID_PRICE),
        ("", Code.INVALID_PRICE),
    ],
)
def test_a_native_number_out_of_bounds_is_refused(text: str, code: Code) -> None:
    with pytest.raises(PriceError) as caught:
        parse_number_price(text)
    assert caught.value.code == code


def test_a_long_or_unprintable_value_is_shown_short_and_safe() -> None:
    assert quoted("x" * 60) == "“" + "x" * 60 + "”"
    assert quoted("x" * 61) == "“" + "x" * 59 + "…”"
    assert quoted("a\0b\ud800c\nd\u202ee") == "“a⟨U+0000⟩b⟨U+D800⟩c d⟨U+202E⟩e”"


def price_or_refusal(parse: Callable[[str], Decimal], text: str) -> Decimal | PriceError:
    try:
        return parse(text)
    except PriceError as error:
        return error


def grouped(digits: str, separator: str) -> str:
    """Three to a group, from the right."""
    backwards = digits[::-1]
    return separator.join(backwards[i : i + 3] for i in range(0, len(digits), 3))[::-1]


AMOUNTS = st.decimals(min_value="0.01", max_value=MAX_PRICE, places=2)
NOTATIONS = [("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("’", ","), (NBSP, ",")]
NOTATIONS += [(NARROW_NBSP, ",")]
FRAMES = ["{}", "${}", "£ {}", "{} €", f"{{}}{NBSP}€", "{} USD", "EUR {}", "Rs. {}", "US$ {}", "${} USD", "{}kr"]


@given(AMOUNTS, st.sampled_from(NOTATIONS), st.sampled_from(FRAMES))
def test_an_amount_with_its_cents_survives_every_notation(
    amount: Decimal, notation: tuple[str, str], frame: str
) -> None:
    whole, cents = str(amount).split(".")
    group, decimal = notation
    assert parse_price(frame.format(grouped(whole, group) + decimal + cents)) == amount


@given(st.integers(1, 99_999_999), st.sampled_from([",", ".", "'", " ", NBSP]), st.sampled_from(FRAMES))
def test_a_whole_amount_is_read_right_or_refused_as_ambiguous(amount: int, group: str, frame: str) -> None:
    text = frame.format(grouped(str(amount), group))
    if group in ",." and 1000 <= amount <= 999_999:
        assert f"{amount}.00 or " in refusal(text).suggestion
    else:
        assert parse_price(text) == amount


@given(
    st.text()
    | st.text(alphabet="0123456789.,'- $€%eE+²٣\u00a0k")
    | st.from_regex(r"[-$]?[0-9.,' ]{1,20}[-€]?", fullmatch=True)
)
@example("\ud800")
@example("\u200e" * 60)
@example("9" * 5000)
@example("1" + "-" * 100_000)
@example("1," * 100_000)
def test_any_text_is_a_storable_price_or_an_honest_refusal(text: str) -> None:
    for parse in (parse_price, parse_number_price):
        outcome = price_or_refusal(parse, text)
        if isinstance(outcome, PriceError):
            assert outcome.message.isprintable()
            assert len(outcome.message) < 250
        else:
            assert 0 < outcome <= MAX_PRICE
            assert outcome.as_tuple().exponent == -2


@given(st.from_regex(r"[0-9]{1,9}([.,' ][0-9]{1,4}){0,3}", fullmatch=True))
def test_a_text_accepted_with_separators_never_changes_its_digits(text: str) -> None:
    """Whatever is read, the digits stay in their order: only where the decimals begin is decided."""
    for value in readings(text):
        digits = "".join(c for c in text if c.isdigit())
        assert f"{value:f}".replace(".", "").lstrip("0") == digits.lstrip("0")


def test_typographic_spaces_apostrophes_and_dashes_become_plain_ones() -> None:
    assert typewritten("−1\u2009299’–") == "-1 299'-"


def test_an_exact_number_is_what_a_program_would_write() -> None:
    assert exact_number("-1.50") == Decimal("-1.5")
    with pytest.raises(ValueError, match="1,5"):
        exact_number("1,5")

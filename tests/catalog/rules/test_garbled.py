"""Letters that were turned into others before they came here, told from all that only looks a little like it."""

import pytest

from catalog.rules.garbled import is_garbled, repaired
from catalog.rules.problems import Code
from catalog.rules.validator import Rules, validate
from tests.uploads.feed.texts import TEXTS

RULES = Rules.from_names(["Home"])
ROW = {
    "vendor_product_id": "P1", "product_name": "Lamp", "category": "Home", "sku": "S1", "brand": "Acme",
    "description": "", "price": "9.99", "stock_quantity": "5",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CafÃ© table", "Café table"),
        ("Childrenâ€™s boots", "Children’s boots"),
        ("NordicaÂ® pan", "Nordica® pan"),
        ("NORDICAÂ®", "NORDICA®"),
        ("Â£10", "£10"),
        ("20 Â°C", "20 °C"),
        ("â‚¬ 10", "€ 10"),
        ("ÃƒÂ©tÃƒÂ©", "été"),
        ("SALÃ“N", "SALÓN"),
        ("Å¼Ã³Å‚ty", "żółty"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
        ("РџСЂРёРІРµС‚", "Привет"),
        ("Caf√© table", "Café table"),
        ("Children‚Äôs", "Children’s"),
        ("CafГ©", "Café"),
        ("CafĂ©", "Café"),
        ("Caf├® table", "Café table"),
        ("ðŸ˜€ lamp", "😀 lamp"),
        ("Î»ÏŒÎ³Î¿Ï‚", "λόγος"),
        ("Nordica® Â£10", ""),  # only a part of it was turned
        ("Caf� table", ""),
        ("ï¿½ lamp", ""),
        ("锟斤拷", ""),
    ],
)
def test_garbled_text_is_found_and_repaired_where_that_is_sure(text: str, meant: str) -> None:
    assert is_garbled(text)
    assert repaired(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Café", "NESCAFÉ®", "ROSÉ®", "NESTLÉ® ÜBER™", "RĂŞINĂ", "Её", "Ві", "Ціна", "MAÇÃ”", "„Å“", "d’été", "»öffnen«",
        "LÃ\xa0100%", "€ 10", "20 °C ½", "PÅ® x", "ÎLE", "„CASĂ”", "дії", "ÇA™", "日本語の", "🙂é", "Ø20×30", "ČSN®",
        "“É”", "A–Ö", "YÜRÜYÜŞÜ™", "«ПОЇЗДІВ»",
    ],
)  # fmt: skip
def test_letters_and_signs_that_stand_together_by_nature_are_left_alone(text: str) -> None:
    assert not is_garbled(text)
    assert repaired(text) == ""


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_of_any_language_is_taken_for_garbled_and_its_garbled_form_is_found(language: str) -> None:
    for text in TEXTS[language]:
        for form in (text, text.upper(), f"“{text}”", f"{text}®"):
            assert not is_garbled(form)
        garbled = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())
        assert is_garbled(garbled) or text.isascii()


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("vendor_product_id", Code.GARBLED_VALUE),
        ("product_name", Code.GARBLED_VALUE),
        ("sku", Code.GARBLED_VALUE),
        ("brand", Code.GARBLED_TEXT),
        ("description", Code.GARBLED_TEXT),
    ],
)
def test_it_keeps_out_names_and_identifiers_and_is_a_warning_elsewhere(field: str, code: Code) -> None:
    draft, (problem,) = validate({**ROW, field: "CafÃ©"}, RULES)
    assert (problem.field, problem.code, problem.suggestion) == (field, code, "" if field == "sku" else "Café")
    assert (draft is None) == (code is Code.GARBLED_VALUE)
    assert code.is_warning == (code is Code.GARBLED_TEXT)


def test_a_long_text_of_pairs_that_mean_nothing_costs_what_it_is_long() -> None:
    assert not is_garbled("Ґ" * 50_000 + "É»" * 50_000)

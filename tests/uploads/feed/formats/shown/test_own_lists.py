"""GTINs and pictures in lists of the vendor's own: what their columns are called, and what spreadsheets do to them."""

import pytest

from tests.uploads.feed.formats.understanding import of_lines

HEADER = "Artikelnummer,Bezeichnung,Kategorie,Preis,Bestand"
URL = "https://images.example.com/a.jpg"


@pytest.mark.parametrize(
    "name",
    ["GTIN", "GTIN-13", "EAN", "EAN-Code", "EAN13", "EAN-Nummer", "GTIN-Nummer", "UPC", "UPC code", "Code EAN",
     "Código EAN", "Codice EAN", "EAN/UPC", "ean_code", "ISBN-13"],
)  # fmt: skip
def test_a_column_of_gtins_is_known_in_five_languages(name: str) -> None:
    found = of_lines(f"{HEADER},{name}", "A-1,Lampe,Furniture,9.90,1,4006381333931")
    assert [draft.gtin for draft in found.drafts.values()] == ["4006381333931"]


@pytest.mark.parametrize(
    "name",
    ["Image", "Image URL", "Main image", "Bild", "Bild-URL", "Produktbild", "Image principale", "Lien image",
     "Imagen", "URL imagen", "Immagine", "URL immagine", "Photo", "Picture URL"],
)  # fmt: skip
def test_a_column_of_pictures_is_known_in_five_languages(name: str) -> None:
    found = of_lines(f"{HEADER},{name}", f"A-1,Lampe,Furniture,9.90,1,{URL}")
    assert [draft.image_url for draft in found.drafts.values()] == [URL]


@pytest.mark.parametrize("cell", ["4,00638E+12", "4.00638E+12", "4,00638e+12"])
def test_a_gtin_that_excel_shortened_is_an_error_that_says_what_to_do(cell: str) -> None:
    found = of_lines(HEADER.replace(",", ";") + ";EAN", f"A-1;Lampe;Furniture;9,90;1;{cell}")
    assert found.codes == [(1, "gtin", "invalid_gtin")]
    message = found.problems[1][0].message
    assert "shortened by a spreadsheet" in message
    assert "Format its column as text" in message


def test_several_pictures_in_a_cell_are_the_first_with_a_warning() -> None:
    found = of_lines(f"{HEADER},Bild", f'A-1,Lampe,Furniture,9.90,1,"{URL}, {URL}2"')
    assert [draft.image_url for draft in found.drafts.values()] == [URL]
    assert [(one.field, one.code.value) for one in found.warnings[1]] == [("image_url", "cleaned")]


@pytest.mark.parametrize("name", ["EAN", "GTIN", "Barcode"])
def test_products_are_told_apart_by_their_gtin_where_they_have_no_other_number(name: str) -> None:
    lines = f"Name,Category,Price,Stock,{name}", "Lamp,Furniture,9.90,1,4006381333931"
    (question,) = of_lines(*lines).questions
    assert (question.kind, [one.value for one in question.choices]) == ("identifiers_from", [name])
    (draft,) = of_lines(*lines, answers={"identifiers_from": name}).drafts.values()
    assert (draft.sku, draft.vendor_product_id) == ("4006381333931", "4006381333931")
    assert draft.gtin == (None if name == "Barcode" else "4006381333931")


def test_a_barcode_of_an_own_list_is_no_gtin_unless_somebody_says_so() -> None:
    found = of_lines(f"{HEADER},Barcode", "A-1,Lampe,Furniture,9.90,1,SHELF-4")
    assert [(draft.gtin, draft.sku) for draft in found.drafts.values()] == [(None, "A-1")]
    assert found.warnings == {}

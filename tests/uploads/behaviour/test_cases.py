"""Files as people really send them (tests/cases), read and judged: the right values, or the right reason."""

import io
from pathlib import Path
from typing import Any

import pytest

from catalog.rules.validator import ProductDraft, Rules, validate
from uploads.feed import parser
from uploads.feed.lines import FeedError
from uploads.feed.sample import CATEGORIES
from uploads.pipeline import examine, staged_rows

CASES = Path(__file__).resolve().parents[2] / "cases"
RULES = Rules.from_names([*CATEGORIES, "Kitchen & Dining", "Furniture"])


class Outcome:
    """What became of a file: how it is read, and a draft or the codes of the errors for each row."""

    def __init__(self, path: str) -> None:
        with (CASES / path).open("rb") as file, examine.as_text(file) as feed:
            self.layout = parser.inspect(feed.text, examine.limits(), sheet=feed.sheet)
            self.rows = [
                (row, *self._judged(row))
                for row in staged_rows.as_staged(parser.rows(feed.text, self.layout), self.layout)
            ]

    def _judged(self, row: parser.Row) -> tuple[ProductDraft | None, list[Any]]:
        if row.problem is not None:
            return None, [row.problem]
        fields = self.layout.mapping.fields
        numeric = frozenset(field for field, header in fields.items() if header in row.numeric)
        return tuple(validate({field: row.cells[header] for field, header in fields.items()}, RULES, numeric))  # type: ignore[return-value]

    @property
    def drafts(self) -> list[ProductDraft]:
        return [draft for _, draft, _ in self.rows if draft]

    @property
    def codes(self) -> list[list[str]]:
        """Of each row, its errors' codes."""
        return [[p.code.value for p in problems if not p.code.is_warning] for _, _, problems in self.rows]


@pytest.mark.parametrize(
    ("path", "encoding", "names"),
    [
        (
            "01-cp1252-read-as-mac-roman/feed.csv",
            "cp1252",
            ["Nordica® frying pan 24 cm", "Children’s rain boots", "AquaPeak™ bottle 1½ l", "Café table, black",
             "Men’s belt – brown", "Softa® bath towel"],
        ),
        ("01-cp1252-read-as-mac-roman/feed-two-marks.csv", "cp1252", ["Nordica® pan", "Softa® towel"]),
        ("03-east-asian-encodings/gb18030.csv", "gb18030", ["台灯 白色", "无线耳机", "充电线 两米"]),
    ],
)  # fmt: skip
def test_letters_are_those_that_were_written(path: str, encoding: str, names: list[str]) -> None:
    found = Outcome(path)
    assert [draft.product_name for draft in found.drafts] == names
    assert found.layout.encoding == encoding
    assert found.layout.encoding_reason


@pytest.mark.parametrize(("path", "count", "first"), [("euros.csv", 4, "10.99"), ("pounds.csv", 12, "10.99")])
def test_prices_with_currency_signs_of_windows_are_prices(path: str, count: int, first: str) -> None:
    found = Outcome(f"02-cp1252-currency-signs/{path}")
    assert found.codes == [[]] * count
    assert str(found.drafts[0].price) == first


def test_a_thousands_comma_without_quotes_is_an_error_of_its_row() -> None:
    found = Outcome("04-unquoted-thousands-comma/feed.csv")
    assert found.codes == [["wrong_column_count"], [], []]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_description_of_several_lines_is_one_product(suffix: str) -> None:
    shirts = Outcome(f"11-multiline-description/feed.{suffix}")
    assert shirts.codes == [[], []]
    text = (shirts.drafts[0].description or "").replace("\r\n", "\n")
    assert text == "Soft cotton shirt. Available in:\nred, blue, green, black, white, pink, grey"
    lamp = Outcome(f"11-multiline-description/a-line-that-is-a-row.{suffix}")
    assert lamp.codes == [[]]
    assert str(lamp.drafts[0].price) == "49.90"
    assert (lamp.drafts[0].description or "").endswith(",1.00,1,old model")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_description_of_two_hundred_lines_is_one_product(suffix: str) -> None:
    found = Outcome(f"12-description-of-200-lines/feed.{suffix}")
    assert not any(found.codes)
    assert (found.drafts[0].description or "").count("<li>") > 200


def test_rows_that_excel_ended_early_are_read() -> None:
    found = Outcome("13-short-rows-from-excel/feed.csv")
    assert found.codes == [[]] * 8
    assert {(draft.brand, draft.description) for draft in found.drafts[1:]} == {("Clay", "Glazed")}


def test_what_went_well_goes_well() -> None:
    found = Outcome("26-controls/utf16-sep-cr.csv")
    assert [str(draft.price) for draft in found.drafts][:2] == ["1299.00", "1299.00"]
    for path, code in (("feed.xml.csv", "no_table"), ("feed.csv.gz", "binary_file")):
        with pytest.raises(FeedError) as caught:
            parser.inspect(io.BytesIO((CASES / "26-controls" / path).read_bytes()))
        assert caught.value.code == code

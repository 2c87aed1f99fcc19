"""Whatever a row has in it, it means something: never an exception, and always the same."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.rules.validator import validate
from tests.uploads.feed.formats.understanding import OURS, RULES, of_lines
from uploads.feed.formats.detect import FORMATS
from uploads.feed.formats.groups import Head, Heads
from uploads.feed.formats.meaning import Reader, meaning, reader
from uploads.feed.formats.model import REASONS, Plan
from uploads.feed.formats.plan import plan_for
from uploads.feed.formats.survey import Survey

_HEADERS = {
    known.id: [known.headers[role][0].rstrip("*") for role in known.headers] for known in FORMATS
}  # fmt: skip
_CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "0", "1", "-1", "-", "'", "'0", "parent", "variation", "variable", "Product", "Variant", "Image", "x",
         "in stock", "out_of_stock", "true", "false", "9.99", "1.2345", "1,299", "<p>a</p>", "\\n", "A > B", "a,b;c",
         "Total", "Clothing", "9" * 300, "9" * 40 + ".125", "NaN", "1e999", "\u00a0", "\x00", "²"]
    ),
    st.text(max_size=12),
)  # fmt: skip
_ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "category_for_all": st.sampled_from(["Books", "Gone", ""]),
        "category_values": st.sampled_from(['{"x": "Books"}', '{"x": null}', "{", "[]", '{"x": 1}']),
        "quantity_where_unknown": _CELLS, "negative_stock": _CELLS,
        "empty_sku": st.sampled_from(["product_id", "leave"]),
        "round_prices": _CELLS, "repair_skus": st.sampled_from(["true", "false"]), "taken": _CELLS,
        "price_from": _CELLS, "stock_from": _CELLS, "identifiers_from": _CELLS,
    },
)  # fmt: skip


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
@pytest.mark.parametrize("name", [*_HEADERS, "own list"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_rows_under_the_headers_of_a_format_mean_something(name: str, data: Any) -> None:
    headers = _HEADERS.get(name) or ["code", "Name", "Category", "Price", "in stock", "barcode"]
    rows = data.draw(st.lists(st.lists(_CELLS, min_size=len(headers), max_size=len(headers)), max_size=5))
    cells = [dict(zip(headers, row, strict=True)) for row in rows]
    plan = plan_for(headers, cells, data.draw(_ANSWERS)).plan
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    heads, survey = Heads(plan), Survey(plan, OURS)
    for number, row in enumerate(cells, 1):
        heads.note(number, row)
    for number, row in enumerate(cells, 1):
        head = heads.of(number, row)
        assert head is None or Head.from_json(json.loads(json.dumps(head.to_json()))) == head
        found = meaning(row, plan, OURS, head, number)
        assert found == meaning(row, plan, OURS, head, number)
        survey.note(found)
        if found.left_out:
            assert found.left_out.reason in REASONS
            assert not found.open
        else:
            validate(found.values, RULES, found.numeric)
    survey.questions()
    survey.said()


def test_a_plan_is_made_ready_once() -> None:
    plan = plan_for(["code", "Name", "Category", "Price"], []).plan
    assert reader(plan, OURS) is reader(plan, OURS)


def test_what_was_made_is_told_from_what_stands_in_a_cell() -> None:
    found = of_lines(
        "Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
        "Variant Price",
        "mug,Mug,<p>Ton</p>,Morvane,Home > Books,Color,Red,M-R,3,8.00",
        "mug,,,,,,Blue,,2,9.00",
        "cup,Cup,Plain,Morvane,Books,Title,Default Title,C-1,1,5.00",
    )
    assert found.meanings[1].derived == {"product_name", "category", "description"}
    assert found.meanings[2].derived == {
        "product_name", "category", "description", "brand", "sku", "vendor_product_id",
    }  # fmt: skip
    assert found.meanings[3].derived == set()


def test_a_number_of_a_workbook_stays_one() -> None:
    plan = plan_for(["code", "Name", "Category", "Price", "Stock"], []).plan
    row = {"code": "A", "Name": "Lamp", "Category": "Books", "Price": "1.299", "Stock": "3"}
    assert meaning(row, plan, OURS, numeric=frozenset({"Price"})).numeric == {"price"}
    assert meaning(row, plan, OURS).numeric == set()


_RIGHT = {"Product ID": "P-1", "Name": "Lamp", "Category": "Books", "SKU": "S-1", "Price": "9.99", "Stock": "5"}
_FEW = st.sampled_from(
    ["", " ", "0", "-1", "9.99", "9,999", "1.2345", "12", "²", "in stock", "Books", "books ", "Home > Books", "Total",
     "A-1", "a 1", "é1", "-", "--", "A–1", "\u00a0", "1e5"]
)  # fmt: skip


@given(
    rows=st.lists(st.dictionaries(st.sampled_from([*_RIGHT, "Brand", "Notes"]), _FEW, max_size=2), max_size=6),
    answers=_ANSWERS,
)
@example([{"Name": " "}, {"Product ID": "\u00a0"}, {"Stock": "²"}, {"SKU": "a 1"}, {"Price": "1.2345"}], {})
@example([{"Brand": " "}, {"Category": "Home > Books"}, {"Category": "books "}, {"SKU": ""}, {"Name": "Total"}], {})
def test_what_is_read_at_once_means_the_same_as_what_is_looked_at_closely(
    rows: list[dict[str, str]], answers: dict[str, Any]
) -> None:
    headers = [*_RIGHT, "Brand", "Notes"]
    plan = plan_for(headers, [], answers).plan
    quick, close = Reader(plan, OURS), Reader(plan, OURS)
    close._quick = None
    whole = [dict.fromkeys(headers, "") | _RIGHT | cells for cells in rows]
    # Twice, since a category is known from its second row on
    assert [quick(row) for row in (*whole, *whole)] == [close(row) for row in (*whole, *whole)]


_CHANGES = {"sku": "S-1", "vendor_product_id": "P-1", "price": "9.99", "stock_quantity": "5", "Notes": "x"}


@given(
    headers=st.lists(st.sampled_from([*_CHANGES]), min_size=2, unique=True),
    rows=st.lists(st.dictionaries(st.sampled_from([*_CHANGES]), _FEW, max_size=2), max_size=6),
    thousands=st.sampled_from(["", ","]),
)
@example(["sku", "price", "stock_quantity"], [{}, {"sku": "Total-5"}, {"stock_quantity": "²"}], "")
@example(["vendor_product_id", "price"], [{}, {"vendor_product_id": "é1"}, {"price": "1.2345"}], "")
def test_what_changes_products_means_the_same_at_once_and_looked_at_closely(
    headers: list[str], rows: list[dict[str, str]], thousands: str
) -> None:
    plan = replace(plan_for(headers, []).plan, thousands=thousands)
    quick, close = Reader(plan, OURS), Reader(plan, OURS)
    close._quick = None
    whole = [{name: cells.get(name, _CHANGES[name]) for name in headers} for cells in rows]
    assert [quick(row) for row in whole] == [close(row) for row in whole]


def test_prices_and_stock_by_sku_are_read_at_once() -> None:
    plan = plan_for(["sku", "price", "stock_quantity"], []).plan
    read = Reader(plan, OURS)._quick
    assert read is not None
    found = read({"sku": "S-1", "price": "9.99", "stock_quantity": "5"})
    assert found is not None
    assert found.values == {"sku": "S-1", "price": "9.99", "stock_quantity": "5"}
    assert read({"sku": "S-1", "price": "9.999", "stock_quantity": "5"}) is None


def test_a_row_that_lacks_a_column_is_looked_at_closely() -> None:
    plan = plan_for(list(_RIGHT), []).plan
    meaning(_RIGHT, plan, OURS)
    assert meaning({name: cell for name, cell in _RIGHT.items() if name != "Stock"}, plan, OURS).values == {
        **meaning(_RIGHT, plan, OURS).values, "stock_quantity": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (("₹399", "₹1,099"), ("399.00", "1099.00")),  # in rupees a comma is never a decimal point
        (("$12.50", "$1,099"), ("12.50", "1099.00")),
        (("12,50 €", "1.099 €"), ("12.50", "1099.00")),
        (("1.299,00", "1.099"), ("1299.00", "1099.00")),
        (("1,299,000", "1,099"), ("1299000.00", "1099.00")),
        (("Rp 162.000", "Rp 99.000"), ("162000.00", "99000.00")),
    ],
)
def test_a_price_that_could_be_thousands_is_read_as_the_other_prices_of_the_file_show(
    prices: tuple[str, str], expected: tuple[str, str]
) -> None:
    rows = (f"{number};Lamp;Books;{price};1" for number, price in enumerate(prices))
    found = of_lines("sku;name;category;price;stock", *rows)
    assert tuple(str(one.price) for one in found.drafts.values()) == expected
    assert "price" in found.meanings[2].derived


@pytest.mark.parametrize(
    "prices", [("399", "1,099"), ("12,50", "1,099"), ("12.50", "12,50", "1,099"), ("$399", "$1,099")]
)
def test_a_price_that_could_be_thousands_stays_an_error_where_no_other_price_shows_it(prices: tuple[str, ...]) -> None:
    rows = (f"{number};Lamp;Books;{price};1" for number, price in enumerate(prices))
    found = of_lines("sku;name;category;price;stock", *rows)
    assert [(row, code) for row, _, code in found.codes] == [(len(prices), "invalid_price")]


@pytest.mark.parametrize(
    ("cell", "stock"),
    [("12 pcs", 12), ("7 Stk.", 7), ("3шт", 3), ("5 units", 5), ("5-10", None), ("<5", None)],
)
def test_a_word_for_pieces_beside_a_stock_says_no_more_than_its_number(cell: str, stock: int | None) -> None:
    found = of_lines("sku;name;category;price;stock", f"A;Lamp;Books;9.00;{cell}")
    assert [one.stock_quantity for one in found.drafts.values()] == ([] if stock is None else [stock])


@pytest.mark.parametrize("cell", ["10+", ">10", "> 50", "mehr als 5", "More than 20"])
def test_more_than_a_number_is_in_stock_in_a_quantity_that_a_person_says(cell: str) -> None:
    lines = "sku;name;category;price;stock", f"A;Lamp;Books;9.00;{cell}"
    assert of_lines(*lines).drafts == {}
    found = of_lines(*lines, answers={"quantity_where_unknown": 8})
    assert [one.stock_quantity for one in found.drafts.values()] == [8]

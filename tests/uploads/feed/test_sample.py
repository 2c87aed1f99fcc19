"""The sample feeds: believable, repeatable, and wrong in exactly the ways that they say."""

import csv
import io
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

import pytest

from catalog.rules.clashes import duplicate_in_file
from catalog.rules.places import place
from catalog.rules.problems import Code
from catalog.rules.validator import ProductDraft, Rules, validate
from uploads.feed import parser
from uploads.feed.sample import CATEGORIES, COLUMNS, KINDS, sku_of, write_feed


def feed(
    rows: int,
    error_rate: float = 0.0,
    seed: int = 1,
    *,
    vendor_id: str = "VEND001",
    categories: Sequence[str] = CATEGORIES,
    other_vendor: str | None = None,
) -> tuple[str, dict[str, int]]:
    out = io.StringIO(newline="")
    counts = write_feed(out, rows, vendor_id, error_rate, seed, categories=categories, other_vendor=other_vendor)
    return out.getvalue(), counts


def outcomes(text: str, categories: Sequence[str] = CATEGORIES) -> Iterator[ProductDraft | list[Code]]:
    """What an import makes of each row, short of looking at other feeds."""
    file = io.BytesIO(text.encode())
    layout = parser.inspect(file)
    rules = Rules.from_names(categories)
    first_rows: dict[tuple[str, str], int] = {}
    for row in parser.rows(file, layout):
        if row.problem:
            yield [row.problem.code]
            continue
        outcome = validate({field: row.cells[header] for field, header in layout.mapping.fields.items()}, rules)
        if outcome.draft is None:
            yield [problem.code for problem in outcome.problems]
            continue
        keys = [("vendor_product_id", outcome.draft.vendor_product_id), ("sku", outcome.draft.sku)]
        clashes = [duplicate_in_file(*key, place(first_rows[key])) for key in keys if key in first_rows]
        first_rows.update(dict.fromkeys(keys, row.number))
        yield [problem.code for problem in clashes] or outcome.draft


def drafts(text: str) -> list[ProductDraft]:
    return [outcome for outcome in outcomes(text) if isinstance(outcome, ProductDraft)]


@pytest.mark.parametrize(
    ("rows", "error_rate", "seed"),
    [
        (1, 0.0, 1),
        (1, 1.0, 1),
        (2, 0.5, 1),
        (17, 1.0, 2),
        (500, 0.0, 3),
        (3000, 0.05, 4),
        (5000, 0.3, 5),
        (2000, 1.0, 6),
    ],
)
def test_an_import_finds_the_errors_that_were_counted_and_no_others(rows: int, error_rate: float, seed: int) -> None:
    text, counts = feed(rows, error_rate, seed)
    found = list(outcomes(text))
    wrong = [codes for codes in found if isinstance(codes, list)]
    assert len(found) == rows
    assert len(wrong) == round(rows * error_rate)
    assert all(len(codes) == 1 for codes in wrong)
    assert Counter(codes[0].value for codes in wrong) == counts


def test_every_kind_of_error_is_there_and_about_equally_often() -> None:
    _, counts = feed(2000, 0.1)
    assert set(counts) == {kind.value for kind in KINDS if kind is not Code.SKU_TAKEN}
    assert sum(counts.values()) == 200
    assert max(counts.values()) - min(counts.values()) <= 1


def test_errors_are_spread_over_the_whole_file() -> None:
    wrong = [index for index, outcome in enumerate(outcomes(feed(1000, 0.05)[0])) if isinstance(outcome, list)]
    assert wrong == list(range(19, 1000, 20))


def test_duplicates_repeat_the_product_id_or_the_sku_of_an_earlier_row() -> None:
    text, counts = feed(6000, 0.2)
    cells = [row for row in csv.reader(io.StringIO(text)) if len(row) == len(COLUMNS)]
    for column in (COLUMNS.index("sku"), COLUMNS.index("vendor_product_id")):
        values = Counter(row[column] for row in cells if row[column].startswith(("VEND001-", "P-")))
        repeated = sum(times - 1 for times in values.values())
        assert sum(times > 1 for times in values.values()) > 5
        assert repeated == pytest.approx(counts["duplicate_in_file"] / 2, abs=1)


def test_taken_skus_are_those_of_good_rows_in_the_other_vendors_feed() -> None:
    text, counts = feed(4000, 0.1, other_vendor="VEND002")
    others, _ = feed(4000, 0.1, seed=99, vendor_id="VEND002")
    taken = {draft.sku for draft in drafts(others)}
    clashing = [draft.sku for draft in drafts(text) if draft.sku in taken]
    assert counts["sku_taken"] == len(clashing) == 22
    assert len(set(clashing)) == 22


def test_with_errors_only_there_is_nothing_to_clash_with_and_other_errors_take_the_place() -> None:
    _, counts = feed(180, 1.0, other_vendor="VEND002")
    assert sum(counts.values()) == 180
    assert "duplicate_in_file" not in counts
    assert "sku_taken" not in counts
    assert counts["missing_value"] == 30


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others() -> None:
    assert feed(300, 0.2, seed=7) == feed(300, 0.2, seed=7)
    assert feed(300, 0.2, seed=7)[0] != feed(300, 0.2, seed=8)[0]


def test_good_rows_look_like_a_shop() -> None:
    products = drafts(feed(2000)[0])
    assert len(products) == 2000
    assert {product.category for product in products} == set(CATEGORIES)
    assert len({product.sku for product in products}) == 2000
    assert products[0].vendor_product_id == "P-000001"
    assert products[0].sku == sku_of("VEND001", 0) == "VEND001-ELE-000001"
    assert all(product.sku == sku_of("VEND001", index) for index, product in enumerate(products))
    assert all(product.product_name.startswith(product.brand or "?") for product in products)
    assert all(1 <= product.price < 5000 for product in products)
    assert any(product.stock_quantity == 0 for product in products)
    assert any(product.description == "" for product in products)


@pytest.mark.parametrize("piece", ["\n", '""', "ö", "🎉", '"$1,', ".99", ".49", "&"])
def test_good_rows_have_what_makes_csv_hard(piece: str) -> None:
    assert piece in feed(1000)[0].partition("\n")[2]


def test_the_header_names_the_fields_in_their_order() -> None:
    assert feed(1)[0].startswith("vendor_product_id,product_name,category,sku,brand,description,price,stock_quantity\n")


def test_other_categories_can_be_asked_for() -> None:
    categories = ["Books", "Übergrößen", "日本"]
    text, counts = feed(600, 0.1, categories=categories)
    found = list(outcomes(text, categories))
    assert {draft.category for draft in found if isinstance(draft, ProductDraft)} == set(categories)
    assert Counter(codes[0].value for codes in found if isinstance(codes, list)) == counts
    assert "VEND001-GEN-" in text


@pytest.mark.parametrize(("rows", "error_rate"), [(0, 0.1), (-1, 0.1), (10, -0.1), (10, 1.1)])
def test_a_feed_of_no_rows_or_an_impossible_error_rate_is_refused(rows: int, error_rate: float) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        feed(rows, error_rate)


class Nowhere(io.StringIO):
    """Takes any amount of text and keeps none."""

    def write(self, text: str) -> int:
        return len(text)


def test_memory_does_not_grow_with_the_feed() -> None:
    def peak(rows: int) -> int:
        out: TextIO = Nowhere()
        tracemalloc.start()
        write_feed(out, rows, "VEND001", 0.1, 1, other_vendor="VEND002")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(20_000) < peak(1_000) + 20_000

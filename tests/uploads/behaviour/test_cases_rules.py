"""Files as people really send them: what spreadsheets, programs and shops leave in cells, through the whole journey."""

import io
from pathlib import Path

import pytest

from catalog.models import Product
from catalog.rules.validator import ProductDraft, Rules
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.aws import dynamo
from uploads.feed import parser, sample
from uploads.models import RecordOutcome, UploadHistory
from uploads.pipeline import examine, staged_rows
from uploads.preview import verdicts

CASES = Path(__file__).resolve().parents[2] / "cases"
RULES = Rules.from_names(sample.CATEGORIES)

# Of each row what is wrong with it, by field: the code, or with the suggestion behind it; {} for nothing.
Found = list[dict[str, str]]


def of(name: str) -> bytes:
    return (CASES / name).read_bytes()


def judged(content: bytes) -> list[verdicts.ValidatedRow]:
    """The rows of a file as the preview judges them in themselves."""
    file = io.BytesIO(content)
    layout = parser.inspect(file)
    rows = staged_rows.as_staged(parser.rows(file, layout), layout)
    return [verdicts.validated(row, layout, RULES, None) for row in rows]


def found(content: bytes, *, warnings: bool = False) -> Found:
    return [
        {
            problem.field: f"{problem.code} {problem.suggestion}".strip()
            for problem in row.problems
            if problem.code.is_warning == warnings
        }
        for row in judged(content)
    ]


def catalog() -> dict[str, str]:
    """Product ID → SKU, of all products."""
    return dict(Product.objects.values_list("vendor_product_id", "sku"))


def outcomes(upload: UploadHistory) -> list[str]:
    return list(
        RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number").values_list("outcome", flat=True)
    )


# --- values that aren't there any more


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("05-xlsx-date-instead-of-sku/same-as-csv.csv", [{"sku": "invalid_sku"}, {"sku": "invalid_sku"}]),
        (
            "08-csv-words-for-nothing/feed.csv",
            [
                {"product_name": "spreadsheet_error", "brand": "spreadsheet_error", "description": "spreadsheet_error"},
                {"product_name": "missing_value"},
                {"vendor_product_id": "spreadsheet_error", "sku": "missing_value"},
                {"vendor_product_id": "spreadsheet_error", "sku": "missing_value"},
                {"sku": "missing_value"},
            ],
        ),
        ("23-scientific-notation-without-plus/feed.csv", [{"sku": "invalid_sku"}] * 3 + [{}]),
        (
            "26-controls/values.csv",
            [
                {"sku": "invalid_sku"},
                {"stock_quantity": "invalid_stock"},
                {"stock_quantity": "invalid_stock"},
                {"price": "invalid_price 1299.00 or 1.30", "stock_quantity": "invalid_stock 1000 or 1"},
                {},
                {"category": "unknown_category Shoes"},
                {"sku": "invalid_sku C-26"},
                {"price": "invalid_price 12.50", "stock_quantity": "invalid_stock 12"},
            ],
        ),
        ("28-case-of-skus/feed.csv", [{}, {}]),
    ],
)
def test_what_is_wrong_with_each_row(name: str, errors: Found) -> None:
    assert found(of(name)) == errors


def test_words_for_nothing_are_no_products_and_wipe_no_brand(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, vendor_product_id="C08-1", sku="C08-1", brand="Acme")))
    upload = pipeline.run(of("08-csv-words-for-nothing/feed.csv"))
    assert outcomes(upload) == ["error"] * 5
    assert Product.objects.get().brand == "Acme"


# --- one product, written in two ways


def test_text_formulas_and_apostrophes_of_an_erp_are_the_products_that_are_there(pipeline: Pipeline) -> None:
    pipeline.run(of("10-excel-text-formula/1-first.csv"))
    upload = pipeline.run(of("10-excel-text-formula/2-from-erp.csv"))
    assert outcomes(upload) == ["updated", "inserted", "inserted"]
    assert catalog() == {"001001": "C10-1A", "001002": "C10-2", "001003": "C10-3"}
    assert Product.objects.get(vendor_product_id="001002").product_name == "Alarm clock"


def test_what_an_erp_wraps_is_said_in_a_warning() -> None:
    assert found(of("10-excel-text-formula/2-from-erp.csv"), warnings=True) == [
        {"vendor_product_id": "cleaned"},
        {"vendor_product_id": "cleaned", "product_name": "cleaned", "sku": "cleaned"},
        {"vendor_product_id": "cleaned"},
    ]


def test_characters_that_cannot_be_seen_make_no_second_product(pipeline: Pipeline) -> None:
    pipeline.run(of("19-invisible-characters-in-id/1-first.csv"))
    upload = pipeline.run(of("19-invisible-characters-in-id/2-pasted-from-web.csv"))
    assert outcomes(upload) == ["updated", "updated", "inserted", "error"]
    assert catalog() == {"C19-1": "C19-1", "C19-2": "C19-2", "C19-3": "C19-3"}
    assert str(Product.objects.get(sku="C19-2").price) == "34.90"
    assert (
        "“C19-3” is already used in row 3" in RecordOutcome.objects.get(upload_id=upload.pk, row_number=4).error_reason
    )

    upload = pipeline.run(of("19-invisible-characters-in-id/3-nfc-and-nfd.csv"))
    assert outcomes(upload) == ["inserted", "error"]
    assert catalog()["C19-Caf\u00e9"] == "C19-4"


def test_a_number_with_a_fraction_of_nothing_is_the_product_that_is_there(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, vendor_product_id="90101", sku="90101")))
    upload = pipeline.run(feed(line(1, vendor_product_id="90101.0", sku="90101.0")))
    assert outcomes(upload) == ["unchanged"]


@pytest.mark.parametrize("field", ["sku", "vendor_product_id"])
@pytest.mark.parametrize("cell", ['"=""90101"""', "'90101", "90101\u200b", "90101.0"])
def test_rows_that_are_read_as_one_product_never_share_a_request(field: str, cell: str) -> None:
    content = feed(line(1, **{field: "90101"}), line(2, **{field: cell})).encode()
    file = io.BytesIO(content)
    layout = parser.inspect(file)
    groups = staged_rows.in_requests(parser.rows(file, layout), layout)
    assert [[row.number for row in group] for group in groups] == [[1], [2]]


# --- exports of shops


def test_a_variant_is_a_product_of_its_own_and_a_picture_is_none(pipeline: Pipeline) -> None:
    upload = pipeline.run(of("20-shopify-variants/products_export.csv"))
    assert outcomes(upload) == ["inserted", "inserted", "skipped", "inserted"]
    assert (upload.file_rows, upload.skipped_records) == (4, 1)
    assert catalog() == {"C20-S": "C20-S", "C20-M": "C20-M", "C20-MUG": "C20-MUG"}
    assert Product.objects.get(sku="C20-M").product_name == "Linen shirt – M"
    said = "Left out (picture): A further picture of row 1."
    assert RecordOutcome.objects.get(upload_id=upload.pk, outcome="skipped").error_reason == said


def notes_of(content: bytes) -> tuple[str, ...]:
    file = io.BytesIO(content)
    return examine.inspect(examine.FeedFile(file), examine.examine(file), "VEND001").notes


def test_what_a_file_is_and_what_is_left_out_of_it_is_said(db: None) -> None:
    shopify = notes_of(of("20-shopify-variants/products_export.csv"))
    assert shopify[0] == "The file is a Shopify product export."
    assert "Left out: 1 picture row." in shopify
    woocommerce = notes_of(of("21-woocommerce-export/wc-product-export.csv"))
    assert woocommerce[0] == "The file is a WooCommerce product export."
    assert not any("picture" in note or "\\n" in note for note in notes_of(feed(line(1)).encode()))


def test_staging_goes_on_behind_any_row_of_a_shops_export_as_if_it_had_not_stopped() -> None:
    header, *lines = of("20-shopify-variants/products_export.csv").splitlines(keepends=True)
    content = header + b"".join(lines[i] for i in (2, 0, 2, 2, 1, 3, 2, 3, 2))
    file = io.BytesIO(content)
    layout = parser.inspect(file)
    whole = list(staged_rows.as_staged(parser.rows(file, layout), layout))
    assert [row.number for row in whole] == [1, 2, 3, 4]
    for done, row in enumerate(whole, 1):
        assert list(staged_rows.as_staged(parser.rows(file, layout, row.after), layout)) == whole[done:]


def test_a_variant_that_was_filled_by_hand_is_a_product_too(pipeline: Pipeline) -> None:
    upload = pipeline.run(of("20-shopify-variants/as-the-messages-say.csv"))
    assert outcomes(upload) == ["inserted", "inserted"]
    assert catalog() == {"C20-S": "C20-S", "C20-M": "C20-M"}


def test_line_breaks_of_woocommerce_are_read_and_what_came_is_kept(pipeline: Pipeline) -> None:
    content = of("21-woocommerce-export/wc-product-export.csv")
    upload = pipeline.run(content)
    assert outcomes(upload) == ["inserted", "inserted", "inserted"]
    assert Product.objects.get(sku="C21-1").description == "Oiled oak.\nWash by hand."
    came = next(dynamo.query_upload(upload.upload_id))["product_data"]["M"]
    assert came["Description"]["S"] == r"<p>Oiled oak.</p>\n<p>Wash by hand.</p>"


def descriptions(content: bytes) -> list[str | None]:
    return [row.draft.description for row in judged(content) if isinstance(row.draft, ProductDraft)]


def test_a_backslash_n_stays_what_it_is_in_other_files_and_where_woocommerce_escapes_it() -> None:
    plain = feed(line(1, description=r"C:\new")).encode()
    assert descriptions(plain) == [r"C:\new"]
    escaped = of("21-woocommerce-export/wc-product-export.csv").replace(rb"\n", rb"\\n")
    assert descriptions(escaped) == [r"<p>Oiled oak.</p>\n<p>Wash by hand.</p>"]


# --- what goes well


def test_spellings_of_a_sku_in_other_letters_are_two_products(pipeline: Pipeline) -> None:
    assert outcomes(pipeline.run(of("28-case-of-skus/feed.csv"))) == ["inserted", "inserted"]
    assert catalog() == {"C28-1": "C28-AB", "c28-1": "c28-ab"}


def test_the_same_file_twice_at_once_is_each_product_once(pipeline: Pipeline) -> None:
    content = of("27-double-submit/feed.csv")
    uploads = [pipeline.send(content), pipeline.send(content)]
    for _ in uploads:  # the second is tried when the first is in the catalog
        for upload in uploads:
            pipeline.stage(upload)
        pipeline.settle()
    counts = [{name: outcomes(upload).count(name) for name in ("inserted", "unchanged")} for upload in uploads]
    assert counts == [{"inserted": 300, "unchanged": 0}, {"inserted": 0, "unchanged": 300}]
    assert Product.objects.count() == 300

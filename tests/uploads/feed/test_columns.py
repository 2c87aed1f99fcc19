"""Which header means which field."""

import pytest

from catalog.rules.fields import FIELDS, READ, REQUIRED
from uploads.feed.aliases import ALIASES
from uploads.feed.columns import map_headers, name_headers, normalise, questions
from uploads.feed.sheets.handed_out import REPORT_COLUMNS

# The headers that these shops export, as far as they bear on us; the rest of the columns is left out
SHOPIFY = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Variant SKU"),
    *("Variant Inventory Qty", "Variant Price", "Variant Compare At Price", "Variant Barcode", "Cost per item"),
]
WOOCOMMERCE = [
    *("ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Short description", "Description"),
    *("In stock?", "Stock", "Low stock amount", "Sale price", "Regular price", "Categories", "Tags", "Brands"),
]
GOOGLE = [
    *("id", "title", "description", "link", "availability", "price", "sale_price", "brand", "gtin", "mpn"),
    *("google_product_category", "product_type", "cost_of_goods_sold", "sell_on_google_quantity"),
]
GERMAN = ["Produkt-ID", "Bezeichnung", "Kategorie", "Artikelnummer", "Marke", "Beschreibung", "Preis", "Bestand"]
FRENCH = ["Identifiant", "Nom du produit", "Catégorie", "Référence", "Marque", "Description", "Prix", "Stock"]
SPANISH = ["ID producto", "Nombre", "Categoría", "Referencia", "Marca", "Descripción", "Precio", "Existencias"]


@pytest.mark.parametrize(
    "header",
    [
        "Product Name",
        "product_name",
        "PRODUCT-NAME",
        " product  name ",
        "Product.Name:",
        "ＰＲＯＤＵＣＴ name",
        "\ufeffproduct_name",
    ],
)
def test_headers_are_compared_without_case_spaces_and_punctuation(header: str) -> None:
    assert normalise(header) == "productname"


@pytest.mark.parametrize(
    ("header", "key"), [("Catégorie", "categorie"), ("STÜCKZAHL", "stuckzahl"), ("Größe", "grosse")]
)
def test_headers_are_compared_without_accents(header: str, key: str) -> None:
    assert normalise(header) == key


LATER = ("currency", "gtin", "image_url")  # which these needn't have


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            SHOPIFY,
            [
                "Handle",
                "Title",
                "Product Category",
                "Variant SKU",
                "Vendor",
                "Body (HTML)",
                "Variant Price",
                "Variant Inventory Qty",
            ],
        ),
        (WOOCOMMERCE, ["ID", "Name", "Categories", "SKU", "Brands", "Description", "Regular price", "Stock"]),
        (GOOGLE, ["id", "title", "product_type", "mpn", "brand", "description", "price", "sell_on_google_quantity"]),
        (GERMAN, GERMAN),
        (FRENCH, FRENCH),
        (SPANISH, SPANISH),
        (list(FIELDS), list(FIELDS)),
    ],
    ids=["Shopify", "WooCommerce", "Google Merchant", "German", "French", "Spanish", "our own names"],
)
def test_a_well_known_export_is_understood(headers: list[str], fields: list[str]) -> None:
    mapping = map_headers(headers)
    assert [mapping.fields.get(field) for field in FIELDS if field not in LATER or field in fields] == fields
    assert mapping.missing == ()
    assert set(mapping.ignored) == set(headers) - set(mapping.fields.values())


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Sale price",
            "Compare at price",
            "Variant Compare At Price",
            "Cost",
            "Cost per item",
            "Old price",
            "Price note",
        ),
        *(
            "Barcode",
            "GTIN type",
            "Image alt text",
            "Aktion",
            "In stock?",
            "Availability",
            "vendor_id",
            "Vendor ID",
            "",
            "???",
        ),
    ],
)
def test_a_column_that_only_resembles_a_field_is_ignored(header: str) -> None:
    mapping = map_headers([header])
    assert mapping.fields == {}
    assert mapping.ignored == name_headers([header])


def test_no_name_means_two_fields() -> None:
    keys = [(normalise(alias), field) for field, aliases in ALIASES.items() for alias in aliases]
    assert len({key for key, _ in keys}) == len(set(keys))
    assert tuple(ALIASES) == READ
    assert all(aliases[0] == field for field, aliases in ALIASES.items())


@pytest.mark.parametrize("headers", [["Brand", "Manufacturer"], ["Manufacturer", "Brand"]])
def test_of_two_names_for_one_field_the_better_one_counts_and_the_other_is_ignored(headers: list[str]) -> None:
    mapping = map_headers(headers)
    assert mapping.fields == {"brand": "Brand"}
    assert mapping.ignored == ("Manufacturer",)


def test_missing_are_the_required_fields_only() -> None:
    assert map_headers(["colour"]).missing == REQUIRED
    assert set(FIELDS) - set(REQUIRED) == {"brand", "description", "currency", "gtin", "image_url"}
    assert map_headers([*REQUIRED[1:], "brand"]).missing == ("vendor_product_id",)


@pytest.mark.parametrize(
    ("headers", "could_be"),
    [
        (["price", "price"], ("price", "price (2)")),
        (["Price", "sku", "PRICE "], ("Price", "PRICE ")),
        (["price", "price (2)"], ("price", "price (2)")),  # as our error report calls them
    ],
)
def test_which_of_two_columns_of_one_name_is_left_open(headers: list[str], could_be: tuple[str, ...]) -> None:
    mapping = map_headers(headers)
    assert "price" not in mapping.fields
    assert mapping.unclear == {"price": could_be}
    assert "price" not in mapping.missing
    assert not set(could_be) & set(mapping.ignored)


def test_two_columns_of_one_name_do_no_harm_where_a_better_one_is_there() -> None:
    mapping = map_headers(["SKU", "MPN", "MPN"])
    assert mapping.fields == {"sku": "SKU"}
    assert mapping.ignored == ("MPN", "MPN (2)")


def test_the_columns_of_our_error_report_are_ignored() -> None:
    mapping = map_headers(["sku", *REPORT_COLUMNS], {"sku": "sku"})
    assert mapping.fields == {"sku": "sku"}
    assert mapping.ignored == REPORT_COLUMNS


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (["a", "", " ", "b"], ("a", "column_2", "column_3", "b")),
        (["a", "a", "a"], ("a", "a (2)", "a (3)")),
        (["a", "a (2)", "a"], ("a", "a (2)", "a (3)")),
        (["column_2", ""], ("column_2", "column_2 (2)")),
        ([" a ", "a"], (" a ", "a")),
    ],
)
def test_every_column_gets_a_name_of_its_own(headers: list[str], names: tuple[str, ...]) -> None:
    assert name_headers(headers) == names
    assert name_headers(names) == names


def test_a_question_about_many_columns_of_one_name_stays_short() -> None:
    names = name_headers(["price" + " " * 1000] * 400)
    (question,) = questions(map_headers(names), names, [])
    assert len(question.text) < 400
    assert len(question.choices) == 20
    assert all(len(choice.label) < 100 for choice in question.choices)

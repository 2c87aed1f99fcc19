"""Lists of the vendor's own: which columns are read, what is asked, what is left out."""

import pytest

from tests.uploads.feed.formats.understanding import Understood, asked, of_lines

# Header and a row → field → column, and the kinds of questions.
LISTS: dict[str, tuple[tuple[str, ...], dict[str, str], set[str]]] = {
    "one number for all": (
        ("Art. No.,Product,Category,Price,Stock", "A-1,Lamp,Books,9.99,5"),
        {"vendor_product_id": "Art. No.", "sku": "Art. No.", "product_name": "Product"},
        set(),
    ),
    "an ID and no SKU": (
        ("id,name,category,price,quantity", "17,Lamp,Books,9.99,5"),
        {"vendor_product_id": "id", "sku": "id"},
        set(),
    ),
    "an ID that is the same in several rows": (
        ("id,sku,name,category,price,quantity", "1,A,Lamp,Books,9.99,5", "1,B,Lamp,Books,9.99,5"),
        {"vendor_product_id": "sku", "sku": "sku"},
        set(),
    ),
    "names under Description": (
        ("Code;Descrizione;Categoria;Prezzo;Giacenza", "C1;Lampada;Books;9,90;5"),
        {"product_name": "Descrizione", "sku": "Code"},
        set(),
    ),
    "barcodes, which nobody takes for an ID": (
        ("barcode,name,category,price,stock", "2000000000015,Lamp,Books,9.99,5"),
        {"product_name": "name"},
        {"identifiers_from"},
    ),
    "nothing but names": (
        ("Product,Price", "Lamp,9.99"),
        {"product_name": "Product"},
        {"identifiers_from", "category_for_all", "quantity_where_unknown"},
    ),
    "a cost and an offer beside the price": (
        ("Artikelnummer,Bezeichnung,Warengruppe,EKPreis,VKPreis,AktionNetto,Bestand", "1,Lampe,Books,5,9,8,3"),
        {"price": "VKPreis"},
        set(),
    ),
    "net and gross": (
        ("Référence;Désignation;Famille;Prix HT;Prix TTC;Stock", "R1;Lampe;Books;10,00;12,00;5"),
        {"category": "Famille"},
        {"price_from"},
    ),
    "stock that is there and stock that can be sold": (
        ("sku,name,category,price,Stock on hand,Stock available", "A,Lamp,Books,9,5,3"),
        {"stock_quantity": "Stock available"},
        set(),
    ),
    "no column for a price": (
        ("sku,name,category,stock,worth", "A,Lamp,Books,5,9"),
        {"sku": "sku"},
        {"price_from"},
    ),
    "Cyrillic": (
        ("Артикул;Наименование;Категория;Цена;Остаток", "A1;Лампа;Books;450;5"),
        {"sku": "Артикул", "product_name": "Наименование", "price": "Цена", "stock_quantity": "Остаток"},
        set(),
    ),
    "Turkish": (
        ("Stok Kodu;Ürün Adı;Kategori;Satış Fiyatı;Stok Miktarı", "A1;Lamba;Books;450,00;5"),
        {"sku": "Stok Kodu", "product_name": "Ürün Adı", "price": "Satış Fiyatı", "stock_quantity": "Stok Miktarı"},
        set(),
    ),
    "Indonesian, with a mark of two letters before the price": (
        ("kode barang;nama barang;harga jual;stok;kategori", "B1;Palu;Rp 150.000;7;Books"),
        {"sku": "kode barang", "product_name": "nama barang", "price": "harga jual", "stock_quantity": "stok"},
        set(),
    ),
    "a price that says what it is for, and what the thing costs": (
        ("codigo;articulo;rubro;Precio Compra;Precio Venta;stock", "C1;Martillo;Books;10,00;12,00;3"),
        {"price": "Precio Venta", "category": "rubro"},
        set(),
    ),
    "only a price with tax": (
        ("reference,libelle,prix_ttc,stock,categorie", "R1,Marteau,12.00,3,Books"),
        {"price": "prix_ttc"},
        set(),
    ),
    "only a price without tax, which a person has to want": (
        ("Artikelnummer,Bezeichnung,Warengruppe,Preis netto,Bestand", "1,Lampe,Books,9,3"),
        {"product_name": "Bezeichnung"},
        {"price_from"},
    ),
    "what it weighs, which isn't a price": (
        ("sku,name,category,amount,stock", "A,Lamp,Books,200 kg,5"),
        {"sku": "sku"},
        {"price_from"},
    ),
    "a description of several lines, which is no name": (
        ("sku,description,category,price,stock", '"A","A lamp.\nIt shines.",Books,9.00,5'),
        {"description": "description"},
        {"column"},
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_columns_are_found_and_what_only_a_person_knows_is_asked(name: str) -> None:
    lines, columns, kinds = LISTS[name]
    found = of_lines(*lines)
    assert {meant: found.plan.columns.get(meant, ("",))[0] for meant in columns} == columns
    assert asked(found.questions).keys() == kinds


def test_skus_are_made_of_names_where_a_person_chooses_these() -> None:
    found = of_lines(
        "Product,Category,Price,Stock", "Lamp “Luna” 12 V,Books,9,1", answers={"identifiers_from": "Product"}
    )
    assert [(one.vendor_product_id, one.sku) for one in found.drafts.values()] == [("lamp-luna-12-v",) * 2]


def test_names_without_latin_letters_are_told_apart_as_skus() -> None:
    found = of_lines(
        "Name,Category,Price,Stock", "Лампа,Books,9,1", "Книга,Books,9,1", answers={"identifiers_from": "Name"}
    )
    skus = [one.sku for one in found.drafts.values()]
    assert len(set(skus)) == 2


def test_a_barcode_that_is_wrong_is_said_once() -> None:
    header = "name,category,price,stock,barcode"
    found = of_lines(header, "Lamp,Books,9,1,2.00E+12", "Desk,Books,9,1,", answers={"identifiers_from": "barcode"})
    assert found.codes == [(1, "sku", "invalid_sku"), (2, "sku", "missing_value")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("TENTS,,,,", "heading"),
        ("Sommer 2026,,,,", "heading"),
        ("Delivery within 5 working days. Errors excepted.,,,,", "remark"),
        ("Total,,,118.00,9", "total"),
        (",Summe,,118.00,9", "total"),
        ("P-7,,,,", None),
        ("4711,,,,", None),
        ("T-9,Total care kit,Books,9.00,1", None),
        ("TOTAL-1,Vitamins,Books,9.00,1", None),
        (",,,9.00,", None),
    ],
)
def test_a_row_that_is_no_product_is_told_from_one_that_lacks_cells(row: str, reason: str | None) -> None:
    found = of_lines("sku,name,category,price,stock", "A-1,Lamp,Books,9.00,5", row)
    assert found.left_out.get(2) == reason


def test_words_for_stock_are_understood_and_available_is_no_number() -> None:
    found = of_lines(
        "sku,name,category,price,stock",
        "A,Lamp,Books,9,esaurito",
        "B,Desk,Books,9,In stock",
        "C,Bed,Books,9,some",
        answers={"quantity_where_unknown": 4},
    )
    assert {row: draft.stock_quantity for row, draft in found.drafts.items()} == {1: 0, 2: 4}
    assert found.codes == [(3, "stock_quantity", "invalid_stock")]


def test_a_quantity_is_asked_for_empty_cells_and_for_none_that_has_one() -> None:
    lines = "sku,name,category,price,stock", "A,Lamp,Books,9,", "B,Desk,Books,9,0", "C,Bed,Books,9, "
    found = of_lines(*lines)
    assert asked(found.questions).keys() == {"quantity_where_unknown"}
    assert found.codes == [(1, "stock_quantity", "missing_value"), (3, "stock_quantity", "missing_value")]
    found = of_lines(*lines, answers={"quantity_where_unknown": 4})
    assert {row: draft.stock_quantity for row, draft in found.drafts.items()} == {1: 4, 2: 0, 3: 4}


def test_an_empty_stock_of_a_list_that_only_changes_products_is_no_question() -> None:
    found = of_lines("sku,stock", "A,5", "B,")
    assert (found.plan.mode, found.questions) == ("update", ())
    assert found.meanings[2].values["stock_quantity"] == ""


def test_a_header_over_several_lines_of_a_cell_means_what_it_says() -> None:
    found = of_lines(
        '"Artikel-\nnummer";Bezeichnung;Warengruppe;"Preis\nbrutto";"Lager-\nbestand"', "A;Lampe;Books;9,00;5"
    )
    assert {meant: columns[0] for meant, columns in found.plan.columns.items()} == {
        "vendor_product_id": "Artikel-\nnummer", "sku": "Artikel-\nnummer", "product_name": "Bezeichnung",
        "category": "Warengruppe", "price": "Preis\nbrutto", "stock_quantity": "Lager-\nbestand",
    }  # fmt: skip


def test_sharps_before_numbers_are_taken_off_if_somebody_says_so() -> None:
    lines = "sku,name,category,price,stock", "#0001,Lamp,Books,9,5", "#0002,Desk,Books,9,5"
    assert asked(of_lines(*lines).questions).keys() == {"repair_skus"}
    assert [one.sku for one in of_lines(*lines, answers={"repair_skus": True}).drafts.values()] == ["0001", "0002"]


def test_texts_with_tags_are_stored_as_text() -> None:
    found = of_lines("sku,name,category,price,stock,description", "A,Pots &amp; pans,Books,9,1,<p>Two<br>lines</p>")
    assert [(one.product_name, one.description) for one in found.drafts.values()] == [("Pots & pans", "Two\nlines")]


def test_texts_without_tags_stay_as_they_are() -> None:
    found = of_lines("sku,name,category,price,stock,description", "A,Pots &amp; pans,Books,9,1,5 < 6 > 4")
    assert [(one.product_name, one.description) for one in found.drafts.values()] == [("Pots &amp; pans", "5 < 6 > 4")]


def test_quantities_are_not_asked_while_it_is_open_which_column_has_them() -> None:
    lines = "sku,name,category,price,Stock Berlin,Stock Hamburg", "A,Lamp,Books,9,,2"
    assert asked(of_lines(*lines).questions).keys() == {"stock_from"}
    found = of_lines(*lines, answers={"stock_from": ["Stock Berlin", "Stock Hamburg"]})
    assert [one.stock_quantity for one in found.drafts.values()] == [2]


def test_what_dealers_pay_is_never_suggested_as_the_price() -> None:
    found = of_lines("sku,name,category,list_price,dealer_price,stock", "A,Lamp,Books,9.00,5.00,1")
    assert [(one.kind, one.suggestion) for one in found.questions] == [("price_from", "")]


@pytest.mark.parametrize(
    ("field", "header", "cell"),
    [
        ("price", "PVP", "9,00"),
        ("price", "P.V.P. (€)", "9,00"),
        ("price", "Ladenpreis", "9,00"),
        ("price", "価格", "9.00"),
        ("stock_quantity", "库存", "5"),
        ("category", "Kategoriepfad", "Books"),
        ("product_name", "商品名称", "Lamp"),
        ("sku", "货号", "A-1"),
    ],
)
def test_headers_of_more_languages_are_known(field: str, header: str, cell: str) -> None:
    named = {"sku": "A-1", "product_name": "Lamp", "category": "Books", "price": "9.00", "stock_quantity": "5"} | {
        field: cell
    }
    found = of_lines(";".join(header if one == field else one for one in named), ";".join(named.values()))
    assert found.plan.columns[field] == (header,)
    assert not found.questions


@pytest.mark.parametrize("header", ["Verfuegbarkeit", "Dostępność", "Stok Durumu"])
def test_a_column_says_whether_there_is_any_in_more_languages(header: str) -> None:
    lines = f"sku;name;category;price;{header}", "A;Lampe;Books;9;auf Lager", "B;Pult;Books;9;nicht lieferbar"
    found = of_lines(*lines, answers={"quantity_where_unknown": 4})
    assert [one.stock_quantity for one in found.drafts.values()] == [4, 0]


def test_a_column_of_flags_is_stock_where_there_is_no_other() -> None:
    found = of_lines("sku,name,category,price,in stock", "A,Lamp,Books,9,1", "B,Desk,Books,9,0")
    assert asked(found.questions).keys() == {"quantity_where_unknown"}
    assert found.drafts[2].stock_quantity == 0


def test_a_list_of_prices_only_changes_what_is_there() -> None:
    found = of_lines("SKU,Price", "A,9.00")
    assert (found.plan.mode, found.questions) == ("update", ())
    assert set(found.meanings[1].values) == {"sku", "price"}


def test_columns_that_a_person_chose_are_not_looked_for_again() -> None:
    from uploads.feed.columns import chosen
    from uploads.feed.formats.plan import plan_for

    headers = ("Art. No.", "Product", "Category", "Price", "Stock")
    mapping = chosen(headers, ("", "product_name", "category", "price", "stock_quantity"))
    planned = plan_for(headers, [dict(zip(headers, "ABCDE", strict=True))], {}, mapping, chosen=True)
    assert "sku" not in planned.plan.columns
    assert [one.kind for one in planned.questions] == ["identifiers_from"]


def test_a_file_that_we_handed_out_is_read_as_it_stands() -> None:
    header = "vendor_product_id,product_name,category,sku,price,stock_quantity"
    found = of_lines(header, "1,Total,Clothing > Shoes,,9.98765,in stock")
    assert found.plan.ours
    assert found.questions == ()
    assert [code for _, _, code in found.codes] == [
        "unknown_category", "missing_value", "price_too_precise", "invalid_stock",
    ]  # fmt: skip


def _problems(found: Understood) -> list[str]:
    return [code for _, _, code in found.codes]


def test_answers_to_questions_that_are_gone_count_for_nothing() -> None:
    answers = {
        "price_from": "Gone",
        "identifiers_from": "Gone",
        "column_sku": "Gone",
        "stock_from": '["Gone"]',
        "x": "y",
    }
    assert _problems(of_lines("sku,name,category,price,stock", "A,Lamp,Books,9,1", answers=answers)) == []


def test_an_answer_whose_category_is_gone_is_asked_again() -> None:
    answers = {"category_values": '{"Lamps": "Lighting"}', "category_for_all": "Lighting"}
    found = of_lines("sku,name,category,price,stock", "A,Lamp,Lamps,9,1", "B,Desk,,9,1", answers=answers)
    assert asked(found.questions) == {"category_for_all": None, "category_values": {"Lamps"}}


@pytest.mark.parametrize("answer", ["-1", "many", "1.5", "", "99999999999", None])
def test_a_quantity_is_a_whole_number_or_no_answer(answer: str | None) -> None:
    found = of_lines("sku,name,category,price", "A,Lamp,Books,9", answers={"quantity_where_unknown": answer})
    assert asked(found.questions).keys() == {"quantity_where_unknown"}


def test_a_product_id_that_a_person_chose_stays_one_however_many_rows_share_it() -> None:
    from uploads.feed.columns import chosen
    from uploads.feed.formats.plan import plan_for

    headers = ("id", "sku", "name", "category", "price", "quantity")
    rows = [dict(zip(headers, ("1", sku, "Lamp", "Books", "9", "5"), strict=True)) for sku in "AB"]
    fields = ("vendor_product_id", "sku", "product_name", "category", "price", "stock_quantity")
    planned = plan_for(headers, rows, {}, chosen(headers, fields), chosen=True)
    assert planned.plan.columns["vendor_product_id"] == ("id",)
    assert plan_for(headers, rows).plan.columns["vendor_product_id"] == ("sku",)

"""Which of two columns a field is read from: taken where the others clearly mean something else, and asked where not.

The lists are headers as these programs and suppliers write them, without the columns that don't bear on us.
"""

import pytest

from uploads.feed.aliases import ALIASES, FAMILIES
from uploads.feed.columns import map_headers, normalise, questions, suggested, why_not
from uploads.feed.rivals import in_words, kind_of

# Header list; the header of the price and that of the stock, or the headers of the question, the likeliest first.
Expected = str | tuple[str, ...] | None
LISTS: dict[str, tuple[str, Expected, Expected]] = {
    "Shopify": (
        "Handle,Title,Vendor,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
        "Variant Price,Variant Compare At Price,Cost per item,Price / International,Compare At Price / International",
        "Variant Price",
        "Variant Inventory Qty",
    ),
    "Shopify, since 2025": (
        "URL handle,Title,SKU,Price,Price / International,Compare-at price,Compare-at price / International,"
        "Cost per item,Inventory tracker,Inventory quantity,Continue selling when out of stock,"
        "Unit price total measure,Unit price total measure unit,Unit price base measure",
        "Price",
        "Inventory quantity",
    ),
    "Shopify's inventory": (
        "Handle,Title,SKU,Location,Incoming,Unavailable,Committed,Available,On hand",
        None,
        "On hand",  # `Available` may say whether; what its cells say is below
    ),
    "WooCommerce": (
        "ID,Type,SKU,Name,Date sale price starts,Date sale price ends,In stock?,Stock,Low stock amount,"
        "Backorders allowed?,Sold individually?,Sale price,Regular price,Categories",
        "Regular price",
        "Stock",
    ),
    "WooCommerce with wholesale": (
        "SKU,Name,Regular price,Sale price,Wholesale price,Stock", "Regular price", "Stock",
    ),
    "Google Merchant Center": (
        "id,title,price,sale_price,sale_price_effective_date,cost_of_goods_sold,unit_pricing_measure,"
        "unit_pricing_base_measure,maximum_retail_price,auto_pricing_min_price,availability,availability_date,"
        "sell_on_google_quantity",
        "price",
        "sell_on_google_quantity",
    ),
    "WooCommerce, French": (
        "ID,UGS,Nom,Stock,Montant de stock faible,Tarif promo,Prix,Catégories", "Prix", "Stock",
    ),
    "A wholesaler's, Italian": (
        "IdProd,Titolo,Prezzo,Listino,Quantita,QuantitaFutura,PrezzoPromo", "Prezzo", "Quantita",
    ),
    "A till's, Spanish": (
        "REF,Nombre,Cantidad del componente,Precio,Existencias,Existencias bajas", "Precio", "Existencias",
    ),
    "Facebook": ("id,title,availability,price,sale_price,quantity_to_sell_on_facebook", "price", None),
    "Magento": (
        "sku,name,price,special_price,special_price_from_date,msrp_price,map_price,cost,qty,out_of_stock_qty,"
        "use_config_min_qty,is_qty_decimal,min_cart_qty,max_cart_qty,notify_on_stock_below,manage_stock,is_in_stock,"
        "qty_increments",
        "price",
        "qty",
    ),
    "PrestaShop": (
        "Product ID,Name,Price tax excluded,Price tax included,Wholesale price,On sale (0/1),Quantity,Minimal quantity,"
        "Low stock level,Unity",
        ("Price tax excluded", "Price tax included", "Wholesale price"),
        "Quantity",
    ),
    "BigCommerce": (
        "Product ID,Product Name,Product Code/SKU,Price,Cost Price,Retail Price,Sale Price,Current Stock Level,"
        "Low Stock Level",
        "Price",
        "Current Stock Level",
    ),
    "Squarespace": ("Product ID,Variant ID,Title,SKU,Price,Sale Price,On Sale,Stock", "Price", "Stock"),
    "Wix": ("handleId,name,sku,price,surcharge,discountMode,discountValue,inventory,weight,cost", "price", "inventory"),
    "Square": (
        "Token,Item Name,SKU,Price,Online Sale Price,Current Quantity Main,New Quantity Main,Stock Alert Count Main",
        "Price",
        ("Current Quantity Main", "New Quantity Main"),
    ),
    "Etsy": ("TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,SKU", "PRICE", "QUANTITY"),
    "Amazon": (
        "item_sku,item_name,standard_price,list_price,sale_price,quantity,number_of_items,item_package_quantity,"
        "max_order_quantity",
        ("standard_price", "list_price"),
        "quantity",
    ),
    "Odoo": ("External ID,Name,Internal Reference,Sales Price,Cost,Quantity On Hand,Forecasted Quantity", None,
             "Quantity On Hand"),
    "Zoho": (
        "Item ID,Item Name,SKU,Selling Price,Purchase Price,Stock On Hand,Opening Stock Value,Reorder Point",
        "Selling Price",
        "Stock On Hand",
    ),
    "OpenCart": ("product_id,name,model,sku,quantity,price,minimum,subtract", "price", "quantity"),
    "Lightspeed": ("id,name,sku,retail_price,supply_price,inventory_Main_Outlet,reorder_point_Main_Outlet",
                   "retail_price", None),
    "JTL": (
        "Artikelnummer,Brutto-VK,Netto-VK,UVP,EK Netto,Lagerbestand gesamt,Mindestbestand,Verfügbarer Bestand",
        ("Brutto-VK", "Netto-VK", "UVP"),
        ("Lagerbestand gesamt", "Verfügbarer Bestand"),
    ),
    "Billbee": ("Id,Name,SKU,Price gross,Price net,CostPrice,Stock current,Stock min,Stock target,Unit",
                ("Price gross", "Price net"), ("Stock current", "Stock target")),
    "Shopware 5": ("ordernumber,name,price_EK,pseudoprice_EK,purchasePrice,instock,stockmin", None, None),
    "a reseller's price list": ("Part Number,Description,List Price,Selling Price,Stock",
                                ("Selling Price", "List Price"), "Stock"),
    "a distributor's price list": ("SKU,Item,MSRP,Dealer Price,MAP,Qty Available,Case Qty,MOQ",
                                   ("Dealer Price", "MSRP"), "Qty Available"),
    "a wholesaler's price list": ("SKU,Name,Trade Price,RRP,RRP inc VAT,Stock Level,Pack Size,Outer Qty",
                                  ("Trade Price", "RRP", "RRP inc VAT"), "Stock Level"),
    "vip prices": ("sku,name,retailPrice,wholesalePrice,vipPrice,currency,effectiveDate",
                   ("wholesalePrice", "vipPrice", "retailPrice"), None),
    "retail and dollars": ("SKU,Retail Price,Price (USD),Stock", ("Price (USD)", "Retail Price"), "Stock"),
    "two currencies": ("SKU,Price (USD),Price (EUR),Stock", ("Price (USD)", "Price (EUR)"), "Stock"),
    "signs for currencies": ("SKU,Price $,Price €,Stock", ("Price $", "Price €"), "Stock"),
    "each and case": ("SKU,Price each,Price per case,Qty in stock,Qty per case",
                      ("Price each", "Price per case"), "Qty in stock"),
    "price and unit price": ("SKU,Price,Unit price,Quantity", ("Price", "Unit price"), "Quantity"),
    "price and price for a kilo": ("SKU,Price,Price per kg,Price/100g,Stock", "Price", "Stock"),
    "former prices": ("SKU,Price,Old price,Was price,Previous price,Stock", "Price", "Stock"),
    "net and gross": ("SKU;Net price;Gross price;Stock".replace(";", ","), ("Net price", "Gross price"), "Stock"),
    "columns called net and gross": ("SKU,List price,Net,Gross,Stock", ("Net", "Gross", "List price"), "Stock"),
    "German, net and gross": ("Artikelnummer,Preis netto,Preis brutto,Bestand",
                              ("Preis netto", "Preis brutto"), "Bestand"),
    "German dealers": ("Artikelnummer,VK,EK,UVP,Menge,VPE", ("VK", "UVP"), "Menge"),
    "German, price and list price": ("Artikelnummer,Preis,UVP,EK,Streichpreis,Grundpreis,Lagerbestand,Meldebestand",
                                     "Preis", "Lagerbestand"),
    "German compounds": ("Artikelnummer,Listenpreis,Nettopreis,Einkaufspreis,Anzahl,Verpackungseinheit",
                         ("Nettopreis", "Listenpreis"), "Anzahl"),
    "French, with and without tax": ("Référence,Prix HT,Prix TTC,Prix d'achat,Quantité en stock,Quantité minimale",
                                     ("Prix HT", "Prix TTC"), "Quantité en stock"),
    "Thelia": ("Référence Produit,Titre du produit,Prix du Produit HT,Prix TTC,Poids",
               ("Prix du Produit HT", "Prix TTC"), None),
    "Spanish": ("Referencia,PVP,Precio,Coste,Existencias,Stock mínimo", "Precio", "Existencias"),
    "Italian": ("Codice articolo,Prezzo,Prezzo di listino,Giacenza,Quantità minima", "Prezzo", "Giacenza"),
    "two warehouses": ("SKU,Price,Stock Berlin,Stock Hamburg", "Price", ("Stock Berlin", "Stock Hamburg")),
    "a warehouse beside the stock": ("SKU,Price,Stock,Stock Rotterdam", "Price", ("Stock", "Stock Rotterdam")),
    "stock level and quantity": ("SKU,Price,Quantity,Stock Level", "Price", ("Stock Level", "Quantity")),
    "packs": ("SKU,Price,Stock,Pack size,Carton Qty,Minimum order quantity,Qty per box", "Price", "Stock"),
    "on order": ("SKU,Price,On hand,Reserved,On order,Incoming stock,Safety stock", "Price", "On hand"),
    "cents": ("SKU,Price (¢),Stock", None, "Stock"),
    "cents in words": ("SKU,Price in cents,Stock", None, "Stock"),
    "price in ct": ("SKU,Preis in ct,Stock", None, "Stock"),
    "percents": ("SKU,Price,Price %,Stock,Stock +/-", "Price", "Stock"),
    "stock codes": ("Stock Code,Price,Stock,Stock location,Stock value", "Price", "Stock"),
    "what is said of prices": ("SKU,Price,Price note,Price valid from,Price group,Price unit,Price list,Stock",
                               "Price", "Stock"),
    "tiers": ("SKU,Price,Tier price,Price from 10,Staffelpreis,Stock", "Price", "Stock"),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "price", "stock"), LISTS.values(), ids=LISTS)
def test_a_price_and_a_stock_are_taken_where_they_are_clear_and_asked_where_not(
    headers: str, price: Expected, stock: Expected
) -> None:
    names = headers.split(",")
    mapping = map_headers(names)
    found = {field: mapping.unclear.get(field) or mapping.fields.get(field) for field in ("price", "stock_quantity")}
    assert found == {"price": price, "stock_quantity": stock}
    backwards = map_headers(names[::-1])
    assert backwards.fields.get("price") == mapping.fields.get("price"), "the order of columns decides nothing"
    assert set(backwards.unclear) == set(mapping.unclear)


@pytest.mark.parametrize(
    ("headers", "likeliest"),
    [
        ("List Price,Selling Price", "Selling Price"),
        ("Retail Price,Price (USD)", "Price (USD)"),
        ("Price,Unit price", "Price"),
        ("Quantity,Stock Level", "Stock Level"),
        ("Price (USD),Price (EUR)", ""),
        ("Net price,Gross price", ""),
        ("Stock Berlin,Stock Hamburg", ""),
    ],
)
def test_the_likeliest_is_named_where_one_is_likelier(headers: str, likeliest: str) -> None:
    names = headers.split(",")
    (question,) = questions(map_headers(names), names, [])
    assert question.suggestion == likeliest


def test_the_question_is_one_sentence_with_a_cell_of_each_column() -> None:
    names = ["SKU", "List Price", "Selling Price"]
    (question,) = questions(map_headers(names), names, [["A", "", "129.00"], ["B", "199.00", ""]])
    assert (question.id, question.kind, question.field) == ("price_from", "price_from", "price")
    assert question.text == "Which column has the price: “Selling Price” or “List Price”?"
    assert [(choice.value, choice.label) for choice in question.choices] == [
        ("Selling Price", "Selling Price, for example “129.00”"),
        ("List Price", "List Price, for example “199.00”"),
    ]


# --- IDs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "field", "expected"),
    [
        ("ID,Product ID", "vendor_product_id", "Product ID"),
        ("Handle,ID", "vendor_product_id", "ID"),
        ("id,mpn", "sku", "mpn"),
        ("Item number,SKU", "sku", "SKU"),
        ("Item number,MPN", "sku", "Item number"),
        ("Item number,Part number", "sku", ("Item number", "Part number")),
        ("Product code,Artikelnummer", "sku", ("Product code", "Artikelnummer")),
        ("External ID,ID", "vendor_product_id", ("External ID", "ID")),
        ("Name,Title", "product_name", "Name"),
    ],
)
def test_an_id_is_asked_about_where_neither_name_is_the_better_one(
    headers: str, field: str, expected: Expected
) -> None:
    names = headers.split(",")
    mapping = map_headers(names)
    assert (mapping.unclear.get(field) or mapping.fields.get(field)) == expected
    kinds = {question.kind: question.id for question in questions(mapping, names, [])}
    assert kinds == ({"column": f"column_{field}"} if isinstance(expected, tuple) else {})


# --- what the cells show ---------------------------------------------------------------------------------------

FOOD = ["SKU", "Price", "Quantity"]


@pytest.mark.parametrize(
    "sizes",
    [
        ["500 g", "1 L", "6 x 330 ml"], ["1.5l"], ["0,75 l", "12 oz"], ["250 Gramm"], ["ca. 2 kg"], ["12x400g"],
        ["33cl", "", "12 pcs", "1 kg"],
    ],
)  # fmt: skip
def test_a_quantity_that_is_a_size_is_no_stock(sizes: list[str]) -> None:
    rows = [["A", "9.99", size] for size in sizes]
    mapping = map_headers(FOOD, samples=rows)
    assert "stock_quantity" in mapping.missing
    assert why_not(FOOD, mapping.missing, rows) == [f"“Quantity” has sizes such as “{sizes[0]}”, which are no stock."]
    assert map_headers([*FOOD, "Stock"], samples=[[*row, "5"] for row in rows]).fields["stock_quantity"] == "Stock"


@pytest.mark.parametrize("cells", [["5", "12"], ["12 pcs"], ["500 g", "5", "6", "7"], ["", ""], ["many"], ["1,200"]])
def test_a_quantity_that_is_none_stays_the_stock(cells: list[str]) -> None:
    assert map_headers(FOOD, samples=[["A", "9.99", cell] for cell in cells]).fields["stock_quantity"] == "Quantity"


@pytest.mark.parametrize(
    ("headers", "row", "expected"),
    [
        (["Stock", "Stock Berlin"], ["5", "shelf B"], "Stock"),
        (["Stock", "In stock?"], ["5", "yes"], "Stock"),
        (["Stock", "In stock?"], ["5", "1"], "Stock"),
        (["Quantity", "In stock"], ["12", "840"], None),
        (["On hand", "Available"], ["12", "7"], None),
        (["Quantity", "Units"], ["12", "pieces"], "Quantity"),
    ],
)
def test_a_column_whose_cells_are_no_numbers_is_no_rival(
    headers: list[str], row: list[str], expected: str | None
) -> None:
    mapping = map_headers(headers, samples=[row, row])
    assert mapping.fields.get("stock_quantity") == expected
    assert ("stock_quantity" in mapping.unclear) == (expected is None)


def test_a_price_column_that_is_empty_so_far_is_a_rival_all_the_same() -> None:
    mapping = map_headers(["List Price", "Selling Price"], samples=[["199.00", ""]] * 20)
    assert mapping.unclear == {"price": ("Selling Price", "List Price")}


@pytest.mark.parametrize("header", ["Price (¢)", "Price in cents", "price_cents", "Price (pence)", "Preis in ct"])
def test_a_price_in_cents_is_not_taken_nor_guessed_and_the_reason_is_said(header: str) -> None:
    mapping = map_headers([header])
    assert "price" in mapping.missing
    assert suggested([header], mapping) == {}
    (reason,) = why_not([header], mapping.missing, [])
    assert reason == f"“{header}” is in hundredths, not in units: divide it by 100 and call it price."


# --- our own names ---------------------------------------------------------------------------------------------


def test_in_a_file_with_all_our_own_names_these_are_the_fields() -> None:
    own = ["vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity"]
    names = [*own, "unit price", "price_usd", "Stock", "Quantity", "Name"]
    mapping = map_headers(names)
    assert (mapping.fields, mapping.unclear) == ({name: name for name in own}, {})


def test_a_name_that_only_we_have_is_the_field_beside_any_other() -> None:
    assert map_headers(["stock_quantity", "Stock level"]).fields["stock_quantity"] == "stock_quantity"
    assert map_headers(["price", "unit price"]).unclear == {"price": ("price", "unit price")}


# --- the data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", FAMILIES)
def test_every_alias_is_of_a_kind(field: str) -> None:
    assert [alias for alias in ALIASES[field] if kind_of(field, alias) is None] == []
    others = [alias for name, aliases in ALIASES.items() if name != field for alias in aliases if kind_of(field, alias)]
    assert [alias for alias in others if normalise(alias) not in {"price currency", "pricecurrency"}] == []


def test_kinds_yield_to_kinds_that_there_are() -> None:
    for family in FAMILIES.values():
        names = {kind.name for kind in (*family.kinds, family.plain, family.other)}
        assert {one for kind in (*family.kinds, family.other) for one in kind.yields_to} <= names


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("VK-Preis (brutto)", "vk preis brutto"), ("unitPrice", "unit price"), ("PRICE_USD", "price usd"),
        ("Price (¢)", "price ¢"), ("Qty +/-", "qty +"), ("Prix d'achat", "prix d achat"), ("Größe", "grosse"), ("", ""),
        ("Price/100g", "price 100g"),
    ],
)  # fmt: skip
def test_a_name_in_words_keeps_the_signs_that_change_it(header: str, words: str) -> None:
    assert in_words(header) == words

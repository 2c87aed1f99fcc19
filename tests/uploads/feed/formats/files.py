"""Small files of formats that have no folder among the cases, made after the shops' own lists of columns: what is asked
about each, and what comes of it with these answers."""

from typing import Any, NamedTuple

Product = tuple[str, str, str, str, str, int]  # product ID, name, category, SKU, price, stock


class File(NamedTuple):
    """A file, what is asked about it, and what comes of it with these answers."""

    format: str
    lines: tuple[str, ...]
    answers: dict[str, Any]
    products: tuple[Product, ...]
    left_out: dict[int, str]
    wrong: tuple[tuple[int, str, str], ...] = ()


WOOCOMMERCE_GERMAN = File(
    "woocommerce",
    (
        "ID,Typ,Artikelnummer,Name,Veröffentlicht,Ist hervorgehoben?,Kurzbeschreibung,Beschreibung,Vorrätig?,Lager,"
        "Angebotspreis,Regulärer Preis,Kategorien,Übergeordnetes Produkt",
        '1,variable,TASSE,Tasse,1,0,,"<p>Aus Ton</p>",1,,,,"Küche",',
        "2,variation,TASSE-R,Tasse - Rot,1,0,,,1,4,,\"12,50\",,TASSE",
        "3,simple,TELLER,Teller,1,0,Flach,,1,,,\"9,90\",Küche,",
    ),
    {"category_values": {"Küche": "Kitchen & Dining"}, "quantity_where_unknown": 2},
    (
        ("2", "Tasse - Rot", "Kitchen & Dining", "TASSE-R", "12.50", 4),
        ("3", "Teller", "Kitchen & Dining", "TELLER", "9.90", 2),
    ),
    {1: "parent"},
)  # fmt: skip
WOOCOMMERCE_SPANISH = File(
    "woocommerce",
    (
        "ID,Tipo,SKU,Nombre,Publicado,¿Está destacado?,Descripción corta,Descripción,¿En inventario?,Inventario,"
        "Precio rebajado,Precio normal,Categorías,Superior",
        "7,simple,ZAP-1,Zapatilla,1,0,,Ligera,1,5,,59.95,Shoes,",
        "8,simple,ZAP-2,Zapatilla vieja,0,0,,,1,5,,49.95,Shoes,",
    ),
    {},
    (("7", "Zapatilla", "Shoes", "ZAP-1", "59.95", 5),),
    {2: "not_for_sale"},
)
WOOCOMMERCE_RUSSIAN = File(
    "woocommerce",
    (
        "ID,Тип,Артикул,Имя,Опубликован,рекомендуемый?,Короткое описание,Описание,В наличии?,Запасы,Цена распродажи,"
        "Базовая цена,Категории,Родительский",
        "5,simple,KN-5,Книга,1,0,,,0,,,450,Books,",
        "6,simple,,Тетрадь,1,0,,,1,30,,90,Books,",
    ),
    {"empty_sku": "product_id"},
    (("5", "Книга", "Books", "KN-5", "450.00", 0), ("6", "Тетрадь", "Books", "6", "90.00", 30)),
    {},
)
WIX = File(
    "wix",
    (
        "handleId,fieldType,name,description,productImageUrl,collection,sku,ribbon,price,surcharge,visible,"
        "discountMode,discountValue,inventory,weight,cost,productOptionName1,productOptionType1,"
        "productOptionDescription1,brand",
        "tee,Product,Blue Tee,<p>Soft</p>,a.jpg,Clothing,TEE,,20,,true,PERCENT,0,InStock,,,Size,DROP_DOWN,S;L,Morvane",
        "tee,Variant,,,,,TEE-S,,,0,,,,4,,,,,S,",
        "tee,Variant,,,,,,,,4.5,,,,OutOfStock,,,,,L,",
        "cap,Product,Cap,,b.jpg,Clothing,CAP,,15,,true,PERCENT,0,InStock,,,Color,COLOR,#000000:Black,Morvane",
        "old,Product,Old,,c.jpg,Clothing,OLD,,15,,false,PERCENT,0,3,,,,,,Morvane",
    ),
    {"quantity_where_unknown": 1},
    (
        ("TEE-S", "Blue Tee – S", "Clothing", "TEE-S", "20.00", 4),
        ("tee-l", "Blue Tee – L", "Clothing", "tee-l", "24.50", 0),
        ("CAP", "Cap", "Clothing", "CAP", "15.00", 1),
    ),
    {1: "parent", 5: "not_for_sale"},
)
LIGHTSPEED = File(
    "lightspeed",
    (
        "id,handle,sku,composite_name,composite_sku,composite_quantity,name,description,product_category,"
        "variant_option_one_name,variant_option_one_value,tags,supply_price,retail_price,brand_name,active,"
        "track_inventory,inventory_Main_Outlet,inventory_Kiosk",
        "a1,socks,1001,,,,Wool socks,Warm,Clothing,Size,M,,4,12.00,Halvarin,1,1,5,2",
        "a2,socks,1002,,,,Wool socks,Warm,Clothing,Size,L,,4,12.00,Halvarin,1,1,0,",
        "a3,voucher,1003,,,,Old cap,,Clothing,,,,4,8.00,Halvarin,0,1,3,3",
    ),
    {},
    (
        ("a1", "Wool socks – M", "Clothing", "1001", "12.00", 7),
        ("a2", "Wool socks – L", "Clothing", "1002", "12.00", 0),
    ),
    {3: "not_for_sale"},
)
AKENEO = File(
    "akeneo",
    (
        "sku;family;parent;groups;categories;enabled;name-en_US;name-de_DE;description-en_US-ecommerce;price-EUR;brand",
        "cam-1;camera;;;cameras,promo;1;Camera One;Kamera Eins;<p>Sharp</p>;199.00;Morvane",
        "cam-2;camera;cam-model;;cameras,promo;1;;;;249.00;Morvane",
        "cam-3;camera;;;cameras,promo;0;Camera Three;;;99.00;Morvane",
    ),
    {"category_values": {"cameras,promo": "Electronics"}, "quantity_where_unknown": 3},
    (("cam-1", "Camera One", "Electronics", "cam-1", "199.00", 3),),
    {3: "not_for_sale"},
    ((2, "vendor_product_id", "variant_without_product"),),
)
SHOPWARE = File(
    "shopware",
    (
        "id;parent_id;product_number;active;stock;name;description;price_net;price_gross;purchase_prices_net;tax_id;"
        "tax_rate;tax_name;manufacturer_id;manufacturer_name;categories;sales_channel;propertyIds;optionIds",
        "p1;;SW1;1;0;Hemd;<p>Leinen</p>;50;59.5;20;t;19;MwSt;m;Morvane;c1|c2;s;;",
        "p2;p1;SW1.1;1;8;;;;;;;;;;;;;;",
        "p3;;SW3;1;2;Hut;;20;23.80;9;t;19;MwSt;m;Morvane;c1|c2;s;;",
    ),
    {"price_from": "price_gross", "category_values": {"c1|c2": "Clothing"}},
    (
        ("p2", "Hemd", "Clothing", "SW1.1", "59.50", 8),
        ("p3", "Hut", "Clothing", "SW3", "23.80", 2),
    ),
    {1: "parent"},
)
SHOPWARE_5 = File(
    "shopware5",
    (
        "ordernumber;mainnumber;name;additionalText;supplier;tax;price_EK;pseudoprice_EK;active;instock;stockmin;"
        "description;description_long;categories",
        "SW10;SW10;Becher;Rot;Morvane;19;9,90;;1;4;0;;<p>Ton</p>;Kitchen & Dining",
        "SW10.1;SW10;;Blau;;19;9,90;;1;6;0;;;",
    ),
    {},
    (
        ("SW10", "Becher – Rot", "Kitchen & Dining", "SW10", "9.90", 4),
        ("SW10.1", "Becher – Blau", "Kitchen & Dining", "SW10.1", "9.90", 6),
    ),
    {},
)
AMAZON_FLAT_FILE = File(
    "amazon_flat_file",
    (
        "TemplateType=fptcustom\tVersion=2026.1\tThe top 3 rows are for Amazon.com use only.\t\t\t\t\t\t\t\t",
        "Product Type\tSeller SKU\tBrand Name\tProduct Name\tProduct ID\tProduct ID Type\tStandard Price\tQuantity\t"
        "Parentage\tParent SKU\tProduct Description",
        "feed_product_type\titem_sku\tbrand_name\titem_name\texternal_product_id\texternal_product_id_type\t"
        "standard_price\tquantity\tparent_child\tparent_sku\tproduct_description",
        "shirt\tTEE\tMorvane\tHeavy Tee\t\t\t\t\tparent\t\tOrganic",
        'shirt\tTEE-S\tMorvane\t"Heavy" Tee, S\t2000000000015\tEAN\t28.00\t6\tchild\tTEE\t',
    ),
    {"category_values": {"shirt": "Clothing"}},
    (("TEE-S", '"Heavy" Tee, S', "Clothing", "TEE-S", "28.00", 6),),
    {1: "parent"},
)

"""More small files of formats, by what is special in them: other languages, rows that are no products, templates."""

from typing import Final

from tests.uploads.feed.formats.files import File

WOOCOMMERCE_ITALIAN: Final = File(
    "woocommerce",
    (
        'ID,Tipo,SKU,Nome,Pubblicato,"Breve descrizione",Descrizione,"In stock?",Magazzino,"Prezzo in offerta",'
        '"Prezzo di listino",Categorie,Genitore',
        "1,variable,CAM,Camicia,1,,<p>Bella</p>,1,,,,Clothing,",
        '2,variation,CAM-B,Camicia - Blu,1,,,1,3,18,"22,50",,CAM',
    ),
    {},
    (("2", "Camicia - Blu", "Clothing", "CAM-B", "22.50", 3),),
    {1: "parent"},
)
WOOCOMMERCE_DUTCH: Final = File(
    "woocommerce",
    (
        'ID,Type,SKU,Naam,Gepubliceerd,Beschrijving,"Op voorraad?",Voorraad,Actieprijs,"Reguliere prijs",'
        "Categorieën,Hoofd",
        '3,simple,BEL,Bel,1,,1,7,9,"12,50",Toys & Games,',
        "4,simple,BEL-2,Bel oud,0,,1,7,,12,Toys & Games,",
    ),
    {},
    (("3", "Bel", "Toys & Games", "BEL", "12.50", 7),),
    {2: "not_for_sale"},
)
WOOCOMMERCE_PORTUGUESE: Final = File(
    "woocommerce",
    (
        'ID,Tipo,SKU,Nome,Publicado,Descrição,"Em estoque?",Estoque,"Preço promocional",Preço,Categorias,Ascendente',
        '5,simple,CAN,Caneca,1,,1,2,"18,00","22,50",Kitchen & Dining,',
    ),
    {},
    (("5", "Caneca", "Kitchen & Dining", "CAN", "22.50", 2),),
    {},
)
WOOCOMMERCE_POLISH: Final = File(
    "woocommerce",
    (
        'ID,Rodzaj,SKU,Nazwa,Opublikowano,Opis,"Na stanie?",Zasób,"Cena promocyjna",Cena,Kategorie,Rodzic',
        '6,simple,KUB,Kubek,1,,1,2,"18,00","22,50",Kitchen & Dining,',
    ),
    {},
    (("6", "Kubek", "Kitchen & Dining", "KUB", "22.50", 2),),
    {},
)
WOOCOMMERCE_WITHOUT_TYPES: Final = File(
    "woocommerce",
    (
        'ID,,UGS,Nom,Publié,Description,"En stock ?",Stock,"Tarif promo","Tarif régulier",Catégories,Parent',
        "1,variable,ROBE,Robe,1,,1,,,30,Clothing,",
        "2,variation,ROBE-S,Robe - S,1,,1,4,20,30,,ROBE",
        "3,simple,GANT,Gant,1,,1,5,,10,Clothing,",
    ),
    {},
    (("2", "Robe - S", "Clothing", "ROBE-S", "30.00", 4), ("3", "Gant", "Clothing", "GANT", "10.00", 5)),
    {1: "parent"},
)
# The name of a column that says whether differs from one that says how many by its signs alone.
WOOCOMMERCE_SIGNS: Final = File(
    "woocommerce",
    (
        "ID,Tipo,SKU,Nombre,Publicado,Descripción,¿Existencias?,Inventario,Precio rebajado,Precio normal,"
        "Categorías,Superior",
        "7,simple,BOTA,Bota,1,,1,,,59.95,Shoes,",
        "8,simple,SUELA,Suela,1,,0,,,9.95,Shoes,",
    ),
    {"quantity_where_unknown": 6},
    (("7", "Bota", "Shoes", "BOTA", "59.95", 6), ("8", "Suela", "Shoes", "SUELA", "9.95", 0)),
    {},
)
GOOGLE_GERMAN: Final = File(
    "google_merchant",
    (
        "ID\tTitel\tBeschreibung\tLink\tBildlink\tVerfügbarkeit\tPreis\tSale-Preis\tMarke\tZustand\tProdukttyp",
        "A1\tLampe\tHell\ta.example\tb.example\tnicht auf Lager\t24,90 EUR\t19,90 EUR\tMorvane\tneu\tFurniture",
        "A2\tSchirm\t\ta.example\tb.example\tauf Lager\t1.012,00 EUR\t\tMorvane\tneu\tFurniture",
    ),
    {"quantity_where_unknown": 3},
    (("A1", "Lampe", "Furniture", "A1", "24.90", 0), ("A2", "Schirm", "Furniture", "A2", "1012.00", 3)),
    {},
)
MAGENTO_1: Final = File(
    "magento1",
    (
        "sku,_store,_attribute_set,_type,_category,_root_category,_product_websites,description,manufacturer,msrp,name,"
        "price,special_price,status,visibility,qty,is_in_stock,manage_stock,_media_image",
        "KOCHER,,Default,simple,Kitchen & Dining,Root,base,<b>Heiß</b>,Morvane,99.0000,Kocher,49.9900,39.0000,1,4,"
        "996.0000,1,1,",
        ",,,,Sale/Kitchen & Dining,Root,,,,,,,,,,,,,",
        ",,,,,,,,,,,,,,,,,,/k/2.jpg",
        ",german,,,,,,Deutsch,,,Kocher DE,,,,,,,,",
        "STUHL,,Default,configurable,Furniture,Root,base,,,,Stuhl,99.0000,,1,4,0.0000,1,1,",
        "STUHL-ROT,,Default,simple,Furniture,Root,base,,,,Stuhl rot,99.0000,,1,1,7.0000,1,1,",
        "ALT,,Default,simple,Furniture,Root,base,,,,Alt,9.0000,,2,4,7.0000,1,1,",
    ),
    {},
    (
        ("KOCHER", "Kocher", "Kitchen & Dining", "KOCHER", "49.99", 996),
        ("STUHL-ROT", "Stuhl rot", "Furniture", "STUHL-ROT", "99.00", 7),
    ),
    {2: "continuation", 3: "continuation", 4: "translation", 5: "parent", 7: "not_for_sale"},
)
MAGENTO_1_PROFILE: Final = File(
    "magento1_profile",
    (
        "store,websites,attribute_set,type,category_ids,sku,name,price,special_price,status,description,qty,is_in_stock,"
        "product_name",
        'admin,base,Phone,configurable,"2,3",999,Phone,100,,Enabled,,0,1,Phone',
        'admin,base,Phone,simple,"2,3",9,Phone-Blue,210,150,Enabled,<p>Blau</p>,10,1,Phone-Blue',
        'admin,base,Phone,simple,"2,3",8,Phone-Old,210,150,Disabled,,10,1,Phone-Old',
    ),
    {"category_values": {"2,3": "Mobile Phones"}},
    (("9", "Phone-Blue", "Mobile Phones", "9", "210.00", 10),),
    {1: "parent", 3: "not_for_sale"},
)
BIGCOMMERCE_2: Final = File(
    "bigcommerce_2",
    (
        "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Product Description,Price,"
        "Retail Price,Sale Price,Product Visible?,Track Inventory,Current Stock Level,Category",
        "Product,75,Shirt,P,SS,Morvane,<p>Baumwolle</p>,25.00,30.00,0.00,Y,by option,0,Clothing",
        "  SKU,76,[S]Size=Small,,SS-S,,,,,,,,5,",
        "  SKU,77,[S]Size=Large,,SS-L,,,,,,,,2,",
        "  Rule,3,,,SS-L,,,[ADD]3,,,,,,",
        "Product,81,Teller,P,,Morvane,,9.00,,0.00,Y,by product,4,Kitchen & Dining",
    ),
    {"empty_sku": "product_id"},
    (
        ("SS-S", "Shirt – Small", "Clothing", "SS-S", "25.00", 5),
        ("SS-L", "Shirt – Large", "Clothing", "SS-L", "25.00", 2),
        ("81", "Teller", "Kitchen & Dining", "81", "9.00", 4),
    ),
    {1: "parent", 4: "continuation"},
)
LIGHTSPEED_R: Final = File(
    "lightspeed_r",
    (
        "System ID,UPC,EAN,Custom SKU,Manufact. SKU,Item,Qty.,Price,Tax,Brand,MSRP,Default Cost,Category,Subcategory 1",
        "2100001,012345678905,,RAD-1,MF-1,Rennrad,3,899.00,Yes,Velo,999.00,450.00,Sports & Outdoors,Rennräder",
        "2100002,,,,MF-2,Schlauch,25,5.00,Yes,Velo,6.00,2.00,Sports & Outdoors,",
    ),
    {"empty_sku": "product_id"},
    (
        ("2100001", "Rennrad", "Sports & Outdoors", "RAD-1", "899.00", 3),
        ("2100002", "Schlauch", "Sports & Outdoors", "2100002", "5.00", 25),
    ),
    {},
)
LIGHTSPEED_ECOM: Final = File(
    "lightspeed_ecom",
    (
        "Internal_ID,Internal_Variant_ID,Visible,Brand,NL_Title_Short,NL_Title_Long,NL_Description_Long,NL_Variant,Price,"
        "Price_Old,Price_Cost,Article_Code,SKU,Stock_Track,Stock_Level,NL_Category_1",
        "1,11,S,Morvane,Tas,Leren tas,<p>Lang</p>,Rood,59.95,79.95,20,AC-1,TAS-R,1,4,Clothing",
        "1,12,S,Morvane,Tas,Leren tas,<p>Lang</p>,Blauw,59.95,79.95,20,AC-2,,1,0,Clothing",
        "2,13,N,Morvane,Riem,Leren riem,,Default,19.95,,5,AC-3,RIEM,1,2,Clothing",
    ),
    {},
    (
        ("11", "Leren tas – Rood", "Clothing", "TAS-R", "59.95", 4),
        ("12", "Leren tas – Blauw", "Clothing", "AC-2", "59.95", 0),
    ),
    {3: "not_for_sale"},
)
LOYVERSE: Final = File(
    "loyverse",
    (
        "Handle,REF,Nombre,Categoria,Descripción,Vendido por peso,Opción 1 nombre,Opción 1 valor,Coste,"
        "Seguir el Inventario,Precio [Centro],En inventario [Centro],Existencias bajas [Centro]",
        "taza,100,Taza,Kitchen & Dining,,N,Color,Rojo,1.00,Y,6.00,4,1",
        "taza,101,,,,,,Azul,1.00,,7.00,3,1",
        "clip,102,Clip,Kitchen & Dining,,N,,,0.12,N,0.50,,",
        "grapa,103,Grapa,Kitchen & Dining,,N,,,0.12,Y,variable,2,",
    ),
    {"quantity_where_unknown": 9},
    (
        ("100", "Taza – Rojo", "Kitchen & Dining", "100", "6.00", 4),
        ("101", "Taza – Azul", "Kitchen & Dining", "101", "7.00", 3),
        ("102", "Clip", "Kitchen & Dining", "102", "0.50", 9),
    ),
    {},
    ((4, "price", "invalid_price"),),
)
SQUARESPACE: Final = File(
    "squarespace",
    (
        "Product ID [Non Editable],Variant ID [Non Editable],Product Type [Non Editable],Product Page,Title,"
        "Description,SKU,Option Name 1,Option Value 1,Price,Sale Price,On Sale,Stock,Categories,Visible",
        "p1,v1,PHYSICAL,shop,Tee,<p>Soft</p>,TEE-S,Size,S,20.00,15.00,No,4,/Clothing,Yes",
        ",v2,,,,,TEE-M,Size,M,20.00,15.00,No,Unlimited,,",
        "p2,v3,SERVICE,shop,Lesson,,LES,,,50.00,0.00,No,Unlimited,/Clothing,Yes",
        "p3,v4,PHYSICAL,shop,Cap,,CAP,,,12.00,0.00,No,2,/Clothing,No",
        ",v5,,,,,CAP-2,Size,M,20.00,15.00,No,1,,",
    ),
    {"quantity_where_unknown": 8},
    (("v1", "Tee – S", "Clothing", "TEE-S", "20.00", 4), ("v2", "Tee – M", "Clothing", "TEE-M", "20.00", 8)),
    {3: "service", 4: "not_for_sale", 5: "not_for_sale"},
)
ECWID: Final = File(
    "ecwid",
    (
        "type;product_internal_id;product_sku;product_name;product_description;product_is_available;product_price;"
        "product_compare_to_price;product_quantity;product_brand;product_category_1;product_variation_sku;"
        "product_variation_option_Size",
        "product;1;TEE;Tee;<p>Soft</p>;true;15;20;;Morvane;Clothing;;",
        "product_option;1;TEE;;;;;;;;;;",
        "product_variation;1;TEE;;;;16;;3;;;TEE-S;S",
        "product;2;ALT;Alt;;false;5;;1;;Clothing;;",
    ),
    {},
    (("TEE-S", "Tee – S", "Clothing", "TEE-S", "16.00", 3),),
    {1: "parent", 2: "continuation", 4: "not_for_sale"},
)
TIENDANUBE: Final = File(
    "tiendanube",
    (
        '"Identificador de URL";Nombre;Categorías;"Nombre de propiedad 1";"Valor de propiedad 1";Precio;'
        '"Precio promocional";Stock;SKU;"Mostrar en tienda";Descripción;Marca',
        "remera;Remera;Clothing;Talle;S;15000,00;12000,00;5;R-S;SÍ;<p>Suave</p>;Morvane",
        "remera;;;Talle;M;15000,00;;;;;;",
        "vieja;Vieja;Clothing;;;900,00;;3;V;NO;;",
    ),
    {"quantity_where_unknown": 7},
    (
        ("R-S", "Remera – S", "Clothing", "R-S", "15000.00", 5),
        ("remera-m", "Remera – M", "Clothing", "remera-m", "15000.00", 7),
    ),
    {3: "not_for_sale"},
)
ETSY: Final = File(
    "etsy",
    (
        "TITOLO,DESCRIZIONE,PREZZO,CURRENCY_CODE,QUANTITÀ,TAG,IMMAGINE1,SKU",
        'Vaso &quot;Luna&quot;,"Fatto a mano.",46,EUR,1,"vaso,raku",https://i.example/1.jpg,',
        "Tazza,Fatta a mano.,12.50,EUR,3,tazza,https://i.example/2.jpg,TAZ-1",
    ),
    {"category_for_all": "Home & Garden"},
    (
        ("vaso-luna", 'Vaso "Luna"', "Home & Garden", "vaso-luna", "46.00", 1),
        ("TAZ-1", "Tazza", "Home & Garden", "TAZ-1", "12.50", 3),
    ),
    {},
)
EBAY: Final = File(
    "ebay",
    (
        '"Item number",Title,"Variation details","Custom label (SKU)","Available quantity",Format,Currency,'
        '"Start price","Current price","eBay category 1 name"',
        "1100,Lampe,,L-1,4,FIXED_PRICE,EUR,30.0,35.0,Furniture",
    ),
    {},
    (("L-1", "Lampe", "Furniture", "L-1", "35.00", 4),),
    {},
)
OPENCART: Final = File(
    "opencart",
    (
        "product_id,name(en-gb),categories,sku,quantity,model,manufacturer,shipping,price,status,description(en-gb)",
        "28,Telefon,Mobile Phones,,939,TEL-1,Morvane,true,100.0000,true,&lt;p&gt;Hell &amp;amp; klar&lt;/p&gt;",
        "29,Alt,Mobile Phones,,9,TEL-2,Morvane,true,100.0000,false,",
    ),
    {},
    (("28", "Telefon", "Mobile Phones", "TEL-1", "100.00", 939),),
    {2: "not_for_sale"},
)
ZOHO: Final = File(
    "zoho",
    (
        "Item ID,Item Name,Sales Description,Selling Price,Product Type,Status,SKU,Purchase Price,Opening Stock,"
        "Stock On Hand,Category Name,Brand",
        "1526770000002969435,Beratung,,EUR 90.00,service,Active,,,,,,",
        "1526770000002969792,Dose,,EUR 12.50,goods,Active,7604,EUR 3.00,9.00,2.00,Tools & Hardware,Morvane",
        "1526770000002969793,Kabel,,EUR 2.00,goods,Active,,EUR 1.00,9.00,4.00,Tools & Hardware,Morvane",
        "1526770000002969794,Alt,,EUR 2.00,goods,Inactive,77,EUR 1.00,,4.00,Tools & Hardware,Morvane",
    ),
    {"empty_sku": "product_id"},
    (
        ("1526770000002969792", "Dose", "Tools & Hardware", "7604", "12.50", 2),
        ("1526770000002969793", "Kabel", "Tools & Hardware", "1526770000002969793", "2.00", 4),
    ),
    {1: "service", 4: "not_for_sale"},
)
ERPNEXT: Final = File(
    "erpnext",
    (
        "ID,Item Code,Item Name,Item Group,Default Unit of Measure,Standard Selling Rate,Valuation Rate,Opening Stock,"
        "Disabled,Has Variants,Brand,Description",
        "HAM,HAM,Hammer,Tools & Hardware,Nos,12.00,5.00,7,0,0,Morvane,<div><p>Schwer</p></div>",
        "ALT,ALT,Alt,Tools & Hardware,Nos,12.00,5.00,7,1,0,Morvane,",
        "ZAN,ZAN,Zange,Tools & Hardware,Nos,12.00,5.00,7,0,1,Morvane,",
    ),
    {},
    (("HAM", "Hammer", "Tools & Hardware", "HAM", "12.00", 7),),
    {2: "not_for_sale", 3: "parent"},
)
ODOO_VARIANTS: Final = File(
    "odoo",
    (
        "External ID,Internal Reference,Name,Variant Values,Sales Price,Quantity On Hand,Product Category,Product Type",
        'p_1,D-1-R,Tisch,"Color: Rot, Size: L",120.0,5.0,All / Furniture,Storable Product',
        "p_2,D-1-B,Tisch,Color: Blau,120.0,0.0,All / Furniture,Storable Product",
    ),
    {},
    (
        ("p_1", "Tisch – Rot / L", "Furniture", "D-1-R", "120.00", 5),
        ("p_2", "Tisch – Blau", "Furniture", "D-1-B", "120.00", 0),
    ),
    {},
)
AKENEO_VARIATIONS: Final = File(
    "akeneo",
    (
        "sku;categories;enabled;family;parent;name;variation_name-en_US;price-EUR;description-en_US-print",
        "jacket-l;Clothing;1;clothing;model-jacket;;Jacket L;89.00;<b>Warm</b>\\nAnd light.",
    ),
    {"quantity_where_unknown": 2},
    (("jacket-l", "Jacket L", "Clothing", "jacket-l", "89.00", 2),),
    {},
)
MAGENTO_GRID: Final = File(
    "magento_grid",
    (
        "ID,Thumbnail,Name,Type,Attribute Set,SKU,Price,Quantity per Source,Salable Quantity,Visibility,"
        "Status,Websites",
        '1, -,Hemd-45,Simple Product,Clothing,H-45,€64.99,"Main: 9, Other: 0","Default Stock: 1, Supplier Stock: 3",'
        "Not Visible Individually,Enabled,Shop",
        '2, -,Hemd,Configurable Product,Clothing,H,€64.99, -,,"Catalog, Search",Enabled,Shop',
        "3, -,Alt,Simple Product,Clothing,A,€64.99,Main: 9,Default Stock: 9,Search,Disabled,Shop",
        "4, -,Hut,Simple Product,Clothing,HUT,€9.00,Main: 9,Default Stock: 0,Search,Enabled,Shop",
    ),
    {},
    (("H-45", "Hemd-45", "Clothing", "H-45", "64.99", 4), ("HUT", "Hut", "Clothing", "HUT", "9.00", 0)),
    {2: "parent", 3: "not_for_sale"},
)
EASY_POPULATE: Final = File(
    "easy_populate",
    (
        "v_products_model\tv_products_image\tv_products_name_1\tv_products_description_1\tv_products_price\t"
        "v_products_weight\tv_products_quantity\tv_manufacturers_name\tv_categories_name_1\tv_status\tEOREOR",
        "M-1\tm.jpg\tBrass lamp\t<b>Nice</b>\t35.0000\t2\t4\tMorvane\tHome & Garden\t1\tEOREOR",
        "M-2\tm.jpg\tOld lamp\t\t5.0000\t2\t4\tMorvane\tHome & Garden\t0\tEOREOR",
    ),
    {},
    (("M-1", "Brass lamp", "Home & Garden", "M-1", "35.00", 4),),
    {2: "not_for_sale"},
)
QUICKBOOKS: Final = File(
    "quickbooks",
    (
        "Product/Service Name,Sales Description,SKU,Type,Sales Price / Rate,Taxable,Income Account,"
        "Purchase Description,Purchase Cost,Quantity On Hand,Reorder Point",
        "Pump,A pump,P-1,Inventory,15.00,Yes,Sales,,10.00,25,5",
        "Hose,,P-2,Non-Inventory,4.50,Yes,Sales,,2.00,,",
        "Hours,Help,,Service,75.00,No,Services,,,,",
    ),
    {"category_for_all": "Home & Garden", "quantity_where_unknown": 3},
    (("P-1", "Pump", "Home & Garden", "P-1", "15.00", 25), ("P-2", "Hose", "Home & Garden", "P-2", "4.50", 3)),
    {3: "service"},
)
MORE: Final = {
    "WooCommerce, Italian": WOOCOMMERCE_ITALIAN,
    "WooCommerce, Dutch": WOOCOMMERCE_DUTCH,
    "WooCommerce, Portuguese": WOOCOMMERCE_PORTUGUESE,
    "WooCommerce, Polish": WOOCOMMERCE_POLISH,
    "WooCommerce, without types": WOOCOMMERCE_WITHOUT_TYPES,
    "WooCommerce, names that differ by signs": WOOCOMMERCE_SIGNS,
    "Google, German": GOOGLE_GERMAN,
    "Magento 1": MAGENTO_1,
    "Magento 1, by a profile": MAGENTO_1_PROFILE,
    "Magento, table of the admin": MAGENTO_GRID,
    "BigCommerce, older": BIGCOMMERCE_2,
    "Lightspeed R-Series": LIGHTSPEED_R,
    "Lightspeed eCom": LIGHTSPEED_ECOM,
    "Loyverse": LOYVERSE,
    "Squarespace": SQUARESPACE,
    "Ecwid": ECWID,
    "Tiendanube": TIENDANUBE,
    "Etsy": ETSY,
    "eBay": EBAY,
    "OpenCart": OPENCART,
    "Zoho": ZOHO,
    "ERPNext": ERPNEXT,
    "Odoo, variants": ODOO_VARIANTS,
    "Akeneo, variations": AKENEO_VARIATIONS,
    "Easy Populate": EASY_POPULATE,
    "QuickBooks": QUICKBOOKS,
}

"""The names that columns of lists go by which have no better ones, as data; what is known of all files is in
uploads.feed.aliases."""

import re
from collections.abc import Mapping
from typing import Final

from uploads.feed.columns import normalise

# Names that mean a field in a list that has no better column for it, best first; a `#` stands for a number behind it.
MORE: Final[Mapping[str, tuple[str, ...]]] = {
    "vendor_product_id": (
        "internal id", "product uid", "uniq id", "unique id", "uid", "uuid", "pid", "prod id", "product key",
        "system id", "record id", "offer id", "listing id", "interne id", "id interne", "id interno", "код id",
        "artikel id", "artikelid", "id artikel", "id articolo", "id article", "ürün id", "produkt id", "produktid",
    ),
    "sku": (
        "art no", "art nr", "art num", "artno", "artnr", "article code", "article id",
        "cod articolo", "codice", "codice prodotto", "cod", "code article", "code produit", "code", "codigo",
        "código", "código de producto", "codigo articulo", "código artículo", "clave", "ref", "ref no", "reference",
        "reference no", "reference number", "référence article", "product number", "product no", "product ref",
        "prod code", "stock code", "stockcode", "item ref", "item #", "part no", "part #", "part nr",
        "partnumber", "teilenummer", "teile nr", "bestellnummer", "best nr", "bestell nr", "artikel nummer",
        "artikelnr.", "artikel no", "sachnummer", "material number", "materialnummer", "material no", "model number",
        "model no", "model code", "modell nr", "style number", "style no", "style code", "catalog number",
        "catalogue number", "catalog no", "cat no", "kat nr", "internal reference", "internal code", "number", "no",
        "nr", "num", "numero", "número", "sku id", "sku no", "variant id", "varenr", "varenummer", "artikelnummer#",
        "tuotenumero", "katalogové číslo", "symbol", "kod", "kod produktu", "indeks", "артикул", "код", "код товара",
        "artikelcode", "productcode", "código interno", "codigo interno", "codice interno", "cod art", "réf article",
        "stok kodu", "ürün kodu", "malzeme kodu", "kód", "kód zboží", "kód produktu", "kod towaru", "codart",
        "cod prod", "cod producto", "codigo producto", "código do produto", "codigo do produto", "cód", "ref produit",
        "réf produit", "código sku", "codigo sku", "idprod", "kode", "kode barang", "kode produk", "mã sản phẩm",
        "mã hàng",
        "货号", "编号", "商品编号", "商品编码", "品番", "catalog #", "catalogue number",
    ),
    "product_name": (
        "product name#", "item name#", "article name", "name of product", "product label", "display name",
        "full name", "model name", "name en", "name de", "name fr", "artikeltext", "artikeltext #", "artikeltext1",
        "artikelbezeichnung #", "artikelbezeichnung1", "bezeichnung #", "bezeichnung1", "kurzbezeichnung",
        "artikelname #", "produkt", "artikel", "ware", "denominazione", "descrizione articolo", "descrizione prodotto",
        "nome articolo", "prodotto", "producto", "nombre producto", "nombre articulo", "nombre artículo", "artículo",
        "articulo", "descripción del producto", "descripcion producto", "produit", "nom produit", "nom article",
        "intitulé", "libellé produit", "libellé article", "désignation produit", "designation article", "article",
        "produto", "nome do produto", "nome produto", "nome do artigo", "omschrijving", "productnaam", "artikelnaam",
        "nazwa", "nazwa produktu", "název", "navn", "varenavn", "produktnavn", "benämning", "tuotenimi",
        "наименование", "название", "наименование товара", "название товара", "товар", "имя", "item description",
        "item desc", "product desc", "article description", "artikelbeschreibung", "short description",
        "product details", "goods", "model", "item", "items", "book title", "product short name", "part description",
        "material description", "item text", "artikel de", "bezeichnung de", "artikelname de", "produktname de",
        "titolo", "título", "titulo", "заголовок", "ürün adı", "ürün", "stok adı", "malzeme adı", "název produktu",
        "název zboží", "nazwa towaru", "towar", "descrição", "descricao", "descrição do produto", "descrição produto",
        "nombre del articulo", "nom de l'article", "nom du produit fr", "product/service name", "item/service name",
        "service name", "product full name", "nama", "nama barang", "nama produk", "tên sản phẩm", "tên hàng",
        "terméknév", "termék neve", "denumire", "denumire produs", "naziv", "назва", "назва товару", "όνομα",
        "denominación", "naam", "商品名", "商品名称", "产品名称", "名称", "品名",
    ),
    "category": (
        "artikelgruppe", "produktgruppe", "warengruppen", "hauptwarengruppe", "gruppe", "sortiment", "product group",
        "item group", "item category", "group", "group name", "department", "product family", "family", "famille",
        "familia", "famiglia", "reparto", "rayon", "rubrique", "categoria prodotto", "gruppo", "categorie",
        "catégorie produit", "categoria do produto", "categoría producto", "rubro", "sección", "section",
        "main category", "category #", "category1", "category path", "category full", "categoryname", "kategoria",
        "kategorija", "sub category", "subcategory", "product line", "product range", "range", "product class",
        "class", "collection", "category tree", "product category tree", "breadcrumb", "breadcrumbs", "cat",
        "category id", "cat id", "genre", "категория", "группа", "группа товаров", "раздел", "item type",
        "product type name", "artikelkategorie", "warengruppe bezeichnung", "groep", "productgroep", "artikelgroep",
        "rubriek", "sous famille", "sottocategoria", "subfamilia",
        "varugrupp", "kategori", "ürün kategorisi", "kategori adı", "dept", "dept name", "department name", "linea",
        "línea", "línea de producto", "departamento", "sector", "secção", "grupo", "grupo de productos",
        "categorie produit", "cat name", "category 1", "categoría 1", "категорія", "kategória", "categorie produs",
        "danh mục",
        "kategoriepfad", "familie", "grupa", "分类", "类别", "商品分类", "カテゴリ",
    ),
    "price": (
        "price each", "price per unit", "amount", "rate", "mrp", "rrp", "list", "msrp", "uvp",
        "цена", "стоимость", "cena", "cena brutto", "preço", "preco", "prijs", "pris", "hinta", "fiyat", "tarif",
        "verkoopprijs", "preço de venda", "preco de venda", "cena sprzedaży", "цена продажи", "розничная цена",
        "satış fiyatı", "fiyatı", "birim fiyat", "fiyat tl", "standard selling rate", "selling rate", "sales rate",
        "sales price rate", "retail", "cena z dph", "cena s dph", "harga", "harga jual", "giá", "giá bán", "ár",
        "bruttó ár", "preț", "pret", "ціна",
        "pvp", "p.v.p.", "pvp iva incluido", "pvp con iva", "pvp eur", "pvpr", "precio publico",
        "precio al publico", "precio venta publico", "precio venta al publico", "precio unitario", "prix public",
        "prix public ttc", "endpreis", "ladenpreis", "prezzo al pubblico", "rrp inc gst", "srp",
        "verkoopprijs incl btw", "adviesprijs", "pris inkl moms", "utpris", "cena detaliczna", "cena za szt",
        "розничная", "цена руб", "ціна грн", "valor unitário", "价格", "售价", "零售价", "単価", "価格",
        "السعر", "τιμή",
    ),
    "stock_quantity": (
        "stock on hand", "available stock", "units in stock", "disponibilità",
        "disponibilidad", "disponibilité", "verfügbarkeit", "verfügbar", "количество", "остаток", "наличие", "ilość",
        "stan", "estoque", "quantidade", "voorraad", "aantal", "antal", "lager", "qte", "qté", "cant", "qta", "q.tà",
        "qté en stock", "qte en stock", "qté stock", "qte stock", "quantité stock", "stock disponible", "stock dispo",
        "stock réel", "free stock", "stock actual", "esistenza", "esistenze", "disponibile",
        "lagersaldo", "saldo", "i lager", "skladem", "na skladě", "počet kusů", "stok", "stok miktarı", "stok adedi",
        "stok miktari", "miktar", "adet", "stan magazynowy", "magazzino", "lagerantal", "on hand qty", "qty oh",
        "stock actuel", "stock qté", "exist", "existencia", "estoque atual", "qtd", "qtde", "quantidade em estoque",
        "saldo em estoque", "jumlah", "số lượng", "készlet", "stoc", "кількість", "остатки", "остаток на складе",
        "closing stock", "stock physique", "unidades", "кол-во", "数量", "库存", "库存数量", "在庫", "在庫数",
    ),
    "brand": (
        "make", "brand_name", "бренд", "производитель", "producent", "merk", "fabrikant", "marca prodotto",
        "marka", "varumärke", "značka", "výrobce", "märke", "leverandør merke", "fabricante marca", "merek",
        "thương hiệu", "márka", "бренд товара",
    ),
    "description": (
        "beschreibung #", "langtext", "artikelbeschreibung", "long text", "product details", "descrizione",
        "описание", "opis", "omschrijving",
        "açıklama", "beskrivning", "popis", "beskrivelse", "description en", "description de", "description fr",
        "description es", "description it", "beschreibung de", "descripción larga", "descripcion",
        "descrizione lunga", "deskripsi", "mô tả", "leírás", "descriere", "опис",
    ),
}  # fmt: skip
# Where a list has a column with names or descriptions, such a column has numbers of items.
ITEMS: Final = ("item", "article", "articolo", "artículo", "artikel", "model", "modell", "style")
# Columns that say whether there is any stock, in words or as 1 and 0.
FLAGS: Final = (
    "stock status",
    "inventory status",
    "availability status",
    "availability",
    "in stock",
    "is in stock",
    "available",
    "is available",
    "stock availability",
    "lieferbar",
    "auf lager",
    "verfügbarkeit",
    "verfuegbarkeit",
    "product availability",
    "stock availability status",
    "lagerstatus",
    "beschikbaarheid",
    "disponibilidade",
    "dostępność",
    "dostupnost",
    "tillgänglighet",
    "stok durumu",
    "наявність",
    "disponibilité",
    "en stock",
    "disponibilidad",
    "disponible",
    "disponibilità",
    "disponibile",
    "наличие",
    "в наличии",
)
LISTED: Final = frozenset(normalise(one.rstrip("#")) for others in MORE.values() for one in others)
# Numbers that aren't the vendor's own, so nobody takes them for an ID without a person.
_BARCODE_KEYS: Final = """
    barcode ean ean13 ean8 eancode eannummer eanbarcode gtin gtin13 gtin14 gtin12 upc upca upccode upcean barcodes
    strichcode codeabarres codebarre codesbarres codigodebarras codicebarre codiceabarre codiceean isbn isbn13 isbn10
    barcodeean barcodeno barcodenumber eanupc gtineanupc штрихкод productbarcode itembarcode gtinupceanorisbn asin jan
"""
BARCODES: Final = frozenset(_BARCODE_KEYS.split())

# --- which column tells products apart, and which cells are prices

ID_WORDS: Final = frozenset(("id", "uid", "uuid", "code", "key", "number", "no", "nr", "ref", "sku", "pid"))
NO_IDS: Final = frozenset(
    """
    image images img photo picture url link href path date time created updated rating ratings stars score reviews rank
    weight width height length size color colour discount cost margin tax vat
    """.split()  # noqa: SIM905
)
# A number with a currency before or behind it, or without
PRICE: Final = re.compile(
    r"(?:[^\W\d]{2,5}|[^\w\s]{1,3})?\s?\d[\d.,'’\s]*(?:[^\W\d]{3,5}\.?|kr\.?|zł|kč|tl|лв|[^\w\s]{1,3})?", re.I
)
# What a person has to say of a price: it is without tax, or it is “your price” of a supplier, which is a cost
NOT_FINAL: Final = re.compile(r"net|excl|zzgl|\b(?:your|ex|without|ohne|ht|hors|sin|senza|before)\b")
AMOUNT: Final = re.compile(r"[^\d\s]{0,3}\s?-?\d+[.,]\d+\s?[^\d\s]{0,3}")

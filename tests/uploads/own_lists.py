"""Lists as merchants keep them, of ERPs, tills and suppliers in several languages, with what should come of each.

The headers are those of real lists; goods, brands and numbers are invented.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOME, TOOLS, FOOD = "Home & Garden", "Tools & Hardware", "Grocery & Food"


@dataclass
class List:
    """A file, what a person decides, the products (ID, SKU, name, category, price, stock), the rows that are left out
    with their reasons, and what is wrong in others."""

    text: str
    decisions: dict[str, Any]
    products: list[tuple[str, str, str, str, str, int]]
    left_out: dict[int, str] = field(default_factory=dict)
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    currency: str = "USD"


def one(number: str, *others: Any) -> tuple[Any, ...]:
    """A product whose ID and SKU are one number."""
    return (number, number, *others)


LISTS: dict[str, List] = {
    "German ERP with two names, gross and net": List(
        "Artikel Nr.;Artikel (DE);Artikelkategorie;EAN;Hersteller;VK netto;VK brutto;Lagerbestand\n"
        "700001;Tischlampe Oslo;Leuchten;4006381333931;Pellowick;24,37;29,00;14\n"
        "700002;Teppich Faro 80x150;Wohnen;4006381333948;;1.066,39;1.269,00;0\n",
        {"price_from": "VK brutto", "category_values": {"Leuchten": HOME, "Wohnen": HOME}},
        [one("700001", "Tischlampe Oslo", HOME, "29.00", 14), one("700002", "Teppich Faro 80x150", HOME, "1269.00", 0)],
    ),
    "German stock list with a title, a sum of a group and a total": List(
        "Bestandsliste Lager Nord;;;;\nStand: 12.03.2026;;;;\n;;;;\nArtikelnummer;Bezeichnung;Warengruppe;VK;Bestand\n"
        "1001;Akkuschrauber 18 V;Werkzeug;129,00;7\n1002;Bitset 32-teilig;Werkzeug;19,95;40\n"
        ";Werkzeug gesamt;;;47\nSumme;;;148,95;47\n",
        {"category_values": {"Werkzeug": TOOLS}},
        [one("1001", "Akkuschrauber 18 V", TOOLS, "129.00", 7), one("1002", "Bitset 32-teilig", TOOLS, "19.95", 40)],
        {3: "total", 4: "total"},
    ),
    "stock valuation, with names under Description": List(
        "Item Code,Description,UOM,Qty on Hand,Unit Cost,Selling Price,Total Value\n"
        "A-100,Desk fan,EA,12,14.20,29.90,170.40\nA-101,Air cleaner,EA,3,88.00,\"1,199.00\",264.00\n"
        ",Total,,15,,,434.40\n",
        {"category_for_all": HOME},
        [one("A-100", "Desk fan", HOME, "29.90", 12), one("A-101", "Air cleaner", HOME, "1199.00", 3)],
        {3: "total"},
    ),
    "French till with prices before and after tax": List(
        "Référence;Désignation;Rayon;PU HT;TVA;PU TTC;Stock\nVER-01;Verre 38 cl;Vaisselle;8,33;20;10,00;100\n"
        "VER-02;Carafe 1 l;Vaisselle;12,50;20;15,00;24\nTOTAL;;;;;;124\n",
        {"price_from": "PU TTC", "category_values": {"Vaisselle": HOME}},
        [one("VER-01", "Verre 38 cl", HOME, "10.00", 100), one("VER-02", "Carafe 1 l", HOME, "15.00", 24)],
        {3: "total"},
    ),
    "French shop with amounts in euros": List(
        "Code;Libellé;Famille;Prix de vente;Qté en stock;Fournisseur\n"
        "C01;Savon noir 1 l;Entretien;6,90 €;35;Maison Rive\n"
        "C02;Éponge végétale;Entretien;2,50 €;120;Maison Rive\n",
        {"category_values": {"Entretien": HOME}},
        [one("C01", "Savon noir 1 l", HOME, "6.90", 35), one("C02", "Éponge végétale", HOME, "2.50", 120)],
        currency="EUR",
    ),
    "Spanish supermarket without stock": List(
        "codigo,descripcion,precio,proveedor,categoria\n779000000003,Miel cruda,1.5,Las Quinas,Mieles y Dulces\n"
        "779000000004,Mermelada de ciruela,2.25,Las Quinas,Mieles y Dulces\n",
        {"category_values": {"Mieles y Dulces": FOOD}, "quantity_where_unknown": 10},
        [
            one("779000000003", "Miel cruda", FOOD, "1.50", 10),
            one("779000000004", "Mermelada de ciruela", FOOD, "2.25", 10),
        ],
    ),
    "Spanish prices of every kind": List(
        "sku,descripcion,marca,cod_barra,familia,precio_costo,precio_min,precio_mayorista,precio_publico\n"
        "T-1,Taladro 650W,Morvane,7501,Herramientas,310.00,340.00,399.00,459.00\n"
        "T-2,Lijadora,Morvane,7502,Herramientas,250.00,260.00,299.00,349.00\n",
        {"price_from": "precio_publico", "category_values": {"Herramientas": TOOLS}, "quantity_where_unknown": 1},
        [one("T-1", "Taladro 650W", TOOLS, "459.00", 1), one("T-2", "Lijadora", TOOLS, "349.00", 1)],
    ),
    "Italian warehouse with a list price only": List(
        "Codice;Descrizione;UM;Giacenza;Prezzo listino\nVIT-4;Viti 4x40 (100 pz);CF;80;4,90\n"
        "VIT-5;Viti 5x50 (100 pz);CF;35;6,20\n",
        {"price_from": "Prezzo listino", "category_for_all": TOOLS},
        [one("VIT-4", "Viti 4x40 (100 pz)", TOOLS, "4.90", 80), one("VIT-5", "Viti 5x50 (100 pz)", TOOLS, "6.20", 35)],
    ),
    "products without a number": List(
        "name,description,imageUrl,stock,price,currency,category\n"
        "Lamp,Warm light,https://example.com/1.png,5,19.90,USD,Home & Garden\n"
        "Desk,Oak,https://example.com/2.png,2,249.00,USD,Home & Garden\n",
        {"identifiers_from": "name"},
        [("Lamp", "Lamp", "Lamp", HOME, "19.90", 5), ("Desk", "Desk", "Desk", HOME, "249.00", 2)],
    ),
    "Dutch shop": List(
        "Artikelcode;Omschrijving;Groep;Verkoopprijs;Voorraad\nK-1;Koffiekop wit;Servies;4,95;60\n"
        "K-2;Theepot 1,2 l;Servies;24,50;8\n",
        {"category_values": {"Servies": HOME}},
        [one("K-1", "Koffiekop wit", HOME, "4.95", 60), one("K-2", "Theepot 1,2 l", HOME, "24.50", 8)],
    ),
    "Russian price list below a title": List(
        "Прайс-лист на 12.03.2026;;;;\nАртикул;Наименование;Группа товаров;Цена;Остаток\n"
        "L1;Лампа настольная;Свет;1 450,00;12\nL2;Торшер;Свет;3 900,00;0\n",
        {"category_values": {"Свет": HOME}},
        [one("L1", "Лампа настольная", HOME, "1450.00", 12), one("L2", "Торшер", HOME, "3900.00", 0)],
    ),
    "stock in two warehouses": List(
        "SKU,Product,Category,Price,Stock Berlin,Stock Hamburg\nS-1,Lamp,Home & Garden,19.90,3,4\n"
        "S-2,Desk,Home & Garden,249.00,0,1\n",
        {"stock_from": ["Stock Berlin", "Stock Hamburg"]},
        [one("S-1", "Lamp", HOME, "19.90", 7), one("S-2", "Desk", HOME, "249.00", 1)],
    ),
    "in stock, or not": List(
        "Item No,Title,Department,RRP,In Stock\n55-1,Trail shoe,Shoes,89.00,Yes\n55-2,Rain jacket,Clothing,129.00,No\n",
        {"quantity_where_unknown": 3},
        [one("55-1", "Trail shoe", "Shoes", "89.00", 3), one("55-2", "Rain jacket", "Clothing", "129.00", 0)],
    ),
    "how many are in stock under the same words": List(
        "Item No,Title,Department,RRP,In Stock\n55-1,Trail shoe,Shoes,89.00,1\n55-2,Rain jacket,Clothing,129.00,12\n",
        {},
        [one("55-1", "Trail shoe", "Shoes", "89.00", 1), one("55-2", "Rain jacket", "Clothing", "129.00", 12)],
    ),
    "British supplier with trade prices": List(
        "Stock Code,Product Description,Trade Price,RRP,Pack Qty,Web Stock\nPL001,Garden fork,12.50,24.99,6,140\n"
        "PL002,Spade,13.10,26.99,6,0\n",
        {"price_from": "RRP", "category_for_all": HOME, "stock_from": "Web Stock"},
        [one("PL001", "Garden fork", HOME, "24.99", 140), one("PL002", "Spade", HOME, "26.99", 0)],
    ),
    "what a supplier asks of the vendor": List(
        "Part #,Part Description,List Price,Your Price,Availability\nB-77,Bearing 6204,12.40,9.92,142\n"
        "B-78,Bearing 6205,14.10,11.28,Call\n",
        {"price_from": "List Price", "category_for_all": "Automotive"},
        [one("B-77", "Bearing 6204", "Automotive", "12.40", 142)],
        errors=[(2, "stock_quantity", "invalid_stock")],
    ),
    "group headings": List(
        "Art. No.;Product;Price;Stock\nTENTS;;;\nT-1;Two person tent;149.00;4\nT-2;Family tent;299.00;1\nSTOVES;;;\n"
        "S-1;Gas stove;39.00;12\n",
        {"category_for_all": "Sports & Outdoors"},
        [
            one("T-1", "Two person tent", "Sports & Outdoors", "149.00", 4),
            one("T-2", "Family tent", "Sports & Outdoors", "299.00", 1),
            one("S-1", "Gas stove", "Sports & Outdoors", "39.00", 12),
        ],
        {1: "heading", 4: "heading"},
    ),
    "Polish shop": List(
        "Kod produktu;Nazwa;Kategoria;Cena brutto;Stan\nK1;Lampa;Dom;99,00;4\nK2;Stół;Dom;450,00;1\n",
        {"category_values": {"Dom": HOME}},
        [one("K1", "Lampa", HOME, "99.00", 4), one("K2", "Stół", HOME, "450.00", 1)],
    ),
}  # fmt: skip


def as_text(decisions: Mapping[str, Any]) -> dict[str, str]:
    """As a form or a file of answers has them."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in decisions.items()}

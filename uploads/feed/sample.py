"""Believable feeds of any size, with every kind of error that one file can show, for demos, tests and measurements.

Deterministic: the same arguments give the same bytes. Lazy: 10,000,000 rows take no more memory than one.

Brands are invented. Left out are the errors that need a file of another make: bytes that are not UTF-8, rows and
cells so long that a few of them would outweigh the feed, and other currencies.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final, NamedTuple, TextIO

from catalog.rules.fields import FIELDS
from catalog.rules.problems import Code

# Without what hardly anybody sends: who has one currency need not say it.
COLUMNS: Final = tuple(field for field in FIELDS if field not in ("currency", "gtin", "image_url"))


class Assortment(NamedTuple):
    """What a shop sells in one category. Prices in units of money, without the cents."""

    low: int
    high: int
    brands: tuple[str, ...]
    adjectives: tuple[str, ...]
    nouns: tuple[str, ...]
    variants: tuple[str, ...]


def _assortment(text: str) -> Assortment:
    """From one line each: lowest and highest price, brands, adjectives, nouns, variants."""
    (low, high), *words = ([word.strip() for word in line.split(";")] for line in text.splitlines())
    return Assortment(int(low), int(high), *(tuple(line) for line in words))


_ANYTHING = _assortment(
    """5; 200
    Nordhaus; Belmora; Quist
    Classic; Everyday; Premium
    Set; Kit; Pack
    Black; White; Silver; Blue; Graphite"""
)
ASSORTMENTS: Final = {
    name: _assortment(text)
    for name, text in {
        "Electronics": """15; 2400
            Voltaro; Sonika; Lumenix; Hexaphon
            Wireless; Compact; Smart; 4K; Noise-Cancelling
            Headphones; Soundbar; Speaker; Television; Action Camera; Projector; E-Reader
            Black; White; Silver; Blue; Graphite""",
        "Computers & Accessories": """9; 3200
            Kernelle; Byteforge; Tastura
            Ergonomic; Ultra-Slim; Mechanical; Portable
            Laptop 14"; Keyboard; Mouse; Monitor 27"; SSD 1 TB; Docking Station; USB-C Hub
            Black; White; Silver; Blue; Graphite""",
        "Mobile Phones": """79; 1600
            Hexaphon; Callisto; Nuvio
            Dual-SIM; 5G; Rugged; Refurbished
            Smartphone; Phone; Foldable Phone; Senior Phone
            64 GB; 128 GB; 256 GB; 512 GB""",
        "Clothing": """9; 260
            Färn & Faden; Lindqvist; Common Thread
            Organic Cotton; Slim Fit; Merino; Waterproof; Linen
            T-Shirt; Jacket; Jeans; Dress; Hoodie; Shirt; Cardigan
            S; M; L; XL; XXL""",
        "Shoes": """25; 290
            Solaris; Marchetti; Trailhead
            Leather; Lightweight; Suede; Waterproof
            Sneakers; Boots; Sandals; Running Shoes; Loafers
            EU 38; EU 40; EU 42; EU 44""",
        "Jewelry & Watches": """19; 4800
            Aurelie; Tempus & Sons; Perla
            Sterling Silver; Gold-Plated; Automatic; Vintage
            Necklace; Ring; Watch; Bracelet; Earrings
            One Size; 18 mm; 42 cm""",
        "Home & Garden": """6; 420
            Grünwerk; Hearth & Hall; Belmora
            Solar; Rustic; Handmade; Foldable
            Lantern; Planter; Watering Can; Blanket; Mirror; Garden Hose
            Small; Medium; Large""",
        "Furniture": """39; 2900
            Nordhaus; Eichholm; Casa Viva
            Solid Oak; Upholstered; Extendable; Modular
            Dining Table; Sofa; Armchair; Bookshelf; Desk; Bed Frame
            Natural; Walnut; White; Anthracite""",
        "Kitchen & Dining": """5; 650
            Culina; Stahlgut; Bon Plat
            Stainless Steel; Non-Stick; Cast-Iron; Porcelain
            Frying Pan; Knife Set; Kettle; Espresso Maker; Dinner Plates; Mixing Bowl
            20 cm; 24 cm; 28 cm; Set of 6""",
        "Sports & Outdoors": """8; 1400
            Trailhead; Apex Nine; Wellenreiter
            Ultralight; Inflatable; Carbon; Insulated
            Tent; Sleeping Bag; Yoga Mat; Backpack; Water Bottle; Trekking Poles
            Green; Orange; Sand; 2 Persons""",
        "Toys & Games": """4; 190
            Kritzel; Playwright; Rumpelkiste
            Wooden; Magnetic; Educational; Cuddly
            Puzzle; Building Blocks; Board Game; Teddy Bear; Train Set
            Age 3+; Age 5+; Age 8+; 500 Pieces""",
        "Books": """5; 80
            Papierboot; Northgate Press; Éditions du Lac
            Illustrated; Annotated; Pocket; Complete
            Cookbook; Atlas; Crime Novel; Field Guide; Poetry Collection
            Hardcover; Paperback; Large Print""",
        "Music & Movies": """7; 120
            Blue Cellar; Rialto; Klangfarbe
            Remastered; Live; Deluxe; Original
            Vinyl Album; Soundtrack; Concert Film; Box Set; Documentary
            CD; LP; Blu-ray; DVD""",
        "Health & Beauty": """3; 160
            Dermalia; Pure Fjord; Rosenholz
            Fragrance-Free; Hydrating; Organic; Sensitive
            Face Cream; Shampoo; Sunscreen SPF 50; Lip Balm; Electric Toothbrush
            50 ml; 100 ml; 250 ml""",
        "Grocery & Food": """1; 60
            Feinkost Möller; Oliveto; Green Mill
            Organic; Roasted; Gluten-Free; Fair-Trade
            Coffee Beans; Olive Oil; Crème Brûlée Mix; Green Tea; Dark Chocolate; Pasta
            100 g; 250 g; 500 g; 1 kg""",
        "Baby Products": """4; 780
            Wiegelied; Tiny Steps; Momo
            Breathable; BPA-Free; Convertible; Soft
            Stroller; Car Seat; Bottle Set; Sleep Sack; Changing Mat
            0-6 Months; 6-12 Months; 1-3 Years""",
        "Pet Supplies": """3; 240
            Pfotenglück; Wagtail; Whiskerly
            Grain-Free; Orthopaedic; Chew-Proof; Reflective
            Dog Bed; Cat Tree; Dog Food; Leash; Litter Box; Aquarium
            Small; Medium; Large; 5 kg""",
        "Automotive": """5; 890
            Motoris; Gripwell; Asphalt & Co.
            All-Season; Heavy-Duty; Universal; LED
            Floor Mats; Roof Box; Dash Cam; Tyre Inflator; Wiper Blades
            Pair; Set of 4; 12 V""",
        "Tools & Hardware": """4; 720
            Stahlgut; Ironleaf; Werkmeister
            Cordless; Heavy-Duty; Adjustable; Insulated
            Drill; Hammer; Screwdriver Set; Spirit Level; Work Light; Tool Box
            18 V; 32 Pieces; 60 cm""",
        "Office Supplies": """2; 340
            Papierboot; Deskmate; Lineatur
            Recycled; Refillable; Heavy-Duty; A4
            Notebook; Fountain Pen; Stapler; Printer Paper; Desk Organiser; Office Chair
            Pack of 5; Blue; Black; 500 Sheets""",
    }.items()
}
CATEGORIES: Final = tuple(ASSORTMENTS)

_OPENINGS = (
    "Made to last.",
    "A customer favourite since 2014.",
    "New this season!",
    "Light, sturdy and easy to clean.",
    'Known from "The Long Weekend".',
    "Für drinnen und draußen geeignet.",
    "Our best seller 🎉",
    "",
)
_DETAILS = (
    "Ships in recyclable packaging.",
    "Includes manual, warranty card and spare parts.",
    "Two-year warranty.",
    "Care instructions:\n- wipe with a damp cloth\n- keep away from heat",
    'Reviewers call it "simply the best".',
    "Größe und Farbe können leicht abweichen.",
    "Designed in Malmö; made in Portugal.",
    "Rated 4.8 ⭐ by 1,200 buyers.",
)
_CENTS = (".99", ".99", ".95", ".49")

Edit = tuple[str, Callable[[str], str]]  # a field, and what becomes of its good cell


def _to(field: str, *cells: str) -> tuple[Edit, ...]:
    return tuple((field, lambda _, cell=cell: cell) for cell in cells)


# One wrong cell in an otherwise good row. The edits of a kind take turns.
_EDITS: Final[dict[Code, tuple[Edit, ...]]] = {
    Code.MISSING_VALUE: tuple(
        edit
        for field in ("product_name", "price", "category", "sku", "stock_quantity", "vendor_product_id")
        for edit in _to(field, "", "  ")
    ),
    Code.TOO_LONG: (
        ("product_name", lambda cell: f"{cell} " * (200 // len(cell) + 1)),
        ("brand", lambda cell: f"{cell} " * (100 // len(cell) + 1)),
        ("sku", lambda cell: cell + "0" * 100),
        ("vendor_product_id", lambda cell: cell + "-X" * 50),
    ),
    Code.INVALID_SKU: (
        ("sku", lambda cell: cell.replace("-", " ")),
        ("sku", lambda cell: cell + "#"),
        ("sku", lambda cell: "Größe-" + cell),
        *_to("sku", "4.00638E+12"),
        *_to("vendor_product_id", "1.23E+11"),
    ),
    Code.INVALID_PRICE: _to("price", "1,299", "call us", "19.99-24.99", "12.500", "1.99E+03", "15%", "$20 EUR"),
    Code.PRICE_NOT_POSITIVE: _to("price", "0.00", "-5.00", "0", "-$12.99"),
    Code.PRICE_TOO_PRECISE: _to("price", "12.9999", "0.495", "1299.995"),
    Code.PRICE_TOO_LARGE: _to("price", "100000000.00", "$999,999,999.00"),
    Code.INVALID_STOCK: _to("stock_quantity", "in stock", "12.5", "a few", "1,200", "out of stock", "10+"),
    Code.NEGATIVE_STOCK: _to("stock_quantity", "-3", "-1"),
    Code.STOCK_TOO_LARGE: _to("stock_quantity", "2147483648", "99999999999"),
    Code.UNKNOWN_CATEGORY: (
        ("category", lambda cell: cell[:-3] + cell[-2:]),  # Electroncs
        ("category", lambda cell: f"Shop > {cell}"),
        *_to("category", "Spaceships", "zzz-unsorted"),
    ),
}

# A line that the parser can't read, from the cells of a good row of which none needs quotes.
_BREAKS: Final[dict[Code, tuple[Callable[[list[str]], list[str]], ...]]] = {
    Code.WRONG_COLUMN_COUNT: (
        lambda cells: cells[:5],
        lambda cells: [*cells[:6], "$1,299.00", cells[7]],
    ),
    Code.UNCLOSED_QUOTE: (lambda cells: [cells[0], f'"{cells[1]}', *cells[2:]],),
    Code.STRAY_QUOTE: (lambda cells: [cells[0], f'"The "best" {cells[1]}"', *cells[2:]],),
    Code.NUL_CHARACTER: (lambda cells: [cells[0], f"{cells[1]}\0", *cells[2:]],),
    Code.REPEATED_HEADER: (lambda _: list(COLUMNS),),
}

# All kinds of error that write_feed can produce; SKU_TAKEN only with `other_vendor`.
KINDS: Final = (*_BREAKS, *_EDITS, Code.DUPLICATE_IN_FILE, Code.SKU_TAKEN)


def write_feed(
    out: TextIO,
    rows: int,
    vendor_id: str,
    error_rate: float,
    seed: int,
    *,
    categories: Sequence[str] = CATEGORIES,
    other_vendor: str | None = None,
) -> dict[str, int]:
    """Write a feed of `rows` rows below its header, round(rows * error_rate) of them wrong in one thing each.

    The errors are spread evenly over the file and over KINDS. With `other_vendor` some rows use SKUs of that vendor's
    feed: an error once that feed was imported, made with the same rows, error_rate and categories, and itself without
    `other_vendor`, lest it takes ours. `out` should have been opened as UTF-8 with newline="".
    Returns how many rows have each error, by the code's value. Raises ValueError for less than a row, or an error rate
    that is not from 0 to 1.
    """
    if rows < 1 or not 0 <= error_rate <= 1:
        raise ValueError("A feed has at least one row, and an error rate from 0 to 1.")
    rng = Random(seed)  # noqa: S311 - has to be repeatable, not secret
    kinds = KINDS if other_vendor else KINDS[:-1]
    errors = round(rows * error_rate)
    sources = _Sources(_foreign_skus(rows, errors, other_vendor or "", categories))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    counts: Counter[str] = Counter()
    for index, row in enumerate(_products(rows, vendor_id, categories, rng)):
        number = errors * index // rows  # of errors so far
        if not _is_wrong(index, rows, errors):
            writer.writerow(row)
            sources.remember(row, rng)
            continue
        code, spoiled = _spoil(kinds[number % len(kinds)], number // len(kinds), row, sources)
        out.write(",".join(spoiled) + "\n") if code in _BREAKS else writer.writerow(spoiled)
        counts[code.value] += 1
    return dict(counts)


def _is_wrong(index: int, rows: int, errors: int) -> bool:
    return errors * (index + 1) // rows > errors * index // rows


# Good rows


def sku_of(vendor_id: str, index: int, categories: Sequence[str] = CATEGORIES) -> str:
    """The SKU in the row with this index (from 0) of that vendor's feed, such as VEND001-ELE-000001."""
    category = categories[_scattered(index) % len(categories)]
    return f"{vendor_id}-{_prefix(category)}-{index + 1:06}"


def _scattered(index: int) -> int:
    """Known without the rows before, unlike a random number, and as mixed to the eye (Knuth's multiplicative hash)."""
    return index * 2654435761 >> 8


def _prefix(category: str) -> str:
    letters = "".join(c for c in category if c.isascii() and c.isalpha())
    return letters[:3].upper() or "GEN"


def _products(rows: int, vendor_id: str, categories: Sequence[str], rng: Random) -> Iterator[list[str]]:
    """Good rows, in the order of COLUMNS."""
    random = rng.random
    shelves = [(name, _prefix(name), ASSORTMENTS.get(name, _ANYTHING)) for name in categories]
    for index in range(rows):
        category, prefix, goods = shelves[_scattered(index) % len(shelves)]
        low, high, brands, adjectives, nouns, variants = goods
        brand = brands[int(random() * len(brands))]
        adjective = adjectives[int(random() * len(adjectives))]
        noun = nouns[int(random() * len(nouns))]
        variant = variants[int(random() * len(variants))]
        opening = _OPENINGS[int(random() * len(_OPENINGS))]
        detail = _DETAILS[int(random() * len(_DETAILS))]
        yield [
            f"P-{index + 1:06}",
            f"{brand} {adjective} {noun}, {variant}",
            category,
            f"{vendor_id}-{prefix}-{index + 1:06}",
            brand,
            f"{opening} {detail}" if opening else "",
            _price(low, high, random),
            str(int(random() ** 2 * 500)),  # few of most things, plenty of some
        ]


def _price(low: int, high: int, random: Callable[[], float]) -> str:
    """Cheap things are more frequent than dear ones. One price in thirty looks like `$1,299.00`."""
    whole = int(low * (high / low) ** random())
    if random() < 1 / 30:
        return f"${whole:,}.00"
    return f"{whole}{_CENTS[int(random() * len(_CENTS))]}"


# Wrong rows


class _Sources:
    """Where the identifiers of a clashing row come from."""

    def __init__(self, foreign_skus: Iterator[str]) -> None:
        self.foreign_skus = foreign_skus
        self.earlier: list[str] | None = None

    def remember(self, row: list[str], rng: Random) -> None:
        """Keep a good row for later duplicates of it; another one every now and then."""
        if self.earlier is None or rng.random() < 0.02:
            self.earlier = row


def _foreign_skus(rows: int, errors: int, vendor_id: str, categories: Sequence[str]) -> Iterator[str]:
    """The SKUs that the other vendor's feed has in good rows, each once."""
    return (sku_of(vendor_id, index, categories) for index in range(rows) if not _is_wrong(index, rows, errors))


def _spoil(kind: Code, turn: int, row: list[str], sources: _Sources) -> tuple[Code, list[str]]:
    """The row with this kind of error, or with a missing value where there is nothing that it could clash with."""
    if kind in _BREAKS:
        break_ = _BREAKS[kind][turn % len(_BREAKS[kind])]
        return kind, break_([*row[:1], row[1].replace(",", "").replace('"', ""), *row[2:5], "", "19.99", row[7]])
    if kind is Code.DUPLICATE_IN_FILE and sources.earlier:
        field = ("sku", "vendor_product_id")[turn % 2]
        return kind, _with(row, field, sources.earlier[COLUMNS.index(field)])
    if kind is Code.SKU_TAKEN and (sku := next(sources.foreign_skus, "")):
        return kind, _with(row, "sku", sku)
    kind = kind if kind in _EDITS else Code.MISSING_VALUE
    field, change = _EDITS[kind][turn % len(_EDITS[kind])]
    return kind, _with(row, field, change(row[COLUMNS.index(field)]))


def _with(row: list[str], field: str, cell: str) -> list[str]:
    position = COLUMNS.index(field)
    return [*row[:position], cell, *row[position + 1 :]]

"""Fill a database with as much as a platform has after years: what `make fill` runs, and `make pages` measures on.

    python -m tests.bench.pages.fill --products 1000000 --uploads 1000 --rows 1000000

Set-based SQL alone; the numbers are those that the platform itself would have left: an upload's counters are what its
ledger rows say, a failed record has its error, an update its change. A tenth of the records failed, and half of those
were retried and went well. A few vendors have most of the products, as everywhere.

A database that has products or uploads is left alone, unless --more adds to what it has.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any

CHUNK = 100_000  # products a statement, so that there is something to say in between

ADJECTIVES = "Compact,Foldable,Heavy-duty,Wireless,Vintage,Modern,Portable,Adjustable,Waterproof,Organic,Slim,Classic"
MATERIALS = "steel,oak,cotton,bamboo,leather,glass,ceramic,aluminium,wool,linen,copper,silicone,walnut,canvas"
THINGS = (
    "table,chair,lamp,backpack,kettle,headphones,blanket,drill,notebook,jacket,pan,speaker,bicycle,tent,vase,mirror,"
    "keyboard,rug,watch,bottle,shelf,pillow,toaster,camera,helmet,scarf,puzzle,hammer,charger,desk"
)
PLACES = "kitchen,garden,office,living room,workshop,nursery,bathroom,garage,balcony,camping trip"
SYLLABLES = "ka,ro,mi,tel,van,dor,ba,lin,sor,fe,gal,nu,per,tis,um,zo,hal,qui,bre,wex"
BRANDS = "Northwind,Becker,Moreno,Halden,Orvik,Tessera,Lumen,Kestrel,Marlow,Juniper,Sable,Corvid,Atlas,Pioneer"
PROBLEMS = (
    "invalid_price,price,free,12.99|unknown_category,category,Elektronik,Electronics|"
    "required,product_name,,|invalid_stock,stock_quantity,many,100"
)


@dataclass(frozen=True)
class Sizes:
    """How much of everything. `rows` are those of the ledger."""

    products: int = 1_000_000
    uploads: int = 1_000
    rows: int = 1_000_000
    vendors: int = 500
    categories: int = 200


# How a text is picked for a number: the same number gets the same text, and neighbours get others.
_PICK = """
CREATE FUNCTION pg_temp.pick(words text[], n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + (hashint8(n * 64 + salt) & 2147483647) %% array_length(words, 1)]
$$;
CREATE TEMPORARY TABLE words AS
SELECT string_to_array(%(adjectives)s, ',') AS adjective, string_to_array(%(materials)s, ',') AS material,
       string_to_array(%(things)s, ',') AS thing, string_to_array(%(places)s, ',') AS place,
       string_to_array(%(syllables)s, ',') AS syllable, string_to_array(%(brands)s, ',') AS brand;
"""

_VENDORS = """
INSERT INTO vendors (vendor_id, vendor_name, email, city, country, status, created_at)
SELECT 'VEND' || lpad(n::text, 3, '0'),
       pg_temp.pick(brand, n, 1) || ' ' || initcap(pg_temp.pick(thing, n, 2)) || 's ' || n,
       'feeds' || n || '@vendor' || n || '.example', 'Springfield', 'USA',
       CASE WHEN n %% 25 = 0 THEN 'suspended' WHEN n %% 40 = 0 THEN 'pending' ELSE 'active' END,
       now() - interval '2 years' + n * interval '1 day'
  FROM words, generate_series(1, %(vendors)s) n
    ON CONFLICT DO NOTHING
"""

_CATEGORIES = """
INSERT INTO product_categories (category_name, parent_category)
SELECT initcap(pg_temp.pick(material, n, 1)) || ' ' || pg_temp.pick(thing, n, 2) || 's ' || n,
       pg_temp.pick(ARRAY['Electronics', 'Clothing', 'Home & Garden', 'Sports & Outdoors'], n, 3)
  FROM words, generate_series(1, greatest(0, %(categories)s - (SELECT count(*) FROM product_categories))) n
    ON CONFLICT DO NOTHING
"""

# Which products a vendor gets: a run of ids, as uploads leave them; a share that falls with its number.
_VENDOR_PLAN = """
CREATE TEMPORARY TABLE vendor_plan AS
WITH weighted AS (SELECT n, 'VEND' || lpad(n::text, 3, '0') AS vendor_id, 1.0 / (n + 1) AS weight
                    FROM generate_series(1, %(vendors)s) n),
     shares AS (SELECT *, sum(weight) OVER (ORDER BY n) / sum(weight) OVER () AS upto FROM weighted)
SELECT n, vendor_id,
       1 + coalesce(round(lag(upto) OVER (ORDER BY n) * %(products)s), 0)::bigint AS first,
       round(upto * %(products)s)::bigint AS last
  FROM shares
"""

_PRODUCTS = """
INSERT INTO products (product_id, vendor_id, vendor_product_id, product_name, category, sku, brand, description, price,
                      stock_quantity, created_at, updated_at)
SELECT id, vendor_id, 'P-' || id,
       pg_temp.pick(adjective, id, 1) || ' ' || pg_temp.pick(material, id, 2) || ' ' || pg_temp.pick(thing, id, 3)
           || ' ' || initcap(model),
       names[1 + (v.n * 7 + id %% 12) %% array_length(names, 1)],
       upper(substr(model, 1, 3)) || '-' || lpad(id::text, 7, '0'),
       CASE WHEN id %% 9 > 0 THEN pg_temp.pick(brand, id, 4) END,
       'A ' || lower(pg_temp.pick(adjective, id, 5)) || ' ' || pg_temp.pick(thing, id, 3) || ' for the '
           || pg_temp.pick(place, id, 6) || '. Made of ' || pg_temp.pick(material, id, 2) || ' and '
           || pg_temp.pick(material, id, 7) || ', easy to clean' || CASE WHEN id %% 2 = 0 THEN
              '. Comes with two years of warranty and spare parts.' ELSE '. Assembled by hand in small numbers.' END,
       1 + (id * 7919 %% 50000) / 100.0, id * 31 %% 500, since, since + interval '1 day' * (id %% 30)
  FROM words, (SELECT array_agg(category_name ORDER BY category_id) AS names FROM product_categories) c,
       vendor_plan v,
       LATERAL generate_series(greatest(v.first, %(start)s), least(v.last, %(end)s)) g,
       LATERAL (SELECT g + %(base)s AS id) i,
       LATERAL (SELECT pg_temp.pick(syllable, id, 8) || pg_temp.pick(syllable, id, 9) || pg_temp.pick(syllable, id, 10)
                       AS model, now() - interval '2 years' + (g / 500) * 500 * interval '60 seconds' AS since) m
"""

# Rows per upload fall with its number, the first gets what rounding leaves; `before` counts the vendor's rows so far.
_UPLOAD_PLAN = """
CREATE TEMPORARY TABLE upload_plan AS
WITH weighted AS (SELECT n, 1 + (n - 1) %% %(vendors)s AS vendor, 1.0 / (n + 1) AS weight
                    FROM generate_series(1, %(uploads)s) n),
     sized AS (SELECT *, floor(weight / sum(weight) OVER () * %(rows)s * 20 / 21)::bigint AS share FROM weighted),
     whole AS (SELECT *, share + CASE WHEN n = 1 THEN %(rows)s * 20 / 21 - sum(share) OVER () ELSE 0 END AS rows
                 FROM sized)
SELECT w.n, v.vendor_id, w.rows::bigint, v.first, greatest(1, (v.last - v.first + 1) * 7 / 10) AS products,
       coalesce(sum(w.rows) OVER (PARTITION BY w.vendor ORDER BY w.n
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before,
       nextval('upload_history_sequence_seq') AS sequence, v.last >= v.first AS has_products,
       now() - interval '2 years' + (%(uploads)s - w.n) * interval '17 hours' AS since
  FROM whole w JOIN vendor_plan v ON v.n = w.vendor
"""

_UPLOADS = """
INSERT INTO upload_history (upload_id, vendor_id, file_name, status, sequence, created_at, completed_at, file_size,
                            sha256, file_rows, staged_rows, failure_code, failure_reason)
SELECT 'UPLOAD_' || to_char(since, 'YYYYMMDD_HH24MISS') || '_' || sequence, vendor_id,
       lower(vendor_id) || '-' || n || '.csv',
       CASE WHEN n %% 50 = 49 THEN 'cancelled' ELSE 'completed' END, sequence, since,
       since + rows * interval '1 millisecond' + interval '2 seconds', rows * 180, md5(n::text) || md5(sequence::text),
       rows, rows, '', ''
  FROM upload_plan
"""

# Every tenth row failed at first; every second one of those was retried. What a vendor sent before is an update.
_LEDGER = """
INSERT INTO record_outcomes (upload_id, record_id, attempt, upload_sequence, vendor_id, row_number, outcome, product_id,
                             error_reason, created_at, written_back_at)
SELECT h.upload_id, 'REC_' || lpad(r::text, 7, '0'), attempt, p.sequence, p.vendor_id, r,
       CASE WHEN failed THEN 'error' WHEN g < p.products THEN 'inserted' WHEN g %% 5 > 0 THEN 'updated'
            ELSE 'unchanged' END,
       CASE WHEN NOT failed THEN %(base)s + p.first + g %% p.products END,
       CASE WHEN failed THEN split_part(problem, ',', 1) ELSE '' END, at, at
  FROM upload_plan p JOIN upload_history h USING (sequence), generate_series(1, p.rows) r,
       LATERAL (SELECT p.before + r - 1 AS g) counted,
       LATERAL (SELECT p.since + (r / 500) * interval '500 milliseconds' AS at) moment,
       LATERAL generate_series(1, CASE WHEN r %% 20 = 0 THEN 2 ELSE 1 END) attempt,
       LATERAL (SELECT r %% 10 = 0 AND attempt = 1 OR NOT p.has_products AS failed) f,
       LATERAL (SELECT (string_to_array(%(problems)s, '|'))[1 + r / 10 %% 4] AS problem) x
"""

_ERRORS = """
INSERT INTO validation_errors (upload_id, vendor_id, record_id, row_number, error_type, error_message, field,
                               suggestion, wrong_value, original_data, attempt, created_at, resolved_at)
SELECT o.upload_id, o.vendor_id, o.record_id, o.row_number, x.code,
       'The ' || x.field || ' “' || x.wrong || '” cannot be read.',
       x.field, x.hint, x.wrong,
       jsonb_build_object('vendor_product_id', 'P-' || o.row_number, 'sku', 'SKU-' || o.row_number, 'product_name',
                          'Oak table', 'category', 'Electronics', 'price', '12.99', 'stock_quantity', '10')
           || jsonb_build_object(x.field, x.wrong),
       o.attempt, o.created_at, later.created_at
  FROM record_outcomes o
  LEFT JOIN record_outcomes later ON later.upload_id = o.upload_id AND later.record_id = o.record_id
                                 AND later.attempt = o.attempt + 1,
       LATERAL (SELECT (string_to_array(%(problems)s, '|'))[1 + o.row_number / 10 %% 4] AS problem) p,
       LATERAL (SELECT split_part(problem, ',', 1) AS code, split_part(problem, ',', 2) AS field,
                       split_part(problem, ',', 3) AS wrong, split_part(problem, ',', 4) AS hint) x
 WHERE o.outcome = 'error' AND o.upload_sequence >= (SELECT min(sequence) FROM upload_plan)
"""

_COUNTERS = """
UPDATE upload_history h
   SET total_records = c.valid + c.failed, valid_records = c.valid, error_records = c.failed,
       inserted_records = c.inserted, updated_records = c.updated, unchanged_records = c.unchanged
  FROM (SELECT upload_sequence, count(*) FILTER (WHERE outcome <> 'error') AS valid,
               count(*) FILTER (WHERE outcome = 'error') AS failed,
               count(*) FILTER (WHERE outcome = 'inserted') AS inserted,
               count(*) FILTER (WHERE outcome = 'updated') AS updated,
               count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged
          FROM (SELECT DISTINCT ON (upload_id, record_id) upload_sequence, outcome FROM record_outcomes
                 WHERE upload_sequence >= (SELECT min(sequence) FROM upload_plan)
                 ORDER BY upload_id, record_id, attempt DESC) newest
         GROUP BY upload_sequence) c
 WHERE h.sequence = c.upload_sequence
"""

_CHANGES = """
INSERT INTO product_changes (product_id, kind, changes, upload_id, record_id, created_at)
SELECT product_id, 'updated', jsonb_build_object('price', jsonb_build_array('12.99', (id %% 500 + 1) || '.50')),
       upload_id, record_id, created_at
  FROM record_outcomes
 WHERE outcome = 'updated' AND upload_sequence >= (SELECT min(sequence) FROM upload_plan)
"""

AFTER_PRODUCTS = (
    ("upload plan", _UPLOAD_PLAN),
    ("uploads", _UPLOADS),
    ("ledger rows", _LEDGER),
    ("errors", _ERRORS),
    ("upload counters", _COUNTERS),
    ("product changes", _CHANGES),
)
TABLES = "vendors, product_categories, products, upload_history, record_outcomes, validation_errors, product_changes"


def fill(sizes: Sizes) -> None:
    """Add that much to the database that Django is set up on, in one transaction, and see that it is analysed."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        add(cursor, sizes)
    with connection.cursor() as cursor:
        started = time.monotonic()
        cursor.execute(f"VACUUM (ANALYZE) {TABLES}")
        _say("vacuum and analyse", None, started)


def add(cursor: Any, sizes: Sizes) -> None:
    """The same inside a transaction of the caller."""
    cursor.execute("SET LOCAL work_mem = '128MB'")
    cursor.execute("SELECT coalesce(max(product_id), 0) FROM products")
    facts = vars(sizes) | {"base": cursor.fetchone()[0], "problems": PROBLEMS} | _words()
    cursor.execute(_PICK, facts)
    for name, statement in (("vendors", _VENDORS), ("categories", _CATEGORIES), ("vendor plan", _VENDOR_PLAN)):
        _run(cursor, name, statement, facts)
    for start in range(1, sizes.products + 1, CHUNK):
        end = min(start + CHUNK - 1, sizes.products)
        _run(cursor, f"products to {end:,}", _PRODUCTS, facts | {"start": start, "end": end})
    cursor.execute("SELECT setval('products_product_id_seq', greatest(1, (SELECT max(product_id) FROM products)))")
    for name, statement in AFTER_PRODUCTS:
        _run(cursor, name, statement, facts)
    cursor.execute("DROP TABLE words, vendor_plan, upload_plan; DROP FUNCTION pg_temp.pick")


def _words() -> dict[str, str]:
    return {
        "adjectives": ADJECTIVES, "materials": MATERIALS, "things": THINGS, "places": PLACES, "syllables": SYLLABLES,
        "brands": BRANDS,
    }  # fmt: skip


def _run(cursor: Any, name: str, statement: str, facts: dict[str, Any]) -> None:
    started = time.monotonic()
    cursor.execute(statement, facts)
    _say(name, cursor.rowcount, started)


def _say(name: str, rows: int | None, started: float) -> None:
    count = "" if rows is None else f"{rows:>10,}"
    print(f"  {name:24}{count:10}{time.monotonic() - started:8.1f} s", file=sys.stderr, flush=True)  # noqa: T201


def has_anything() -> bool:
    """Whether somebody's products or uploads are in the database."""
    from catalog.models import Product
    from uploads.models import UploadHistory

    return Product.objects.exists() or UploadHistory.objects.exists()


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """The options that size what is filled in."""
    for name, default in vars(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default:,}")


def sizes_of(options: argparse.Namespace) -> Sizes:
    return Sizes(**{name: getattr(options, name) for name in vars(Sizes())})


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.pages.fill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sizes(parser)
    parser.add_argument("--more", action="store_true", help="add to a database that has products or uploads already")
    options = parser.parse_args()
    from tests.bench.services import database

    with database():
        if has_anything() and not options.more:
            print("The database has products or uploads already. To add to them: --more", file=sys.stderr)  # noqa: T201
            return 1
        fill(sizes_of(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

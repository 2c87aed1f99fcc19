"""The index for who else has the same GTIN knows that 12, 13 and 14 digits can be one, built beside running imports.

A GTIN is the same number with zeros in front (GS1 General Specifications, 3.3.2), so products meet in all of its 14
digits. The column keeps what its vendor sent. `gtin` stands beside the expression, since PostgreSQL reads the index alone only
where it has the columns that a query names. The old index goes last: until then the page has one.
"""

from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import LPad

NEW = "CREATE INDEX CONCURRENTLY idx_products_gtin_14 ON products (lpad(gtin, 14, '0')) INCLUDE (gtin) WHERE gtin <> ''"
OLD = "CREATE INDEX CONCURRENTLY idx_products_gtin ON products (gtin) WHERE gtin IS NOT NULL"
FORWARD = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_gtin_14",
    NEW,
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_gtin",
]
BACKWARD = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_gtin",
    OLD,
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_gtin_14",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("catalog", "0008_gtins")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                migrations.RemoveIndex("product", "idx_products_gtin"),
                migrations.AddIndex(
                    "product",
                    models.Index(
                        LPad(F("gtin"), 14, Value("0")),
                        name="idx_products_gtin_14",
                        condition=~Q(gtin=""),
                        include=["gtin"],
                    ),
                ),
            ],
        ),
    ]

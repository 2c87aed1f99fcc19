"""An index for the search in the lists of products.

idx_products_sku gets the operator class that finds the start of a SKU: products_sku_key finds whole ones already, and
in most collations neither could do the other's work.

It is built beside the running imports (CONCURRENTLY), the new one before the old one goes. A build that was
interrupted leaves an invalid index behind; running the migration again starts with removing that.
"""

from django.db import migrations, models

# One statement each: CONCURRENTLY allows no transaction around it, and several in one text would be one.
SKU = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_sku_new",
    "CREATE INDEX CONCURRENTLY idx_products_sku_new ON products (sku varchar_pattern_ops)",
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_sku",
    "ALTER INDEX idx_products_sku_new RENAME TO idx_products_sku",
]
BACK = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_sku_old",
    "CREATE INDEX CONCURRENTLY idx_products_sku_old ON products (sku)",
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_sku",
    "ALTER INDEX idx_products_sku_old RENAME TO idx_products_sku",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("catalog", "0002_back_office"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*SKU], [*BACK])],
            state_operations=[
                migrations.RemoveIndex(model_name="product", name="idx_products_sku"),
                migrations.AddIndex(
                    model_name="product",
                    index=models.Index(fields=["sku"], name="idx_products_sku", opclasses=["varchar_pattern_ops"]),
                ),
            ],
        ),
    ]

"""How many products of a vendor are retired is read from an index of these alone, built beside running imports.

It has no entry for an active product, so a night's prices and stock don't touch it. Without it, the list of vendors would
read all products of the vendors that it shows.
"""

from django.db import migrations, models
from django.db.models import Q

FORWARD = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_retired",
    "CREATE INDEX CONCURRENTLY idx_products_retired ON products (vendor_id) WHERE status = 'retired'",
]
BACKWARD = ["DROP INDEX CONCURRENTLY IF EXISTS idx_products_retired"]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("catalog", "0010_room_for_prices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                migrations.AddIndex(
                    "product",
                    models.Index(fields=["vendor"], name="idx_products_retired", condition=Q(status="retired")),
                ),
            ],
        ),
    ]

"""An index for who else has the same GTIN, built beside the running imports.

Products without one, as most are, aren't in it. A build that was interrupted leaves an invalid index behind; running
the migration again starts with removing that.
"""

from django.db import migrations, models
from django.db.models import Q

FORWARD = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_products_gtin",
    "CREATE INDEX CONCURRENTLY idx_products_gtin ON products (gtin) WHERE gtin IS NOT NULL",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("catalog", "0006_retired")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*FORWARD[:1]])],
            state_operations=[
                migrations.AddIndex(
                    "product", models.Index(fields=["gtin"], name="idx_products_gtin", condition=Q(gtin__isnull=False))
                ),
            ],
        ),
    ]

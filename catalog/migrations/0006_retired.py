"""Products can be retired, and have a GTIN and a picture.

Constants as defaults and columns without any: on a table of millions nothing is rewritten.
"""

from django.db import migrations, models
from django.db.models import Q

VIEW = """
CREATE {or_replace} VIEW product_catalog AS
SELECT p.product_id,
       p.vendor_id,
       v.vendor_name,
       p.vendor_product_id,
       p.product_name,
       p.category,
       c.parent_category,
       p.sku,
       p.brand,
       p.description,
       p.price,
       p.stock_quantity,
       p.created_at,
       p.updated_at,
       p.currency{more}
  FROM products p
  JOIN vendors v ON v.vendor_id = p.vendor_id AND v.status = 'active'
  LEFT JOIN product_categories c ON c.category_name = p.category{where};
"""
FORWARD = [
    """
    ALTER TABLE products
        ADD COLUMN status varchar(20) NOT NULL DEFAULT 'active'
            CONSTRAINT products_status_check CHECK (status IN ('active', 'retired')),
        ADD COLUMN gtin varchar(14),
        ADD COLUMN image_url text;
    """,
    VIEW.format(
        or_replace="OR REPLACE",
        more=",\n       p.gtin,\n       p.image_url",
        where="\n WHERE p.status = 'active'",
    ),
]
BACKWARD = [
    "DROP VIEW product_catalog",
    VIEW.format(or_replace="", more="", where=""),
    "ALTER TABLE products DROP COLUMN image_url, DROP COLUMN gtin, DROP COLUMN status",
]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_plain_names")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                migrations.AddField(
                    "product",
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("retired", "Retired")],
                        db_default="active",
                        default="active",
                        max_length=20,
                    ),
                ),
                migrations.AddField(
                    "product", "gtin", models.CharField(blank=True, max_length=14, null=True, verbose_name="GTIN")
                ),
                migrations.AddField(
                    "product",
                    "image_url",
                    models.TextField(blank=True, max_length=2000, null=True, verbose_name="image URL"),
                ),
                migrations.AddConstraint(
                    "product",
                    models.CheckConstraint(condition=Q(status__in=["active", "retired"]), name="products_status_check"),
                ),
            ],
        ),
    ]

"""Products keep the currency of their price. An INSERT that names none gets the vendor's, from a trigger: a column's
default can't look at another table.

On a table of millions nothing is rewritten: the column comes with a constant, and only rows of vendors with another
currency are written, without moving their `updated_at`.
"""

from django.db import migrations

import vendors.models

FORWARD = [
    """
    ALTER TABLE products ADD COLUMN currency char(3) NOT NULL DEFAULT 'USD'
        CONSTRAINT products_currency_check CHECK (currency ~ '^[A-Z]{3}$');
    ALTER TABLE products ALTER COLUMN currency DROP DEFAULT;

    ALTER TABLE products DISABLE TRIGGER products_set_updated_at;
    UPDATE products p SET currency = v.currency FROM vendors v
     WHERE v.vendor_id = p.vendor_id AND v.currency <> 'USD';
    ALTER TABLE products ENABLE TRIGGER products_set_updated_at;
    """,
    """
    CREATE FUNCTION set_product_currency() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- An unknown vendor is for the foreign key to refuse.
        NEW.currency := coalesce((SELECT currency FROM vendors WHERE vendor_id = NEW.vendor_id), 'USD');
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER products_set_currency BEFORE INSERT ON products
        FOR EACH ROW WHEN (NEW.currency IS NULL) EXECUTE FUNCTION set_product_currency();
    """,
    """
    CREATE OR REPLACE VIEW product_catalog AS
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
           p.currency
      FROM products p
      JOIN vendors v ON v.vendor_id = p.vendor_id AND v.status = 'active'
      LEFT JOIN product_categories c ON c.category_name = p.category;
    """,
]
BACKWARD = """
DROP VIEW product_catalog;
CREATE VIEW product_catalog AS
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
       p.updated_at
  FROM products p
  JOIN vendors v ON v.vendor_id = p.vendor_id AND v.status = 'active'
  LEFT JOIN product_categories c ON c.category_name = p.category;
DROP TRIGGER products_set_currency ON products;
DROP FUNCTION set_product_currency();
ALTER TABLE products DROP COLUMN currency;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_speed"),
        ("vendors", "0005_currency"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], BACKWARD)],
            state_operations=[
                migrations.AddField(
                    model_name="product",
                    name="currency",
                    field=vendors.models.CurrencyField(blank=True, default=None, max_length=3),
                ),
            ],
        ),
    ]

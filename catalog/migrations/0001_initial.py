"""Categories, products and the catalog view, in the words of their contract.

The SQL is what counts: plain SQL against these tables must work, so defaults and checks stand in the database.
The state operations tell Django the same.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

FORWARD = """
CREATE TABLE product_categories (
    category_id     serial       PRIMARY KEY,
    category_name   varchar(100) NOT NULL UNIQUE,
    parent_category varchar(100),
    is_active       boolean      NOT NULL DEFAULT true,
    created_at      timestamptz  NOT NULL DEFAULT now()
);

CREATE TABLE products (
    product_id        serial        PRIMARY KEY,
    vendor_id         varchar(50)   NOT NULL REFERENCES vendors (vendor_id),
    vendor_product_id varchar(100)  NOT NULL,
    product_name      varchar(200)  NOT NULL,
    category          varchar(100)  NOT NULL,
    sku               varchar(100)  NOT NULL UNIQUE,
    brand             varchar(100),
    description       text,
    price             numeric(10,2) NOT NULL CHECK (price > 0),
    stock_quantity    integer       NOT NULL CHECK (stock_quantity >= 0),
    created_at        timestamptz   NOT NULL DEFAULT now(),
    updated_at        timestamptz   NOT NULL DEFAULT now(),
    UNIQUE (vendor_id, vendor_product_id)
);
CREATE INDEX idx_products_vendor ON products (vendor_id);
CREATE INDEX idx_products_category ON products (category);
CREATE INDEX idx_products_sku ON products (sku);
CREATE INDEX idx_products_search ON products
    USING gin (to_tsvector('english', product_name || ' ' || coalesce(description, '')));

CREATE TRIGGER products_set_updated_at BEFORE UPDATE ON products
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at();

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
"""

BACKWARD = """
DROP VIEW product_catalog;
DROP TABLE products;
DROP TABLE product_categories;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("vendors", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.CreateModel(
                    name="ProductCatalog",
                    fields=[
                        ("product_id", models.IntegerField(primary_key=True, serialize=False)),
                        ("vendor_id", models.CharField(max_length=50, verbose_name="vendor ID")),
                        ("vendor_name", models.CharField(max_length=200)),
                        ("vendor_product_id", models.CharField(max_length=100, verbose_name="vendor product ID")),
                        ("product_name", models.CharField(max_length=200)),
                        ("category", models.CharField(max_length=100)),
                        ("parent_category", models.CharField(max_length=100)),
                        ("sku", models.CharField(max_length=100, verbose_name="SKU")),
                        ("brand", models.CharField(max_length=100)),
                        ("description", models.TextField()),
                        ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                        ("stock_quantity", models.IntegerField()),
                        ("created_at", models.DateTimeField()),
                        ("updated_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name_plural": "product catalog",
                        "db_table": "product_catalog",
                        "ordering": ["-product_id"],
                        "managed": False,
                    },
                ),
                migrations.CreateModel(
                    name="ProductCategory",
                    fields=[
                        ("category_id", models.AutoField(primary_key=True, serialize=False)),
                        ("category_name", models.CharField(max_length=100, unique=True)),
                        ("parent_category", models.CharField(blank=True, max_length=100, null=True)),
                        ("is_active", models.BooleanField(db_default=True, default=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "product categories",
                        "db_table": "product_categories",
                        "ordering": ["category_name"],
                    },
                ),
                migrations.CreateModel(
                    name="Product",
                    fields=[
                        ("product_id", models.AutoField(primary_key=True, serialize=False)),
                        ("vendor_product_id", models.CharField(max_length=100, verbose_name="vendor product ID")),
                        ("product_name", models.CharField(max_length=200)),
                        ("category", models.CharField(max_length=100)),
                        ("sku", models.CharField(max_length=100, unique=True, verbose_name="SKU")),
                        ("brand", models.CharField(blank=True, max_length=100, null=True)),
                        ("description", models.TextField(blank=True, null=True)),
                        ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                        (
                            "stock_quantity",
                            models.IntegerField(validators=[django.core.validators.MinValueValidator(0)]),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "vendor",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="products",
                                to="vendors.vendor",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "products",
                        "ordering": ["-product_id"],
                        "indexes": [
                            models.Index(fields=["vendor"], name="idx_products_vendor"),
                            models.Index(fields=["category"], name="idx_products_category"),
                            models.Index(fields=["sku"], name="idx_products_sku"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.search.SearchVector(
                                    django.db.models.functions.text.Concat(
                                        models.F("product_name"),
                                        models.Value(" "),
                                        django.db.models.functions.comparison.Coalesce(
                                            models.F("description"), models.Value("")
                                        ),
                                    ),
                                    config="english",
                                ),
                                name="idx_products_search",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("vendor", "vendor_product_id"), name="products_vendor_id_vendor_product_id_key"
                            ),
                            models.CheckConstraint(condition=models.Q(("price__gt", 0)), name="products_price_check"),
                            models.CheckConstraint(
                                condition=models.Q(("stock_quantity__gte", 0)), name="products_stock_quantity_check"
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]

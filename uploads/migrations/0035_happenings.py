"""What happened that rows may have waited for, noted by triggers; and which rows were retried by themselves.

The version before runs on: what is noted meanwhile waits for the next one's schedule.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

KINDS = [
    ("category", "a category was opened"),
    ("vendor", "a vendor became active"),
    ("sku", "a SKU became free"),
]

# An update of a product costs a comparison of two SKUs, in the trigger's condition: no function is called where they
# are the same. "moving 12" is what a SKU is called while it wanders between two products (catalog/committer.py).
NOTED = """
CREATE FUNCTION note_opened_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO happenings (kind, what) VALUES ('category', NEW.category_name);
    RETURN NULL;
END $$;
CREATE TRIGGER product_categories_came AFTER INSERT ON product_categories FOR EACH ROW
    WHEN (NEW.is_active) EXECUTE FUNCTION note_opened_category();
CREATE TRIGGER product_categories_opened AFTER UPDATE OF category_name, is_active ON product_categories FOR EACH ROW
    WHEN (NEW.is_active AND (OLD.is_active IS NOT TRUE OR OLD.category_name <> NEW.category_name))
    EXECUTE FUNCTION note_opened_category();

CREATE FUNCTION note_active_vendor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO happenings (kind, what) VALUES ('vendor', NEW.vendor_id);
    RETURN NULL;
END $$;
CREATE TRIGGER vendors_activated AFTER UPDATE OF status, retries_by_itself ON vendors FOR EACH ROW
    WHEN (NEW.status = 'active' AND (OLD.status IS DISTINCT FROM 'active' OR NEW.retries_by_itself AND NOT OLD.retries_by_itself))
    EXECUTE FUNCTION note_active_vendor();

CREATE FUNCTION note_changed_sku() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO happenings (kind, what) VALUES ('sku', OLD.sku);
    RETURN NULL;
END $$;
CREATE TRIGGER products_sku_changed AFTER UPDATE OF sku ON products FOR EACH ROW
    WHEN (OLD.sku <> NEW.sku AND OLD.sku NOT LIKE 'moving %')
    EXECUTE FUNCTION note_changed_sku();

CREATE FUNCTION note_freed_skus() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO happenings (kind, what) SELECT 'sku', sku FROM gone;
    RETURN NULL;
END $$;
CREATE TRIGGER products_gone AFTER DELETE ON products
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_freed_skus();
"""
NOT_NOTED = """
DROP TRIGGER product_categories_came ON product_categories;
DROP TRIGGER product_categories_opened ON product_categories;
DROP TRIGGER vendors_activated ON vendors;
DROP TRIGGER products_sku_changed ON products;
DROP TRIGGER products_gone ON products;
DROP FUNCTION note_opened_category, note_active_vendor, note_changed_sku, note_freed_skus;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0034_holds"),
        ("vendors", "0013_retries_by_itself"),
        ("catalog", "0008_gtins"),
    ]

    operations = [
        migrations.CreateModel(
            name="Happening",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("what", models.CharField(max_length=100)),
                ("happened_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("looked_at", models.DateTimeField(null=True)),
                ("looks", models.SmallIntegerField(db_default=0, default=0)),
                ("next_look_at", models.DateTimeField(db_default=Now())),
                ("position", models.TextField(blank=True, db_default="", default="")),
                ("again", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "db_table": "happenings",
                "default_permissions": (),
                "indexes": [models.Index(fields=["next_look_at", "id"], name="idx_happenings_due")],
            },
        ),
        migrations.CreateModel(
            name="SelfRetry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("record_id", models.CharField(max_length=1024, verbose_name="record ID")),
                ("attempt", models.IntegerField()),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("what", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="uploads.uploadhistory",
                    ),
                ),
            ],
            options={
                "db_table": "self_retries",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("upload", "record_id", "attempt"), name="self_retries_key")
                ],
            },
        ),
        migrations.RunSQL(NOTED, NOT_NOTED),
    ]

"""The table `vendors`, in the words of its contract, and the trigger that keeps `updated_at`.

The SQL is what counts: plain SQL against these tables must work, so defaults and checks stand in the database.
The state operations tell Django the same.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TABLE vendors (
    vendor_id     varchar(50)  PRIMARY KEY,
    vendor_name   varchar(200) NOT NULL,
    email         varchar(255) NOT NULL UNIQUE,
    phone         varchar(20),
    business_name varchar(200),
    tax_id        varchar(50),
    address       text,
    city          varchar(100),
    state         varchar(50),
    country       varchar(50)  DEFAULT 'USA',
    postal_code   varchar(20),
    status        varchar(20)  NOT NULL DEFAULT 'active',
    created_at    timestamptz  NOT NULL DEFAULT now(),
    updated_at    timestamptz  NOT NULL DEFAULT now()
);
CREATE INDEX idx_vendors_email ON vendors (email);
CREATE INDEX idx_vendors_status ON vendors (status);

CREATE TRIGGER vendors_set_updated_at BEFORE UPDATE ON vendors
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at();
"""

BACKWARD = """
DROP TABLE vendors;
DROP FUNCTION set_updated_at();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.CreateModel(
                    name="Vendor",
                    fields=[
                        (
                            "vendor_id",
                            models.CharField(
                                help_text="Like VEND001.",
                                max_length=50,
                                primary_key=True,
                                serialize=False,
                                verbose_name="vendor ID",
                            ),
                        ),
                        ("vendor_name", models.CharField(max_length=200)),
                        ("email", models.EmailField(max_length=255, unique=True)),
                        ("phone", models.CharField(blank=True, max_length=20, null=True)),
                        ("business_name", models.CharField(blank=True, max_length=200, null=True)),
                        ("tax_id", models.CharField(blank=True, max_length=50, null=True, verbose_name="tax ID")),
                        ("address", models.TextField(blank=True, null=True)),
                        ("city", models.CharField(blank=True, max_length=100, null=True)),
                        ("state", models.CharField(blank=True, max_length=50, null=True)),
                        (
                            "country",
                            models.CharField(blank=True, db_default="USA", default="USA", max_length=50, null=True),
                        ),
                        ("postal_code", models.CharField(blank=True, max_length=20, null=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[("pending", "Pending"), ("active", "Active"), ("suspended", "Suspended")],
                                db_default="active",
                                default="active",
                                max_length=20,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "db_table": "vendors",
                        "ordering": ["vendor_id"],
                        "indexes": [
                            models.Index(fields=["email"], name="idx_vendors_email"),
                            models.Index(fields=["status"], name="idx_vendors_status"),
                        ],
                    },
                ),
            ],
        ),
    ]

"""How many open rows have which wrong value, kept up by triggers; and rules for the values of all vendors.

What counts is said once, in functions: `open_value_claim` of a problem, `upload_waits` of its upload. The triggers move
the counts by whole rows, by what each statement brought, settled, opened or deleted, and by an upload that begins or
ceases to wait. The migration after this one counts what stood there before.

The version before runs on: the triggers are the database's. It reads no rules for all vendors, and makes none.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Lower, Now

WHAT_COUNTS = """
CREATE FUNCTION open_value_claim(error_type text, field text, wrong_value text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN error_type = 'sku_taken' THEN CASE WHEN wrong_value <> '' THEN true END
                WHEN error_type = 'duplicate_in_file' THEN NULL
                WHEN error_type = 'missing_value' THEN CASE WHEN field NOT IN ('vendor_product_id', 'sku') THEN false END
                WHEN wrong_value <> '' THEN false END
$$;
COMMENT ON FUNCTION open_value_claim IS
    'Whether a problem is about a SKU that another product has; false if a right value would mend it, null if neither';

CREATE FUNCTION upload_waits(status text, undone_at timestamptz, archived_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT status <> 'cancelled' AND undone_at IS NULL AND archived_at IS NULL $$;

CREATE FUNCTION open_values_counted(whose text)
RETURNS TABLE (claim boolean, field varchar, value text, spelling text, rows bigint, since timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT c.claim, e.field, lower(e.wrong_value), min(e.wrong_value), count(DISTINCT (e.upload_id, e.record_id)),
           min(e.created_at)
      FROM validation_errors e
      JOIN upload_history u ON u.upload_id = e.upload_id
     CROSS JOIN LATERAL (SELECT open_value_claim(e.error_type, e.field, e.wrong_value) AS claim) c
     WHERE e.vendor_id = whose AND e.severity = 'error' AND e.resolved_at IS NULL AND c.claim IS NOT NULL
       AND upload_waits(u.status, u.undone_at, u.archived_at)
     GROUP BY 1, 2, 3
$$;
COMMENT ON FUNCTION open_values_counted IS 'What open_values has to say of a vendor, counted anew';
"""

# The uploads are asked behind a fence (OFFSET): a probe each, however few there were when the plan was made. All in one
# order, so that two statements never wait for each other.
KEEPING_UP = """
CREATE FUNCTION open_values_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO open_values AS o (vendor_id, claim, field, value, spelling, rows)
    SELECT k.vendor_id, k.claim, k.field, k.value, min(k.spelling), sum(k.rows)
      FROM (SELECT vendor_id, upload_id, open_value_claim(error_type, field, wrong_value) AS claim, field,
                   lower(wrong_value) AS value, min(wrong_value) AS spelling, count(DISTINCT record_id) AS rows
              FROM came
             WHERE severity = 'error' AND resolved_at IS NULL
               AND open_value_claim(error_type, field, wrong_value) IS NOT NULL
             GROUP BY 1, 2, 3, 4, 5) k
     CROSS JOIN LATERAL (SELECT FROM upload_history u
                          WHERE u.upload_id = k.upload_id AND upload_waits(u.status, u.undone_at, u.archived_at)
                         OFFSET 0) u
     GROUP BY 1, 2, 3, 4
     ORDER BY 1, 2, 3, 4
        ON CONFLICT (vendor_id, claim, field, value) DO UPDATE
       SET rows = o.rows + excluded.rows, changed = true,
           since = CASE WHEN o.rows > 0 THEN o.since ELSE excluded.since END;
    RETURN NULL;
END $$;

CREATE FUNCTION open_values_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO open_values AS o (vendor_id, claim, field, value, spelling, rows)
    SELECT k.vendor_id, k.claim, k.field, k.value, min(k.spelling), sum(k.rows)
      FROM (SELECT e.vendor_id, e.upload_id, c.claim, e.field, lower(e.wrong_value) AS value,
                   min(e.wrong_value) AS spelling, e.sign * count(DISTINCT e.record_id) AS rows
              FROM (SELECT vendor_id, upload_id, record_id, severity, error_type, field, wrong_value, resolved_at,
                           1 AS sign FROM now_so
                     UNION ALL
                    SELECT vendor_id, upload_id, record_id, severity, error_type, field, wrong_value, resolved_at,
                           -1 FROM before) e
             CROSS JOIN LATERAL (SELECT open_value_claim(e.error_type, e.field, e.wrong_value) AS claim) c
             WHERE e.severity = 'error' AND e.resolved_at IS NULL AND c.claim IS NOT NULL
             GROUP BY 1, 2, 3, 4, 5, e.sign) k
     CROSS JOIN LATERAL (SELECT FROM upload_history u
                          WHERE u.upload_id = k.upload_id AND upload_waits(u.status, u.undone_at, u.archived_at)
                         OFFSET 0) u
     GROUP BY 1, 2, 3, 4
    HAVING sum(k.rows) <> 0
     ORDER BY 1, 2, 3, 4
        ON CONFLICT (vendor_id, claim, field, value) DO UPDATE
       SET rows = o.rows + excluded.rows, changed = true,
           since = CASE WHEN o.rows > 0 THEN o.since ELSE excluded.since END;
    RETURN NULL;
END $$;

-- What is deleted may be a part of a row's problems: the row has left a value when none of its problems is there.
CREATE FUNCTION open_values_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE open_values o
       SET rows = o.rows - k.rows, changed = true
      FROM (SELECT g.vendor_id, g.claim, g.field, g.value, count(*) AS rows
              FROM (SELECT DISTINCT e.vendor_id, e.upload_id, e.row_number, e.record_id, c.claim, e.field,
                           lower(e.wrong_value) AS value
                      FROM gone e
                     CROSS JOIN LATERAL (SELECT open_value_claim(e.error_type, e.field, e.wrong_value) AS claim) c
                     WHERE e.severity = 'error' AND e.resolved_at IS NULL AND c.claim IS NOT NULL) g
             CROSS JOIN LATERAL (SELECT FROM upload_history u
                                  WHERE u.upload_id = g.upload_id
                                    AND upload_waits(u.status, u.undone_at, u.archived_at) OFFSET 0) u
             WHERE NOT EXISTS (SELECT FROM (SELECT * FROM validation_errors
                                             WHERE upload_id = g.upload_id AND severity = 'error'
                                               AND row_number = g.row_number OFFSET 0) e
                                WHERE e.record_id = g.record_id AND e.resolved_at IS NULL AND e.field = g.field
                                  AND lower(e.wrong_value) = g.value
                                  AND open_value_claim(e.error_type, e.field, e.wrong_value) = g.claim)
             GROUP BY 1, 2, 3, 4) k
     WHERE o.vendor_id = k.vendor_id AND o.claim = k.claim AND o.field = k.field AND o.value = k.value;
    RETURN NULL;
END $$;

CREATE FUNCTION open_values_of_upload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO open_values AS o (vendor_id, claim, field, value, spelling, rows)
    SELECT e.vendor_id, c.claim, e.field, lower(e.wrong_value), min(e.wrong_value),
           count(DISTINCT e.record_id)
               * CASE WHEN upload_waits(NEW.status, NEW.undone_at, NEW.archived_at) THEN 1 ELSE -1 END
      FROM validation_errors e
     CROSS JOIN LATERAL (SELECT open_value_claim(e.error_type, e.field, e.wrong_value) AS claim) c
     WHERE e.upload_id = NEW.upload_id AND e.severity = 'error' AND e.resolved_at IS NULL AND c.claim IS NOT NULL
     GROUP BY 1, 2, 3, 4
     ORDER BY 1, 2, 3, 4
        ON CONFLICT (vendor_id, claim, field, value) DO UPDATE
       SET rows = o.rows + excluded.rows, changed = true,
           since = CASE WHEN o.rows > 0 THEN o.since ELSE excluded.since END;
    RETURN NULL;
END $$;

CREATE TRIGGER validation_errors_came AFTER INSERT ON validation_errors
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION open_values_came();
CREATE TRIGGER validation_errors_moved AFTER UPDATE ON validation_errors
    REFERENCING OLD TABLE AS before NEW TABLE AS now_so FOR EACH STATEMENT EXECUTE FUNCTION open_values_moved();
CREATE TRIGGER validation_errors_gone AFTER DELETE ON validation_errors
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION open_values_gone();
CREATE TRIGGER upload_history_waits AFTER UPDATE OF status, undone_at, archived_at ON upload_history FOR EACH ROW
    WHEN (upload_waits(OLD.status, OLD.undone_at, OLD.archived_at)
          <> upload_waits(NEW.status, NEW.undone_at, NEW.archived_at))
    EXECUTE FUNCTION open_values_of_upload();
"""
NO_KEEPING_UP = """
DROP TRIGGER validation_errors_came ON validation_errors;
DROP TRIGGER validation_errors_moved ON validation_errors;
DROP TRIGGER validation_errors_gone ON validation_errors;
DROP TRIGGER upload_history_waits ON upload_history;
DROP FUNCTION open_values_came, open_values_moved, open_values_gone, open_values_of_upload;
"""
NOTHING_COUNTS = "DROP FUNCTION open_values_counted, upload_waits, open_value_claim;"


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0020_desk"),
        ("vendors", "0006_names"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenValue",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "vendor_id",
                        "claim",
                        "field",
                        "value",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="vendors.vendor",
                    ),
                ),
                ("claim", models.BooleanField()),
                ("field", models.CharField(max_length=50)),
                ("value", models.TextField()),
                ("spelling", models.TextField()),
                ("rows", models.BigIntegerField()),
                ("since", models.DateTimeField(db_default=Now())),
                ("changed", models.BooleanField(db_default=True, default=True)),
            ],
            options={
                "db_table": "open_values",
                "indexes": [
                    models.Index(fields=["claim", "field", "value"], name="idx_open_values_value"),
                    models.Index(
                        condition=models.Q(("changed", True)), fields=["vendor"], name="idx_open_values_changed"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ValueTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "claim", "field", "value", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("claim", models.BooleanField()),
                ("field", models.CharField(max_length=50)),
                ("value", models.TextField()),
                ("spelling", models.TextField()),
                ("rows", models.BigIntegerField()),
                ("vendors", models.IntegerField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "shared_values",
                "indexes": [
                    models.Index(fields=["claim", "rows", "field", "value"], name="idx_shared_values_rows"),
                    models.Index(fields=["claim", "field", "rows", "value"], name="idx_shared_values_field"),
                ],
            },
        ),
        migrations.RunSQL(WHAT_COUNTS, NOTHING_COUNTS),
        migrations.RunSQL(KEEPING_UP, NO_KEEPING_UP),
        migrations.AlterField(
            model_name="valuerule",
            name="vendor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Leave it empty for a rule for all vendors, which all of them see on their pages.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="value_rules",
                to="vendors.vendor",
            ),
        ),
        migrations.AddConstraint(
            model_name="valuerule",
            constraint=models.UniqueConstraint(
                models.F("field"),
                Lower("wrong_value"),
                condition=models.Q(("vendor__isnull", True)),
                name="value_rules_of_all",
            ),
        ),
    ]

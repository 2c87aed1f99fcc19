"""Counts the open rows of each wrong value that were there before the triggers were.

A vendor at a time and under its lock, which all take that write its errors: imports go on beside it, and what comes
meanwhile is counted once. Interrupted, it is run again. The totals over all vendors follow on the schedule.
"""

from typing import Any

from django.db import migrations, transaction

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('vendor:' || %s, 0))"
COUNT = """
INSERT INTO open_values AS o (vendor_id, claim, field, value, spelling, rows, since)
SELECT %(vendor)s, claim, field, value, spelling, rows, since FROM open_values_counted(%(vendor)s)
    ON CONFLICT (vendor_id, claim, field, value) DO UPDATE
   SET rows = excluded.rows, since = excluded.since, changed = true
"""


def count(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT vendor_id FROM vendors ORDER BY vendor_id")
        vendor_ids = [row[0] for row in cursor.fetchall()]
        for vendor_id in vendor_ids:
            with transaction.atomic(using=connection.alias):
                cursor.execute(LOCK, [vendor_id])
                cursor.execute("UPDATE open_values SET rows = 0, changed = true WHERE vendor_id = %s", [vendor_id])
                cursor.execute(COUNT, {"vendor": vendor_id})


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("uploads", "0021_open_values")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]

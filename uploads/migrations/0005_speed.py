"""Indexes and a view for the pages of the ledger and of the vendors' summaries.

idx_record_outcomes_rare finds the outcomes that most records don't have, newest first. It leaves out the three that
they do have, so that a commit without errors never touches it; those are met soon enough on the way through the
table. Built beside the running imports (CONCURRENTLY); an interrupted build leaves an invalid index, which running the
migration again removes first.

vendor_summary counts a vendor's products where they are asked for: a page of 50 vendors doesn't count those of all.
Its columns stay as they are.
"""

from django.db import migrations, models

RARE = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_record_outcomes_rare",
    """
    CREATE INDEX CONCURRENTLY idx_record_outcomes_rare ON record_outcomes (outcome, id)
     WHERE outcome IN ('error', 'superseded', 'cancelled')
    """,
]
NO_RARE = ["DROP INDEX CONCURRENTLY IF EXISTS idx_record_outcomes_rare"]

# Not as joins: PostgreSQL sorts and cuts off first, and works out what stands in the list of columns for the rest.
SUMMARY = """
CREATE OR REPLACE VIEW vendor_summary AS
SELECT v.vendor_id,
       v.vendor_name,
       v.email,
       v.status,
       (SELECT count(*) FROM products p WHERE p.vendor_id = v.vendor_id) AS total_products,
       coalesce(u.total_uploads, 0) AS total_uploads,
       coalesce(u.valid_records, 0) AS valid_records,
       coalesce(u.error_records, 0) AS error_records,
       round(100.0 * u.error_records / nullif(u.total_records, 0), 2) AS error_rate,
       u.last_upload_at
  FROM vendors v
  LEFT JOIN (SELECT vendor_id,
                    count(*) AS total_uploads,
                    sum(total_records) AS total_records,
                    sum(valid_records) AS valid_records,
                    sum(error_records) AS error_records,
                    max(created_at) AS last_upload_at
               FROM upload_history GROUP BY vendor_id) u USING (vendor_id)
"""
OLD_SUMMARY = SUMMARY.replace(
    "(SELECT count(*) FROM products p WHERE p.vendor_id = v.vendor_id) AS total_products",
    "coalesce(p.total_products, 0) AS total_products",
).replace(
    "FROM vendors v",
    "FROM vendors v LEFT JOIN"
    " (SELECT vendor_id, count(*) AS total_products FROM products GROUP BY vendor_id) p USING (vendor_id)",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0004_back_office"),
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*RARE], [*NO_RARE])],
            state_operations=[
                migrations.AddIndex(
                    model_name="recordoutcome",
                    index=models.Index(
                        fields=["outcome", "id"],
                        name="idx_record_outcomes_rare",
                        condition=models.Q(outcome__in=["error", "superseded", "cancelled"]),
                    ),
                ),
            ],
        ),
        migrations.RunSQL(SUMMARY, OLD_SUMMARY),
    ]

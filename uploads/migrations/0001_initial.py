"""Uploads, errors, the ledger, the stream's shards and two views, in the words of their contract.

The SQL is what counts: plain SQL against these tables must work, so defaults and checks stand in the database.
The state operations tell Django the same.
"""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE SEQUENCE upload_history_sequence_seq;

CREATE TABLE upload_history (
    upload_id          varchar(100) PRIMARY KEY,
    vendor_id          varchar(50)  NOT NULL REFERENCES vendors (vendor_id),
    file_name          varchar(255) NOT NULL,
    total_records      integer      NOT NULL DEFAULT 0,
    valid_records      integer      NOT NULL DEFAULT 0,
    error_records      integer      NOT NULL DEFAULT 0,
    status             varchar(50)  NOT NULL DEFAULT 'processing',
    sequence           bigint       NOT NULL UNIQUE DEFAULT nextval('upload_history_sequence_seq'),
    source             varchar(20)  NOT NULL DEFAULT 'file',
    uploaded_by_id     integer      REFERENCES auth_user (id) ON DELETE SET NULL,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    updated_at         timestamptz  NOT NULL DEFAULT now(),
    completed_at       timestamptz,
    storage_key        varchar(255) NOT NULL DEFAULT '',
    file_size          bigint,
    sha256             varchar(64)  NOT NULL DEFAULT '',
    layout             jsonb,
    file_rows          integer,
    staged_rows        integer      NOT NULL DEFAULT 0,
    staged_offset      bigint       NOT NULL DEFAULT 0,
    staging_owner      varchar(100) NOT NULL DEFAULT '',
    staging_epoch      bigint       NOT NULL DEFAULT 0,
    staging_expires_at timestamptz,
    inserted_records   integer      NOT NULL DEFAULT 0,
    updated_records    integer      NOT NULL DEFAULT 0,
    unchanged_records  integer      NOT NULL DEFAULT 0,
    superseded_records integer      NOT NULL DEFAULT 0,
    failure_code       varchar(50)  NOT NULL DEFAULT '',
    failure_reason     text         NOT NULL DEFAULT '',
    error_report_key   varchar(255) NOT NULL DEFAULT '',
    CONSTRAINT upload_history_counts_add_up CHECK (total_records = valid_records + error_records),
    CONSTRAINT upload_history_total_within_file CHECK (file_rows IS NULL OR total_records <= file_rows)
);
ALTER SEQUENCE upload_history_sequence_seq OWNED BY upload_history.sequence;
CREATE INDEX idx_upload_history_vendor ON upload_history (vendor_id, created_at DESC);
CREATE INDEX idx_upload_history_created ON upload_history (created_at DESC);
CREATE INDEX idx_upload_history_open ON upload_history (status) WHERE status = 'processing';
CREATE INDEX idx_upload_history_sha256 ON upload_history (vendor_id, sha256);

CREATE TRIGGER upload_history_set_updated_at BEFORE UPDATE ON upload_history
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at();

CREATE TABLE validation_errors (
    error_id      serial       PRIMARY KEY,
    upload_id     varchar(100) NOT NULL REFERENCES upload_history (upload_id),
    vendor_id     varchar(50)  NOT NULL REFERENCES vendors (vendor_id),
    row_number    integer      NOT NULL,
    error_type    varchar(50)  NOT NULL,
    error_message text         NOT NULL,
    original_data jsonb,
    field         varchar(50)  NOT NULL DEFAULT '',
    suggestion    text         NOT NULL DEFAULT '',
    record_id     text         NOT NULL DEFAULT '',
    attempt       integer      NOT NULL DEFAULT 1,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    resolved_at   timestamptz
);
CREATE INDEX idx_validation_errors_upload ON validation_errors (upload_id, row_number);
CREATE INDEX idx_validation_errors_vendor ON validation_errors (vendor_id, created_at DESC);

CREATE TABLE record_outcomes (
    id              bigserial   PRIMARY KEY,
    upload_id       text        NOT NULL,
    record_id       text        NOT NULL,
    attempt         integer     NOT NULL DEFAULT 1,
    upload_sequence bigint,
    vendor_id       text        NOT NULL DEFAULT '',
    row_number      integer     NOT NULL DEFAULT 0,
    outcome         varchar(20) NOT NULL,
    product_id      integer,
    error_reason    text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    written_back_at timestamptz,
    CONSTRAINT record_outcomes_key UNIQUE (upload_id, record_id, attempt)
);
CREATE INDEX idx_record_outcomes_product ON record_outcomes (product_id, upload_sequence DESC)
    WHERE product_id IS NOT NULL;
CREATE INDEX idx_record_outcomes_owed ON record_outcomes (id) WHERE written_back_at IS NULL;

CREATE TABLE stream_shards (
    id               bigserial     PRIMARY KEY,
    stream_arn       varchar(1024) NOT NULL,
    shard_id         varchar(100)  NOT NULL,
    parent_shard_id  varchar(100)  NOT NULL DEFAULT '',
    state            varchar(20)   NOT NULL DEFAULT 'open',
    checkpoint       varchar(50)   NOT NULL DEFAULT '',
    checkpoint_at    timestamptz,
    lease_owner      varchar(100)  NOT NULL DEFAULT '',
    lease_epoch      bigint        NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    gap_reason       text          NOT NULL DEFAULT '',
    gap_found_at     timestamptz,
    gap_healed_at    timestamptz,
    created_at       timestamptz   NOT NULL DEFAULT now(),
    CONSTRAINT stream_shards_key UNIQUE (stream_arn, shard_id)
);

CREATE VIEW vendor_summary AS
SELECT v.vendor_id,
       v.vendor_name,
       v.email,
       v.status,
       coalesce(p.total_products, 0) AS total_products,
       coalesce(u.total_uploads, 0) AS total_uploads,
       coalesce(u.valid_records, 0) AS valid_records,
       coalesce(u.error_records, 0) AS error_records,
       round(100.0 * u.error_records / nullif(u.total_records, 0), 2) AS error_rate,
       u.last_upload_at
  FROM vendors v
  LEFT JOIN (SELECT vendor_id, count(*) AS total_products FROM products GROUP BY vendor_id) p USING (vendor_id)
  LEFT JOIN (SELECT vendor_id,
                    count(*) AS total_uploads,
                    sum(total_records) AS total_records,
                    sum(valid_records) AS valid_records,
                    sum(error_records) AS error_records,
                    max(created_at) AS last_upload_at
               FROM upload_history GROUP BY vendor_id) u USING (vendor_id);

CREATE VIEW recent_uploads AS
SELECT u.upload_id,
       u.vendor_id,
       v.vendor_name,
       u.file_name,
       u.status,
       u.file_rows,
       u.total_records,
       u.valid_records,
       u.error_records,
       round(100.0 * u.valid_records / nullif(u.total_records, 0), 2) AS success_rate,
       u.created_at,
       u.completed_at,
       u.completed_at - u.created_at AS duration
  FROM upload_history u
  JOIN vendors v USING (vendor_id)
 ORDER BY u.created_at DESC
 LIMIT 100;
"""

BACKWARD = """
DROP VIEW recent_uploads;
DROP VIEW vendor_summary;
DROP TABLE stream_shards;
DROP TABLE record_outcomes;
DROP TABLE validation_errors;
DROP TABLE upload_history;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("vendors", "0001_initial"),
        ("catalog", "0001_initial"),  # the view vendor_summary counts products
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.CreateModel(
                    name="RecentUpload",
                    fields=[
                        (
                            "upload_id",
                            models.CharField(
                                max_length=100, primary_key=True, serialize=False, verbose_name="upload ID"
                            ),
                        ),
                        ("vendor_id", models.CharField(max_length=50, verbose_name="vendor ID")),
                        ("vendor_name", models.CharField(max_length=200)),
                        ("file_name", models.CharField(max_length=255)),
                        ("status", models.CharField(max_length=50)),
                        ("file_rows", models.IntegerField(verbose_name="rows in the file")),
                        ("total_records", models.IntegerField()),
                        ("valid_records", models.IntegerField()),
                        ("error_records", models.IntegerField()),
                        (
                            "success_rate",
                            models.DecimalField(decimal_places=2, max_digits=5, verbose_name="success rate in %"),
                        ),
                        ("created_at", models.DateTimeField()),
                        ("completed_at", models.DateTimeField()),
                        ("duration", models.DurationField()),
                    ],
                    options={
                        "db_table": "recent_uploads",
                        "ordering": ["-created_at"],
                        "managed": False,
                    },
                ),
                migrations.CreateModel(
                    name="VendorSummary",
                    fields=[
                        (
                            "vendor_id",
                            models.CharField(
                                max_length=50, primary_key=True, serialize=False, verbose_name="vendor ID"
                            ),
                        ),
                        ("vendor_name", models.CharField(max_length=200)),
                        ("email", models.CharField(max_length=255)),
                        ("status", models.CharField(max_length=20)),
                        ("total_products", models.BigIntegerField(verbose_name="products")),
                        ("total_uploads", models.BigIntegerField(verbose_name="uploads")),
                        ("valid_records", models.BigIntegerField()),
                        ("error_records", models.BigIntegerField()),
                        (
                            "error_rate",
                            models.DecimalField(decimal_places=2, max_digits=5, verbose_name="error rate in %"),
                        ),
                        ("last_upload_at", models.DateTimeField(verbose_name="last upload")),
                    ],
                    options={
                        "verbose_name_plural": "vendor summary",
                        "db_table": "vendor_summary",
                        "ordering": ["vendor_id"],
                        "managed": False,
                    },
                ),
                migrations.CreateModel(
                    name="RecordOutcome",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("upload_id", models.CharField(max_length=2048, verbose_name="upload ID")),
                        ("record_id", models.CharField(max_length=1024, verbose_name="record ID")),
                        ("attempt", models.IntegerField(db_default=1, default=1)),
                        ("upload_sequence", models.BigIntegerField(null=True)),
                        (
                            "vendor_id",
                            models.CharField(db_default="", default="", max_length=2048, verbose_name="vendor ID"),
                        ),
                        ("row_number", models.IntegerField(db_default=0, default=0)),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("inserted", "Inserted"),
                                    ("updated", "Updated"),
                                    ("unchanged", "Unchanged"),
                                    ("superseded", "Superseded"),
                                    ("error", "Error"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("product_id", models.IntegerField(null=True, verbose_name="product ID")),
                        ("error_reason", models.TextField(db_default="", default="")),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("written_back_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "record_outcomes",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("product_id__isnull", False)),
                                fields=["product_id", "-upload_sequence"],
                                name="idx_record_outcomes_product",
                            ),
                            models.Index(
                                condition=models.Q(("written_back_at__isnull", True)),
                                fields=["id"],
                                name="idx_record_outcomes_owed",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("upload_id", "record_id", "attempt"), name="record_outcomes_key"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StreamShard",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("stream_arn", models.CharField(max_length=1024, verbose_name="stream ARN")),
                        ("shard_id", models.CharField(max_length=100, verbose_name="shard ID")),
                        (
                            "parent_shard_id",
                            models.CharField(
                                blank=True, db_default="", default="", max_length=100, verbose_name="parent shard ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "Open"), ("drained", "Drained")],
                                db_default="open",
                                default="open",
                                max_length=20,
                            ),
                        ),
                        (
                            "checkpoint",
                            models.CharField(
                                blank=True, db_default="", default="", max_length=50, verbose_name="sequence number"
                            ),
                        ),
                        (
                            "checkpoint_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="last record written at"),
                        ),
                        ("lease_owner", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("lease_epoch", models.BigIntegerField(db_default=0, default=0)),
                        ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                        ("gap_reason", models.TextField(blank=True, db_default="", default="")),
                        ("gap_found_at", models.DateTimeField(blank=True, null=True)),
                        ("gap_healed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "db_table": "stream_shards",
                        "ordering": ["-id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("stream_arn", "shard_id"), name="stream_shards_key")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UploadHistory",
                    fields=[
                        (
                            "upload_id",
                            models.CharField(
                                max_length=100, primary_key=True, serialize=False, verbose_name="upload ID"
                            ),
                        ),
                        ("file_name", models.CharField(max_length=255)),
                        ("total_records", models.IntegerField(db_default=0, default=0)),
                        ("valid_records", models.IntegerField(db_default=0, default=0)),
                        ("error_records", models.IntegerField(db_default=0, default=0)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("processing", "Processing"),
                                    ("completed", "Completed"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                db_default="processing",
                                default="processing",
                                max_length=50,
                            ),
                        ),
                        (
                            "sequence",
                            models.BigIntegerField(
                                db_default=models.Func(models.Value("upload_history_sequence_seq"), function="nextval"),
                                editable=False,
                                unique=True,
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[("file", "File"), ("dynamodb", "DynamoDB")],
                                db_default="file",
                                default="file",
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
                        ("completed_at", models.DateTimeField(blank=True, null=True)),
                        ("storage_key", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("file_size", models.BigIntegerField(blank=True, null=True, verbose_name="file size in bytes")),
                        (
                            "sha256",
                            models.CharField(
                                blank=True, db_default="", default="", max_length=64, verbose_name="SHA-256"
                            ),
                        ),
                        ("layout", models.JSONField(blank=True, null=True)),
                        ("file_rows", models.IntegerField(blank=True, null=True, verbose_name="rows in the file")),
                        ("staged_rows", models.IntegerField(db_default=0, default=0)),
                        ("staged_offset", models.BigIntegerField(db_default=0, default=0)),
                        ("staging_owner", models.CharField(blank=True, db_default="", default="", max_length=100)),
                        ("staging_epoch", models.BigIntegerField(db_default=0, default=0)),
                        ("staging_expires_at", models.DateTimeField(blank=True, null=True)),
                        ("inserted_records", models.IntegerField(db_default=0, default=0, verbose_name="inserted")),
                        ("updated_records", models.IntegerField(db_default=0, default=0, verbose_name="updated")),
                        ("unchanged_records", models.IntegerField(db_default=0, default=0, verbose_name="unchanged")),
                        ("superseded_records", models.IntegerField(db_default=0, default=0, verbose_name="superseded")),
                        ("failure_code", models.CharField(blank=True, db_default="", default="", max_length=50)),
                        ("failure_reason", models.TextField(blank=True, db_default="", default="")),
                        ("error_report_key", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "vendor",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="uploads",
                                to="vendors.vendor",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "upload",
                        "verbose_name_plural": "uploads",
                        "db_table": "upload_history",
                        "ordering": ["-created_at"],
                    },
                ),
                migrations.CreateModel(
                    name="ValidationError",
                    fields=[
                        ("error_id", models.AutoField(primary_key=True, serialize=False)),
                        ("row_number", models.IntegerField()),
                        ("error_type", models.CharField(max_length=50)),
                        ("error_message", models.TextField()),
                        ("original_data", models.JSONField(blank=True, null=True)),
                        ("field", models.CharField(blank=True, db_default="", default="", max_length=50)),
                        ("suggestion", models.TextField(blank=True, db_default="", default="")),
                        ("record_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                        ("attempt", models.IntegerField(db_default=1, default=1)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("resolved_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "upload",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="errors",
                                to="uploads.uploadhistory",
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
                    ],
                    options={
                        "db_table": "validation_errors",
                        "ordering": ["upload", "row_number", "error_id"],
                    },
                ),
                migrations.AddIndex(
                    model_name="uploadhistory",
                    index=models.Index(fields=["vendor", "-created_at"], name="idx_upload_history_vendor"),
                ),
                migrations.AddIndex(
                    model_name="uploadhistory",
                    index=models.Index(fields=["-created_at"], name="idx_upload_history_created"),
                ),
                migrations.AddIndex(
                    model_name="uploadhistory",
                    index=models.Index(
                        condition=models.Q(("status", "processing")), fields=["status"], name="idx_upload_history_open"
                    ),
                ),
                migrations.AddIndex(
                    model_name="uploadhistory",
                    index=models.Index(fields=["vendor", "sha256"], name="idx_upload_history_sha256"),
                ),
                migrations.AddConstraint(
                    model_name="uploadhistory",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_records",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("valid_records"), "+", models.F("error_records")
                                ),
                            )
                        ),
                        name="upload_history_counts_add_up",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="uploadhistory",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("file_rows__isnull", True), ("total_records__lte", models.F("file_rows")), _connector="OR"
                        ),
                        name="upload_history_total_within_file",
                    ),
                ),
                migrations.AddIndex(
                    model_name="validationerror",
                    index=models.Index(fields=["upload", "row_number"], name="idx_validation_errors_upload"),
                ),
                migrations.AddIndex(
                    model_name="validationerror",
                    index=models.Index(fields=["vendor", "-created_at"], name="idx_validation_errors_vendor"),
                ),
            ],
        ),
    ]

"""The ledger: what became of each record."""

import re
from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

# What a product is called here that the file of a whole catalog lacks: no row of a file has such an ID, and they are
# undone after all that have one.
ABSENT_PREFIX: Final = "ABSENT_"
ABSENT_RECORD: Final = f"{ABSENT_PREFIX}{{:010d}}"
_ABSENT: Final = re.compile(rf"{ABSENT_PREFIX}[0-9]{{10}}")


class RecordOutcome(models.Model):
    """The ledger: what became of one record of one upload, at one attempt. Written once, with its effects.

    It doubles as the outbox: a row is owed to DynamoDB until `written_back_at` says that its status stands there, or,
    together with `write_back_failure`, that it never will.
    The ids carry no foreign keys: a record of an unknown vendor has an outcome too, and a product may be deleted.
    """

    class Outcome(models.TextChoices):
        INSERTED = "inserted"
        UPDATED = "updated"
        RETIRED = "retired"
        UNCHANGED = "unchanged"
        SUPERSEDED = "superseded"
        SKIPPED = "skipped"
        ERROR = "error"
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    upload_id = models.CharField("upload ID", max_length=2048)
    record_id = models.CharField("record ID", max_length=1024)
    attempt = models.IntegerField(default=1, db_default=1)
    upload_sequence = models.BigIntegerField(null=True)
    vendor_id = models.CharField("vendor ID", max_length=2048, default="", db_default="")
    row_number = models.IntegerField(default=0, db_default=0)
    # Where the row begins: the line of the file, or the row of the sheet; null for a record that came without a file.
    line_number = models.IntegerField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome)
    product_id = models.IntegerField("product ID", null=True)
    error_reason = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    written_back_at = models.DateTimeField(null=True)
    # How often DynamoDB refused this status: what it never takes must not hold up the others.
    write_back_refusals = models.IntegerField(default=0, db_default=0)
    # Why DynamoDB never takes this status; "" for all others.
    write_back_failure = models.TextField("refusal by DynamoDB", default="", db_default="")

    class Meta:
        db_table = "record_outcomes"
        verbose_name = "ledger row"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["upload_id", "record_id", "attempt"], name="record_outcomes_key"),
        ]
        indexes = [
            # The newest upload that touched a product, and the timeline of one.
            models.Index(
                fields=["product_id", "-upload_sequence"],
                name="idx_record_outcomes_product",
                condition=Q(product_id__isnull=False),
            ),
            # What is still owed to DynamoDB; empty when all is well.
            models.Index(
                fields=["write_back_refusals", "id"],
                name="idx_record_outcomes_owed",
                condition=Q(written_back_at__isnull=True),
            ),
            # What can't be written there; empty too.
            models.Index(fields=["id"], name="idx_record_outcomes_unwritable", condition=~Q(write_back_failure="")),
            # The outcomes that most records don't have, newest first.
            models.Index(
                fields=["outcome", "id"],
                name="idx_record_outcomes_rare",
                condition=Q(outcome__in=["error", "superseded", "cancelled"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.record_id}: {self.outcome}"

    @property
    def is_absent(self) -> bool:
        """Whether it is no row of a file, but stands for a product that the file lacks."""
        return self.row_number == 0 and _ABSENT.fullmatch(self.record_id) is not None

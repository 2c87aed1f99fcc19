"""How far the table's stream was read, by whom, and since when it is known to have shown everything: what the pipeline
keeps of it in PostgreSQL.
"""

from django.db import models
from django.db.models.functions import Now


class TableStream(models.Model):
    """One stream of the table, and whether all that was put into the table is known to have been seen.

    The newest one is the table's. While `doubted_at` is set something may stand in the table that no stream ever
    carried, and the table is read for it; the row holds how far, and the lease of the one worker that reads.
    """

    stream_arn = models.CharField("stream ARN", max_length=1024, primary_key=True)
    seen_at = models.DateTimeField("first seen at", db_default=Now(), editable=False)
    # When all of its shards were last listed: one that was not among them was born later.
    listed_at = models.DateTimeField("shards listed at", null=True, blank=True)
    continuous_since = models.DateTimeField(
        "nothing unseen since", null=True, blank=True,
        help_text="All that stood in the table then, and all that was put there since, has been seen.",
    )  # fmt: skip
    doubt = models.TextField("why that was in doubt last", default="", db_default="", blank=True)
    doubted_at = models.DateTimeField(null=True, blank=True)
    scan_from = models.DateTimeField("table last read since", null=True, blank=True)
    scan_position = models.JSONField(null=True, blank=True)
    scan_examined = models.BigIntegerField("records looked at", default=0, db_default=0)
    scan_found = models.BigIntegerField("records that waited", default=0, db_default=0)
    scan_ended_at = models.DateTimeField("and to its end at", null=True, blank=True)
    scan_owner = models.CharField(max_length=100, default="", db_default="", blank=True)
    scan_epoch = models.BigIntegerField(default=0, db_default=0)
    scan_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "table_streams"
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.stream_arn

    @property
    def is_being_read(self) -> bool:
        """Whether a reading of the table has begun and has not come to the end."""
        return self.scan_from is not None and self.scan_ended_at is None


class StreamShard(models.Model):
    """One shard of the table's stream: how far it was read, and who holds the lease on it.

    The checkpoint moves in the transaction of the batch it stands for; each such transaction checks `lease_epoch`,
    so that a worker that was paused and overtaken writes nothing.
    """

    class State(models.TextChoices):
        OPEN = "open"
        DRAINED = "drained"

    id = models.BigAutoField(primary_key=True)
    stream_arn = models.CharField("stream ARN", max_length=1024)
    shard_id = models.CharField("shard ID", max_length=100)
    parent_shard_id = models.CharField("parent shard ID", max_length=100, default="", db_default="", blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.OPEN, db_default="open")
    checkpoint = models.CharField("sequence number", max_length=50, default="", db_default="", blank=True)
    checkpoint_at = models.DateTimeField("last record written at", null=True, blank=True)
    lease_owner = models.CharField(max_length=100, default="", db_default="", blank=True)
    lease_epoch = models.BigIntegerField(default=0, db_default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    gap_reason = models.TextField(default="", db_default="", blank=True)
    gap_found_at = models.DateTimeField(null=True, blank=True)
    gap_healed_at = models.DateTimeField(null=True, blank=True)
    # What was written before this moment need not be looked for in this shard: it was born later, or the table is read.
    covered_from = models.DateTimeField(db_default=Now(), editable=False)
    # When a read last came back empty: everything written before that has been read.
    caught_up_at = models.DateTimeField("read to its end at", null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "stream_shards"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["stream_arn", "shard_id"], name="stream_shards_key")]

    def __str__(self) -> str:
        return self.shard_id


class StreamWorker(models.Model):
    """A process that consumes the stream just now; how many there are decides each one's share of the shards."""

    owner = models.CharField(max_length=100, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "stream_workers"

    def __str__(self) -> str:
        return self.owner

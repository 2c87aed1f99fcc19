"""How far the table's stream was read, and by whom: what pipeline/shards.py keeps in PostgreSQL."""

from django.db import models
from django.db.models.functions import Now


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
    # How far the table has been re-read for what the gap may have lost, and since when (a later gap needs its own).
    gap_scan_from = models.DateTimeField(null=True, blank=True)
    gap_scan_position = models.JSONField(null=True, blank=True)
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

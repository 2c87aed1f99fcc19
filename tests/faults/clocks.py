"""Time that passes without anybody waiting for it."""

from datetime import timedelta

from django.db.models import F

from uploads.models import Job, StreamShard, TableStream, UploadHistory


def pass_time(hours: int) -> None:
    """As if all that is noted had been noted that much earlier."""
    ago = timedelta(hours=hours)
    StreamShard.objects.update(
        **{name: F(name) - ago for name in ("covered_from", "checkpoint_at", "caught_up_at", "created_at")}
    )
    moments = ("seen_at", "listed_at", "continuous_since", "scan_from", "scan_ended_at")
    TableStream.objects.update(**{name: F(name) - ago for name in moments})


def let_leases_end() -> None:
    """As if the seconds had passed after which the leases of a worker that is dead, or paused, are free."""
    StreamShard.objects.update(lease_expires_at="2000-01-01T00:00:00Z")
    UploadHistory.objects.update(staging_expires_at=None)
    Job.objects.update(expires_at=None)

"""Uploads as if they had ended long ago, and the deletion of what is too old, to its end."""

from django.db import connection, transaction

from uploads.keeping import passes
from uploads.models import Kept, RecordOutcome, UploadHistory


def age(*uploads: UploadHistory, days: int = 500) -> None:
    """As if they had ended so many days ago, and nothing of them had moved since."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # the trigger would say that it moved now
        cursor.execute(
            """
            UPDATE upload_history SET completed_at = now() - make_interval(days => %(days)s),
                                      updated_at = now() - make_interval(days => %(days)s)
             WHERE upload_id = ANY (%(ids)s)
            """,
            {"days": days, "ids": [upload.pk for upload in uploads]},
        )


def delete_old() -> None:
    """What the schedule does, as often as there is more to do."""
    while passes.go_on():
        pass


def archive(*uploads: UploadHistory) -> None:
    age(*uploads)
    delete_old()
    for upload in uploads:
        upload.refresh_from_db()


def left() -> list[tuple[str, str, str]]:
    """What the ledger has: upload, record, outcome."""
    rows = RecordOutcome.objects.order_by("upload_sequence", "record_id", "attempt")
    return list(rows.values_list("upload_id", "record_id", "outcome"))


def removed(*kinds: str) -> dict[str, int]:
    """How many were deleted of these kinds, or of the ledger's rows and of errors."""
    rows = Kept.objects.filter(removed__gt=0, kind__in=kinds or ("rows", "errors"))
    return {row.kind: row.removed for row in rows}


def counters(upload: UploadHistory) -> tuple[int, ...]:
    upload.refresh_from_db()
    return (
        upload.total_records, upload.valid_records, upload.error_records, upload.inserted_records,
        upload.updated_records, upload.unchanged_records, upload.superseded_records, upload.skipped_records,
    )  # fmt: skip

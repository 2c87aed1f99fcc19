"""Files in storage: those of uploads that ended long ago, their reports, and what was previewed and never sent.

A file is deleted first, and then its upload says so: whoever is killed in between leaves a file that is gone, which
is deleted once more. Whatever a row says, only files of its own vendor are deleted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models.functions import Now
from psycopg.sql import SQL, Composable

from uploads.aws import dynamo, storage
from uploads.keeping.turn import Turn
from uploads.models import Feed, UploadHistory
from uploads.preview import kept_files

BATCH_FILES: Final = 100
FEED_DAYS: Final = 90


def delete_files(turn: Turn) -> bool:
    """The files as they came, and what was made of workbooks. Raises StorageUnavailable."""
    found = _old(SQL("storage_key, original_key"), SQL("storage_key <> ''"), turn.days)
    for _, vendor_id, *keys in found:
        delete_of(vendor_id, keys)
    gone = SQL("storage_key = '', original_key = '', file_deleted_at = now()")
    return _note(turn, gone, SQL("u.storage_key = k.key"), found)


def delete_reports(turn: Turn) -> bool:
    """From here on the report is made of the errors when somebody asks for it. Raises StorageUnavailable."""
    found = _old(SQL("error_report_key"), SQL("error_report_key <> ''"), turn.days)
    for _, vendor_id, key in found:
        delete_of(vendor_id, [key])
    return _note(turn, SQL("error_report_key = ''"), SQL("u.error_report_key = k.key"), found)


def delete_feeds(turn: Turn) -> bool:
    """Of feeds that ended a day ago the file as it was sent, which is deleted at once where nothing is in the way; and
    those that became no upload, after a while (idx_feeds_files, idx_feeds_ended). Raises StorageUnavailable."""
    ended = Feed.objects.filter(ended_at__lt=Now() - timedelta(days=1)).exclude(key="").order_by("ended_at")
    left = list(ended.values_list("pk", "vendor_id", "key")[:BATCH_FILES])
    for feed_id, vendor_id, key in left:
        delete_of(vendor_id, [key])
        Feed.objects.filter(pk=feed_id).update(key="")
    old = Feed.objects.filter(upload=None, ended_at__lt=Now() - timedelta(days=FEED_DAYS)).order_by("ended_at")
    gone = [feed.pk for feed in old[:BATCH_FILES]]
    Feed.objects.filter(pk__in=gone).delete()
    turn.note(len(gone))
    return BATCH_FILES in (len(left), len(gone))


def delete_of(vendor_id: str, keys: Sequence[str]) -> None:
    """Delete these files, as far as they are the vendor's. Raises StorageUnavailable."""
    for key in keys:
        if storage.is_of(vendor_id, key):
            storage.delete(key)


def _old(keys: SQL, which: SQL, days: int) -> list[Any]:
    """Uploads that ended so long ago and still have such files, oldest first (idx_upload_history_files, …_reports)."""
    query = SQL(
        """
        SELECT upload_id, vendor_id, {} FROM upload_history
         WHERE {} AND status <> 'processing' AND completed_at < now() - make_interval(days => %s)
         ORDER BY completed_at LIMIT %s
        """
    ).format(keys, which)
    with connection.cursor() as cursor:
        cursor.execute(query, [days, BATCH_FILES])
        return list(cursor.fetchall())


def _note(turn: Turn, gone: Composable, still: Composable, found: Sequence[Any]) -> bool:
    """That the files of these uploads are gone; a report that was stored since stays."""
    query = SQL(
        "UPDATE upload_history u SET {} FROM unnest(%s::text[], %s::text[]) AS k (upload_id, key)"
        " WHERE u.upload_id = k.upload_id AND {}"
    ).format(gone, still)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(query, [[row[0] for row in found], [row[2] for row in found]])
            removed = cursor.rowcount
        turn.note(removed)
    return len(found) == BATCH_FILES


def delete_previews(turn: Turn) -> bool:
    """What was previewed on days before yesterday. Raises StorageUnavailable."""
    turn.note(kept_files.sweep())
    return False


def files() -> int:
    """Uploads whose file is in storage (idx_upload_history_files)."""
    return UploadHistory.objects.exclude(storage_key="").count()


def reports() -> int:
    """Uploads whose report is in storage (idx_upload_history_reports)."""
    return UploadHistory.objects.exclude(error_report_key="").count()


def records() -> int | None:
    """Records in the table, as DynamoDB counts them every six hours. Raises Unavailable, TableMissing."""
    count = dynamo.describe_table().get("ItemCount")
    return count if isinstance(count, int) else None

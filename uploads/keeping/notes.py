"""What people noted of work (uploads/models/desk.py): that it was done is kept for a while, of what is over nothing.

A note stays open where a thing is over by itself: an upload that was sent again, a value that the vendor mended. The
list of work looks at a bounded number of notes, so these would stand in the place of what still waits.
"""

from typing import Final

from django.db import connection, transaction
from psycopg.sql import SQL

from uploads.keeping.turn import BATCH_ROWS, Turn

# What was done, by idx_work_items_done.
_DONE: Final = SQL(
    """
    DELETE FROM work_items WHERE id = ANY (ARRAY(
        SELECT id FROM work_items WHERE done_at IS NOT NULL AND done_at < now() - make_interval(days => %s) LIMIT %s))
    """
)
# Open notes are few, and each is asked for its thing by a key of that. What leaves the list of work by its age does so
# a day earlier than here; trouble with the stream comes again under the same few keys, and keeps its notes. A note
# without its vendor is one of a vendor that is gone.
_OVER: Final = SQL(
    """
    DELETE FROM work_items WHERE id = ANY (ARRAY(
        SELECT id FROM work_items w
         WHERE done_at IS NULL AND created_at < now() - interval '1 day' AND NOT CASE kind
               WHEN 'upload' THEN EXISTS (
                    SELECT FROM upload_history u WHERE u.upload_id = w.key AND u.status = 'failed'
                       AND u.created_at > now() - interval '31 days')
               WHEN 'stalled' THEN EXISTS (
                    SELECT FROM upload_history u WHERE u.upload_id = w.key AND u.status = 'processing')
               WHEN 'vendor' THEN EXISTS (
                    SELECT FROM vendors v
                     WHERE v.vendor_id = w.key AND v.status = 'pending' AND v.declined_at IS NULL)
               WHEN 'name' THEN EXISTS (
                    SELECT FROM vendors v WHERE v.vendor_id = w.key AND v.requested_name IS NOT NULL)
               WHEN 'job' THEN EXISTS (
                    SELECT FROM jobs j WHERE j.id::text = w.key AND j.state = 'failed'
                       AND j.ended_at > now() - interval '8 days')
               WHEN 'outage' THEN EXISTS (
                    SELECT FROM service_outages o WHERE o.id::text = w.key AND o.ended_at IS NULL)
               WHEN 'step' THEN w.key = 'late' OR EXISTS (
                    SELECT FROM upkeep_steps s WHERE s.name = w.key AND s.failing_since IS NOT NULL)
               WHEN 'value' THEN EXISTS (
                    SELECT FROM shared_values s WHERE NOT s.claim AND s.field = split_part(w.key, ':', 1)
                       AND s.value = substr(w.key, strpos(w.key, ':') + 1))
               WHEN 'claim' THEN EXISTS (
                    SELECT FROM open_values o WHERE o.vendor_id = w.vendor_id AND o.claim AND o.field = 'sku'
                       AND o.value = lower(substr(w.key, length(w.vendor_id) + 2)) AND o.rows > 0)
               WHEN 'answer' THEN EXISTS (
                    SELECT FROM comments c WHERE c.by_vendor AND c.settled_at IS NULL AND c.vendor_id = w.vendor_id
                       AND coalesce(c.upload_id, '') = substr(w.key, length(w.vendor_id) + 2))
               WHEN 'window' THEN EXISTS (
                    SELECT FROM vendor_holds h WHERE h.vendor_id = w.key AND h.kind = 'window' AND h.ended_at IS NULL)
               WHEN 'pause' THEN EXISTS (
                    SELECT FROM vendor_holds h WHERE h.vendor_id = w.key AND h.kind = 'pause' AND h.ended_at IS NULL)
               WHEN 'held' THEN EXISTS (SELECT FROM feeds f WHERE f.feed_id = w.key AND f.state = 'held')
               WHEN 'guard' THEN EXISTS (
                    SELECT FROM upload_history u WHERE u.upload_id = w.key AND u.status = 'held')
               WHEN 'source' THEN EXISTS (
                    SELECT FROM sources s WHERE s.id::text = w.key
                       AND (s.state = 'active' AND s.failures >= 3 OR s.state = 'disabled'
                            OR s.host_key <> '' AND s.host_key_met <> ''))
               ELSE true END
         LIMIT %s))
    """
)


def delete_done(turn: Turn) -> bool:
    """What was done long ago."""
    return _delete(turn, _DONE, [turn.days, BATCH_ROWS])


def delete_over(turn: Turn) -> bool:
    """Notes of what waits for nobody any more."""
    return _delete(turn, _OVER, [BATCH_ROWS])


def _delete(turn: Turn, query: SQL, asked: list[int]) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query, asked)
        removed = int(cursor.rowcount)
        turn.note(removed)
    return removed == BATCH_ROWS

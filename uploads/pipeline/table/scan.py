"""The whole table read for records that still wait: where no stream can be trusted to have shown them (continuity.py).

One worker at a time reads, a slice after the other, and never faster than a stated number of read units a second: the
table has other readers. Where it is stands on the stream's row, so any worker goes on from there. What it finds goes
through the same commit as the stream's records, so it makes no difference who comes first.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.sql import SQL

from config import stopping
from uploads.aws import dynamo
from uploads.aws.records import Item, Record, decode
from uploads.models import TableStream
from uploads.pipeline import reconcile
from uploads.pipeline.ledger import known
from uploads.pipeline.table import continuity
from uploads.work import leases, wakeups
from uploads.work.leases import Lease, LeaseLost
from vendors import holds

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
# Between two readings. While the stream is off the table is read again and again: that is all that brings records in.
PAUSE_SECONDS = 60.0
WAITING_MINUTES = 15
GLANCE_PAGES = 10
FOLLOW_SECONDS = 1.0
BY_HAND = "Somebody asked for it by hand."
# Of the usual size: a page is about a second's worth then.
RECORDS_A_UNIT = 10

# The newest stream's row, if it is in doubt.
_CURRENT = SQL(
    """
    doubted_at IS NOT NULL
    AND stream_arn = (SELECT stream_arn FROM table_streams ORDER BY seen_at DESC, stream_arn LIMIT 1)
    """
)
_DUE = SQL("coalesce(scan_ended_at < clock_timestamp() - make_interval(secs => %s), TRUE)")
# What stands there of a reading that is under way is gone on with; one that has ended begins anew.
_BEGINNING = SQL(
    """
    , (scan_examined, scan_found, scan_from, scan_ended_at) =
      (SELECT CASE WHEN under_way THEN r.scan_examined ELSE 0 END, CASE WHEN under_way THEN r.scan_found ELSE 0 END,
              CASE WHEN under_way THEN r.scan_from ELSE clock_timestamp() END, NULL::timestamptz
         FROM (SELECT r.scan_from IS NOT NULL AND r.scan_ended_at IS NULL AS under_way) u)
    """
)


def is_due() -> bool:
    """Whether a worker is wanted that reads the table, or goes on with it."""
    query = SQL("SELECT EXISTS (SELECT FROM table_streams r WHERE {} AND {} AND {})")
    with connection.cursor() as cursor:
        cursor.execute(query.format(_CURRENT, _DUE, leases.free(leases.SCAN, "r")), [PAUSE_SECONDS])
        return bool(cursor.fetchone()[0])


def go_on(
    seconds: float = SLICE_SECONDS,
    pause: float = PAUSE_SECONDS,
    tell: Callable[[int], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Read on for about that long, if the table is to be read and nobody else does; True when there is more to read.

    At least one page is read. `tell` is called with the number of records looked at. Raises Unavailable.
    """
    rows = leases.take(
        leases.SCAN, _CURRENT + SQL(" AND ") + _DUE, [pause], SQL("stream_arn, scan_epoch, scan_position"), _BEGINNING
    )
    if not rows:
        return False
    arn, epoch, position = rows[0]
    lease = Lease(leases.SCAN, arn, epoch)
    try:
        return _read_on(lease, json.loads(position) if position else None, time.monotonic() + seconds, tell, sleep)
    except LeaseLost:
        logger.warning("The reading of the table was taken over by another worker")
        return False
    finally:
        leases.release(lease)


def _read_on(
    lease: Lease,
    position: dict[str, Any] | None,
    deadline: float,
    tell: Callable[[int], None],
    sleep: Callable[[float], None],
) -> bool:
    rate = units_a_second()
    while True:
        began = time.monotonic()
        page = dynamo.scan_pending(position, rate * RECORDS_A_UNIT)
        found = _settle(lease, page)
        examined = _note(lease, page, found)
        tell(examined)
        position = page.position
        if position is None:
            return not _ended(lease)
        if stopping.asked() or time.monotonic() > deadline:
            return True
        sleep(max(0.0, page.units / rate - (time.monotonic() - began)))


def units_a_second() -> int:
    """Read units a second that a reading takes: as the setting says, and of a provisioned table at most the half."""
    provisioned = dynamo.provisioned_reads()
    stated = int(settings.SCAN_READ_UNITS)
    return min(stated, max(1, provisioned // 2)) if provisioned else stated


def _settle(lease: Lease, page: dynamo.ScanPage) -> int:
    """The page's records through the commit; how many of them had no outcome yet. Raises LeaseLost.

    Thousands that wait, and their statuses, can take longer than a lease is good for.
    """
    waiting = 0
    for chunk in reconcile.chunks(map(decode, page.items)):
        waiting += _without_outcome(chunk)
        reconcile.commit(chunk)
        leases.renew(lease)
    return waiting


def _without_outcome(chunk: list[Record]) -> int:
    return len(chunk) - len(known(chunk))


def _note(lease: Lease, page: dynamo.ScanPage, found: int) -> int:
    """Where the reading is; how many records were looked at since it began. Raises LeaseLost."""
    changing = SQL(
        "scan_position = %s, scan_examined = scan_examined + %s, scan_found = scan_found + %s,"
    )  # fmt: skip
    position = None if page.position is None else json.dumps(page.position)
    examined: int = leases.renew(lease, changing, [position, page.examined, found], SQL("scan_examined"))
    return examined


def _ended(lease: Lease) -> bool:
    stream = TableStream.objects.get(pk=lease.key)
    settled = continuity.settled(lease)
    said = "The table was read to its end: %s records, of which %s had waited and have an outcome now."
    logger.log(
        logging.WARNING if stream.scan_found else logging.INFO,
        said,
        f"{stream.scan_examined:,}",
        f"{stream.scan_found:,}",
    )
    return settled


def by_hand(tell: Callable[[int], None], sleep: Callable[[float], None] = time.sleep) -> TableStream:
    """Read the whole table now, or follow the worker that is at it, from the beginning to the end.

    Returns how it stands then. Raises Unavailable; what was read by then counts, and the workers go on with it.
    """
    arn, on = dynamo.current_stream()
    continuity.see(arn, on)
    continuity.doubt(arn, BY_HAND)
    asked = TableStream.objects.get(pk=arn)
    while True:
        go_on(pause=0, tell=tell, sleep=sleep)
        stream = TableStream.objects.get(pk=arn)
        if stream.scan_ended_at and stream.scan_from and asked.doubted_at and stream.scan_from >= asked.doubted_at:
            return stream
        tell(stream.scan_examined)
        sleep(FOLLOW_SECONDS)


@dataclass(frozen=True)
class Glance:
    """What a look at the beginning of the table showed: records that have waited for minutes, and since when the one
    that has waited longest. `whole`: whether that was all of the table.
    """

    examined: int = 0
    waiting: int = 0
    oldest: str = ""
    whole: bool = False


def glance(pages: int = GLANCE_PAGES) -> Glance:
    """Records without an outcome that were put more than WAITING_MINUTES ago, by what they say of it themselves."""
    before = (datetime.now(UTC) - timedelta(minutes=WAITING_MINUTES)).isoformat()
    whole, examined, since = False, 0, list[str]()
    for page in islice(_pages(), pages):
        whole, examined = page.position is None, examined + page.examined
        old = [(decode(item), created) for item in page.items if (created := _created(item)) < before]
        outcomes = known([record for record, _ in old]) if old else {}
        held = holds.open_of({record.vendor_id for record, _ in old}) if old else {}  # these wait for somebody
        since += [
            created
            for record, created in old
            if (record.upload_id, record.record_id) not in outcomes and record.vendor_id not in held
        ]
    oldest = min(filter(None, since), default="a time that they don’t say")
    return Glance(examined, len(since), oldest if since else "", whole)


def _created(item: Item) -> str:
    value = item.get("created_at")
    return str(value.get("S", "")) if isinstance(value, dict) else ""


def count(tell: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
    """Read the table and change nothing: how many records there are, and how many of them have no outcome."""
    examined = waiting = 0
    for page in _pages():
        waiting += sum(map(_without_outcome, reconcile.chunks(map(decode, page.items))))
        examined += page.examined
        tell(examined)
    return examined, waiting


def _pages() -> Iterator[dynamo.ScanPage]:
    """The whole table, for who changes nothing."""
    position = None
    while True:
        page = dynamo.scan_pending(position)
        yield page
        position = page.position
        if position is None:
            return


def wake() -> None:
    """Let a worker read the table if it has to be read; the schedule asks."""
    if is_due():
        wakeups.enqueue(wakeups.SCAN_TABLE, expires=5.0)

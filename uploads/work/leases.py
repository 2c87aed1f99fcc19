"""The right of one worker to go on with one piece of work: to read a shard, to stage an upload, to do a job.

A lease stands in the row that it is about (invariant 4): an epoch, which each taking raises, and the moment when it
expires, by the database's clock. Whatever the holder writes names its epoch: a worker that was paused and overtaken
changes nothing and is told so by LeaseLost. A holder that dies is followed by another when the lease has expired.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier

_NOTHING, _ONE = SQL(""), SQL("1")


@dataclass(frozen=True)
class Terms:
    """Where the leases on one kind of work stand, and how long each is good for without being renewed."""

    table: str
    key: str
    epoch: str
    expires: str
    seconds: int
    while_it: Composable  # what must be so of the row as long as anybody may hold it
    owner: str = ""  # where staff see who it is


SHARD: Final = Terms(
    "stream_shards", "id", "lease_epoch", "lease_expires_at", 12, SQL("TRUE"), "lease_owner"
)  # fmt: skip
STAGING: Final = Terms(
    "upload_history", "upload_id", "staging_epoch", "staging_expires_at", 20, SQL("status = 'processing'"),
    "staging_owner",
)  # fmt: skip
SCAN: Final = Terms(
    "table_streams", "stream_arn", "scan_epoch", "scan_expires_at", 30, SQL("TRUE"), "scan_owner"
)  # fmt: skip
KEPT: Final = Terms("kept", "kind", "epoch", "expires_at", 30, SQL("TRUE"))
FEED: Final = Terms("feeds", "feed_id", "epoch", "leased_until", 60, SQL("state = 'submitted'"))
JOB: Final = Terms("jobs", "id", "epoch", "expires_at", 30, SQL("state = 'running'"))


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease as its holder took it."""

    terms: Terms
    key: int | str
    epoch: int


class LeaseLost(Exception):
    """Another worker holds the lease by now, or the work has ended: nothing was written, and this one must stop."""


def this_worker() -> str:
    """This process, as leases and staff name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def free(terms: Terms, row: str) -> Composable:
    """That nobody holds the lease on this row of a query."""
    return SQL("({0} IS NULL OR {0} < clock_timestamp())").format(Identifier(row, terms.expires))


def take(
    terms: Terms, which: Composable, values: Sequence[Any], returning: Composable, changing: Composable = _NOTHING
) -> list[tuple[Any, ...]]:
    """Take the leases of the rows that are free and that `which` chooses; returns what `returning` asks of each.

    In `which` the row is `r`. `changing` is what else is set, with a comma before it; it takes no values.
    """
    owner = SQL("{} = %s,").format(Identifier(terms.owner)) if terms.owner else SQL("")
    query = SQL(
        """
        UPDATE {table} AS r SET {owner} {epoch} = {epoch} + 1, {renewed} {changing}
         WHERE {which} AND {free}
     RETURNING {returning}
        """
    ).format(
        table=Identifier(terms.table),
        owner=owner,
        epoch=Identifier(terms.epoch),
        renewed=_renewed(terms),
        changing=changing,
        which=which,
        free=free(terms, "r"),
        returning=returning,
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*([this_worker()] if terms.owner else []), terms.seconds, *values])
        return list(cursor.fetchall())


def hold(lease: Lease) -> None:
    """Lock the row until the transaction ends: nobody takes the work over before that. Raises LeaseLost."""
    query = SQL("SELECT FROM {} WHERE {} FOR UPDATE").format(Identifier(lease.terms.table), _held(lease.terms))
    with connection.cursor() as cursor:
        cursor.execute(query, [lease.key, lease.epoch])
        if cursor.rowcount == 0:
            raise LeaseLost


def renew(
    lease: Lease, changing: Composable = _NOTHING, values: Sequence[Any] = (), returning: Composable = _ONE
) -> Any:
    """Hold it for longer, and note how far the work is: `changing` is what to set, with a comma behind it.

    Returns the one value that `returning` asks for. Raises LeaseLost.
    """
    return _change(lease, changing + _renewed(lease.terms), [*values, lease.terms.seconds], returning)


def change(lease: Lease, changing: Composable, values: Sequence[Any] = ()) -> None:
    """Change the row that is held. Raises LeaseLost."""
    _change(lease, changing, values, _ONE)


def release(lease: Lease, hold_seconds: float | None = None) -> bool:
    """Let anyone take the work, at once or after that long; False if somebody has taken it over already.

    Also where it has ended meanwhile, since then nobody is at it any more.
    """
    terms = lease.terms
    query = SQL(
        "UPDATE {} SET {} = clock_timestamp() + make_interval(secs => %s) WHERE {} = %s AND {} = %s"
    ).format(*map(Identifier, (terms.table, terms.expires, terms.key, terms.epoch)))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, [hold_seconds, lease.key, lease.epoch])
        return bool(cursor.rowcount)


def _change(lease: Lease, changing: Composable, values: Sequence[Any], returning: Composable) -> Any:
    query = SQL("UPDATE {} SET {} WHERE {} RETURNING {}").format(
        Identifier(lease.terms.table), changing, _held(lease.terms), returning
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, lease.key, lease.epoch])
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    return row[0]


def _held(terms: Terms) -> Composable:
    return SQL("{} = %s AND {} = %s AND {}").format(Identifier(terms.key), Identifier(terms.epoch), terms.while_it)


def _renewed(terms: Terms) -> sql.Composed:
    return SQL("{} = clock_timestamp() + make_interval(secs => %s)").format(Identifier(terms.expires))

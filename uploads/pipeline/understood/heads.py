"""The first rows of groups in PostgreSQL: one pass over a file fills them before its first row is staged, and whoever
judges a row asks for its own, however far from it that stands.

A pass goes on where it was left: what a chunk of rows adds and the position behind it are one transaction, under the
lease of staging, so no row counts twice.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from django.db import connection, transaction
from psycopg.sql import SQL

from uploads.aws.records import storable
from uploads.feed.formats.groups import Head, Heads, InMemory, Place, has_other_stock, place_reader
from uploads.feed.formats.model import Plan
from uploads.feed.formats.ruled import with_texts
from uploads.feed.parser import Layout, Mark, Marks, Position, Row
from uploads.work import leases
from uploads.work.leases import Lease

CHUNK_ROWS: Final = 500
KEY_CHARS: Final = 200  # of a key that is kept as it is; others have a digest

# What is wanted of which upload, and under what it is kept there.
Wanted = tuple[str, Place]


class Progress(NamedTuple):
    """How far the pass came."""

    position: Position
    mark: Mark
    done: bool


PROGRESS_COLUMNS: Final = SQL("heads_done, heads_offset, heads_rows, heads_line, heads_mark_offset, heads_mark_byte")
_MOVED: Final = SQL(
    "heads_offset = %s, heads_rows = %s, heads_line = %s, heads_mark_offset = %s, heads_mark_byte = %s,"
)


def progress(layout: Layout, done: bool, offset: int, rows: int, line: int, *mark: int) -> Progress:
    """From PROGRESS_COLUMNS. Done at once where no row needs another."""
    needed = layout.plan is not None and layout.plan.group is not None
    position = Position(offset, rows, line) if rows else layout.first_row
    return Progress(position, Mark(*mark), done or not needed)


def take_in(lease: Lease, upload_id: str, plan: Plan, rows: Iterator[Row], marks: Marks) -> Iterator[None]:
    """Take in the rows from where the pass was left, a chunk at a time; whoever iterates may stop between two of them.

    Raises LeaseLost.
    """
    while chunk := list(islice(rows, CHUNK_ROWS)):
        with transaction.atomic():
            _note(upload_id, plan, chunk)
            last, mark = chunk[-1], marks.before(chunk[-1].end)
            leases.renew(lease, _MOVED, [last.end, last.number, last.line_end, *mark])
        yield
    leases.renew(lease, SQL("heads_done = TRUE,"))


def _note(upload_id: str, plan: Plan, chunk: list[Row]) -> None:
    heads = Heads(plan)
    readable = [row for row in chunk if row.problem is None]
    touched = [place for row in readable for place in heads.touched(row.number, row.cells)]
    kept, above = InMemory(), [place for place in touched if place.row][:1]  # all other heads above are in the chunk
    before_chunk = of((upload_id, place) for place in (*above, *(one for one in touched if not one.row)))
    for (_, place), head in before_chunk.items():
        kept.put(place.key, head.row if place.row else 0, head)
    heads.kept, before = kept, dict(kept.heads)
    for row in readable:
        heads.note(row.number, row.cells)
    _write(upload_id, {Place(*place): head for place, head in kept.heads.items() if before.get(place) != head})


def _write(upload_id: str, found: Mapping[Place, Head]) -> None:
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO upload_heads (upload_id, key, row_number, head)
            SELECT %s, k.key, k.row_number, k.head
              FROM unnest(%s::text[], %s::int[], %s::text[]) AS k (key, row_number, head)
                ON CONFLICT (upload_id, key, row_number) DO UPDATE SET head = excluded.head
            """,
            [
                upload_id,
                [kept_key(place.key) for place in found],
                [place.row for place in found],
                [json.dumps(head.to_json()) for head in found.values()],
            ],
        )


def of(wanted: Iterable[Wanted]) -> dict[Wanted, Head]:
    """The heads that are there, in one query."""
    asked = list(dict.fromkeys(wanted))
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.place, h.head
              FROM unnest(%s::text[], %s::text[], %s::int[]) WITH ORDINALITY AS k (upload_id, key, row_number, place)
             CROSS JOIN LATERAL (SELECT head FROM upload_heads h
                                  WHERE h.upload_id = k.upload_id AND h.key = k.key AND h.row_number <= k.row_number
                                  ORDER BY h.row_number DESC
                                  LIMIT 1) AS h
            """,
            [
                [upload_id for upload_id, _ in asked],
                [kept_key(place.key) for _, place in asked],
                [place.row for _, place in asked],
            ],
        )
        return {asked[place - 1]: Head.from_json(json.loads(head)) for place, head in cursor.fetchall()}


def of_rows(upload_id: str, plan: Plan, rows: Sequence[tuple[int, Mapping[str, str | None]]]) -> list[Head | None]:
    """The head of each of these rows (number, cells) of an upload, in one query."""
    if plan.group is None:
        return [None] * len(rows)
    place_of = place_reader(plan)
    places = [place_of(with_texts(data), row) for row, data in rows]
    found = of((upload_id, place) for place in places if place)
    return [found.get((upload_id, place)) if place else None for place in places]


def filled(data: Mapping[str, str | None], plan: Plan, row: int, head: Head | None) -> Mapping[str, str | None]:
    """The cells of a row with what it has from its group, so that it can be understood without that: a variant's from
    the first row, where it has none of its own, and of places the stock that was added up."""
    if head is None or plan.group is None:
        return data
    if plan.group.kind == "summed":
        if not head.variants or has_other_stock(with_texts(data), plan, head):
            return data
        return {**data, plan.columns["stock_quantity"][0]: head.stock}
    return data if head.row in (0, row) or head.clash else {**data, **_inherited(data, plan, head)}


def _inherited(data: Mapping[str, str | None], plan: Plan, head: Head) -> dict[str, str]:
    """Header → the head's cell, of the fields that the row has nothing for."""
    cells: dict[str, str] = {}
    for columns in (plan.columns.get(field, ()) for field in plan.inherited):
        if not any((data.get(column) or "").strip() for column in columns):
            cells |= {column: cell for column in columns[:1] if (cell := _first(head.cells, columns))}
    return cells


def _first(cells: Mapping[str, str], columns: Sequence[str]) -> str:
    return next((cell for column in columns if (cell := cells.get(column, "")).strip()), "")


def kept_key(key: str) -> str:
    """The key as the table has it: one that is long, or that PostgreSQL can't store, as a digest."""
    if len(key) <= KEY_CHARS and storable(key) == key and not key.startswith("sha256:"):
        return key
    return f"sha256:{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"

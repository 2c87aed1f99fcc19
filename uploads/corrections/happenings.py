"""What happened, turned into retries of the rows that waited for it, where their vendors want that.

Triggers write down what happened (migration 0035), so it doesn't matter who did it; the schedule looks at it here, in
bounded slices: GROUP happenings of a kind, VALUES wrong values, and as many jobs as may be open at a time. A slice is
one transaction: the jobs that it asks for and how far it came are kept together. One process at a time does so.

Each happening is looked at twice. A row that was judged just before it may be committed just after the first look; the
second one, a few minutes later, finds that too, and is about what the first one didn't find.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from psycopg.sql import SQL, Composable

from catalog.models import ProductCategory
from catalog.rules import cells
from catalog.rules.values.category import category_key
from uploads.corrections import retry
from uploads.corrections.by_itself import BECAUSE, Because
from uploads.models import Happening, ValueRule

Kind = Happening.Kind
GROUP: Final = 1_000
VALUES: Final = 5_000
VALUES_OF_A_JOB: Final = 500
MOST_JOBS: Final = 20  # open at a time, so that what people ask for waits behind few turns
TURN_SECONDS: Final = 2.0
SECOND_LOOK: Final = "5 minutes"  # no batch takes so long from its judgement to its commit
AGAIN: Final = "30 seconds"
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('looking at what happened', 0))"
# Through idx_happenings_due.
_DUE: Final = """
    WITH first AS (SELECT kind, looks, position, looked_at FROM happenings
                    WHERE next_look_at <= statement_timestamp() ORDER BY next_look_at, id LIMIT 1)
    SELECT h.* FROM happenings h
      JOIN first f ON h.kind = f.kind AND h.looks = f.looks AND h.position = f.position
                  AND h.looked_at IS NOT DISTINCT FROM f.looked_at
     WHERE h.next_look_at <= statement_timestamp() ORDER BY h.next_look_at, h.id LIMIT %s
"""


@dataclass(frozen=True)
class Concerned:
    """Rows of a vendor that may be right by now."""

    vendor_id: str
    kind: str
    whats: Mapping[str, str]


@dataclass(frozen=True)
class Look:
    """What a slice found, and where the next one of this look begins; "" behind the last."""

    concerned: Sequence[Concerned]
    position: str = ""


@dataclass
class _Asked:
    """What came of a look: whether an upload has a job for another happening still, and whether there was no room."""

    room: int
    busy: bool = False
    full: bool = False
    jobs: list[int] = field(default_factory=list)


def go_on() -> int:
    """Look at what happened, a bounded part of it; returns how many jobs were asked for."""
    asked, deadline = 0, time.monotonic() + TURN_SECONDS
    while (jobs := _slice()) is not None:
        asked += jobs
        if time.monotonic() > deadline:
            break
    return asked


def _slice() -> int | None:
    """None where nothing is due, there is no room for more jobs, or somebody else is at it."""
    with transaction.atomic():
        room = _room()
        group = _due() if room > 0 else []
        if not group:
            return None
        since = group[0].looked_at or _clock()
        look = _LOOKS[group[0].kind](group)
        asked = _Asked(room)
        for concerned in look.concerned:
            for part in () if asked.full else _parts(concerned.whats):
                _ask(Because(concerned.kind, part, since.isoformat()), concerned.vendor_id, asked)
        _note(group, look.position, since, asked)
        return len(asked.jobs)


def _room() -> int:
    """How many jobs may be asked for (idx_jobs_open); 0 where another process looks already."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running') AND parameters ? %s", [BECAUSE])
        return MOST_JOBS - int(cursor.fetchone()[0])


def _due() -> list[Happening]:
    """Happenings of one kind that stand at the same place, and were looked at first at the same moment."""
    return list(Happening.objects.raw(_DUE, [GROUP]))


def _clock() -> datetime:
    """Now, behind the reading of what has happened: whoever retries a row later sees that too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found


def _note(group: Sequence[Happening], position: str, since: datetime, asked: _Asked) -> None:
    """How far the group is. What there was no room for is looked for again at once, what was in the way of another job
    a while later."""
    ids, again = [one.pk for one in group], asked.busy or group[0].again
    with connection.cursor() as cursor:
        if asked.full:
            position = group[0].position
        if asked.full or position:
            cursor.execute(_STAY, [position, again, since, ids])
        elif again:
            cursor.execute(_LATER, ["", AGAIN, since, 0, ids])
        elif group[0].looks == 0:
            cursor.execute(_LATER, ["", SECOND_LOOK, since, 1, ids])
        else:
            cursor.execute("DELETE FROM happenings WHERE id = ANY (%s)", [ids])


_STAY: Final = """
    UPDATE happenings SET position = %s, again = %s, looked_at = coalesce(looked_at, %s) WHERE id = ANY (%s)
"""
_LATER: Final = """
    UPDATE happenings SET position = %s, again = false, next_look_at = statement_timestamp() + %s::interval,
                          looked_at = coalesce(looked_at, %s), looks = looks + %s
     WHERE id = ANY (%s)
"""


# --- the jobs ----------------------------------------------------------------------------------------------------

# A job that failed since isn't asked for again; while one of the same kind is open, its rows aren't looked at.
_JOBS: Final = SQL(
    """
    SELECT upload_id, rows, busy
      FROM ({}) AS found
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE j.state IN ('waiting', 'running')) > 0 AS busy,
                  count(*) FILTER (WHERE j.state = 'failed' AND j.created_at >= %s::timestamptz) > 0 AS failed
             FROM jobs j WHERE j.upload_id = found.upload_id AND j.parameters -> %s ->> 'kind' = %s) AS theirs
     WHERE NOT failed ORDER BY busy, sequence LIMIT %s
    """
)
# By idx_validation_errors_value; and upload by upload, by idx_validation_errors_kind.
_BY_VALUE: Final = SQL(
    """
    SELECT f.upload_id, f.rows, u.sequence
      FROM (SELECT e.upload_id, count(DISTINCT e.record_id)::int AS rows
              FROM validation_errors e WHERE {} GROUP BY e.upload_id) f
      JOIN upload_history u ON u.upload_id = f.upload_id
    """
)
_BY_UPLOAD: Final = SQL(
    """
    SELECT w.upload_id, f.rows, w.sequence
      FROM upload_history w
     CROSS JOIN LATERAL (SELECT count(DISTINCT e.record_id)::int AS rows
                           FROM validation_errors e WHERE e.upload_id = w.upload_id AND {}) f
     WHERE w.vendor_id = %s AND w.error_records > w.ignored_records + w.closed_records AND w.status <> 'cancelled'
       AND w.undone_at IS NULL AND w.archived_at IS NULL AND f.rows > 0
    """
)


def _ask(because: Because, vendor_id: str, asked: _Asked) -> None:
    """A job for each upload with such rows, oldest uploads first, as far as there is room."""
    condition, values = because.condition(because.selection(vendor_id))
    by_upload = because.kind == Kind.VENDOR
    rows = (_BY_UPLOAD if by_upload else _BY_VALUE).format(condition)
    left = asked.room - len(asked.jobs)
    with connection.cursor() as cursor:
        more = [*values, *([vendor_id] if by_upload else []), because.since, BECAUSE, because.kind, left + 1]
        cursor.execute(_JOBS.format(rows), more)
        found = cursor.fetchall()
    free = [(upload_id, rows) for upload_id, rows, busy in found if not busy]
    asked.busy = asked.busy or len(free) < len(found)
    asked.full = asked.full or len(free) > left
    for upload_id, rows in free[:left]:
        job = retry.start(because.selection(vendor_id, upload_id), None, total=rows, because=because)
        asked.jobs.append(job.pk)


def _parts(whats: Mapping[str, str]) -> Iterable[Mapping[str, str]]:
    values = list(whats.items())
    return (dict(values[start : start + VALUES_OF_A_JOB]) for start in range(0, len(values), VALUES_OF_A_JOB))


# --- whom it concerns ----------------------------------------------------------------------------------------------

# That a vendor `v` wants it, is active, and isn't paused: that its feeds go on is something that happens, too. One
# of which nothing is retried would be asked for again and again, and take all the places (vendor_holds_open).
_WANTS: Final = SQL(
    """
    (v.status = 'active' AND v.retries_by_itself
     AND NOT EXISTS (SELECT FROM vendor_holds h
                      WHERE h.vendor_id = v.vendor_id AND h.kind = 'pause' AND h.ended_at IS NULL))
    """
)
# A vendor's open values in their order, by the table's key; of all vendors that want it, or of some.
_OPEN_VALUES: Final = SQL(
    """
    SELECT o.vendor_id, o.value, o.spelling
      FROM vendors v
     CROSS JOIN LATERAL (
           SELECT vendor_id, value, spelling FROM open_values
            WHERE vendor_id = v.vendor_id AND claim = %s AND field = %s AND rows > 0
              AND (v.vendor_id > %s OR value > %s)
            ORDER BY value LIMIT %s) o
     WHERE {wants} AND v.vendor_id >= %s AND (%s::text[] IS NULL OR v.vendor_id = ANY (%s))
     ORDER BY v.vendor_id, o.value LIMIT %s
    """
).format(wants=_WANTS)
Found = list[tuple[str, str, str]]


def _open_values(claim: bool, name: str, vendor_ids: list[str] | None, after: Sequence[str]) -> tuple[Found, list[str]]:
    """The next VALUES of a field that rows are wrong for: (vendor, value, spelling), and behind which to go on."""
    vendor_id, value = after or ("", "")
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN_VALUES,
            [claim, name, vendor_id, value, VALUES, vendor_id, vendor_ids, vendor_ids, VALUES],
        )
        found = cursor.fetchall()
    return found, list(found[-1][:2]) if len(found) == VALUES else []


def _category(group: Sequence[Happening]) -> Look:
    """Categories that are open now; found by how feeds spell them, so all open values are gone through."""
    wanted = {category_key(one.what) for one in group}
    found, last = _by_category(wanted, None, json.loads(group[0].position or "[]"))
    return Look(found, json.dumps(last) if last else "")


def _by_category(
    wanted: set[str] | None, vendor_ids: list[str] | None, after: Sequence[str]
) -> tuple[list[Concerned], list[str]]:
    active = ProductCategory.objects.filter(is_active=True).values_list("category_name", flat=True)
    names = {category_key(name): name for name in active}
    names = names if wanted is None else {key: name for key, name in names.items() if key in wanted}
    if not names:
        return [], []
    values, last = _open_values(False, "category", vendor_ids, after)
    rules = _rules({vendor_id for vendor_id, *_ in values})
    whats: dict[str, dict[str, str]] = defaultdict(dict)
    for vendor_id, value, spelling in values:
        meant = rules.get((vendor_id, value)) or rules.get((None, value)) or spelling
        for key in (category_key(meant), category_key(cells.seen(meant)), category_key(value)):
            if key in names:
                whats[vendor_id][value] = names[key]
                break
    return [Concerned(vendor_id, Kind.CATEGORY, one) for vendor_id, one in whats.items()], last


def _rules(vendor_ids: set[str]) -> dict[tuple[str | None, str], str]:
    """What categories are read as by the rules of these vendors, and by those of all."""
    rules = ValueRule.objects.filter(field="category").order_by().values_list("vendor_id", "wrong_value", "right_value")
    return {
        (vendor_id, wrong.lower()): right
        for vendor_id, wrong, right in rules
        if vendor_id is None or vendor_id in vendor_ids
    }


_CLAIMS: Final = SQL(
    """
    SELECT o.vendor_id, c.what
      FROM unnest(%s::text[]) AS c (what)
      JOIN open_values o ON o.claim AND o.field = 'sku' AND o.value = lower(c.what) AND o.rows > 0
      JOIN vendors v ON v.vendor_id = o.vendor_id AND {wants}
    """
).format(wants=_WANTS)
_FREE: Final = SQL("SELECT s FROM unnest(%s::text[]) AS s WHERE NOT EXISTS (SELECT FROM products p WHERE p.sku = s)")


def _sku(group: Sequence[Happening]) -> Look:
    """SKUs that no product has now (idx_open_values_value, products_sku_key)."""
    whats: dict[str, dict[str, str]] = defaultdict(dict)
    for vendor_id, sku in _read(_CLAIMS, _free({one.what for one in group})):
        whats[vendor_id][sku] = sku
    return Look([Concerned(vendor_id, Kind.SKU, one) for vendor_id, one in whats.items()])


def _free(skus: Iterable[str]) -> list[str]:
    return [sku for (sku,) in _read(_FREE, sorted(skus))]


def _read(query: Composable, values: list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [values])
        return list(cursor.fetchall())


def _vendor(group: Sequence[Happening]) -> Look:
    """Rows that failed since the vendor wasn't active; then what happened while it wasn't, or didn't want this: its
    categories that are open by now, and its SKUs that are free."""
    ids = sorted({one.what for one in group})
    phase, after = json.loads(group[0].position) if group[0].position else ("", [])
    if not phase:
        wanting = [vendor_id for (vendor_id,) in _read(_WANTING, ids)]
        found = [Concerned(vendor_id, Kind.VENDOR, {"": vendor_id}) for vendor_id in wanting]
        return Look(found, json.dumps(["category", []]) if wanting else "")
    if phase == "category":
        found, last = _by_category(None, ids, after)
        return Look(found, json.dumps(["category", last] if last else ["sku", []]))
    values, last = _open_values(True, "sku", ids, after)
    free, whats = set(_free({spelling for *_, spelling in values})), defaultdict[str, dict[str, str]](dict)
    for vendor_id, _, spelling in values:
        if spelling in free:
            whats[vendor_id][spelling] = spelling
    found = [Concerned(vendor_id, Kind.SKU, one) for vendor_id, one in whats.items()]
    return Look(found, json.dumps(["sku", last]) if last else "")


_WANTING: Final = SQL("SELECT v.vendor_id FROM vendors v WHERE v.vendor_id = ANY (%s) AND {}").format(_WANTS)
_LOOKS: Final[Mapping[str, Callable[[Sequence[Happening]], Look]]] = {
    Kind.CATEGORY: _category, Kind.SKU: _sku, Kind.VENDOR: _vendor,
}  # fmt: skip

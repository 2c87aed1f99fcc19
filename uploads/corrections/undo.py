"""Taking back what an upload changed in the catalog: products it brought go, products it updated are as before.

Three ways a row can go: reversed; kept, because something newer touched the product (a later upload, an edit by hand),
and that must not be lost; failed, because the catalog doesn't allow the product as it was (its SKU is another's by
now). The same look at the rows serves for showing first (`dry`) and for doing. Ledger and counters stay: they say what
the upload did. What is taken back is written to `product_changes`, so it stays in the product's history.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from psycopg.sql import SQL

from catalog import committer, snapshot
from catalog.committer import Locks
from catalog.models import ProductChange
from catalog.rules.places import in_file
from catalog.snapshot import Entry
from uploads.models import Job, UploadHistory, ValidationError
from uploads.models.results import archived
from uploads.pipeline.ledger import stands
from uploads.pipeline.settling import closing
from uploads.work import jobs

SLICE_ROWS = 500
EXAMPLES = 20
CLOSED_COUNTED = 10_000
# In front of a job's position once products are taken back, and only errors are left to be opened.
OPENING = "errors "


@dataclass(frozen=True)
class Reversal:
    """What undoing does to one product. `fate` is reversed, kept or failed; `why` says so in a sentence."""

    record_id: str
    row_number: int
    line_number: int | None
    product_id: int
    fate: str
    why: str
    now: Entry | None = None
    before: Entry | None = None  # None: the upload brought it, and it goes


def why_not(upload: UploadHistory) -> str:
    """Why the upload can't be undone, or ""."""
    if upload.status == UploadHistory.Status.PROCESSING:
        return "The upload is still under way. Cancel it first, or wait until it has ended."
    if upload.archived_at is not None:
        return f"{archived(upload)} What stood before it isn't kept any more."
    if not changed(upload) + upload.unchanged_records:
        return "The upload brought nothing into the catalog, and confirmed nothing in it."
    if upload.undone_at is not None and not changed(upload):
        return "The upload was undone already."
    return ""


def changed(upload: UploadHistory) -> int:
    """How many products it brought, changed or retired, those included that its file lacks."""
    return upload.inserted_records + upload.updated_records + upload.retired_records + upload.absent_records


def closed_with(upload: UploadHistory) -> int:
    """How many problems of older uploads closed with this one, counted up to CLOSED_COUNTED
    (idx_validation_errors_closed)."""
    closed = ValidationError.objects.errors().filter(closed_by=upload.pk).exclude(closed_by="").order_by()
    return closed.values("upload_id", "record_id").distinct()[:CLOSED_COUNTED].count()


def start(upload: UploadHistory, user: Any, *, dry: bool) -> Job:
    """Undo the upload as a job; `dry` only looks at what would happen. Raises JobFailed when it can't be undone."""
    if why := why_not(upload):
        raise jobs.JobFailed(why)
    total = changed(upload)
    return jobs.start(Job.Kind.UNDO, user, total=total, upload=upload, vendor=upload.vendor, parameters={"dry": dry})


def step(job: Job) -> bool:
    """Look at the next rows, and take them back unless the job is dry; True at the end.

    A SKU that another vendor takes in the same moment breaks the slice off; the next try sees it.
    """
    dry = bool(job.parameters["dry"])
    before = (job.done, job.position, dict(job.result))
    for attempt in range(3):
        try:
            with transaction.atomic():
                return _slice(job, dry)
        except (IntegrityError, committer.ProductVanished):
            job.done, job.position, job.result = before[0], before[1], dict(before[2])
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


def _slice(job: Job, dry: bool) -> bool:
    upload = UploadHistory.objects.get(pk=job.upload_id)
    locks = committer.lock_vendors([upload.vendor_id])
    upload.refresh_from_db(fields=["archived_at"])
    if upload.archived_at is not None:  # since it was asked for
        raise jobs.JobFailed(why_not(upload))
    if not dry and not job.position:
        # From here on its failed rows can't be retried any more, and what it has only confirmed counts no longer.
        UploadHistory.objects.filter(pk=upload.pk).update(undone_at=Now())
    if job.position.startswith(OPENING):
        return _open_rest(job, upload.pk)
    found = _found(upload, job.position)
    if not found:
        return dry or _open_rest(job, upload.pk)
    reversals = _judged(upload, found)
    if not dry:
        _take_back(upload, [reversal for reversal in reversals if reversal.fate == "reversed"], locks, job)
    _note(job, upload.sheet, reversals, position=found[-1].record_id)
    return False


def _open_rest(job: Job, upload_id: str) -> bool:
    """When all is taken back: errors of older uploads that closed since this one confirmed their products."""
    after = tuple(json.loads(job.position.removeprefix(OPENING))) if job.position.startswith(OPENING) else None
    opened, last = closing.without_rest(upload_id, after or closing.BEGINNING, SLICE_ROWS)
    position = OPENING + json.dumps(last)
    jobs.advance(job, position=position if last else None, opened=opened)
    return last is None


def _note(job: Job, sheet: str, reversals: Sequence[Reversal], position: str) -> None:
    examples = job.result.get("examples", [])
    for reversal in reversals:
        if reversal.fate != "reversed" and len(examples) < EXAMPLES:
            sku = reversal.now.values.sku if reversal.now else ""
            examples.append({
                "row": reversal.row_number, "in_file": in_file(reversal.line_number, sheet), "sku": sku,
                "fate": reversal.fate, "why": reversal.why,
            })  # fmt: skip
    back = [reversal for reversal in reversals if reversal.fate == "reversed" and reversal.now is not None]
    shown = job.result.get("back", [])
    shown = [*shown, *(_as_example(reversal, sheet) for reversal in back[: EXAMPLES - len(shown)])]
    job.result = {**job.result, "examples": examples, "back": shown}
    counts = Counter(reversal.fate for reversal in reversals)
    gone = sum(reversal.before is None for reversal in back)
    jobs.advance(job, len(reversals), position, **counts, gone=gone)


def _as_example(reversal: Reversal, sheet: str) -> dict[str, Any]:
    """A product that is taken back, and to what; null where it leaves the catalog."""
    values = reversal.now.values if reversal.now else None
    to = reversal.before and values and committer.differences(values, reversal.before.values)
    return {
        "row": reversal.row_number, "in_file": in_file(reversal.line_number, sheet),
        "sku": values.sku if values else "", "name": values.product_name if values else "", "to": to,
    }  # fmt: skip


# --- looking ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    record_id: str
    row_number: int
    line_number: int | None
    product_id: int
    inserted: bool
    changes: dict[str, list[Any]]
    newer: bool
    only_offers: bool  # what is newer, if anything: lists that only change products, and say nothing of their status


_FOUND = SQL(
    """
    SELECT o.record_id, o.row_number, o.line_number, o.product_id, o.outcome = 'inserted',
           coalesce((SELECT jsonb_object_agg(f.key, f.value)
                       FROM (SELECT DISTINCT ON (e.key) e.key, e.value
                               FROM product_changes c, jsonb_each(c.changes) AS e (key, value)
                              WHERE c.product_id = o.product_id AND c.upload_id = o.upload_id AND c.kind = 'updated'
                                AND NOT EXISTS (SELECT FROM product_changes back
                                                 WHERE back.product_id = c.product_id AND back.id > c.id
                                                   AND back.upload_id = c.upload_id AND back.kind = 'undone')
                              ORDER BY e.key, c.id) f), '{{}}'),
           EXISTS (SELECT FROM record_outcomes n
                    WHERE n.product_id = o.product_id AND n.upload_sequence > o.upload_sequence AND {n_stands})
           OR edited,
           o.outcome = 'retired' AND NOT edited
           AND NOT EXISTS (SELECT FROM record_outcomes n
                            WHERE n.product_id = o.product_id AND n.upload_sequence > o.upload_sequence AND {n_stands}
                              AND (SELECT {n_only_updates} AND NOT u.layout #> '{{mapping,fields}}' ? 'action'
                                     FROM upload_history u WHERE u.sequence = n.upload_sequence) IS NOT TRUE)
      FROM record_outcomes o
     CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM product_changes m
                                         WHERE m.product_id = o.product_id AND m.kind = 'edited'
                                           AND m.created_at > o.created_at) AS edited) e
     WHERE o.upload_id = %s AND (%s = '' OR o.record_id < %s) AND o.outcome IN ('inserted', 'updated', 'retired')
       AND {o_stands}
       AND NOT EXISTS (SELECT FROM record_outcomes f
                        WHERE f.product_id = o.product_id AND f.upload_sequence = o.upload_sequence
                          AND f.outcome IN ('inserted', 'updated', 'retired') AND f.id < o.id AND {f_stands})
     ORDER BY o.record_id DESC
     LIMIT %s
    """
).format(o_stands=stands("o"), f_stands=stands("f"), n_stands=stands("n"), n_only_updates=closing.only_updates("u"))


def _found(upload: UploadHistory, position: str) -> list[_Found]:
    """The next products that the upload changed and that were not taken back, by the first row of each.

    Against the order of record_outcomes_key: the last row gives its SKU back before an earlier one wants it. Records of
    other programs may have changed a product several times; then it goes back to what it was before the first.
    Newer is what another upload did since that wasn't taken back itself, and what was edited by hand (by
    idx_record_outcomes_product and idx_product_changes_product). A nightly list of prices says nothing of what was
    retired: that a product was is taken back all the same, and what the list changed stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [upload.pk, position, position, SLICE_ROWS])
        return [
            _Found(record_id, row, line, product_id, inserted, json.loads(changes), newer, only_offers)
            for record_id, row, line, product_id, inserted, changes, newer, only_offers in cursor.fetchall()
        ]


def _judged(upload: UploadHistory, found: Sequence[_Found]) -> list[Reversal]:
    stored = {entry.product_id: entry for entry in snapshot.stored([row.product_id for row in found])}
    reversals = [_reversal(row, stored.get(row.product_id), upload.vendor_id) for row in found]
    return _without_taken_skus(reversals)


def _reversal(row: _Found, now: Entry | None, vendor_id: str) -> Reversal:
    if now is None:
        return _kept(row, None, "The product isn't in the catalog any more.")
    if now.vendor_id != vendor_id:  # whose lock we don't hold
        return _kept(row, None, "The product is another vendor's by now.")
    if row.newer and not (row.only_offers and row.changes.keys() == {"status"}):
        return _kept(row, now, "The product was changed or confirmed since.")
    if row.inserted:
        return Reversal(row.record_id, row.row_number, row.line_number, row.product_id, "reversed", "", now)
    if not row.changes:
        return _kept(row, now, "What it was before was not recorded yet when this upload came.")
    before = committer.as_before(now, row.changes)
    return Reversal(row.record_id, row.row_number, row.line_number, row.product_id, "reversed", "", now, before)


def _kept(row: _Found, now: Entry | None, why: str) -> Reversal:
    return Reversal(row.record_id, row.row_number, row.line_number, row.product_id, "kept", why, now)


def _without_taken_skus(reversals: list[Reversal]) -> list[Reversal]:
    """Products whose former SKU is another product's fail, unless that one gives it up in this very slice."""
    going_back = {r.product_id: r for r in reversals if r.before is not None and r.now is not None}
    wanted = {
        r.before.values.sku: product_id
        for product_id, r in going_back.items()
        if r.before and r.now and r.before.values.sku != r.now.values.sku
    }
    holders = snapshot.holders(list(wanted))
    leaving = {r.product_id for r in reversals if r.fate == "reversed" and r.before is None}
    leaving |= set(wanted.values())
    failed: set[int] = set()
    while True:
        # One that fails keeps its present SKU, which another may be waiting for.
        blocked = {p for sku, p in wanted.items() if p not in failed and holders.get(sku, p) not in {p, *leaving}}
        if not blocked:
            break
        failed |= blocked
        leaving -= blocked
    why = "Its former SKU belongs to another product by now."
    return [replace(r, fate="failed", why=why) if r.product_id in failed else r for r in reversals]


# --- doing -----------------------------------------------------------------------------------------------------


def _take_back(upload: UploadHistory, reversals: Sequence[Reversal], locks: Locks, job: Job) -> None:
    committer.take_back(
        [reversal.now for reversal in reversals if reversal.now is not None and reversal.before is None],
        [reversal.before for reversal in reversals if reversal.before is not None],
        locks,
    )
    ProductChange.objects.bulk_create(
        ProductChange(
            product_id=reversal.product_id, kind=ProductChange.Kind.UNDONE, upload_id=upload.pk,
            record_id=reversal.record_id, changed_by=job.requested_by, changes=_changes(reversal.now, reversal.before),
        )
        for reversal in reversals
        if reversal.now is not None
    )  # fmt: skip
    products = [reversal.now.values for reversal in reversals if reversal.now is not None]
    opened = closing.without(upload.pk, [(upload.vendor_id, one.vendor_product_id, one.sku) for one in products])
    jobs.advance(job, opened=opened)


def _changes(now: Entry, before: Entry | None) -> dict[str, list[object]]:
    return committer.differences(now.values, before.values) if before else committer.all_gone(now.values)

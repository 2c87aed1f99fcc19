"""What programs did to a vendor's products within the last hour, held against the thresholds that files are held by.

A program puts records one by one, and there is no whole that could be tried before. So each batch adds what it does to
the minute at hand, in its own transaction and under the vendor's lock, and asks what the last hour came to. Beyond a
threshold nothing of the batch stays: it is decided again with its vendor held back, so that its records wait.

Who corrects a row isn't measured, since somebody looked at it; nor is what somebody let through.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Sum

from uploads.models import ProgramMinute
from uploads.pipeline.guard import check, facts, thresholds
from uploads.pipeline.guard.check import Finding
from uploads.pipeline.guard.measured import Measured, Part
from uploads.pipeline.holding import answering
from vendors.models import VendorHold
from vendors.models.holds import REASON_CHARS

MINUTES: Final = 60
# In the order of the columns.
KINDS: Final = ("price_falls", "price_rises", "zero_stock")
_ALL: Final = ("rows", "errors", "touched", *KINDS, "retired")

# By program_minutes_key: of a vendor there are at most as many rows as minutes in two windows, since whoever adds one
# deletes what is older. What was there is read as before this statement.
_ADD: Final = """
    WITH these AS (
         SELECT * FROM unnest(%(vendors)s::text[], %(rows)s::int[], %(errors)s::int[], %(touched)s::int[],
                              %(price_falls)s::int[], %(price_rises)s::int[], %(zero_stock)s::int[], %(retired)s::int[])
                    AS t (vendor_id, rows, errors, touched, price_falls, price_rises, zero_stock, retired)),
    gone AS (
         DELETE FROM program_minutes
          WHERE vendor_id = ANY (%(vendors)s) AND minute < now() - make_interval(mins => 2 * %(minutes)s)),
    added AS (
         INSERT INTO program_minutes AS m (vendor_id, minute, rows, errors, touched, price_falls, price_rises,
                                           zero_stock, retired)
         SELECT vendor_id, date_trunc('minute', now()), rows, errors, touched, price_falls, price_rises, zero_stock,
                retired
           FROM these ORDER BY vendor_id
             ON CONFLICT (vendor_id, minute) DO UPDATE
            SET rows = m.rows + excluded.rows, errors = m.errors + excluded.errors,
                touched = m.touched + excluded.touched, price_falls = m.price_falls + excluded.price_falls,
                price_rises = m.price_rises + excluded.price_rises, zero_stock = m.zero_stock + excluded.zero_stock,
                retired = m.retired + excluded.retired)
    SELECT vendor_id, sum(rows), sum(errors), sum(touched), sum(price_falls), sum(price_rises), sum(zero_stock),
           sum(retired)
      FROM program_minutes
     WHERE vendor_id = ANY (%(vendors)s) AND minute > now() - make_interval(mins => %(minutes)s)
     GROUP BY vendor_id
"""


class Did(NamedTuple):
    """What a record of a program came to: its outcome, the product's name and SKU, and what changed of it."""

    vendor_id: str
    outcome: str
    name: str
    sku: str
    changes: Mapping[str, Sequence[object]] | None
    message: str  # why it is an error


class Beyond(Exception):
    """What these vendors' programs do is beyond thresholds: roll back, and decide again with them held back."""

    def __init__(self, findings: Mapping[str, Sequence[Finding]]) -> None:
        super().__init__(", ".join(findings))
        self.findings = findings


def add(records: Iterable[Did]) -> None:
    """Add what a batch did to the minute. In its transaction. Raises Beyond."""
    by_vendor: dict[str, Measured] = defaultdict(Measured)
    for did in records:
        note(by_vendor[did.vendor_id], did)
    if not by_vendor:
        return
    batch = {vendor_id: _numbers(measured) for vendor_id, measured in by_vendor.items()}
    with connection.cursor() as cursor:
        columns = {name: [numbers[name] for numbers in batch.values()] for name in _ALL}
        cursor.execute(_ADD, {**columns, "vendors": list(batch), "minutes": MINUTES})
        before = {vendor_id: dict(zip(_ALL, map(int, sums), strict=True)) for vendor_id, *sums in cursor.fetchall()}
    found: dict[str, tuple[Finding, ...]] = {}
    for vendor_id, numbers in batch.items():
        # What only brings the shares down is beyond nothing that the batches before weren't.
        if any(numbers[name] for name in (*KINDS, "errors", "retired")):
            found[vendor_id] = beyond_with(vendor_id, by_vendor[vendor_id], before.get(vendor_id, {}), written=True)
    if beyond := {vendor_id: findings for vendor_id, findings in found.items() if findings}:
        raise Beyond(beyond)


def note(measured: Measured, did: Did) -> None:
    """Count what a record came to."""
    measured.rows += 1
    if did.outcome == "error":
        measured.note_error(did.message)
    elif did.outcome == "retired":
        measured.note_retired(did.name, did.sku)
    elif did.outcome in ("updated", "unchanged"):
        measured.note_product("", did.name, did.sku, did.changes)


def _numbers(measured: Measured) -> dict[str, int]:
    part = measured.parts[""]
    found = {kind: part.found.get(kind, 0) for kind in KINDS}
    return {"rows": measured.rows, "errors": measured.errors, "touched": part.touched, **found,
            "retired": measured.retired}  # fmt: skip


def beyond_with(vendor_id: str, batch: Measured, before: Mapping[str, int], *, written: bool) -> tuple[Finding, ...]:
    """The thresholds that the hour goes beyond with this batch, be it `written` or not; the examples are the batch's.
    Those of categories are for files, of which every row is looked at before."""
    whole = {name: count + before.get(name, 0) for name, count in _numbers(batch).items()}
    part = Part(whole["touched"], {kind: whole[kind] for kind in KINDS}, batch.parts[""].examples)
    # Those before it are written by now: what they retired was active before.
    gone = whole["retired"] if written else before.get("retired", 0)
    active = facts.active_products(vendor_id) + gone if whole["retired"] else None
    measured = Measured(
        whole["rows"], whole["errors"], {"": part}, whole["retired"], active=active, examples=batch.examples
    )
    return check.check(measured, [one for one in thresholds.of(vendor_id) if not one.category])


def hour_before(vendor_id: str, moment: datetime) -> dict[str, int]:
    """What programs did for a vendor within the hour before a moment, as far as it is kept (program_minutes_key)."""
    within = ProgramMinute.objects.filter(
        vendor=vendor_id, minute__gt=moment - timedelta(minutes=MINUTES), minute__lte=moment
    )
    return {name: count or 0 for name, count in within.aggregate(**{name: Sum(name) for name in _ALL}).items()}


# --- holding back ------------------------------------------------------------------------------------------------


def hold_back(beyond: Mapping[str, Sequence[Finding]]) -> None:
    """Hold back what programs put for these vendors, and have their owners told. In the transaction, and under the
    locks, of the batch that is beyond."""
    for vendor_id, findings in beyond.items():
        reason = "; ".join(one.words_of_hour for one in findings)[:REASON_CHARS]
        made: dict[str, Any] = {"reason": reason, "findings": [one.to_json() for one in findings]}
        hold, new = VendorHold.objects.get_or_create(
            vendor_id=vendor_id, kind=VendorHold.Kind.WINDOW, ended_at=None, defaults=made
        )
        if new:
            answering.tell_held(hold.pk)

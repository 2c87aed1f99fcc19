"""A severity of what only a product shows: a price that changed by much, a stock that fell to 0, a retired product.

Such rows can't be judged again, since their products stand otherwise by now. What they changed is known, though: it is
looked at again, with what is said now and with what would be. Of rows that were kept out for it there is what was found
then: they would pass where it would be a warning, or not beyond the bound, if nothing else was wrong with them. That a
product was retired shows in no change: what was found then is known of the rows that were warned of it, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

from catalog.rules.places import in_file
from catalog.rules.problems import Code, Problem
from catalog.rules.severity import doubts
from catalog.rules.severity.severities import Severities
from catalog.rules.validator import ProductDraft
from uploads.models import Job, UploadHistory, ValidationError
from uploads.pipeline.settling.identity import BY_ID, BY_SKU
from uploads.shadow import changes, compare, effects, offered, stored
from uploads.shadow.changes import SeverityChange
from uploads.shadow.compare import FAIL, PASS, UNWARN, WARN
from uploads.shadow.effects import Effect
from uploads.shadow.offered import NOTHING, Named
from uploads.shadow.stored import Window
from uploads.work import jobs

_IN_NO_CHANGE: Final = frozenset({Code.RETIRED_PRODUCT})
CODES: Final = frozenset({Code.PRICE_CHANGED, Code.STOCK_ZERO}) | _IN_NO_CHANGE
SLICE_ROWS: Final = 5_000
MOST_ROWS: Final = 1_000_000  # of the ledger; an upload that was begun is looked at to its end
_ANY: Final = ProductDraft("1", "Any", "", "1", None, None, Decimal(1), 1)


@dataclass
class At:
    """Behind which record of which upload to go on."""

    sequence: int
    upload_id: str = ""
    behind: str = ""


class Said(NamedTuple):
    """What of the code there is in a row: nothing, or a problem with the severity that counts."""

    now: Problem | None
    then: Problem | None


def step(job: Job, change: SeverityChange, wanted: Window) -> bool:
    """Look at some rows more; True when all uploads were looked at, or as many rows as one run looks at."""
    result: dict[str, Any] = job.result or {"at": asdict(At(wanted.last + 1)), "uploads": 0, **compare.empty()}
    at = At(**result["at"])
    uploads = stored.uploads_of(wanted).filter(rows_deleted_at__isnull=True)
    upload = uploads.filter(pk=at.upload_id).first() if at.upload_id else None
    if upload is None:
        upload = None if job.done >= MOST_ROWS else uploads.filter(sequence__lt=at.sequence).first()
        result["uploads"] += upload is not None
        at = At(upload.sequence, upload.pk) if upload else at
    if upload:
        rows = effects.read(upload.pk, at.behind, SLICE_ROWS)
        _add(result, upload, change, [row for row in rows if not row.is_absent])
        job.done += len(rows)
        at = At(at.sequence, upload.pk, rows[-1].record_id) if len(rows) == SLICE_ROWS else At(at.sequence)
    else:
        result["left"], job.total = stored.left(wanted, stored.Place(at.sequence)), job.done
    result["at"], job.result = asdict(at), result
    jobs.save(job)
    return upload is None


def _add(result: dict[str, Any], upload: UploadHistory, change: SeverityChange, rows: Sequence[Effect]) -> None:
    both, vendor_id = changes.both(change, [upload.vendor_id]), upload.vendor_id
    now, then = both.now.severities[vendor_id], both.then.severities[vendor_id]
    kept_out = _kept_out(upload.pk, change.code, [row.number for row in rows if row.outcome == "error"])
    named = {key: name for key, error in kept_out.items() if (name := _named(vendor_id, error.identity))}
    products = offered.standing(named.values())
    warned = _warned(upload.pk, change.code, [row.number for row in rows if row.outcome != "error"])
    for row in rows:
        shown = row
        if alone := kept_out.get(row.record_id):
            stands = products.get(named[row.record_id], NOTHING) if row.record_id in named else NOTHING
            shown, said = row._replace(sku=stands.sku), _as_found(alone, (now, then), stands.category)
        elif warning := warned.get(row.record_id):
            said = _as_found(warning, (now, then), row.category)
        else:
            said = Said(_found(row, change.code, now), _found(row, change.code, then))
        kind = _difference(said)
        compare.count(result, vendor_id, kind, partial(_example, kind, upload, shown, said))


def _difference(said: Said) -> str:
    now, then = said
    failed, fails = (one is not None and not one.is_warning for one in said)
    if failed != fails:
        return FAIL if fails else PASS
    if fails or (now is None) == (then is None):
        return ""
    return UNWARN if then is None else WARN


def _found(row: Effect, code: str, severities: Severities) -> Problem | None:
    """The problem in what the row changed, as it counts in the category of its product."""
    moved = row.changes or {}
    if "price" not in moved and "stock_quantity" not in moved:
        return None
    before, after = (_draft(moved, place, row.category) for place in (0, 1))
    found = [one for one in doubts.of_change(before, after, severities) if one.code == code]
    return severities.settled(found, row.category)[0] if found else None


def _as_found(found: ValidationError, ways: Sequence[Severities], category: str) -> Said:
    """What was found then, as it would count."""
    problem = Problem(found.field, Code(found.error_type), found.error_message)
    counts = [one.settled([problem], category)[0] for one in ways]
    beyond = [doubts.still_beyond(problem, one, category) for one in ways]
    return Said(*(one if is_beyond else None for one, is_beyond in zip(counts, beyond, strict=True)))


def _draft(moved: Mapping[str, Sequence[object]], place: int, category: str) -> ProductDraft:
    """What the row's product was before (0), or after it (1), as far as that matters here."""
    price = moved["price"][place] if "price" in moved else 1
    stock = moved["stock_quantity"][place] if "stock_quantity" in moved else 1
    currency = str(moved["currency"][place]) if "currency" in moved else None
    return _ANY._replace(
        category=category, price=Decimal(str(price)), stock_quantity=int(str(stock)), currency=currency
    )


def _kept_out(upload_id: str, code: str, rows: Sequence[int]) -> dict[str, ValidationError]:
    """Of these rows those that were kept out for this alone, by record (through idx_validation_errors_upload)."""
    if not rows:
        return {}
    errors = ValidationError.objects.errors().filter(upload_id=upload_id, row_number__in=rows, attempt=1)
    found: dict[str, list[ValidationError]] = {}
    for error in errors.order_by():
        found.setdefault(error.record_id, []).append(error)
    return {record: of[0] for record, of in found.items() if {one.error_type for one in of} == {code}}


def _warned(upload_id: str, code: str, rows: Sequence[int]) -> dict[str, ValidationError]:
    """Of these rows those that were warned of what no change shows, by record (idx_validation_errors_upload)."""
    if not rows or code not in _IN_NO_CHANGE:
        return {}
    found = ValidationError.objects.warnings().filter(upload_id=upload_id, row_number__in=rows, attempt=1)
    return {warning.record_id: warning for warning in found.filter(error_type=code).order_by()}


def _example(kind: str, upload: UploadHistory, row: Effect, said: Said) -> dict[str, Any]:
    problem = said.then or said.now
    field = problem.field if problem else ""
    moved = (row.changes or {}).get(field, ("", ""))
    return {
        "kind": kind, "upload": upload.pk, "record": row.record_id, "row": row.number,
        "in_file": in_file(row.line, upload.sheet), "sku": compare.clipped(row.sku), "field": field,
        "cell": f"{moved[0]} → {moved[1]}" if moved[0] != "" else "", "before": "", "after": "",
        "message": compare.clipped(problem.message if problem else ""),
    }  # fmt: skip


def _named(vendor_id: str, identity: str) -> Named | None:
    """The product that a row is about (uploads/pipeline/settling/identity.py), where it says so."""
    for prefix, by in ((BY_ID, "vendor_product_id"), (BY_SKU, "sku")):
        if identity.startswith(vendor_id + prefix):
            return Named(vendor_id, by, identity.removeprefix(vendor_id + prefix))
    return None

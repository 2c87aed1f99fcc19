"""Step 6: the only writer of products that come from feeds.

`commit` decides for each draft, in the order given, whether it inserts, updates, leaves unchanged, comes too late
or clashes, and writes the outcome, all inside the transaction of its caller. Deciding is pure (`decide`): it looks
at a snapshot and at nothing else, so a preview can ask the same question without writing.

What makes it safe beside other workers:

1. A transaction-level advisory lock per vendor, taken in sorted order by the caller: one batch of a vendor at a time.
2. The snapshot is read after the locks, so it shows everything that an earlier batch of the vendor committed.
3. Only another vendor can still take a SKU in between. The unique index catches that (23505); the caller rolls back and
   tries again, and then the snapshot shows the winner.
4. New rows go in by COPY in SKU order, with ids drawn first, so two vendors who claim the same SKUs can't deadlock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError
from psycopg.sql import SQL

from catalog import near
from catalog.rules.clashes import duplicate_in_file, other_sku, sku_taken, unknown_product
from catalog.rules.fields import RETIRED
from catalog.rules.offers import OfferDraft, keys, not_in_catalog
from catalog.rules.places import place
from catalog.rules.problems import Problem
from catalog.rules.severity import doubts
from catalog.rules.severity.severities import DEFAULTS, Severities
from catalog.rules.validator import ProductDraft
from catalog.snapshot import COLUMNS, Entry, Origin, Origins, Snapshot, read


class Candidate(NamedTuple):
    """A draft that wants into the catalog, be it a whole product or what changes of one, and where it comes from.

    `sequence` orders uploads: a draft of an older upload never overwrites what a newer one wrote. In one upload, the
    first row that was accepted for a product wins. `mode` is its upload's: upsert, add or update. `line` and `sheet`
    are its place in its file (catalog.rules.places), if any. `one_number` is the field that has no column of its own,
    if any: the SKU is the product ID too. `problems` were found in the row, `severities` what is an error here.
    """

    vendor_id: str
    sequence: int
    row_number: int
    draft: ProductDraft | OfferDraft
    mode: str = "upsert"
    line: int = 0
    sheet: str = ""
    one_number: str = ""
    problems: Sequence[Problem] = ()
    severities: Severities = DEFAULTS


class Verdict(NamedTuple):
    """What became of a candidate: inserted, updated, retired, unchanged, superseded, skipped, or error, which says why.

    Skipped is what the upload's mode leaves alone, or for what there is no product to change (`reason`): it touches no
    product, so it names none. `changes` are those of an update: field → [before, after], as JSON has them. `key` is the
    product ID of the product that was touched. `warnings` are all other problems of the row: what its candidate
    brought, and what is odd in how the product changes; of several that staff made errors, `problem` is the first.
    """

    outcome: str
    product_id: int | None
    problem: Problem | None = None
    changes: Mapping[str, list[object]] | None = None
    key: str = ""
    reason: str = ""
    warnings: tuple[Problem, ...] = ()


# PostgreSQL ends a session that does nothing for so long in a transaction which holds vendors' locks.
IDLE_TIMEOUT: Final = "60s"


@dataclass(frozen=True, slots=True)
class Locks:
    """The vendors whose locks the transaction holds. Only `lock_vendors` makes one, so who has none can't write."""

    vendor_ids: frozenset[str]

    def cover(self, vendor_ids: Iterable[str]) -> None:
        """Raises ValueError when the locks of any of these are not held."""
        if missing := set(vendor_ids) - self.vendor_ids:
            raise ValueError(f"The locks of {', '.join(sorted(missing))} are not held.")


def lock_vendors(vendor_ids: Iterable[str]) -> Locks:
    """Take the vendors' locks until the transaction ends; in sorted order, so that two batches can't deadlock.

    Once is enough, at the beginning of the transaction, by whoever first reads what the locks keep as it is. Raises
    TransactionManagementError outside a transaction, where they would be gone at once.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("The vendors' locks last as long as a transaction, and there is none.")
    locks = Locks(frozenset(vendor_ids))
    with connection.cursor() as cursor:
        # Who is stopped in the middle holds up every other batch of its vendors, and nobody would know for how long.
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, TRUE)", [IDLE_TIMEOUT])
        for vendor_id in sorted(locks.vendor_ids):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"vendor:{vendor_id}"])
    return locks


def commit(candidates: Sequence[Candidate], origins: Origins, locks: Locks) -> list[Verdict]:
    """Write a batch of drafts; returns one verdict per candidate, in their order.

    Must run in the transaction that took `locks`. Raises IntegrityError (23505) when another vendor took a SKU
    meanwhile: roll back and call again.
    """
    locks.cover(candidate.vendor_id for candidate in candidates)
    snapshot = read_snapshot(candidates, origins)
    decided = [(decide(candidate, snapshot), candidate) for candidate in candidates]
    entries = list(snapshot.by_key.values())
    _update([entry for entry in entries if entry.dirty and entry.product_id is not None])
    _insert([entry for entry in entries if entry.product_id is None])
    return [
        verdict._replace(product_id=snapshot.by_key[candidate.vendor_id, verdict.key].product_id)
        if verdict.key and verdict.product_id is None  # of a product that is new in this batch
        else verdict
        for verdict, candidate in decided
    ]


# --- deciding --------------------------------------------------------------------------------------------------


def decide(candidate: Candidate, snapshot: Snapshot) -> Verdict:
    """The verdict on one draft, given the products as they stand; the snapshot then stands as after it.

    Pure but for the snapshot. Later candidates see what earlier ones did, so a batch decides exactly as its rows
    would one by one, wherever a page of the stream happens to end.
    """
    said, entry = list(candidate.problems), _entry(candidate, snapshot)
    wrong = doubts.settle_offer(candidate.draft, entry.values if entry else None, candidate.severities, said)
    if wrong:
        verdict = Verdict("error", None, wrong)
    else:
        verdict = _changed(candidate, entry, snapshot, said) if entry else _added(candidate, snapshot)
    return verdict._replace(warnings=tuple(said)) if said else verdict


def _added(candidate: Candidate, snapshot: Snapshot) -> Verdict:
    """Of a row whose product the vendor doesn't have."""
    draft = candidate.draft
    if isinstance(draft, OfferDraft):
        return _not_there(candidate, draft, snapshot)
    if candidate.mode == "update":
        return Verdict("skipped", None)
    if holder := snapshot.by_sku.get(draft.sku):
        return Verdict("error", None, _sku_problem(candidate, draft.sku, holder))
    origin = Origin(candidate.sequence, candidate.row_number, candidate.line)
    snapshot.add(Entry(None, candidate.vendor_id, _as_stored(draft), origin, dirty=True))
    return Verdict("inserted", None, key=draft.vendor_product_id)


def _changed(candidate: Candidate, entry: Entry, snapshot: Snapshot, said: list[Problem]) -> Verdict:
    """Of a row whose product is there; `said` has the row's problems, and gets those that only the product shows."""
    stands, draft, key = entry.values, candidate.draft, entry.values.vendor_product_id
    if entry.origin is not None:
        if entry.origin.sequence > candidate.sequence:
            return Verdict("superseded", entry.product_id, key=key)
        if _same_upload_other_row(entry, candidate):
            return Verdict("error", None, _repeated(candidate, entry.origin))
    if isinstance(draft, OfferDraft) and (named := draft.values.get("sku", stands.sku)) != stands.sku:
        return Verdict("error", None, other_sku(key, stands.sku, named))
    if candidate.mode == "add":
        return Verdict("skipped", None)
    if isinstance(draft, OfferDraft) and stands.status == RETIRED:
        said += doubts.of_retired(draft, stands)
    wanted = draft.over(stands)
    holder = snapshot.by_sku.get(wanted.sku)
    if holder is not None and holder is not entry:
        return Verdict("error", None, _sku_problem(candidate, wanted.sku, holder))
    if wrong := doubts.settle_change(stands, wanted, candidate.severities, said):
        return Verdict("error", None, wrong)
    entry.origin = Origin(candidate.sequence, candidate.row_number, candidate.line)
    if wanted == stands:
        return Verdict("unchanged", entry.product_id, key=key)
    changes = differences(stands, wanted)
    if "sku" in changes:
        del snapshot.by_sku[stands.sku]
    entry.values, entry.dirty = wanted, True
    snapshot.add(entry)
    outcome = "retired" if "status" in changes and wanted.status == RETIRED else "updated"
    return Verdict(outcome, entry.product_id, changes=changes, key=key)


def _entry(candidate: Candidate, snapshot: Snapshot) -> Entry | None:
    """The vendor's product that the draft is about; never another vendor's, whose SKU it may be."""
    draft = candidate.draft
    product_id, sku = keys(draft)
    found = snapshot.by_key.get((candidate.vendor_id, product_id)) if product_id else None
    if found or (product_id and not (isinstance(draft, OfferDraft) and draft.listed)):
        return found
    return _own(candidate, snapshot, sku)


def _own(candidate: Candidate, snapshot: Snapshot, sku: str) -> Entry | None:
    found = snapshot.by_sku.get(sku)
    return found if found is not None and found.vendor_id == candidate.vendor_id else None


def _not_there(candidate: Candidate, offer: OfferDraft, snapshot: Snapshot) -> Verdict:
    """Of an offer whose product the vendor doesn't have."""
    if offer.listed:
        return Verdict("skipped", None, reason=not_in_catalog(offer))
    other = _own(candidate, snapshot, keys(offer)[1]) if offer.by == "vendor_product_id" else None
    near = other.values.vendor_product_id if other else snapshot.near.get((candidate.vendor_id, offer.key), "")
    return Verdict("error", None, unknown_product(offer.by, offer.key, near))


def _repeated(candidate: Candidate, first: Origin) -> Problem:
    """Another row of the file was about the product."""
    product_id, sku = keys(candidate.draft)
    named = "sku" if candidate.one_number == "vendor_product_id" or not product_id else "vendor_product_id"
    return duplicate_in_file(named, product_id or sku, place(first.row_number, first.line, candidate.sheet))


def differences(before: ProductDraft, after: ProductDraft) -> dict[str, list[object]]:
    """What differs: field → [before, after], as JSON has them (a price is a text)."""
    return {
        field: [_plain(old), _plain(new)]
        for field, old, new in zip(ProductDraft._fields, before, after, strict=True)
        if old != new
    }


def all_gone(values: ProductDraft) -> dict[str, list[object]]:
    """What `differences` has of a product that is taken out of the catalog."""
    return {field: [_plain(value), None] for field, value in zip(ProductDraft._fields, values, strict=True)}


def as_before(entry: Entry, changes: Mapping[str, list[Any]]) -> Entry:
    """The product with what these changes started from."""
    before: dict[str, Any] = {name: Decimal(old) if name == "price" else old for name, (old, _) in changes.items()}
    return replace(entry, values=entry.values._replace(**before))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def _same_upload_other_row(entry: Entry, candidate: Candidate) -> bool:
    if (origin := entry.origin) is None or not origin.is_row:
        return False
    return origin.sequence == candidate.sequence and origin.row_number != candidate.row_number


def _sku_problem(candidate: Candidate, sku: str, holder: Entry) -> Problem:
    """Say who holds the SKU as far as this vendor may know: a row of the same file, or a product of its own."""
    own = holder.vendor_id == candidate.vendor_id
    if own and holder.origin is not None and _same_upload_other_row(holder, candidate):
        return duplicate_in_file("sku", sku, place(holder.origin.row_number, holder.origin.line, candidate.sheet))
    return sku_taken(sku, holder.values.vendor_product_id if own else None)


def _as_stored(draft: ProductDraft) -> ProductDraft:
    """A new product without a brand reads like one with an empty brand, in this batch as from the table."""
    return draft._replace(
        brand=draft.brand or "", description=draft.description or "", gtin=draft.gtin or "",
        image_url=draft.image_url or "",
    )  # fmt: skip


# --- reading and writing ---------------------------------------------------------------------------------------


def read_snapshot(candidates: Sequence[Candidate], origins: Origins) -> Snapshot:
    """The products that these candidates would touch or clash with, and the newer uploads that touched them."""
    named = [(candidate.vendor_id, *keys(candidate.draft)) for candidate in candidates]
    entries = read({(vendor_id, key) for vendor_id, key, _ in named if key}, {sku for _, _, sku in named if sku})
    oldest = min((candidate.sequence for candidate in candidates), default=0)
    touched = origins([entry.product_id for entry in entries if entry.product_id is not None], oldest)
    snapshot = Snapshot()
    for entry in entries:
        entry.origin = touched.get(entry.product_id or 0)
        snapshot.add(entry)
    offers = [(one, one.draft) for one in candidates if isinstance(one.draft, OfferDraft) and not one.draft.listed]
    unknown = dict.fromkeys((one.vendor_id, draft.by, draft.key) for one, draft in offers if not _entry(one, snapshot))
    if unknown:
        snapshot.near = near.found([*unknown])
    return snapshot


_COPY = SQL("COPY products ({}) FROM STDIN").format(COLUMNS)


def _insert(entries: list[Entry]) -> None:
    """New products, in SKU order; each entry gets its id."""
    if not entries:
        return
    entries.sort(key=lambda entry: entry.values.sku)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('products_product_id_seq') FROM generate_series(1, %s)", [len(entries)])
        for entry, (product_id,) in zip(entries, cursor.fetchall(), strict=True):
            entry.product_id = product_id
        with connection.wrap_database_errors, cursor.copy(_COPY) as copy:
            for entry in entries:
                columns = [None if value == "" else value for value in entry.values]
                copy.write_row((entry.product_id, entry.vendor_id, *columns))


_UPDATE = "UPDATE products p SET {} FROM unnest({}) AS d (product_id, {}) WHERE p.product_id = d.product_id"


class ProductVanished(Exception):
    """A product was deleted while its batch was being committed: roll back and decide again."""


def _update(entries: list[Entry]) -> None:
    """Changed products, in one statement; of the columns only those that change in any of them, so that a list of
    prices hands over prices, and its products stay where the indexes have them."""
    if not entries:
        return
    columns = dict(zip(ProductDraft._fields, zip(*[one.values for one in entries], strict=True), strict=True))
    if all(one.stored for one in entries):
        stored = zip(*[one.stored or () for one in entries], strict=True)
        columns = {name: new for (name, new), old in zip(columns.items(), stored, strict=True) if new != old}
    if not columns:
        return
    fields = [*columns]
    kinds = ", ".join(f"%s::{_TYPES.get(field, 'text')}[]" for field in ("product_id", *fields))
    sql = _UPDATE.format(", ".join(f"{field} = d.{field}" for field in fields), kinds, ", ".join(fields))
    values = [[None if value == "" else value for value in column] for column in columns.values()]
    with connection.cursor() as cursor:
        _make_way(cursor, entries)
        cursor.execute(sql, [[one.product_id for one in entries], *values])
        if cursor.rowcount != len(entries):
            raise ProductVanished


_TYPES: Final = {"product_id": "integer", "price": "numeric", "stock_quantity": "integer"}


def _make_way(cursor: Any, entries: list[Entry]) -> None:
    """Free the SKUs that wander between products of this batch: the index is checked row by row, not at the end."""
    moving = {entry.stored.sku: entry for entry in entries if entry.stored and entry.stored.sku != entry.values.sku}
    wanted = {entry.values.sku for entry in moving.values()}
    leaving = [entry.product_id for sku, entry in moving.items() if sku in wanted]
    if leaving:
        # No feed can hold this spelling: a SKU has no spaces.
        cursor.execute("UPDATE products SET sku = 'moving ' || product_id WHERE product_id = ANY (%s)", [leaving])


# --- taking back -----------------------------------------------------------------------------------------------


def take_back(gone: Sequence[Entry], restored: Sequence[Entry], locks: Locks) -> None:
    """Take products out of the catalog, and give others the values of these entries.

    Must run in the transaction that took `locks`. Raises IntegrityError when another vendor took a SKU meanwhile, and
    ProductVanished: roll back and look again.
    """
    locks.cover(entry.vendor_id for entry in (*gone, *restored))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM products WHERE product_id = ANY (%s)", [[entry.product_id for entry in gone]])
        if cursor.rowcount != len(gone):
            raise ProductVanished
    _update(list(restored))

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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError
from psycopg.sql import SQL, Identifier

from catalog import near
from catalog.rules.clashes import duplicate_in_file, other_sku, sku_taken, unknown_product
from catalog.rules.fields import RETIRED
from catalog.rules.offers import OfferDraft, keys, not_in_catalog
from catalog.rules.places import place
from catalog.rules.problems import Problem
from catalog.rules.severity import doubts
from catalog.rules.severity.severities import DEFAULTS, Severities
from catalog.rules.validator import ProductDraft


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


class Origin(NamedTuple):
    """The newest upload that touched a product, and its row and line, or 0; no `is_row` where no row is about it."""

    sequence: int
    row_number: int
    line: int = 0
    is_row: bool = True


@dataclass(slots=True)
class Entry:
    """A product as it stands, or as it will stand after the batch; `stored` is what the table has of it. `product_id`
    is None until it is drawn."""

    product_id: int | None
    vendor_id: str
    values: ProductDraft
    origin: Origin | None = None
    stored: ProductDraft | None = None
    dirty: bool = False


@dataclass(slots=True)
class Snapshot:
    """The products that a batch can touch or clash with, by both of their unique keys; and for identifiers that no
    product of the vendor has, one that is perhaps meant."""

    by_key: dict[tuple[str, str], Entry] = field(default_factory=dict)
    by_sku: dict[str, Entry] = field(default_factory=dict)
    near: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        self.by_key[entry.vendor_id, entry.values.vendor_product_id] = entry
        self.by_sku[entry.values.sku] = entry


# (product IDs, sequence) → which upload from that sequence on was the last to touch each, where one did: what an older
# one did stands in nobody's way.
Origins = Callable[[list[int], int], Mapping[int, Origin]]

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
        if verdict.key
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
    verdict = Verdict("error", None, wrong) if wrong else _decided(candidate, entry, snapshot, said)
    return verdict._replace(warnings=tuple(said)) if said else verdict


def _decided(candidate: Candidate, entry: Entry | None, snapshot: Snapshot, said: list[Problem]) -> Verdict:
    """`said` has the row's problems, and gets those that only the product shows."""
    key = entry.values.vendor_product_id if entry else ""
    if entry is not None and entry.origin is not None:
        if entry.origin.sequence > candidate.sequence:
            return Verdict("superseded", entry.product_id, key=key)
        if _same_upload_other_row(entry, candidate):
            return Verdict("error", None, _repeated(candidate, entry.origin))
    draft = candidate.draft
    if isinstance(draft, OfferDraft):
        if entry is None:
            return _not_there(candidate, draft, snapshot)
        if (named := draft.values.get("sku", entry.values.sku)) != entry.values.sku:
            return Verdict("error", None, other_sku(key, entry.values.sku, named))
        said += doubts.of_retired(draft, entry.values) if entry.values.status == RETIRED else ()
        draft = entry.values._replace(**draft.changes)
    if candidate.mode == ("add" if entry else "update"):
        return Verdict("skipped", None)
    holder = snapshot.by_sku.get(draft.sku)
    if holder is not None and holder is not entry:
        return Verdict("error", None, _sku_problem(candidate, draft.sku, holder))
    wanted = draft.over(entry.values) if entry else draft
    if entry is not None and (wrong := doubts.settle_change(entry.values, wanted, candidate.severities, said)):
        return Verdict("error", None, wrong)
    origin = Origin(candidate.sequence, candidate.row_number, candidate.line)
    if entry is None:
        snapshot.add(Entry(None, candidate.vendor_id, _as_stored(draft), origin, dirty=True))
        return Verdict("inserted", None, key=draft.vendor_product_id)
    entry.origin = origin
    if wanted == entry.values:
        return Verdict("unchanged", entry.product_id, key=key)
    changes = differences(entry.values, wanted)
    del snapshot.by_sku[entry.values.sku]
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
    return duplicate_in_file(named, product_id or sku, _place(first, candidate))


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


def _place(origin: Origin, candidate: Candidate) -> str:
    """Where a row of the candidate's own file stands."""
    return place(origin.row_number, origin.line, candidate.sheet)


def _sku_problem(candidate: Candidate, sku: str, holder: Entry) -> Problem:
    """Say who holds the SKU as far as this vendor may know: a row of the same file, or a product of its own."""
    own = holder.vendor_id == candidate.vendor_id
    if own and holder.origin is not None and _same_upload_other_row(holder, candidate):
        return duplicate_in_file("sku", sku, _place(holder.origin, candidate))
    return sku_taken(sku, holder.values.vendor_product_id if own else None)


def _as_stored(draft: ProductDraft) -> ProductDraft:
    """A new product without a brand reads like one with an empty brand, in this batch as from the table."""
    return draft._replace(
        brand=draft.brand or "", description=draft.description or "", gtin=draft.gtin or "",
        image_url=draft.image_url or "",
    )  # fmt: skip


# --- reading and writing ---------------------------------------------------------------------------------------

# The table's columns in the order of ProductDraft, behind whose product it is.
_COLUMNS_READ: Final = SQL(", ").join(map(Identifier, ("product_id", "vendor_id", *ProductDraft._fields)))

# By products_vendor_id_vendor_product_id_key and products_sku_key, a probe a key: without OFFSET the planner would
# rather read the whole table for a thousand keys, as long as it is small, and that takes longer with each page.
_SNAPSHOT = SQL(
    """
SELECT {}
  FROM products
 WHERE product_id = ANY (ARRAY(
       SELECT p.product_id
         FROM unnest(%s::text[], %s::text[]) AS k (vendor_id, vendor_product_id)
        CROSS JOIN LATERAL (SELECT product_id FROM products
                             WHERE vendor_id = k.vendor_id AND vendor_product_id = k.vendor_product_id OFFSET 0) AS p
        UNION
       SELECT p.product_id
         FROM unnest(%s::text[]) AS k (sku)
        CROSS JOIN LATERAL (SELECT product_id FROM products WHERE sku = k.sku OFFSET 0) AS p))
"""
).format(_COLUMNS_READ)


def read_snapshot(candidates: Sequence[Candidate], origins: Origins) -> Snapshot:
    """The products that these candidates would touch or clash with, and the newer uploads that touched them."""
    named = [(candidate.vendor_id, *keys(candidate.draft)) for candidate in candidates]
    wanted = {(vendor_id, product_id) for vendor_id, product_id, _ in named}
    with connection.cursor() as cursor:
        cursor.execute(
            _SNAPSHOT, [[key[0] for key in wanted], [key[1] for key in wanted], list({sku for _, _, sku in named})]
        )
        entries = [_stored(row) for row in cursor.fetchall()]
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


def _stored(row: Sequence[Any]) -> Entry:
    # An empty cell and a missing value are the same to a feed; the table holds NULL for both.
    values = ProductDraft._make(["" if value is None else value for value in row[2:]])
    return Entry(row[0], row[1], values, stored=values)


_COPY = SQL("COPY products ({}) FROM STDIN").format(_COLUMNS_READ)


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
                copy.write_row((entry.product_id, entry.vendor_id, *_columns(entry.values)))


def _columns(values: ProductDraft) -> tuple[Any, ...]:
    return tuple([None if value == "" else value for value in values])


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
        cursor.execute(sql, [[entry.product_id for entry in entries], *values])
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

_HELD = SQL("SELECT {} FROM products WHERE product_id = ANY (%s) ORDER BY product_id FOR UPDATE").format(_COLUMNS_READ)


def stored(product_ids: Sequence[int]) -> list[Entry]:
    """These products as they stand, held for the rest of the transaction; those that are gone are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(product_ids)])
        return [_stored(row) for row in cursor.fetchall()]


def holders(skus: Sequence[str]) -> dict[str, int]:
    """Which product has each of these SKUs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, product_id FROM products WHERE sku = ANY (%s)", [list(skus)])
        return dict(cursor.fetchall())


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

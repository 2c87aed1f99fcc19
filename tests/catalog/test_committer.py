"""Step 6: what becomes of a draft, and that a batch decides as its rows would one by one."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import committer
from catalog.committer import Candidate, ProductVanished, Verdict, decide
from catalog.models import Product
from catalog.rules.offers import OfferDraft
from catalog.rules.problems import Code, Problem
from catalog.rules.severity.severities import Rule, Severities
from catalog.rules.validator import ProductDraft
from catalog.snapshot import Entry, Origin, Origins, Snapshot
from catalog.snapshot import stored as stored_in_table
from vendors.models import Vendor

MINE, THEIRS = "VEND001", "VEND002"


def draft(key: str = "P-1", sku: str = "S1", **changes: Any) -> ProductDraft:
    plain = ProductDraft(key, "Lamp", "Electronics", sku, "Acme", "Bright", Decimal("9.99"), 5)
    return plain._replace(**changes)


def candidate(
    key: str = "P-1", sku: str = "S1", *, upload: int = 1, row: int = 1, vendor: str = MINE, **changes: Any
) -> Candidate:
    return Candidate(vendor, upload, row, draft(key, sku, **changes))


def offer(
    by: str = "sku", *, upload: int = 1, row: int = 1, mode: str = "update", listed: bool = False, **values: Any
) -> Candidate:
    return Candidate(MINE, upload, row, OfferDraft(by, values, listed), mode)


def stored(
    product_id: int, key: str, sku: str, origin: Origin | None = None, *, vendor: str = MINE, **changes: Any
) -> Entry:
    return Entry(product_id, vendor, draft(key, sku, **changes), origin, stored=draft(key, sku))


def snapshot(*entries: Entry) -> Snapshot:
    found = Snapshot()
    for entry in entries:
        found.add(entry)
    return found


@dataclass
class Case:
    """A batch, decided in its order, and what becomes of each row: `outcome` or `code: part of the message`."""

    name: str
    products: Callable[[], list[Entry]]
    batch: list[Candidate]
    expected: list[str]


CASES = [
    Case("a new product is inserted", list, [candidate()], ["inserted"]),
    Case(
        "a row that says what is stored leaves it unchanged",
        lambda: [stored(7, "P-1", "S1")],
        [candidate()],
        ["unchanged"],
    ),
    Case(
        "a row that differs updates", lambda: [stored(7, "P-1", "S1")], [candidate(price=Decimal("1.00"))], ["updated"]
    ),
    Case(
        "another currency alone updates",
        lambda: [stored(7, "P-1", "S1", currency="USD")],
        [candidate(currency="EUR")],
        ["updated"],
    ),
    Case(
        "a row that says no currency leaves it as it is",
        lambda: [stored(7, "P-1", "S1", currency="EUR")],
        [candidate()],
        ["unchanged"],
    ),
    Case(
        "an older upload that comes late is superseded",
        lambda: [stored(7, "P-1", "S1", Origin(5, 1))],
        [candidate(upload=4, price=Decimal("1.00"))],
        ["superseded"],
    ),
    Case(
        "an older upload is superseded even where it says the same",
        lambda: [stored(7, "P-1", "S1", Origin(5, 1))],
        [candidate(upload=4)],
        ["superseded"],
    ),
    Case(
        "what a newer upload found unchanged is the newer one's from then on",
        lambda: [stored(7, "P-1", "S1", Origin(3, 1))],
        [candidate(upload=5), candidate(upload=4, price=Decimal("1.00"))],
        ["unchanged", "superseded"],
    ),
    Case(
        "a newer upload overwrites an older one",
        lambda: [stored(7, "P-1", "S1", Origin(3, 1))],
        [candidate(upload=4, price=Decimal("1.00"))],
        ["updated"],
    ),
    Case(
        "two rows of a file with one product ID: the second names the first",
        list,
        [candidate(row=1), candidate(sku="S2", row=2)],
        ["inserted", "duplicate_in_file: The product ID “P-1” is already used in row 1"],
    ),
    Case(
        "a duplicate is one even where it says the same",
        list,
        [candidate(row=1), candidate(row=2)],
        ["inserted", "duplicate_in_file: row 1"],
    ),
    Case(
        "two rows of a file with one SKU: the second names the first",
        list,
        [candidate(row=3), candidate("P-2", row=4)],
        ["inserted", "duplicate_in_file: The SKU “S1” is already used in row 3"],
    ),
    Case(
        "the first row of a duplicate may have been committed long ago",
        lambda: [stored(7, "P-1", "S1", Origin(4, 17))],
        [candidate(upload=4, row=900), candidate("P-2", upload=4, row=901)],
        ["duplicate_in_file: row 17", "duplicate_in_file: row 17"],
    ),
    Case(
        "a refused row claims nothing: the next one may have its SKU",
        list,
        [candidate(row=1), candidate(sku="S2", row=2), candidate("P-2", sku="S2", row=3)],
        ["inserted", "duplicate_in_file: row 1", "inserted"],
    ),
    Case(
        "the same row in another attempt isn't its own duplicate",
        lambda: [stored(7, "P-1", "S1", Origin(4, 2))],
        [candidate(upload=4, row=2, price=Decimal("1.00")), candidate(upload=4, row=2, price=Decimal("1.00"))],
        ["updated", "unchanged"],
    ),
    Case(
        "a SKU of another vendor is taken, and the vendor isn't named",
        lambda: [stored(7, "P-9", "S1", vendor=THEIRS)],
        [candidate()],
        ["sku_taken: already belongs to another vendor"],
    ),
    Case(
        "a SKU of one's own other product is taken, and the product is named",
        lambda: [stored(7, "P-9", "S1", Origin(3, 1))],
        [candidate(upload=4)],
        ["sku_taken: your product “P-9”"],
    ),
    Case(
        "an update can't take a SKU that is in use either",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2")],
        [candidate(sku="S2")],
        ["sku_taken: your product “P-2”"],
    ),
    Case(
        "another vendor's row of the same number isn't a row of this file",
        list,
        [candidate(vendor=THEIRS, row=1), candidate(row=2)],
        ["inserted", "sku_taken: another vendor"],
    ),
    Case(
        "a SKU that a product gave up in this batch is free",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2")],
        [candidate(sku="S3", row=1), candidate("P-2", "S1", row=2), candidate("P-3", "S2", row=3)],
        ["updated", "updated", "inserted"],
    ),
    Case(
        "in the other order the SKU is still taken",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2")],
        [candidate("P-2", "S1", row=1), candidate(sku="S3", row=2)],
        ["sku_taken: your product “P-1”", "updated"],
    ),
    Case(
        "two products swap their SKUs over two uploads in one batch",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2")],
        [
            candidate("P-1", "S9", upload=1, row=1),
            candidate("P-2", "S1", upload=1, row=2),
            candidate("P-1", "S2", upload=2, row=1),
        ],
        ["updated", "updated", "updated"],
    ),
    Case(
        "an offer changes the product that has its SKU",
        lambda: [stored(7, "P-1", "S1")],
        [offer(sku="S1", stock_quantity=0)],
        ["updated"],
    ),
    Case(
        "an offer that says what is stored leaves it unchanged",
        lambda: [stored(7, "P-1", "S1")],
        [offer("vendor_product_id", vendor_product_id="P-1", stock_quantity=5)],
        ["unchanged"],
    ),
    Case(
        "an offer adds nothing, in no mode",
        list,
        [offer(sku="S1", price=Decimal("1.00"), mode="upsert"), offer(sku="S1", price=Decimal("1.00"))],
        ["unknown_product: no product with the SKU “S1”", "unknown_product"],
    ),
    Case(
        "a row of a list of another program that isn't in the catalog is left alone",
        list,
        [offer(sku="S1", price=Decimal("1.00"), listed=True)],
        ["skipped"],
    ),
    Case(
        "another vendor's product is none of its own",
        lambda: [stored(7, "P-1", "S1", vendor=THEIRS)],
        [offer(sku="S1", stock_quantity=0)],
        ["unknown_product"],
    ),
    Case(
        "a row retires a product, and there is nothing more to do the second time",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2", status="retired")],
        [offer(row=1, sku="S1", status="retired"), offer(row=2, sku="S2", status="retired")],
        ["retired", "unchanged"],
    ),
    Case(
        "a retired product that comes again is active again",
        lambda: [stored(7, "P-1", "S1", status="retired")],
        [candidate()],
        ["updated"],
    ),
    Case(
        "an offer changes a retired product, which stays retired",
        lambda: [stored(7, "P-1", "S1", status="retired", stock_quantity=3)],
        [offer(sku="S1", stock_quantity=4)],
        ["updated"],
    ),
    Case(
        "a retired product keeps its SKU",
        lambda: [stored(7, "P-1", "S1", status="retired")],
        [candidate("P-2", "S1")],
        ["sku_taken"],
    ),
    Case(
        "two offers for one product: the second names the first",
        lambda: [stored(7, "P-1", "S1")],
        [offer(row=1, sku="S1", stock_quantity=0), offer(row=2, sku="S1", stock_quantity=1)],
        ["updated", "duplicate_in_file: The SKU “S1” is already used in row 1"],
    ),
    Case(
        "an offer of an older upload is superseded",
        lambda: [stored(7, "P-1", "S1", Origin(5, 1))],
        [offer(upload=4, sku="S1", stock_quantity=0)],
        ["superseded"],
    ),
    Case(
        "an offer whose product ID and SKU aren't of one product changes neither, whosever the SKU is, and if nobody's",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2"), stored(9, "Q-3", "S3", vendor=THEIRS)],
        [
            offer("vendor_product_id", row=row, listed=row > 3, vendor_product_id="P-1", sku=sku, stock_quantity=0)
            for row, sku in enumerate(("S2", "S3", "S4", "S2"), 1)
        ],
        [*[f"unknown_product: Your product “P-1” has the SKU “S1”, not “{sku}”" for sku in ("S2", "S3", "S4", "S2")]],
    ),
    Case(
        "a row doesn't retire a product that has another SKU",
        lambda: [stored(7, "P-1", "S1"), stored(8, "P-2", "S2")],
        [offer("vendor_product_id", vendor_product_id="P-1", sku="S2", status="retired")],
        ["unknown_product"],
    ),
    Case(
        "an offer with an unknown product ID is an error, which has the ID of the product with this SKU",
        lambda: [stored(7, "P-1", "S1"), stored(8, "Q-2", "S2", vendor=THEIRS)],
        [
            offer("vendor_product_id", row=1, vendor_product_id="X", sku="S1", stock_quantity=0),
            offer("vendor_product_id", row=2, vendor_product_id="X", sku="S2", stock_quantity=0),
        ],
        ["unknown_product: Did you mean P-1?", "unknown_product: Send new products"],
    ),
    Case(
        "a list of another program with IDs of its own changes the product with the SKU",
        lambda: [stored(7, "P-1", "S1"), stored(8, "Q-2", "S2", vendor=THEIRS)],
        [
            offer("vendor_product_id", row=1, listed=True, vendor_product_id="X", sku="S1", stock_quantity=0),
            offer("vendor_product_id", row=2, listed=True, vendor_product_id="Y", sku="S2", stock_quantity=0),
            offer("vendor_product_id", row=3, listed=True, vendor_product_id="P-1", sku="S1", stock_quantity=1),
        ],
        ["updated", "skipped", "duplicate_in_file"],
    ),
    Case(
        "an offer meets what a row of an earlier upload in the batch brought",
        list,
        [candidate(), offer(upload=2, sku="S1", stock_quantity=0)],
        ["inserted", "updated"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_deciding(case: Case) -> None:
    found = snapshot(*case.products())
    for row, expected in zip(case.batch, case.expected, strict=True):
        verdict = decide(row, found)
        code, _, part = expected.partition(": ")
        if part or code in list(Code):
            assert (verdict.outcome, verdict.product_id) == ("error", None)
            assert verdict.problem is not None
            assert verdict.problem.code == code
            assert part in verdict.problem.message
        else:
            assert (verdict.outcome, verdict.problem) == (code, None)


def test_no_message_about_a_taken_sku_tells_whose_it_is() -> None:
    verdict = decide(candidate(), snapshot(stored(7, "SECRET-KEY", "S1", vendor=THEIRS)))

    assert verdict.problem is not None
    assert THEIRS not in str(verdict)
    assert "SECRET-KEY" not in str(verdict)


@pytest.mark.parametrize(
    ("brand", "kept", "outcome"),
    [(None, "Acme", "unchanged"), ("", "", "updated"), ("Other", "Other", "updated"), ("Acme", "Acme", "unchanged")],
)
def test_a_missing_column_keeps_a_value_and_an_empty_cell_clears_it(brand: str | None, kept: str, outcome: str) -> None:
    found = snapshot(stored(7, "P-1", "S1"))

    assert decide(candidate(brand=brand), found).outcome == outcome
    assert found.by_key[MINE, "P-1"].values.brand == kept


@pytest.mark.parametrize("empty", [None, ""])
def test_a_product_that_was_inserted_without_a_brand_is_unchanged_by_an_empty_one(empty: str | None) -> None:
    found = snapshot()

    decide(candidate(brand=None, description=None), found)
    assert decide(candidate(upload=2, brand=empty, description=empty), found).outcome == "unchanged"


def test_an_offer_changes_what_it_names_and_nothing_else() -> None:
    found = snapshot(stored(7, "P-1", "S1", currency="EUR"))
    verdict = decide(offer(sku="S1", price=Decimal("1.00"), stock_quantity=5), found)
    assert verdict.changes == {"price": ["9.99", "1.00"]}
    assert found.by_key[MINE, "P-1"].values == draft(price=Decimal("1.00"), currency="EUR")


# --- on PostgreSQL ---------------------------------------------------------------------------------------------


class Ledger:
    """Which upload last touched a product, as the real ledger would tell it."""

    def __init__(self) -> None:
        self.touched: dict[int, Origin] = {}

    def origins(self, product_ids: list[int], since: int) -> dict[int, Origin]:
        found = {key: self.touched[key] for key in product_ids if key in self.touched}
        return {key: origin for key, origin in found.items() if origin.sequence >= since}

    def note(self, batch: Sequence[Candidate], verdicts: Sequence[Verdict]) -> None:
        for row, verdict in zip(batch, verdicts, strict=True):
            if verdict.product_id is not None:
                origin = Origin(row.sequence, row.row_number)
                before = self.touched.get(verdict.product_id, origin)
                self.touched[verdict.product_id] = max(before, origin, key=lambda o: o.sequence)


def commit(batch: Sequence[Candidate], ledger: Ledger | None = None) -> list[Verdict]:
    ledger = ledger or Ledger()
    with transaction.atomic():
        locks = committer.lock_vendors({row.vendor_id for row in batch})
        verdicts = committer.commit(batch, ledger.origins, locks)
    ledger.note(batch, verdicts)
    return verdicts


def catalog() -> list[tuple[Any, ...]]:
    fields = [field.name for field in Product._meta.fields if field.name not in ("created_at", "updated_at")]
    return sorted(Product.objects.values_list(*fields[1:]))


@pytest.mark.usefixtures("vendor", "other_vendor")
class TestCommit:
    def test_each_verdict_names_its_product_in_the_order_of_the_batch(self) -> None:
        verdicts = commit([candidate(f"P-{n}", f"S{9 - n}", row=n) for n in range(1, 6)])

        for n, verdict in enumerate(verdicts, 1):
            assert Product.objects.get(vendor_product_id=f"P-{n}").product_id == verdict.product_id

    def test_an_offer_names_its_product_even_where_its_sku_moves_on_in_the_batch(self) -> None:
        (first,) = commit([candidate("P-1", "S1")])
        verdicts = commit(
            [offer(upload=2, sku="S1", stock_quantity=8), candidate("P-1", "S2", upload=3, stock_quantity=8)]
        )

        assert [(verdict.outcome, verdict.product_id) for verdict in verdicts] == [("updated", first.product_id)] * 2
        assert Product.objects.values_list("sku", "stock_quantity").get() == ("S2", 8)

    def test_ids_come_from_the_sequence_so_plain_inserts_go_on_working(self) -> None:
        commit([candidate(f"P-{n}", f"S{n}", row=n) for n in range(1, 4)])
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price,"
                " stock_quantity) VALUES ('VEND001', 'SQL', 'x', 'Books', 'SQL', 1, 1) RETURNING product_id"
            )
            by_sql = cursor.fetchone()[0]
        (verdict,) = commit([candidate("P-9", "S9")])

        assert by_sql not in Product.objects.exclude(sku="SQL").values_list("product_id", flat=True)
        assert verdict.product_id == by_sql + 1

    def test_empty_cells_are_stored_as_null(self) -> None:
        commit([candidate("P-1", "S1", brand="", description=""), candidate("P-2", "S2", row=2, brand=None)])

        assert set(Product.objects.values_list("brand", flat=True)) == {None}
        assert Product.objects.filter(description=None).count() == 1

    def test_a_missing_column_keeps_what_is_stored_and_an_empty_cell_clears_it(self) -> None:
        commit([candidate()])
        commit([candidate(upload=2, brand=None, description="")])

        assert list(Product.objects.values_list("brand", "description")) == [("Acme", None)]

    def test_only_changed_products_get_a_new_updated_at(self) -> None:
        commit([candidate("P-1", "S1", row=1), candidate("P-2", "S2", row=2)])
        Product.objects.update(description="Bright")
        with connection.cursor() as cursor:
            # An hour ago, behind the trigger's back.
            cursor.execute("ALTER TABLE products DISABLE TRIGGER USER")
            cursor.execute("UPDATE products SET updated_at = now() - interval '1 hour'")
            cursor.execute("ALTER TABLE products ENABLE TRIGGER USER")
        before = dict(Product.objects.values_list("sku", "updated_at"))
        commit([candidate("P-1", "S1", upload=2, row=1), candidate("P-2", "S2", upload=2, row=2, stock_quantity=0)])
        after = dict(Product.objects.values_list("sku", "updated_at"))

        assert after["S1"] == before["S1"]
        assert after["S2"] > before["S2"]

    def test_skus_move_along_a_chain_within_one_batch(self) -> None:
        commit([candidate("A", "S1", row=1), candidate("B", "S2", row=2)])
        verdicts = commit(
            [
                candidate("A", "S3", upload=2, row=1),
                candidate("B", "S1", upload=2, row=2),
                candidate("C", "S2", upload=2, row=3),
            ]
        )

        assert [verdict.outcome for verdict in verdicts] == ["updated", "updated", "inserted"]
        assert dict(Product.objects.values_list("vendor_product_id", "sku")) == {"A": "S3", "B": "S1", "C": "S2"}

    def test_two_products_swap_skus_over_two_uploads_in_one_batch(self) -> None:
        commit([candidate("A", "S1", row=1), candidate("B", "S2", row=2)])
        commit(
            [
                candidate("A", "S3", upload=2, row=1),
                candidate("B", "S1", upload=2, row=2),
                candidate("A", "S2", upload=3, row=1),
            ]
        )

        assert dict(Product.objects.values_list("vendor_product_id", "sku")) == {"A": "S2", "B": "S1"}

    def test_a_sku_that_somebody_takes_after_the_snapshot_raises_for_another_try(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = committer.read_snapshot

        def read_then_lose(batch: Sequence[Candidate], origins: Origins) -> Snapshot:
            found = read(batch, origins)
            monkeypatch.setattr(committer, "read_snapshot", read)
            commit([candidate("P-9", "S1", vendor=THEIRS)])
            return found

        monkeypatch.setattr(committer, "read_snapshot", read_then_lose)
        with pytest.raises(IntegrityError) as caught:
            commit([candidate()])
        assert getattr(caught.value.__cause__, "sqlstate", None) == "23505"

    def test_a_product_that_somebody_deletes_after_the_snapshot_raises_for_another_try(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit([candidate()])
        read = committer.read_snapshot

        def read_then_lose(batch: Sequence[Candidate], origins: Origins) -> Snapshot:
            found = read(batch, origins)
            Product.objects.all().delete()
            return found

        monkeypatch.setattr(committer, "read_snapshot", read_then_lose)
        with pytest.raises(ProductVanished):
            commit([candidate(upload=2, price=Decimal("1.00"))])

    def test_nothing_is_written_for_a_vendor_whose_lock_is_not_held(self) -> None:
        with transaction.atomic(), pytest.raises(ValueError, match="VEND001"):
            committer.commit([candidate()], Ledger().origins, committer.lock_vendors([THEIRS]))
        commit([candidate()])
        mine = stored_in_table(list(Product.objects.values_list("pk", flat=True)))
        for gone, restored in ((mine, []), ([], mine)):
            with transaction.atomic(), pytest.raises(ValueError, match="VEND001"):
                committer.take_back(gone, restored, committer.lock_vendors([THEIRS]))

        assert Product.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_locks_that_would_be_gone_at_once_are_not_taken() -> None:
    with pytest.raises(TransactionManagementError):
        committer.lock_vendors([MINE])


ROWS = st.builds(
    candidate,
    key=st.sampled_from(["A", "B", "C"]),
    sku=st.sampled_from(["S1", "S2", "S3", "S4"]),
    upload=st.integers(1, 3),
    row=st.integers(1, 4),
    vendor=st.sampled_from([MINE, MINE, THEIRS]),
    brand=st.sampled_from([None, "", "Acme"]),
    price=st.sampled_from([Decimal("1.00"), Decimal("2.00")]),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=2, max_size=14), cuts=st.sets(st.integers(1, 13)))
@pytest.mark.usefixtures("vendor", "other_vendor")
def test_a_batch_decides_as_its_rows_would_one_by_one(rows: list[Candidate], cuts: set[int]) -> None:
    def run(batches: Iterable[Sequence[Candidate]]) -> tuple[list[Any], list[Any]]:
        Product.objects.all().delete()
        ledger = Ledger()
        verdicts = [verdict for batch in batches if batch for verdict in commit(batch, ledger)]
        keys = dict(Product.objects.values_list("product_id", "vendor_product_id"))
        return [(v.outcome, keys.get(v.product_id or 0), v.problem) for v in verdicts], catalog()

    one_by_one = run([row] for row in rows)
    edges = [0, *sorted(cuts), len(rows)]
    assert run([rows]) == one_by_one
    assert run(rows[start:end] for start, end in pairwise(edges)) == one_by_one


@pytest.mark.django_db(transaction=True)
def test_a_batch_of_the_same_vendor_decides_only_after_the_one_before_it_has_committed(vendor: Vendor) -> None:
    locked, verdicts = threading.Event(), list[Verdict]()

    def second() -> None:
        locked.wait()
        try:
            verdicts.extend(commit([candidate(upload=2)]))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        committer.commit([candidate()], Ledger().origins, committer.lock_vendors([MINE]))
        locked.set()
        with connection.cursor() as cursor:
            while cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
                assert thread.is_alive(), "the second batch didn't wait for anything"
    thread.join()

    assert [verdict.outcome for verdict in verdicts] == ["unchanged"]


@pytest.mark.parametrize(
    ("row", "product"),
    [
        (offer(sku="S1", price=Decimal("1.00"), listed=True), None),
        (offer(sku="S1", price=Decimal("1.00")), stored(1, "P-1", "S1", Origin(9, 1))),
        (offer(sku="S1", price=Decimal("1.00"), mode="add"), stored(1, "P-1", "S1")),
    ],
    ids=["not in the catalog", "a newer upload has it", "the upload only adds"],
)
def test_no_outcome_but_an_error_has_an_error_beside_it(row: Candidate, product: Entry | None) -> None:
    wrong = Problem("gtin", Code.INVALID_GTIN, "The GTIN is wrong.")  # could be a warning, so there is a draft
    found = decide(row._replace(problems=[wrong]), snapshot(*([product] if product else [])))
    assert (found.outcome, found.problem, found.warnings) == ("error", wrong, ())
    lowered = Severities.of([Rule(Code.INVALID_GTIN, "warning")], MINE)
    found = decide(row._replace(problems=[wrong], severities=lowered), snapshot(*([product] if product else [])))
    assert found.outcome != "error"
    assert all(problem.is_warning for problem in found.warnings)


def test_a_product_that_nobody_has_is_said_beside_what_else_is_wrong_with_its_row() -> None:
    wrong = Problem("gtin", Code.INVALID_GTIN, "The GTIN is wrong.")
    found = decide(offer(sku="S1", price=Decimal("1.00"))._replace(problems=[wrong]), snapshot())
    assert found.problem is not None
    assert (found.problem.code, found.warnings) == (Code.UNKNOWN_PRODUCT, (wrong,))

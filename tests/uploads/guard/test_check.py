"""The check itself, pure: what is measured, which thresholds count, and what goes beyond one."""

from dataclasses import replace

import pytest

from uploads.pipeline.guard import thresholds
from uploads.pipeline.guard.check import Finding, check
from uploads.pipeline.guard.measured import EXAMPLES, Measured
from uploads.pipeline.guard.thresholds import DEFAULTS, Threshold

ZERO = Threshold("zero_stock", limit=30, owner_limit=60)


def measured(touched: int, zeroed: int, category: str = "Books") -> Measured:
    """A file that names so many products, and lets so many stocks would fall to 0."""
    found = Measured(rows=touched)
    for number in range(touched):
        changes = {"stock_quantity": [5, 0]} if number < zeroed else None
        found.note_product(category, f"Lamp {number}", f"SKU-{number}", changes)
    return found


def test_a_share_beyond_the_limit_is_a_finding_and_one_at_the_limit_is_none() -> None:
    assert check(measured(100, 30), [ZERO]) == ()
    (finding,) = check(measured(100, 31), [ZERO])
    assert (finding.kind, finding.found, finding.of, finding.share, finding.limit) == ("zero_stock", 31, 100, 31.0, 30)
    assert finding.words.startswith("31 stocks would fall to 0, of 100 products in the file: 31 %")


def test_a_few_products_hold_nothing() -> None:
    assert check(measured(19, 19), [ZERO]) == ()
    assert len(check(measured(20, 20), [ZERO])) == 1


def test_one_that_is_off_holds_nothing() -> None:
    assert check(measured(50, 50), [replace(ZERO, is_on=False)]) == ()


def test_a_finding_has_a_few_examples_with_before_and_after() -> None:
    (finding,) = check(measured(50, 50), [ZERO])
    assert len(finding.examples) == EXAMPLES
    assert finding.examples[0] == {"name": "Lamp 0", "sku": "SKU-0", "before": "5", "after": "0", "row": 0}


def test_owners_may_let_through_what_is_within_their_limit() -> None:
    (within,), (beyond,) = check(measured(100, 60), [ZERO]), check(measured(100, 61), [ZERO])
    assert within.owners_may
    assert not beyond.owners_may


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("10.00", "5.00", "price_falls"), ("10.00", "5.01", ""), ("10.00", "20.00", "price_rises"),
        ("10.00", "19.99", ""),
    ],
)  # fmt: skip
def test_a_price_that_halves_or_doubles_is_counted(before: str, after: str, kind: str) -> None:
    found = Measured()
    found.note_product("Books", "Lamp", "SKU", {"price": [before, after]})
    assert list(found.parts[""].found) == ([kind] if kind else [])


def test_a_price_in_another_currency_is_no_fall() -> None:
    found = Measured()
    found.note_product("Books", "Lamp", "SKU", {"price": ["100.00", "1.00"], "currency": ["JPY", "EUR"]})
    assert found.parts[""].found == {}


def test_a_stock_that_was_0_already_is_no_new_one() -> None:
    found = Measured()
    found.note_product("Books", "Lamp", "SKU", {"stock_quantity": [0, 3]})
    found.note_product("Books", "Lamp", "SKU", {"price": ["1.00", "1.10"]})
    assert (found.parts[""].touched, found.parts[""].found) == (2, {})


def test_rows_with_errors_are_a_share_of_all_rows() -> None:
    found = Measured(rows=40)
    for row in range(21):
        found.note_error("The price is missing.", row=row)
    (finding,) = check(found, DEFAULTS)
    assert (finding.kind, finding.found, finding.of, finding.owners_may) == ("errors", 21, 40, True)
    assert finding.examples[0]["after"] == "The price is missing."


def test_half_the_rows_of_last_time_is_enough_and_less_is_a_finding() -> None:
    assert check(Measured(rows=50, last_rows=100), DEFAULTS) == ()
    (finding,) = check(Measured(rows=49, last_rows=100), DEFAULTS)
    assert (finding.kind, finding.found, finding.of) == ("fewer_rows", 51, 100)


def test_the_rows_of_a_trial_that_was_cut_short_are_not_fewer_than_last_time() -> None:
    assert check(Measured(rows=49, last_rows=100, cut_short=True), DEFAULTS) == ()


def test_retired_and_absent_products_are_a_share_of_the_active_ones() -> None:
    assert check(Measured(retired=5, absent=10, active=100), DEFAULTS) == ()
    (finding,) = check(Measured(retired=5, absent=11, active=100), DEFAULTS)
    assert (finding.kind, finding.found, finding.of) == ("retired", 16, 100)


# --- which of them counts --------------------------------------------------------------------------------------


def counting(vendor_id: str, *given: Threshold) -> dict[tuple[str, str], int]:
    """Kind and category → limit, of those of stocks."""
    found = thresholds.counting(vendor_id, given)
    return {(one.kind, one.category): one.limit for one in found if one.kind == "zero_stock"}


GENERAL, BOOKS = replace(ZERO, limit=40), replace(ZERO, limit=80, category="Books")
OWN = replace(ZERO, limit=90, vendor_id="VEND001")


def test_what_nobody_set_is_as_the_defaults_have_it() -> None:
    assert thresholds.counting("VEND001", []) == DEFAULTS


def test_the_most_specific_one_of_each_kind_counts() -> None:
    assert counting("VEND001", GENERAL) == {("zero_stock", ""): 40}
    assert counting("VEND001", GENERAL, BOOKS) == {("zero_stock", ""): 40, ("zero_stock", "Books"): 80}
    assert counting("VEND001", GENERAL, BOOKS, OWN) == {("zero_stock", ""): 90}
    assert counting("VEND002", GENERAL, BOOKS, OWN) == {("zero_stock", ""): 40, ("zero_stock", "Books"): 80}


def two_categories() -> Measured:
    """100 books, of which 50 run out, and 100 lamps, of which 20 do."""
    found = Measured.apart(["Books"])
    for category, zeroed in (("Books", 50), ("Lamps", 20)):
        for number in range(100):
            changes = {"stock_quantity": [5, 0]} if number < zeroed else None
            found.note_product(category, "Thing", f"{category}-{number}", changes)
    return found


def test_products_of_a_category_with_its_own_count_there_and_nowhere_else() -> None:
    assert [one.category for one in check(two_categories(), thresholds.counting("V", [BOOKS]))] == []
    strict = replace(ZERO, limit=10, category="Books")
    assert [
        (one.category, one.found, one.of) for one in check(two_categories(), thresholds.counting("V", [strict]))
    ] == [("Books", 50, 100)]


def test_without_one_of_its_own_all_products_count_together() -> None:
    (finding,) = check(two_categories(), thresholds.counting("V", []))
    assert (finding.found, finding.of) == (70, 200)


def test_what_is_measured_and_what_is_found_survive_as_json() -> None:
    found = two_categories()
    found.note_error("wrong")
    assert Measured.from_json(found.to_json()) == found
    (finding,) = check(found, thresholds.counting("V", []))
    assert Finding.from_json(finding.to_json()) == finding

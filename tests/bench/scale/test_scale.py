"""docs/scale.md says what the simulation prints, and the simulation keeps to the limits that it claims to simulate."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from config.embedded.processes import ROOT
from tests.bench.scale import bill, simulation
from tests.bench.scale.simulation import FULL_BURST, NEW_TABLE, OWN_PARTITIONS, SPARSE, WARM_TABLE, simulate
from uploads.aws import dynamo, shape
from uploads.pipeline import stream

STATUS_WRITES = simulation.AS_IT_IS.status
PARTITION, QUOTA = simulation.PARTITION_WCU, simulation.TABLE_QUOTA
DOC = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


@cache
def _tables() -> tuple[str, ...]:
    return tuple(simulation.report().values())


# --- the document ----------------------------------------------------------------------------------------------


def test_the_document_quotes_every_table_as_it_is_printed() -> None:
    assert tuple(re.findall(r"^```text\n(.*?)\n```$", DOC, re.DOTALL | re.MULTILINE)) == _tables()


def test_every_figure_in_bold_in_the_document_is_one_of_the_simulation() -> None:
    prose = re.sub(r"^```.*?^```$", "", DOC, flags=re.DOTALL | re.MULTILINE)
    figures = re.findall(r"\*\*(\$?[0-9].*?)\*\*", prose)
    printed = "\n".join(_tables())
    assert figures
    assert [
        figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d.,]*\d)", printed)
    ] == []


def test_the_simulated_table_is_the_one_that_the_product_creates() -> None:
    keys = {
        index["IndexName"]: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in shape.indexes("PAY_PER_REQUEST", 0)
    }
    assert keys == {
        "VendorIndex": (["vendor_id", "upload_id"], {"ProjectionType": "KEYS_ONLY"}),
        "StatusIndex": (
            ["upload_id", "status"],
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row_number", "error_reason"]},
        ),
    }
    assert dynamo.BATCH == simulation.BATCH
    design = simulation.AS_IT_IS
    assert list(shape.ROW_WRITES.values()) == [design.base, design.vendor, design.status]
    assert stream.PAGE_RECORDS == bill.STREAM_PAGE_RECORDS
    assert stream.PAUSE_SECONDS * bill.STREAM_READS == 1


def test_the_simulated_writes_of_a_row_are_those_counted_from_real_records() -> None:
    sizes, design = bill.measure(bill.sample()), simulation.AS_IT_IS
    counted = (sizes.put + sizes.update, sizes.vendor_put, sizes.status_put + sizes.status_change)
    assert counted == (design.base, design.vendor, design.status)


# --- one upload ------------------------------------------------------------------------------------------------


def test_an_upload_keeps_to_a_thousand_units_a_second_once_its_burst_is_used_up() -> None:
    outcome = simulate(1, FULL_BURST, rows=1_000_000)
    first, *_, last = outcome.phases
    assert first.rows_per_second == simulation.BATCH / simulation.REQUEST_SECONDS
    assert last.rows_per_second * STATUS_WRITES == pytest.approx(PARTITION)
    allowed = PARTITION * (outcome.seconds + simulation.BURST_SECONDS)
    assert outcome.rows * STATUS_WRITES == pytest.approx(allowed, rel=1e-6)


@pytest.mark.parametrize("capacity", [NEW_TABLE, WARM_TABLE, OWN_PARTITIONS], ids=lambda capacity: capacity.name)
def test_a_single_upload_is_no_faster_in_a_larger_table(capacity: simulation.Capacity) -> None:
    assert simulate(1, capacity).rows_per_second == pytest.approx(PARTITION / STATUS_WRITES)


def test_the_tightest_of_table_and_index_holds_an_upload_back() -> None:
    assert simulate(1, OWN_PARTITIONS).limit == "partition of StatusIndex"
    assert simulate(1, OWN_PARTITIONS, SPARSE).limit == "partition of the table"
    wide = simulation.Design("", vendor=0, spread=100)
    assert simulate(1, OWN_PARTITIONS, wide).limit == "latency of a request"


# --- many ------------------------------------------------------------------------------------------------------


def test_twice_the_vendors_are_twice_as_fast_up_to_the_quota() -> None:
    speeds = [simulate(2**power, OWN_PARTITIONS).rows_per_second for power in range(8)]
    most = QUOTA / STATUS_WRITES
    assert speeds == pytest.approx([min(2**power * PARTITION / STATUS_WRITES, most) for power in range(8)])


def test_a_hot_vendor_in_the_index_holds_the_table_back() -> None:
    vendors = simulate(10, OWN_PARTITIONS)
    uploads = simulate(1, OWN_PARTITIONS, uploads_each=10)
    assert (vendors.limit, uploads.limit) == ("partition of StatusIndex", "partition of VendorIndex")
    assert uploads.rows_per_second == pytest.approx(PARTITION)
    assert vendors.rows_per_second == pytest.approx(10 * PARTITION / STATUS_WRITES)


def test_uploads_in_one_partition_share_it_and_the_fullest_is_done_last() -> None:
    crowds: dict[int, int] = {}
    for vendor in range(100):
        place = simulation._place(f"UPLOAD_{vendor}_0", WARM_TABLE)
        crowds[place] = crowds.get(place, 0) + 1
    outcome = simulate(100, WARM_TABLE)
    fullest = max(crowds.values()) * simulation.ROWS * STATUS_WRITES / PARTITION
    assert outcome.seconds == pytest.approx(fullest)
    assert outcome.mean_upload_seconds < fullest


def _half_hours(outcome: simulation.Outcome) -> Iterator[float]:
    """The highest write rate, in StatusIndex, of every half hour."""
    now, highest = 0.0, 0.0
    for phase in outcome.phases:
        highest = max(highest, phase.rows_per_second * STATUS_WRITES)
        now += phase.seconds
        if now % simulation.GROWTH_SECONDS < 1e-6:
            yield highest
            highest = 0.0


def test_a_new_table_starts_at_four_thousand_units_and_doubles_every_half_hour() -> None:
    highest = list(_half_hours(simulate(10_000, NEW_TABLE)))
    assert highest[:6] == pytest.approx([4_000, 8_000, 16_000, 32_000, QUOTA, QUOTA])


@pytest.mark.parametrize("capacity", [NEW_TABLE, WARM_TABLE, OWN_PARTITIONS], ids=lambda capacity: capacity.name)
@pytest.mark.parametrize("vendors", [7, 300])
def test_every_row_is_done_once_and_the_quota_is_kept(capacity: simulation.Capacity, vendors: int) -> None:
    outcome = simulate(vendors, capacity)
    assert sum(phase.seconds * phase.rows_per_second for phase in outcome.phases) == pytest.approx(outcome.rows)
    assert max(phase.rows_per_second for phase in outcome.phases) * STATUS_WRITES <= QUOTA * (1 + 1e-9)


# --- the cost --------------------------------------------------------------------------------------------------


def test_an_item_has_the_bytes_that_the_developer_guide_counts() -> None:
    item = {
        "id": {"S": "größe"},  # 2 + 7
        "n": {"N": "1200"},  # 1 + 1 for two significant digits + 1
        "m": {"M": {"a": {"S": "xy"}, "b": {"S": ""}}},  # 1 + 3 + (1 + 2 + 1) + (1 + 0 + 1)
    }
    assert bill.item_size(item) == 9 + 3 + 10


def test_a_record_above_a_kilobyte_costs_the_table_twice_and_the_indexes_nothing_more() -> None:
    item = bill.sample()[0]
    large = item | {"product_data": {"M": {"description": {"S": "x" * 1_100}}}}
    small, big = bill.measure([item]), bill.measure([large])
    assert (big.put, big.update) == (2 * small.put, 2 * small.update) == (2, 2)
    assert (big.vendor_put, big.status_put, big.status_change) == (1, 1, 2)


def test_a_million_rows_cost_their_writes_at_the_price_of_a_write() -> None:
    lines = {line.what: line for line in bill.costs(bill.measure(bill.sample()), 333)}
    single = [line for what, line in lines.items() if what.startswith(("table: ", "VendorIndex", "StatusIndex"))]
    assert lines["all writes"].units == sum(line.units for line in single) == 6 * bill.MILLION
    assert lines["all writes"].dollars == pytest.approx(6 * 0.625)

"""What a million rows cost on AWS, from counted capacity units: a part of the simulation in scale.py.

The sizes are counted from records of the sample feed as `uploads.aws.records.encode` makes them, as DynamoDB counts.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean
from typing import Any

from uploads.aws.records import ERROR, VALIDATED, Item, encode
from uploads.feed import parser
from uploads.feed.sample import write_feed

NEW_TABLE_PARTITIONS = 4  # 4,000 WCU a second
PARTITION_RCU = 3_000.0

# Dollars, on demand, US East (N. Virginia).
WRITE_PRICE = 0.625 / 1e6
READ_PRICE = 0.125 / 1e6
STREAM_READ_PRICE = 0.02 / 1e5
STORAGE_PRICE = 0.25  # a GB and month
MILLION = 1_000_000
SAMPLE_ROWS = 5_000
ERROR_RATE = 0.05
REASON_BYTES = 120  # assumed, of an error_reason
STREAM_PAGE_RECORDS, STREAM_PAGE_BYTES = 1_000, 2**20
STREAM_READS = 5  # of a shard a second, as uploads/pipeline/stream.py paces itself where nothing comes
IDLE_READS = 1  # of a shard a second: beat calls every five seconds, and the consumer stays for one
KB, GB = 2**10, 2**30


@dataclass(frozen=True)
class Sizes:
    """Means over a sample of rows: bytes of a record and of its two index entries, and counted units for one row."""

    record: float
    vendor_entry: float
    status_entry: float
    put: float  # WCU of the table
    update: float
    vendor_put: float
    status_put: float
    status_change: float  # delete and put
    errors: float  # the share of error records


def item_size(item: Item) -> int:
    """Bytes of an item as DynamoDB counts them (Developer Guide, "DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: dict[str, Any]) -> int:
    if "M" in value:
        return 3 + item_size(value["M"]) + len(value["M"])  # and a byte for each element
    if "N" in value:
        return ceil(len(value["N"].strip("0.")) / 2) + 1
    return len(value["S"].encode())


def sample() -> list[Item]:
    """The records of a believable feed, as staging puts them."""
    text = io.StringIO(newline="")
    write_feed(text, SAMPLE_ROWS, "VEND001", ERROR_RATE, seed=1)
    file = io.BytesIO(text.getvalue().encode())
    upload_id, created_at = "UPLOAD_20260131_103045_a1b2c3", "2026-01-31T10:30:45.123Z"
    return [encode(upload_id, "VEND001", row, created_at) for row in parser.rows(file, parser.inspect(file))]


def measure(items: Sequence[Item], error_rate: float = ERROR_RATE) -> Sizes:
    """Count what these records take. One in 1 / error_rate of them ends as an error."""
    every = round(1 / error_rate)
    finals = [_final(item, number % every == 0) for number, item in enumerate(items)]
    vendor_entries = [_entry_size(item, "vendor_id") for item in items]
    entries = [(_status_entry(before), _status_entry(after)) for before, after in zip(items, finals, strict=True)]
    return Sizes(
        record=fmean(item_size(item) for item in finals),
        vendor_entry=fmean(vendor_entries),
        status_entry=fmean(after for _, after in entries),
        put=fmean(_wcu(item_size(item)) for item in items),
        update=fmean(
            _wcu(max(item_size(before), item_size(after))) for before, after in zip(items, finals, strict=True)
        ),
        vendor_put=fmean(_wcu(size) for size in vendor_entries),
        status_put=fmean(_wcu(before) for before, _ in entries),
        status_change=fmean(_wcu(before) + _wcu(after) for before, after in entries),
        errors=fmean("error_reason" in item for item in finals),
    )


def _final(item: Item, is_error: bool) -> Item:
    if is_error:
        return item | {"status": {"S": ERROR}, "error_reason": {"S": "x" * REASON_BYTES}}
    return item | {"status": {"S": VALIDATED}}


def _status_entry(item: Item) -> int:
    return _entry_size(item, "status", "row_number", "error_reason")


def _entry_size(item: Item, *names: str) -> int:
    """Bytes of an index entry: the table's keys, the index's, and what is projected."""
    return item_size({name: item[name] for name in ("upload_id", "record_id", *names) if name in item})


def _wcu(size: int) -> int:
    return ceil(size / KB)


@dataclass(frozen=True)
class Cost:
    """One line of the bill: what, how many units, and the dollars."""

    what: str
    units: float
    unit: str
    dollars: float


def costs(sizes: Sizes, rows_per_second: float) -> list[Cost]:
    """The bill for a million rows, each put once and its status changed once, by an upload at that speed."""
    writes = {
        "table: put": sizes.put,
        "table: status": sizes.update,
        "VendorIndex: put": sizes.vendor_put,
        "StatusIndex: put": sizes.status_put,
        "StatusIndex: status, delete and put": sizes.status_change,
    }
    lines = [Cost(what, units * MILLION, "WRU", units * MILLION * WRITE_PRICE) for what, units in writes.items()]
    total = sum(line.units for line in lines)
    lines.append(Cost("all writes", total, "WRU", total * WRITE_PRICE))
    full = 2 * MILLION / min(STREAM_PAGE_RECORDS, STREAM_PAGE_BYTES / sizes.record)
    lines.append(Cost("stream, full pages", full, "reads", full * STREAM_READ_PRICE))
    seconds = MILLION / rows_per_second
    paced = seconds * STREAM_READS * NEW_TABLE_PARTITIONS
    lines.append(Cost("stream, one upload, 4 shards, 5 reads a second", paced, "reads", paced * STREAM_READ_PRICE))
    read = sizes.record * MILLION / (4 * KB)
    lines.append(Cost("table read again (reconcile)", read, "RRU", read * READ_PRICE))
    stored = (sizes.record + sizes.vendor_entry + sizes.status_entry + 3 * 100) * MILLION / GB
    lines.append(Cost("storage, a month", stored, "GB", stored * STORAGE_PRICE))
    sparse = total - (sizes.status_put + sizes.status_change - sizes.errors) * MILLION
    lines.append(Cost("all writes, were only errors indexed", sparse, "WRU", sparse * WRITE_PRICE))
    idle = 30 * 86_400 * IDLE_READS * NEW_TABLE_PARTITIONS
    lines.append(Cost("stream of 4 shards, an idle month", idle, "reads", idle * STREAM_READ_PRICE))
    return lines

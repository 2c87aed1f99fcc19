"""What DynamoDB's documented limits leave of this table's speed, and what a million rows cost. docs/scale.md quotes it.

    python -m tests.bench.scale.simulation

Simulated, not measured on AWS: partitions are token buckets, uploads flow through them like water, and the rates are
worked out anew whenever something changes (an upload is done, a bucket is empty, the table has grown). Deterministic;
needs neither AWS nor Django. A row counts as done when it is put and its status is written back. A write must find
room in the table and in both indexes, so an index's hot partition holds the table back.

Where the limits come from is in docs/scale.md. Assumed, since AWS promises nothing here: the latency of a request; that
keys fall on partitions by a hash like ours; that uploads which share a limit get equal parts of it; that the table and
its indexes grow together; and that there are workers enough.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from math import inf

from tests.bench.scale.bill import (
    ERROR_RATE,
    KB,
    NEW_TABLE_PARTITIONS,
    PARTITION_RCU,
    Cost,
    Sizes,
    costs,
    measure,
    sample,
)

PARTITION_WCU = 1_000.0  # a second, of one partition of the table or of an index
TABLE_QUOTA = 40_000.0  # WCU a second of an on-demand table, and of each of its indexes: the default, can be raised
GROWN_PARTITIONS = 64  # more than the quota lets anybody use
GROWTH_SECONDS = 1_800.0  # beyond twice the highest traffic so far, a table may throttle within 30 minutes
BURST_SECONDS = 300.0
BATCH = 25
REQUEST_SECONDS = 0.010  # assumed
ROWS = 100_000  # of an upload


@dataclass(frozen=True)
class Design:
    """What a row takes in write units, from its put to its status: in the table and in its two indexes.

    `spread` is the number of partition keys among which an upload's rows are spread (`upload_id#n`).
    """

    name: str
    base: float = 2  # the put; the status
    vendor: float = 1  # the put
    status: float = 3  # the put; delete and put, since the status is a key
    spread: int = 1


@dataclass(frozen=True)
class Capacity:
    """What the table has when the uploads start. `partitions` None: every partition key has one for itself.

    `burst` is in seconds of unused capacity that a partition starts with, for keys in partitions of their own.
    """

    name: str
    partitions: int | None = None
    grows: bool = False
    burst: float = 0

    @property
    def ring(self) -> int:
        """The places that keys are hashed to: as many as there can ever be partitions."""
        return GROWN_PARTITIONS if self.grows else self.partitions or 1


AS_IT_IS = Design("as it is")
SPARSE = Design("StatusIndex of errors only", status=ERROR_RATE)
NEW_TABLE = Capacity("new", NEW_TABLE_PARTITIONS, grows=True)
WARM_TABLE = Capacity("pre-warmed", int(TABLE_QUOTA / PARTITION_WCU))
OWN_PARTITIONS = Capacity("key = partition")
FULL_BURST = Capacity("key = partition, 300 s saved", burst=BURST_SECONDS)


@dataclass(eq=False, slots=True)
class Bucket:
    """A limit that uploads share: units a second, and what is saved of them. The rest is _settle's working space."""

    name: str
    rate: float
    saved: float = 0
    used: float = 0  # a second
    waiting: float = 0  # units that one more row of each upload not yet settled takes
    groups: "list[Group]" = field(default_factory=list)

    def share(self) -> float:
        """The rows a second that it leaves each upload still waiting."""
        if self.saved > 0 or self.waiting < 1e-9:
            return inf
        return max(0.0, self.rate - self.used) / self.waiting


@dataclass(eq=False, slots=True)
class Group:
    """Uploads that share all their limits, and so fare alike. `takes`: the units of each bucket for one row."""

    count: int
    places: tuple[int, int]  # of the upload's key and of the vendor's on the ring of hashes
    rows_left: float
    takes: list[tuple[Bucket, float]] = field(default_factory=list)
    rate: float = 0  # rows a second of each upload
    limit: str = ""


@dataclass(frozen=True)
class Phase:
    """A stretch of time at one speed."""

    seconds: float
    rows_per_second: float


@dataclass(frozen=True)
class Outcome:
    """How it went. `limit` is what held back most of the rows."""

    uploads: int
    rows: int
    seconds: float
    mean_upload_seconds: float
    limit: str
    phases: tuple[Phase, ...]

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds

    @property
    def upload_rows_per_second(self) -> float:
        return self.rows / self.uploads / self.mean_upload_seconds


# --- the simulation --------------------------------------------------------------------------------------------


@cache  # the same question is asked for several tables, and by the tests once more
def simulate(
    vendors: int, capacity: Capacity, design: Design = AS_IT_IS, *, uploads_each: int = 1, rows: int = ROWS
) -> Outcome:
    """Let all uploads of all vendors start at once, and see when their rows are done."""
    groups = _groups(vendors, uploads_each, rows, capacity)
    partitions = capacity.partitions
    buckets = _connect(groups, partitions, capacity, design, vendors)
    now = waited = 0.0
    phases: list[Phase] = []
    held_back: Counter[str] = Counter()
    while live := [group for group in groups if group.rows_left > 0]:
        _settle(live, buckets)
        growth_in = GROWTH_SECONDS - now % GROWTH_SECONDS if capacity.grows else inf
        step = min(growth_in, *_changes(live, buckets))
        now += step
        for group in live:
            held_back[group.limit] += round(group.count * group.rate * step)
            group.rows_left -= group.rate * step
            if group.rows_left < 1e-3:
                group.rows_left = 0
                waited += now * group.count
        for bucket in buckets:
            saved = bucket.saved + (bucket.rate - bucket.used) * step
            bucket.saved = min(saved, bucket.rate * capacity.burst) if saved > 1e-3 else 0
        phases.append(Phase(step, sum(group.count * group.rate for group in live)))
        if partitions and step == growth_in:
            partitions = _grown(partitions, max(phase.rows_per_second for phase in phases) * design.status)
            buckets = _connect(groups, partitions, capacity, design, vendors)
    uploads = vendors * uploads_each
    return Outcome(uploads, uploads * rows, now, waited / uploads, held_back.most_common(1)[0][0], tuple(phases))


def _groups(vendors: int, uploads_each: int, rows: int, capacity: Capacity) -> list[Group]:
    """All uploads, those with equal places together. With partitions of their own, all fare alike."""
    if capacity.partitions is None:
        return [Group(vendors * uploads_each, (0, 0), rows)]
    counts = Counter(
        (_place(f"UPLOAD_{vendor}_{upload}", capacity), _place(f"VEND{vendor}", capacity))
        for vendor in range(vendors)
        for upload in range(uploads_each)
    )
    return [Group(count, places, rows) for places, count in sorted(counts.items())]


def _place(key: str, capacity: Capacity) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") % capacity.ring


def _connect(
    groups: Sequence[Group], partitions: int | None, capacity: Capacity, design: Design, vendors: int
) -> list[Bucket]:
    """Give each group its limits: a partition of the table and of each index, and the quota of each of the three."""
    quotas = {name: Bucket(f"quota of {name}", TABLE_QUOTA) for name in ("the table", "VendorIndex", "StatusIndex")}
    units = dict(zip(quotas, (design.base, design.vendor, design.status), strict=True))
    hot: dict[tuple[str, int], Bucket] = {}
    for group in groups:
        group.takes = [(quotas[name], amount) for name, amount in units.items()]
        for name, amount in units.items():
            of_vendor = name == "VendorIndex"
            place = group.places[of_vendor] * (partitions or 1) // capacity.ring
            keys = 1 if partitions else vendors if of_vendor else group.count * design.spread
            rate = PARTITION_WCU * keys
            bucket = hot.setdefault((name, place), Bucket(f"partition of {name}", rate, rate * capacity.burst))
            group.takes.append((bucket, amount))
    for group in groups:
        for bucket, _ in group.takes:
            bucket.groups.append(group)
    return [*hot.values(), *quotas.values()]


def _settle(live: Sequence[Group], buckets: Sequence[Bucket]) -> None:
    """Find every upload's speed: as fast as the tightest of its limits lets it, each limit shared out evenly.

    The tightest limit of all settles the uploads under it; what they leave of their other limits goes to the rest.
    """
    for bucket in buckets:
        bucket.used = bucket.waiting = 0
    for group in live:
        for bucket, amount in group.takes:
            bucket.waiting += amount * group.count
    waiting = dict.fromkeys(live)
    while waiting:
        tightest = min(buckets, key=Bucket.share)
        if tightest.share() >= BATCH / REQUEST_SECONDS:
            _fix(waiting, BATCH / REQUEST_SECONDS, "latency of a request")
            return
        settled = [group for group in tightest.groups if group in waiting]
        _fix(settled, tightest.share(), tightest.name)
        tightest.waiting = 0
        for group in settled:
            del waiting[group]


def _fix(groups: Iterable[Group], rate: float, limit: str) -> None:
    for group in groups:
        group.rate, group.limit = rate, limit
        for bucket, amount in group.takes:
            bucket.used += rate * amount * group.count
            bucket.waiting -= amount * group.count


def _changes(live: Sequence[Group], buckets: Sequence[Bucket]) -> Iterator[float]:
    """The seconds until each thing that changes somebody's speed: an upload is done, a bucket is empty."""
    for group in live:
        yield group.rows_left / group.rate
    for bucket in buckets:
        if bucket.saved > 0 and bucket.used > bucket.rate:
            yield bucket.saved / (bucket.used - bucket.rate)


def _grown(partitions: int, peak: float) -> int:
    """Partitions for twice the highest traffic so far; they are split, never merged."""
    while partitions < GROWN_PARTITIONS and partitions * PARTITION_WCU <= peak * 1.001:
        partitions *= 2
    return partitions


# --- the report ------------------------------------------------------------------------------------------------

CROWDS = (1, 10, 100, 1_000, 10_000)
WIDE = Design("upload_id#0..3", spread=4)
WIDE_ALONE = Design("upload_id#0..3, no VendorIndex", vendor=0, spread=4)
WIDER_ALONE = Design("upload_id#0..7, no VendorIndex", vendor=0, spread=8)
SPARSE_WIDE = Design("upload_id#0..3, errors only, no VendorIndex", vendor=0, status=ERROR_RATE, spread=4)
HEADER = f"{'rows/s':>9} {'per upload':>11} {'all done':>10}  held back by"


def report() -> dict[str, str]:
    """Every table by its title, as printed."""
    sizes = measure(sample())
    tables = {"A row in bytes and write units": _sizes(sizes)}
    tables[f"Vendors at once, an upload of {ROWS:,} rows each"] = _crowds()
    tables[f"One vendor: uploads of {ROWS:,} rows at once, keys in partitions of their own"] = _ways()
    alone = simulate(1, OWN_PARTITIONS).rows_per_second
    tables["A million rows, on demand, US East"] = "\n".join(_bill_line(line) for line in costs(sizes, alone))
    return tables


def _crowds() -> str:
    lines = [
        f"{capacity.name:<15} {vendors:>7,} {_outcome(simulate(vendors, capacity))}"
        for capacity in (NEW_TABLE, WARM_TABLE, OWN_PARTITIONS)
        for vendors in CROWDS
    ]
    return "\n".join([f"{'table':<15} vendors {HEADER}", *lines])


def _ways() -> str:
    trials = [
        (AS_IT_IS, 1, OWN_PARTITIONS),
        (AS_IT_IS, 3, OWN_PARTITIONS),
        (AS_IT_IS, 10, OWN_PARTITIONS),
        (Design("as it is, 300 s of unused capacity"), 1, FULL_BURST),
        (SPARSE, 1, OWN_PARTITIONS),
        (WIDE, 1, OWN_PARTITIONS),
        (WIDE_ALONE, 1, OWN_PARTITIONS),
        (SPARSE_WIDE, 1, OWN_PARTITIONS),
        (WIDER_ALONE, 1, OWN_PARTITIONS),
    ]
    lines = [
        f"{design.name:<43} {uploads:>7} {_outcome(simulate(1, capacity, design, uploads_each=uploads))}"
        for design, uploads, capacity in trials
    ]
    return "\n".join([f"{'design':<43} uploads {HEADER}", *lines])


def _outcome(outcome: Outcome) -> str:
    return (
        f"{outcome.rows_per_second:>9,.0f} {outcome.upload_rows_per_second:>11,.1f} "
        f"{_time(outcome.seconds):>10}  {outcome.limit}"
    )


def _time(seconds: float) -> str:
    if seconds < 900:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7_200 else f"{seconds / 3_600:,.1f} h"


def _bill_line(line: Cost) -> str:
    dollars = f"${line.dollars:.3f}" if line.dollars >= 0.001 else "<$0.001"
    return f"{line.what:<47} {line.units:>12,.{2 if line.unit == 'GB' else 0}f} {line.unit:<6} {dollars:>7}"


def _sizes(sizes: Sizes) -> str:
    read_back = ROWS * sizes.record / (4 * KB) / PARTITION_RCU
    lines = [
        ("record, mean", f"{sizes.record:,.0f} bytes"),
        ("entry in VendorIndex, mean", f"{sizes.vendor_entry:,.0f} bytes"),
        ("entry in StatusIndex, mean", f"{sizes.status_entry:,.0f} bytes"),
        ("put: table + VendorIndex + StatusIndex", f"{sizes.put + sizes.vendor_put + sizes.status_put:.2f} WCU"),
        ("status: table + StatusIndex", f"{sizes.update + sizes.status_change:.2f} WCU"),
        (f"reading {ROWS:,} rows again at {PARTITION_RCU:,.0f} RCU/s", _time(read_back)),
    ]
    return "\n".join(f"{what:<47} {value:>12}" for what, value in lines)


def main() -> None:
    print("Simulated from documented limits, not measured on AWS.")  # noqa: T201
    for title, table in report().items():
        print(f"\n{title}\n\n{table}")  # noqa: T201


if __name__ == "__main__":
    main()

"""Kill random processes while feeds are imported, and compare the outcome with an undisturbed run, row for row.

    python -m tests.torture --kills 50 --rows 20000 --seed 1

Real processes: several workers, their children, beat, Redis, PostgreSQL's server and single connections of it. Not the
embedded AWS endpoint, which keeps its data in memory: real DynamoDB doesn't forget what it confirmed. The seed decides
what kind of process is killed next and after how many rows; the same seed plays the same plan.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.live import Platform, eventually, sample_feed

VENDORS = ("VEND001", "VEND002", "VEND003")
EXTRA_WORKERS = 1
LIMIT_SECONDS = 1800.0

# What must be the same, whatever happened: everything but ids, times, and who did it.
COMPARED = {
    "uploads": """
        SELECT vendor_id, file_name, status, file_rows, total_records, valid_records, error_records, inserted_records,
               updated_records, unchanged_records, superseded_records, skipped_records
          FROM upload_history ORDER BY sequence
    """,
    "products": """
        SELECT vendor_id, vendor_product_id, product_name, category, sku, brand, description, price, stock_quantity
          FROM products ORDER BY sku
    """,
    "errors": """
        SELECT u.file_name, e.row_number, e.error_type, e.field, e.error_message, e.suggestion, e.original_data::text
          FROM validation_errors e JOIN upload_history u USING (upload_id) ORDER BY 1, 2, 3, 4
    """,
    "ledger": """
        SELECT u.file_name, o.record_id, o.outcome, o.error_reason
          FROM record_outcomes o JOIN upload_history u USING (upload_id) ORDER BY 1, 2
    """,
}
OPEN = "SELECT vendor_id FROM upload_history WHERE status = 'processing'"
COUNTED = "SELECT coalesce(sum(total_records), 0)::int FROM upload_history"
UNSETTLED = f"{OPEN} AND total_records IS DISTINCT FROM file_rows"
OWED = "SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL LIMIT 1"


@dataclass
class Torture:
    """One run of the plan on one platform. `sent` is the order in which files went in, to be repeated elsewhere."""

    platform: Platform
    feeds: Path
    rows: int
    sent: list[tuple[str, int]] = field(default_factory=list)
    extra: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def keep_coming(self) -> None:
        """Every vendor has an upload on its way: who has none sends the next file."""
        for vendor in VENDORS:
            if self._idle(vendor):
                self._send(vendor, 1 + sum(sender == vendor for sender, _ in self.sent))

    def repeat(self, sent: list[tuple[str, int]]) -> None:
        """Send the same in the same order; here too, a vendor's next file goes in when the one before it has ended."""
        for vendor, round_ in sent:
            eventually(partial(self._idle, vendor), f"the upload of {vendor} has ended", LIMIT_SECONDS)
            self._send(vendor, round_)

    def _idle(self, vendor: str) -> bool:
        return self.query(f"{OPEN} AND vendor_id = '{vendor}'") == []

    def _send(self, vendor: str, round_: int) -> None:
        """The vendor's next file: the same products, with other prices and other errors each round."""
        path = self.feeds / f"{vendor}-{round_}.csv"
        if not path.exists():
            sample_feed(path, self.rows, vendor, round_)
        # A service may be down at this moment: a refusal leaves nothing behind, so it is sent until it is taken.
        eventually(lambda: self._taken(path, vendor), f"{path.name} is received")
        self.sent.append((vendor, round_))

    def _taken(self, path: Path, vendor: str) -> bool:
        known = self.query(f"SELECT 1 FROM upload_history WHERE file_name = '{path.name}'")
        if known is None:
            return False
        return bool(known) or self.platform.manage("import_feed", str(path), "--vendor", vendor)[0] == 0

    def query(self, sql: str) -> list[tuple[Any, ...]] | None:
        """The rows, or None while PostgreSQL is away."""
        try:
            return self.platform.rows(sql)
        except Exception:
            return None

    def start_workers(self) -> None:
        """The workers beside the platform's own one; those that were killed are started again."""
        self.extra = [worker for worker in self.extra if worker.poll() is None]
        while len(self.extra) < EXTRA_WORKERS:
            command = [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "config",
                "worker",
                "-Q",
                "staging,stream,upkeep",
                "-c",
                "2",
            ]
            self.extra.append(
                subprocess.Popen(
                    [*command, "-n", f"extra-{time.monotonic_ns()}@%h", "--without-gossip", "--without-mingle"],
                    env=self.platform.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip

    def victims(self) -> dict[str, list[psutil.Process]]:
        """Every process that may be killed, by kind. One of PostgreSQL's children takes all connections with it."""
        roots = [(name, self.platform.state[name]["pid"]) for name in ("worker", "beat", "redis", "postgres")]
        found: dict[str, list[psutil.Process]] = {}
        for name, pid in [*roots, *(("extra worker", worker.pid) for worker in self.extra)]:
            for kind, process in _family(name, pid):
                found.setdefault(kind, []).append(process)
        return found

    def counted(self) -> int:
        """How many rows have their outcome."""
        rows: list[tuple[int]] = eventually(lambda: self.query(COUNTED), "the database is back")
        return rows[0][0]

    def in_the_middle(self, counted: int) -> bool:
        """Whether so many rows have their outcome, and others are still owed one; files are sent until it is so."""
        self.keep_coming()
        return bool(self.query(f"SELECT 1 FROM ({COUNTED}) c (rows) WHERE rows >= {counted} AND EXISTS ({UNSETTLED})"))

    def settled(self) -> bool:
        """Whether every upload has ended, and DynamoDB knows it."""
        return self.query(OPEN) == [] and self.query(OWED) == []

    def outcome(self) -> dict[str, Any]:
        """All that is compared, the statuses in DynamoDB included."""
        compared: dict[str, Any] = {name: self.platform.rows(sql) for name, sql in COMPARED.items()}
        names = dict(self.platform.rows("SELECT upload_id, file_name FROM upload_history"))
        compared["statuses"] = sorted(
            (names[item["upload_id"]], item["record_id"], item["status"], item.get("error_reason", ""))
            for item in _scan(self.platform.table())
        )
        return compared

    def end(self) -> None:
        for worker in self.extra:
            for _, process in _family("", worker.pid):
                process.kill()
            worker.wait()
        self.platform.end()


def _family(name: str, pid: int) -> list[tuple[str, psutil.Process]]:
    try:
        parent = psutil.Process(pid)
        return [(name, parent), *((f"{name}'s child", child) for child in parent.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _scan(table: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        page = table.scan(
            ProjectionExpression="upload_id, record_id, #s, error_reason", ExpressionAttributeNames={"#s": "status"},
            **start,
        )  # fmt: skip
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def torture(folder: Path, kills: int, rows: int, seed: int) -> dict[str, Any]:
    """Run the plan with kills, repeat its uploads without, and return what differs: {} when all is well."""
    feeds = folder / "feeds"
    feeds.mkdir()
    disturbed = Torture(Platform(folder / "disturbed"), feeds, rows)
    calm = Torture(Platform(folder / "calm"), feeds, rows)
    try:
        disturbed.platform.up()
        _disturb(disturbed, random.Random(seed), kills)
        print(f"the same {len(disturbed.sent)} files without kills", flush=True)  # noqa: T201
        calm.platform.up()  # while the other recovers from the last kill
        calm.repeat(disturbed.sent)
        for run in (calm, disturbed):
            eventually(run.settled, "everything has settled", LIMIT_SECONDS)
        was, should = disturbed.outcome(), calm.outcome()
    finally:
        disturbed.end()
        calm.end()
    return {name: _difference(was[name], should[name]) for name in should if was[name] != should[name]}


def _disturb(run: Torture, plan: random.Random, kills: int) -> None:
    """Kill somebody after a number of rows that the plan says, again and again, while every vendor's files keep coming.

    From that row on the platform is held until the kill is done, so that it strikes in the middle of the work, on
    however slow a machine.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    for number in range(1, kills + 1):
        assert time.monotonic() < deadline, f"{number - 1} kills took too long"
        run.start_workers()
        after = run.counted() + plan.randrange(2 * run.rows)
        with run.platform.held(after) as holds:
            eventually(lambda: run.in_the_middle(after), f"{after:,} rows are counted", LIMIT_SECONDS)  # noqa: B023 - it is done with at the end of the line
            victims = run.victims()
            kind = plan.choice(sorted(victims))
            victim = plan.choice(victims[kind])
            print(f"kill {number}/{kills}: {kind} ({victim.pid}), {run.counted():,} rows counted", flush=True)  # noqa: T201 - what this command is for
            with suppress(psutil.NoSuchProcess):
                victim.kill()
            if kind.startswith("postgres"):
                eventually(lambda: not holds(), "PostgreSQL has noticed")
        if victim.pid in {known["pid"] for known in run.platform.state.values()}:
            run.platform.up()
    run.start_workers()


def _difference(was: list[Any], should: list[Any]) -> dict[str, Any]:
    """The first rows that only one of the two has, and how many each has."""
    left, right = {repr(row) for row in was}, {repr(row) for row in should}
    return {
        "with kills only": sorted(left - right)[:5],
        "without only": sorted(right - left)[:5],
        "rows": (len(was), len(should)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        differences = torture(Path(folder), options.kills, options.rows, options.seed)
    for name, difference in differences.items():
        print(f"{name} differ: {difference}")  # noqa: T201
    print("The outcome differs." if differences else f"The same, row for row, after {options.kills} kills.")  # noqa: T201
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

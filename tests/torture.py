"""Kill random processes while feeds are imported, and compare the outcome with an undisturbed run, row for row.

    python -m tests.torture --kills 50 --rows 20000 --seed 1

Real processes: several workers, their children, beat, Redis, PostgreSQL's server and single connections of it. Not the
embedded AWS endpoint, which keeps its data in memory: real DynamoDB doesn't forget what it confirmed. The seed decides
what kind of process is killed next and after how long; the same seed plays the same plan.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
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
OWED = "SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL LIMIT 1"


@dataclass
class Torture:
    """One run of the plan on one platform. `sent` is the order in which files went in, to be repeated elsewhere."""

    platform: Platform
    feeds: Path
    rows: int
    sent: list[tuple[str, int]] = field(default_factory=list)
    extra: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def send(self, vendor: str, round_: int) -> None:
        """The vendor's next file: the same products, with other prices and other errors each round."""
        path = self.feeds / f"{vendor}-{round_}.csv"
        if not path.exists():
            sample_feed(path, self.rows, vendor, round_)
        # A service may be down at this moment: a refusal leaves nothing behind, so it is sent until it is taken.
        eventually(lambda: self._taken(path, vendor), f"{path.name} is taken in")
        self.sent.append((vendor, round_))

    def _taken(self, path: Path, vendor: str) -> bool:
        known = self.query(f"SELECT 1 FROM upload_history WHERE file_name = '{path.name}'")
        if known is None:
            return False
        done = self.platform.python("manage.py", "import_feed", str(path), "--vendor", vendor) if not known else None
        return bool(known) or (done is not None and done.returncode == 0)

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

    def settled_rows(self) -> str:
        """How many rows have their outcome, for the log."""
        rows = self.query("SELECT coalesce(sum(total_records), 0) FROM upload_history")
        return f"{rows[0][0]:,} rows settled" if rows else "the database is away"

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
        self.platform.down()


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
    plan = random.Random(seed)
    feeds = folder / "feeds"
    feeds.mkdir()
    disturbed = Torture(Platform(folder / "disturbed"), feeds, rows)
    calm = Torture(Platform(folder / "calm"), feeds, rows)
    try:
        disturbed.platform.up()
        _disturb(disturbed, plan, kills)
        was = disturbed.outcome()
    finally:
        disturbed.end()
    try:
        calm.platform.up()
        calm.start_workers()
        for vendor, round_ in disturbed.sent:
            calm.send(vendor, round_)
            eventually(calm.settled, "the undisturbed run has settled", LIMIT_SECONDS)
            print(f"without kills: {calm.settled_rows()}", flush=True)  # noqa: T201
        should = calm.outcome()
    finally:
        calm.end()
    return {name: _difference(was[name], should[name]) for name in should if was[name] != should[name]}


def _disturb(run: Torture, plan: random.Random, kills: int) -> None:
    """Keep every vendor's next file coming, and kill somebody every few seconds, until the plan is done."""
    rounds = dict.fromkeys(VENDORS, 0)
    deadline = time.monotonic() + LIMIT_SECONDS
    for number in range(1, kills + 1):
        assert time.monotonic() < deadline, f"{number - 1} kills took too long"
        run.start_workers()
        busy = run.query(OPEN)
        for vendor in VENDORS:
            if busy is not None and (vendor,) not in busy:
                rounds[vendor] += 1
                run.send(vendor, rounds[vendor])
        time.sleep(plan.uniform(0.5, 4.0))
        victims = run.victims()
        kind = plan.choice(sorted(victims))
        victim = plan.choice(victims[kind])
        print(f"kill {number}/{kills}: {kind} ({victim.pid}), {run.settled_rows()}", flush=True)  # noqa: T201 - what this command is for
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
        if victim.pid in {known["pid"] for known in run.platform.state.values()}:
            run.platform.up()
    run.start_workers()
    eventually(run.settled, "everything has settled after the last kill", LIMIT_SECONDS)


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
    parser.add_argument("--rows", type=int, default=20_000)
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

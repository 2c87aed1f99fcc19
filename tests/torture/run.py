"""One platform while files and another program's records go in, and how all of it ended."""

import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.engine.local import Local
from tests.live import SLICES, Platform, eventually
from tests.torture import files, foreign
from tests.torture.files import SENDERS, WHOLE, File
from tests.torture.foreign import SECOND_VERSIONS, Put, Stray

EXTRA_WORKERS = 1
LIMIT_SECONDS = 1800.0
IN_A_REQUEST = 25

# What must be the same, whatever happened: everything but ids, times, and who did it. Uploads of another program are
# known by the id that it gave them, and may come in another order.
_NAME = "CASE WHEN u.source = 'dynamodb' THEN u.upload_id ELSE u.file_name END"
# A vendor's first file needs no check, unless records of a program came in before: that is a matter of moments.
_GUARD = "CASE WHEN u.guard <> 'passed' THEN u.guard ELSE '' END"
_RECORD = "CASE WHEN {0}.record_id LIKE 'ABSENT%' THEN 'absent' ELSE {0}.record_id END"
COMPARED = {
    "uploads": f"""
        SELECT vendor_id, {_NAME}, status, {_GUARD}, mode, file_rows, total_records, valid_records, error_records,
               inserted_records, updated_records, unchanged_records, superseded_records, skipped_records,
               retired_records, warned_records, absent_state, absent_records, absent_why
          FROM upload_history u
         ORDER BY source, CASE WHEN source = 'dynamodb' THEN upload_id END, vendor_id, sequence
    """,
    "products": """
        SELECT vendor_id, vendor_product_id, product_name, category, sku, brand, description, price, stock_quantity,
               currency, gtin, image_url, status
          FROM products ORDER BY sku
    """,
    "errors": f"""
        SELECT {_NAME}, e.record_id, e.row_number, e.severity, e.error_type, e.field, e.error_message, e.suggestion,
               e.original_data::text
          FROM validation_errors e JOIN upload_history u USING (upload_id) ORDER BY 1, 2, 3, 4, 5, 6
    """,
    "ledger": f"""
        SELECT coalesce({_NAME}, o.upload_id), {_RECORD.format("o")}, o.attempt, o.outcome, p.sku,
               replace(o.error_reason, o.upload_id, 'its id')
          FROM record_outcomes o LEFT JOIN upload_history u USING (upload_id) LEFT JOIN products p USING (product_id)
         ORDER BY 1, 2, 3, 5
    """,
    "changes": f"""
        SELECT coalesce({_NAME}, c.upload_id), {_RECORD.format("c")}, p.sku, c.kind, c.changes::text
          FROM product_changes c LEFT JOIN upload_history u USING (upload_id) LEFT JOIN products p USING (product_id)
         ORDER BY 1, 2, 3, 4, 5
    """,
}
OPEN = "SELECT vendor_id FROM upload_history WHERE status IN ('processing', 'held')"
HELD = "SELECT upload_id, file_name FROM upload_history WHERE status = 'held'"
HELD_BACK = "SELECT vendor_id FROM vendor_holds WHERE ended_at IS NULL"
WITHHELD = "SELECT upload_id FROM upload_history WHERE withheld_from IS NOT NULL"
COUNTED = "SELECT coalesce(sum(total_records), 0)::int FROM upload_history"
ABSENT = "SELECT coalesce(sum(absent_records), 0)::int FROM upload_history"
UNSETTLED = (
    "SELECT vendor_id FROM upload_history WHERE status = 'processing' AND source = 'file'"
    " AND total_records IS DISTINCT FROM file_rows"
)
OWED = "SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL LIMIT 1"
GAPS = "SELECT 1 FROM stream_shards WHERE gap_found_at IS NOT NULL AND gap_healed_at IS NULL LIMIT 1"


Sent = File | Put | Stray


class Run:
    """One run on one platform. `sent` is the order in which everything went in, to be repeated elsewhere.

    The table is on `engine` where there is one; then its stream can be turned off and on.
    """

    def __init__(self, folder: Path, feeds: Path, rows: int, seed: int, engine: Local | None) -> None:
        self.platform = Platform(folder, engine.url if engine else "")
        self.feeds, self.rows, self.seed, self.engine = feeds, rows, seed, engine
        self.sent: list[Sent] = []
        self.extra: list[subprocess.Popen[bytes]] = []
        self.stream_on = True

    def up(self) -> None:
        """The platform, with the vendor of whole catalogs beside those of the demo."""
        self.platform.up()
        self.platform.rows(
            "INSERT INTO vendors (vendor_id, vendor_name, email, status) VALUES"
            f" ('{WHOLE}', 'Whole Catalogs', 'whole@catalogs.example', 'active') RETURNING vendor_id"
        )

    # --- what goes in ----------------------------------------------------------------------------------------

    def keep_coming(self) -> None:
        """Every vendor has an upload on its way: who has none sends the next file, if it is taken at this moment."""
        self._decide()
        for vendor in SENDERS:
            if self._idle(vendor):
                self._send(File(vendor, 1 + sum(file.vendor == vendor for file in self._files())))

    def repeat(self, sent: list[Sent]) -> None:
        """Send the same in the same order; here too, a vendor's next file goes in when the one before it has ended."""
        for one in sent:
            match one:
                case File(vendor, _):
                    eventually(partial(self._idle, vendor), f"the upload of {vendor} has ended", LIMIT_SECONDS)
                    eventually(partial(self._send, one), f"{one.name} is received")
                case Put():
                    self._put(one)
                case Stray():
                    self._put_stray(one)

    def _decide(self) -> None:
        """Let held files through, or cancel them; what isn't taken at this moment is done at the next look."""
        for upload_id, name in self.query(HELD) or ():
            vendor, _, number = name.removesuffix(".csv").rpartition("-")
            file = File(vendor, int(number))
            self.platform.manage("cancel_upload" if file.cancelled else "release_upload", upload_id)
        for (vendor,) in self.query(HELD_BACK) or ():  # what another program does is always meant so
            self.platform.manage("hold", "let-through", vendor)

    def write_foreign(self, plan: random.Random) -> None:
        """What another program writes next: new uploads, one of its first versions once more, a record that it puts
        beside the rows of a file, and second versions where the first has its outcome.
        """
        for _ in range(plan.randrange(4)):
            self._put(Put(1 + self._foreign_uploads()))
        if plan.random() < 0.3 and self._foreign_uploads():
            self._put(Put(plan.randint(1, self._foreign_uploads())))
        # Beside one that is cancelled it would count or not, as it comes before that or after.
        last = self._last_of_many()
        if plan.random() < 0.3 and last and not last.cancelled:
            strays = sum(isinstance(one, Stray) for one in self.sent)
            self._put_stray(Stray(*last, strays + 1))
        for put in self._second_versions():
            if self._has_outcome(Put(put.number)):
                self._put(put)

    def end_foreign(self) -> None:
        """Turn the stream on, and write the second versions that are still to come."""
        if not self.stream_on:
            self.switch(on=True)
        for put in self._second_versions():
            self._put(put)

    def _files(self) -> list[File]:
        return [one for one in self.sent if isinstance(one, File)]

    def _last_of_many(self) -> File | None:
        """The last file of a vendor to whom the other program writes."""
        return next((file for file in reversed(self._files()) if file.vendor != WHOLE), None)

    def _foreign_uploads(self) -> int:
        return max((one.number for one in self.sent if isinstance(one, Put)), default=0)

    def _second_versions(self) -> list[Put]:
        """Those that aren't written yet."""
        numbers = range(SECOND_VERSIONS, self._foreign_uploads() + 1, SECOND_VERSIONS)
        return [put for put in (Put(number, 2) for number in numbers) if put not in self.sent]

    def _idle(self, vendor: str) -> bool:
        """Whether all of the vendor's files have ended."""
        self._decide()
        return self.query(f"{OPEN} AND source = 'file' AND vendor_id = '{vendor}'") == []

    def _send(self, file: File) -> bool:
        """Whether the file was taken. A service may be down at this moment, or the vendor's lock is held with the
        platform: a refusal leaves nothing behind, so it is sent until it is taken.
        """
        path = self.feeds / file.name
        if not path.exists():
            files.write(path, file, self.rows)
        taken = self._taken(path, file)
        if taken:
            self.sent.append(file)
        return taken

    def _taken(self, path: Path, file: File) -> bool:
        known = self.query(f"SELECT 1 FROM upload_history WHERE file_name = '{path.name}'")
        if known is None:
            return False
        command = ("import_feed", str(path), "--vendor", file.vendor, *file.options)
        return bool(known) or self.platform.manage(*command)[0] == 0

    def _put(self, put: Put) -> None:
        """An upload of the other program; a second version waits for the first one's outcome."""
        if put.version > 1:
            eventually(lambda: self._decided(Put(put.number)), f"{put} has its outcome", LIMIT_SECONDS)
        items = foreign.items(self.seed, put)
        for start in range(0, len(items), IN_A_REQUEST):
            self._write(items[start : start + IN_A_REQUEST])
        self.sent.append(put)

    def _put_stray(self, stray: Stray) -> None:
        name = File(stray.vendor, stray.round).name
        sql = f"SELECT upload_id FROM upload_history WHERE file_name = '{name}'"
        rows: list[tuple[str]] = eventually(lambda: self.query(sql), f"{name} is known")
        self._write([foreign.stray_item(rows[0][0], stray)])
        self.sent.append(stray)

    def _write(self, items: list[foreign.Item]) -> None:
        requests: Any = {"UploadRecords": [{"PutRequest": {"Item": item}} for item in items]}
        left = self.platform.dynamodb().batch_write_item(RequestItems=requests).get("UnprocessedItems")
        assert not left, "nothing throttles here"

    def _decided(self, put: Put) -> bool:
        """Whether it has its outcome; what is held back until then is let through."""
        self._decide()
        return self._has_outcome(put)

    def _has_outcome(self, put: Put) -> bool:
        wanted = sum(foreign.is_pending(item) for item in foreign.items(self.seed, put))
        return self.query(f"SELECT count(*) FROM record_outcomes WHERE upload_id = '{put.upload_id}'") == [(wanted,)]

    # --- the processes and the stream ------------------------------------------------------------------------

    def start_workers(self) -> None:
        """The workers beside the platform's own one; those that were killed are started again."""
        self.extra = [worker for worker in self.extra if worker.poll() is None]
        while len(self.extra) < EXTRA_WORKERS:
            command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "staging,stream,upkeep,jobs"]
            names = ["-c", "2", "-n", f"extra-{time.monotonic_ns()}@%h", "--without-gossip", "--without-mingle"]
            self.extra.append(
                subprocess.Popen(
                    [*command, *names], env=self.platform.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )

    def switch(self, *, on: bool) -> None:
        """Turn the table's stream on or off, and wait until it is."""
        dynamodb = self.platform.dynamodb()
        wanted: Any = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"} if on else {"StreamEnabled": False}
        dynamodb.update_table(TableName="UploadRecords", StreamSpecification=wanted)

        def done() -> bool:
            table = dynamodb.describe_table(TableName="UploadRecords")["Table"]
            is_on = bool(table.get("StreamSpecification", {}).get("StreamEnabled"))
            return (table["TableStatus"], is_on) == ("ACTIVE", on)

        eventually(done, f"the stream is {'on' if on else 'off'}")
        self.stream_on = on

    def end(self) -> None:
        for worker in self.extra:
            for _, process in family("", worker.pid):
                process.kill()
            worker.wait()
        self.platform.end()

    # --- how it stands ---------------------------------------------------------------------------------------

    def query(self, sql: str) -> list[tuple[Any, ...]] | None:
        """The rows, or None while PostgreSQL is away."""
        try:
            return self.platform.rows(sql)
        except Exception:
            return None

    def counted(self) -> int:
        """How many rows have their outcome."""
        rows: list[tuple[int]] = eventually(lambda: self.query(COUNTED), "the database is back")
        return rows[0][0]

    def absent(self) -> int:
        """How many products were found absent by whole catalogs and are retired."""
        rows: list[tuple[int]] = eventually(lambda: self.query(ABSENT), "the database is back")
        return rows[0][0]

    def between_slices(self) -> bool:
        """Whether a whole catalog is in the middle of retiring what it lacks; files are sent until one is."""
        self.keep_coming()
        try:
            return self.platform.waits(SLICES)
        except psycopg.OperationalError:
            return False

    def in_the_middle(self, counted: int) -> bool:
        """Whether so many rows have their outcome, and others are still owed one; files are sent until it is so."""
        self.keep_coming()
        return bool(self.query(f"SELECT 1 FROM ({COUNTED}) c (rows) WHERE rows >= {counted} AND EXISTS ({UNSETTLED})"))

    def settled(self) -> bool:
        """Whether every record has its outcome, every upload has ended, DynamoDB knows it, and nothing is in doubt."""
        self._decide()
        if any(self.query(sql) != [] for sql in (OPEN, OWED, GAPS, HELD_BACK, WITHHELD)):
            return False
        stream = self.platform.dynamodb().describe_table(TableName="UploadRecords")["Table"]["LatestStreamArn"]
        trusted = "SELECT 1 FROM table_streams WHERE doubted_at IS NULL AND continuous_since IS NOT NULL"
        return bool(self.query(f"{trusted} AND stream_arn = '{stream}'")) and not self._waiting()

    def _waiting(self) -> bool:
        return any(item.get("status", "pending_validation") == "pending_validation" for item in self._scan())

    def outcome(self) -> dict[str, Any]:
        """All that is compared, the statuses in DynamoDB included."""
        compared: dict[str, Any] = {name: self.platform.rows(sql) for name, sql in COMPARED.items()}
        names = dict(self.platform.rows("SELECT upload_id, file_name FROM upload_history WHERE source = 'file'"))
        compared["statuses"] = sorted(
            (
                names.get(upload := item["upload_id"], upload),
                item["record_id"],
                item["status"],
                item.get("error_reason", "").replace(upload, "its id"),
            )
            for item in self._scan()
        )
        return compared

    def _scan(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self.platform.table().scan(
                ProjectionExpression="upload_id, record_id, #s, error_reason",
                ExpressionAttributeNames={"#s": "status"}, ConsistentRead=True, **start,
            )  # fmt: skip
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def family(name: str, pid: int) -> list[tuple[str, psutil.Process]]:
    """A process and all below it, by kind; none where it isn't running."""
    try:
        parent = psutil.Process(pid)
        return [(name, parent), *((f"{name}'s child", child) for child in parent.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []

"""The whole platform with real processes in a folder of its own, held where it must not go on, and waited for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import psycopg

from config.embedded import processes
from tests.services import copy_prepared
from uploads.feed.sample import write_feed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DEADLINE_SECONDS = 180
LOCK_SECONDS = 5
# As config/embedded/__main__.py, which can't be asked for the one without the other.
START = """
import os
import environ
from config.embedded import processes, services
environ.Env.read_env(processes.ROOT / ".env")
os.umask(processes.PRIVATE_UMASK)
services.{}()
"""

# Holds are advisory locks of these classes, so that the vendors' own (of one key, not of two) aren't taken for some:
# where batches count rows, and where whole catalogs count what they lack.
ROWS, SLICES = 1, 2
_COUNTS = {ROWS: "total_records", SLICES: "absent_records"}
WAIT_WHERE_HELD = "".join(
    f"""
    CREATE OR REPLACE FUNCTION wait_where_held_{held}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared({held}, objid::int)
           FROM pg_locks
          WHERE locktype = 'advisory' AND objsubid = 2 AND classid = {held} AND mode = 'ExclusiveLock' AND granted
            AND objid::bigint <= (SELECT sum({counter}) FROM upload_history);
        RETURN NULL;
    END $$;
    CREATE TRIGGER wait_where_held_{held} BEFORE UPDATE OF {counter} ON upload_history
        FOR EACH STATEMENT EXECUTE FUNCTION wait_where_held_{held}();
    """
    for held, counter in _COUNTS.items()
)


class Platform:
    """A set of services, worker and beat of its own, driven by the commands that people type."""

    def __init__(self, folder: Path, table_at: str = "") -> None:
        """In that folder; with the table on another endpoint than the embedded one where `table_at` has its URL."""
        self.folder = folder
        self.env = {**os.environ, "EMBEDDED_DIR": str(folder)}
        if table_at:
            self.env |= {"AWS_ENDPOINT_URL_DYNAMODB": table_at, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": table_at}
        self._table_at = table_at
        self._staying: subprocess.Popen[str] | None = None
        self._prepared = False

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT, env=self.env, capture_output=True, text=True, check=False
        )

    def manage(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status and output of a command, by a `manage.py` that stays for the next one.

        It fails where it waits for a lock: whoever holds the platform (`held`) and waits for it would wait for itself.
        """
        if self._staying is None:
            self._staying = subprocess.Popen(
                [sys.executable, "-m", "tests.staying"], cwd=processes.ROOT, text=True,
                env=self.env | {"PGOPTIONS": f"-c lock_timeout={LOCK_SECONDS}s"},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        assert self._staying.stdin
        assert self._staying.stdout
        print(json.dumps(arguments), file=self._staying.stdin, flush=True)
        status, out, err = json.loads(self._staying.stdout.readline())
        return status, out, err

    def up(self) -> None:
        """What `config.embedded up` comes to. The first time `manage` prepares it, whose process stays; later, what
        was prepared is left as it is. To start a Django for that takes longer than all else here.
        """
        self._copy_prepared()
        self._start("start_backing")
        if not self._prepared:
            status, out, err = self.manage("prepare")
            assert status == 0, f"{status}: {out}{err}"
            self._prepared = True
        self._start("start_application")

    def up_as_typed(self) -> None:
        """By the command that people type."""
        self._copy_prepared()
        done = self.python("-m", "config.embedded", "up")
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
        self._prepared = True

    def _copy_prepared(self) -> None:
        if not (self.folder / "services.json").exists() and "DATABASE_URL" not in self.env:
            copy_prepared(self.folder)

    def _start(self, what: str) -> None:
        done = self.python("-c", START.format(what))
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"

    def down(self) -> None:
        done = self.python("-m", "config.embedded", "down")
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"

    def end(self) -> None:
        """Kill all of it: nobody needs what a proper end would save. PostgreSQL is let remove its shared memory."""
        if self._staying is not None:
            self._staying.kill()
            self._staying.communicate()
        with suppress(FileNotFoundError):
            for name in reversed(self.state):
                self.kill(name, signal.SIGQUIT if name == "postgres" else signal.SIGKILL, with_children=True)

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "services.json").read_text())
        return state

    def family(self, name: str) -> list[psutil.Process]:
        """The process and all below it; none where it isn't running."""
        try:
            process = psutil.Process(self.state[name]["pid"])
            return [process, *process.children(recursive=True)]
        except (KeyError, psutil.NoSuchProcess):
            return []

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL, *, with_children: bool = False) -> None:
        """SIGKILL, as the kernel does it when memory runs out: no chance to clean up."""
        family = self.family(name)
        for process in family if with_children else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(by)
        alive = processes.await_end(family if with_children else family[:1], 30)
        assert alive == [], f"{name} lives on"

    @property
    def url(self) -> str:
        known = self.state["postgres"]
        return f"postgresql://app:{known['password']}@127.0.0.1:{known['port']}/onboarding"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    @contextmanager
    def held(self, settled: int, what: int = ROWS) -> Iterator[Callable[[], bool]]:
        """Until the block ends, a batch waits before it counts rows where so many are counted already; or, of SLICES,
        a whole catalog before it counts absent products.

        So a test that sees them counted knows that the platform is in the middle, however late it looks. Everything
        else goes on: what waits has done all that a batch does before, in a transaction that is still open. Yields
        the question whether the hold still holds, which it doesn't once PostgreSQL was killed.
        """
        holder = eventually(lambda: self._holder(settled, what), "PostgreSQL takes the hold")

        def holds() -> bool:
            try:
                return bool(holder.execute("SELECT 1").fetchall())
            except psycopg.OperationalError:
                return False

        try:
            yield holds
        finally:
            holder.close()

    def _holder(self, settled: int, what: int) -> "psycopg.Connection[Any] | None":
        """A connection that has the lock; None while PostgreSQL is away, or recovers from the crash of a process."""
        try:
            holder = psycopg.connect(self.url, autocommit=True)
            if not holder.execute(f"SELECT 1 FROM pg_trigger WHERE tgname = 'wait_where_held_{ROWS}'").fetchall():
                holder.execute(WAIT_WHERE_HELD)
            holder.execute(f"SELECT pg_advisory_lock({what}, {settled})")
        except psycopg.OperationalError:
            return None
        return holder

    def waits(self, what: int = ROWS) -> bool:
        """Whether a batch, or a whole catalog, waits where the platform is held."""
        return bool(self.rows(f"SELECT 1 FROM pg_locks WHERE NOT granted AND objsubid = 2 AND classid = {what}"))

    def table(self) -> Any:
        return self._boto3("resource").Table("UploadRecords")

    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._boto3("client")
        return client

    def _boto3(self, kind: str) -> Any:
        """With the key that the platform's processes use: DynamoDB Local has a database for each."""
        return getattr(boto3, kind)(
            "dynamodb",
            endpoint_url=self._table_at or f"http://127.0.0.1:{self.state['aws']['port']}",
            region_name="us-east-1",
            aws_access_key_id=self.state["aws"]["key"],
            aws_secret_access_key=self.state["aws"]["key"],
        )


def sample_feed(path: Path, rows: int, vendor_id: str, seed: int = 1) -> None:
    """The file that `manage.py generate_feed` writes, without the seconds that a process takes to start."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write_feed(file, rows, vendor_id, 0.05, seed)


def eventually(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait until the condition holds; the deadline is only there so that a failure ends."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.1)
    return result

"""The whole platform with real processes in a folder of its own, and waiting for what it does."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg

from config.embedded import processes
from uploads.feed.sample import write_feed

DEADLINE_SECONDS = 180


class Platform:
    """A set of services, worker and beat of its own, driven by the commands that people type."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "EMBEDDED_DIR": str(folder)}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT, env=self.env, capture_output=True, text=True, check=False
        )

    def up(self) -> None:
        done = self.python("-m", "config.embedded", "up")
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        self.python("-m", "config.embedded", "down")

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "services.json").read_text())
        return state

    def kill(self, name: str) -> None:
        """SIGKILL, as the kernel does it when memory runs out: no chance to clean up."""
        process = psutil.Process(self.state[name]["pid"])
        process.kill()
        process.wait(10)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        known = self.state["postgres"]
        url = f"postgresql://app:{known['password']}@127.0.0.1:{known['port']}/onboarding"
        with psycopg.connect(url) as connection:
            return connection.execute(sql).fetchall()

    def table(self) -> Any:
        return boto3.resource(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{self.state['aws']['port']}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        ).Table("UploadRecords")


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

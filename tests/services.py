"""Starts real services for a test run, before Django's settings are read; loaded by pytest's `-p`.

Each run has a folder and services of its own, so that runs beside each other, and a running demo, aren't disturbed.
With DATABASE_URL, REDIS_URL and AWS_ENDPOINT_URL set, those are used instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config import embedded, processes

VAR = processes.ROOT / "var"


def _own_folder() -> Path:
    return VAR / f"test-{os.getpid()}"


def _remove(folder: Path) -> None:
    os.environ["EMBEDDED_DIR"] = str(folder)
    embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _abandoned() -> Iterator[Path]:
    """Folders of runs that were killed before they could clean up."""
    for folder in VAR.glob("test-*"):
        pid = folder.name.removeprefix("test-").split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            yield folder


for _folder in _abandoned():
    _remove(_folder)
os.environ["EMBEDDED_DIR"] = str(_own_folder())
os.environ["STAFF_NEEDS_TOTP"] = "0"  # on whatever database; the tests of it turn it on
embedded.start_backing()


def pytest_unconfigure(config: pytest.Config) -> None:
    _remove(_own_folder())

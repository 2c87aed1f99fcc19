"""Starts real services for a test run, before Django's settings are read; loaded by pytest's `-p`.

Each run has a folder and services of its own, so that runs beside each other, and a running demo, aren't disturbed.
With `-n`, so has each worker; the process that only hands out the tests has none.
With DATABASE_URL, REDIS_URL and AWS_ENDPOINT_URL set, those are used instead.

With `--quick` it starts PostgreSQL alone, for the tests that need no more (tests/conftest.py says which those are).
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import postgres, processes, services
from tests.absent import Absent

VAR = processes.ROOT / "var"


def _own_folder() -> Path:
    return VAR / f"test-{os.getpid()}"


def _remove(folder: Path) -> None:
    os.environ["EMBEDDED_DIR"] = str(folder)
    services.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _start() -> None:
    if "postgres" in services.start_backing():
        _write_lazily()


def _start_postgres() -> None:
    if not os.environ.get("DATABASE_URL"):
        postgres.start()
        _write_lazily()


def _write_lazily() -> None:
    """Let PostgreSQL wait for no disk: what a test leaves needn't survive the machine, and emptying tables is slow."""
    with psycopg.connect(services.database_url(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def _abandoned() -> Iterator[Path]:
    """Folders of runs that were killed before they could clean up."""
    for folder in VAR.glob("test-*"):
        pid = folder.name.removeprefix("test-").split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            yield folder


def _remove_abandoned() -> None:
    for folder in _abandoned():
        _remove(folder)


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="run only the tests that need no service but PostgreSQL, and start no other",
    )


@pytest.hookimpl(wrapper=True)  # these come before all others, pytest-django's reading of the settings included
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    if not _is_worker():
        _remove_abandoned()
    os.environ["EMBEDDED_DIR"] = str(_own_folder())
    os.environ["STAFF_NEEDS_TOTP"] = "0"  # on whatever database; the tests of it turn it on
    os.environ["PRODUCTION"] = "0"  # the same
    for name in ("PREVIEWS_OF_PERSON", "PREVIEWS_OF_VENDOR"):  # no test is to be kept from one by those before it
        os.environ[name] = str(10**6)
    known = early_config.known_args_namespace
    if _is_worker() or not getattr(known, "numprocesses", None):
        if known.quick:
            early_config.pluginmanager.register(Absent())
            _start_postgres()
        else:
            _start()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """A worker that has said that it is done is given few seconds, so its services stop before."""
    if _is_worker():
        _remove(_own_folder())


def pytest_unconfigure() -> None:
    _remove(_own_folder())
    if not _is_worker():
        _remove_abandoned()  # workers that didn't get so far

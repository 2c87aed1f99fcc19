"""Starts real services for a test run, before Django's settings are read; loaded by pytest's `-p`.

Each run has a folder and services of its own, so that runs beside each other, and a running demo, aren't disturbed.
With `-n`, so has each worker; the process that only hands out the tests has none.
With DATABASE_URL, REDIS_URL and AWS_ENDPOINT_URL set, those are used instead.

A platform of a test's own (live.py) begins with a copy of a data folder whose PostgreSQL is migrated and has the first
data: `copy_prepared`. What `prepare` finds done it doesn't do again, so it comes to where a fresh platform comes to,
without the seconds that initdb, all migrations and the hashing of the demo's passwords take each time. A worker's
PostgreSQL begins with it too: in it is a second database, MIGRATED, without the first data, which becomes the tests'.

With `--quick` it starts PostgreSQL alone, for the tests that need no more (tests/conftest.py says which those are).
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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


def _start(*, postgres_alone: bool) -> None:
    if os.environ.get("DATABASE_URL"):
        if not postgres_alone:
            services.start_backing()
        return
    if _is_worker():
        copy_prepared(_own_folder(), ("postgres", "services.json"))
    if postgres_alone:
        postgres.start()
    else:
        services.start_backing()
    _write_lazily()
    if _is_worker():
        _take_migrated()


def _take_migrated() -> None:
    """Give the migrated database the name under which pytest-django looks for it."""
    name = f"test_{services.database_url().rpartition('/')[2]}_{os.environ['PYTEST_XDIST_WORKER']}"
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {MIGRATED} RENAME TO {name}")


def _server() -> str:
    return f"{services.database_url().rpartition('/')[0]}/postgres"


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
    parser.addoption("--count-core", action="store_true", help="with --cov: count only in the core's own tests")


@pytest.hookimpl(wrapper=True)  # these come before all others, pytest-django's reading of the settings included
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    if not _is_worker():
        _remove_abandoned()
    # As `manage.py` leaves it: were it closed only later, PostgreSQL's user, as root starts it, would be shut out then.
    processes.private(VAR)
    os.environ["EMBEDDED_DIR"] = str(_own_folder())
    os.environ["STAFF_NEEDS_TOTP"] = "0"  # on whatever database; the tests of it turn it on
    os.environ["PRODUCTION"] = "0"  # the same
    for name in ("PREVIEWS_OF_PERSON", "PREVIEWS_OF_VENDOR"):  # no test is to be kept from one by those before it
        os.environ[name] = str(10**6)
    known = early_config.known_args_namespace
    if _is_worker() or not getattr(known, "numprocesses", None):
        if known.quick:
            early_config.pluginmanager.register(Absent())
        _start(postgres_alone=known.quick)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """A worker that has said that it is done is given few seconds, so its services stop before."""
    if _is_worker():
        _remove(_own_folder())


def pytest_unconfigure() -> None:
    _remove(_own_folder())
    if not _is_worker():
        remove_prepared()
        _remove_abandoned()  # workers that didn't get so far


# --- a platform of a test's own --------------------------------------------------------------------------------

# What belongs to the database; services.json has its password. Table, bucket and ports are each platform's own.
PREPARED: Final = ("postgres", "secret-key", "demo-logins.json", "services.json")
MIGRATED: Final = "migrated"


def is_migrated() -> bool:
    """Whether the tests' database was made from the prepared one."""
    return _is_worker() and not os.environ.get("DATABASE_URL")


def _prepared() -> Path:
    """All workers of a run share it. Its name has the process that hands out the tests, which removes it."""
    run = os.getppid() if _is_worker() else os.getpid()
    return VAR / f"test-{run}-prepared"


def copy_prepared(place: Path, names: tuple[str, ...] = PREPARED) -> None:
    """Make a new platform's data folder. PostgreSQL's user owns its files there too."""
    made = _prepared() / "made"
    with processes.private(_prepared()).joinpath("turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # the first makes it, the others wait
        if not made.exists():
            _make(_prepared() / "making")
            (_prepared() / "making").rename(made)
    processes.private(place)
    subprocess.run(["cp", "-a", *(str(made / name) for name in names), str(place)], check=True)


def remove_prepared() -> None:
    shutil.rmtree(_prepared(), ignore_errors=True)


def _make(place: Path) -> None:
    """In a process of its own, since this one's Django has another database."""
    env = {**os.environ, "EMBEDDED_DIR": str(place)}
    subprocess.run([sys.executable, "-m", "tests.services"], cwd=processes.ROOT, env=env, check=True)
    password = json.loads((place / "services.json").read_text())["postgres"]["password"]
    (place / "services.json").write_text(json.dumps({"postgres": {"password": password}}))


def _prepare() -> None:
    """Do in the folder that EMBEDDED_DIR names what `prepare` does in PostgreSQL."""
    import django  # only here, since it reads its settings from what is running
    from django.core.management import call_command
    from django.db import connection

    postgres.start()
    try:
        django.setup()
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            call_command("migrate", verbosity=0)
            connection.close()  # of what others use no copy is made
            with psycopg.connect(_server(), autocommit=True) as server:
                server.execute(f"CREATE DATABASE {MIGRATED} TEMPLATE {services.database_url().rpartition('/')[2]}")
            call_command("createcachetable", verbosity=0)
            call_command("seed_categories", stdout=nowhere)
            call_command("seed_demo", stdout=nowhere)
    finally:
        services.stop()


if __name__ == "__main__":
    _prepare()

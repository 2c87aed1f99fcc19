"""The services that are measured on: a set of their own in a folder of their own, and how runs find them alike."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import environ

from config.embedded import processes, services

# What would make the platform use somebody else's services: a bench empties tables.
ELSEWHERE = ("DATABASE_URL", "REDIS_URL", *services.AWS_ELSEWHERE)
TABLES = "products, record_outcomes, validation_errors, open_values, shared_values, upload_history"


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """PostgreSQL, Redis and the AWS endpoint up, prepared, and Django set up on them; all gone at the end."""
    # Empty counts as not set, and keeps what a .env file says from taking its place.
    os.environ.update(dict.fromkeys(ELSEWHERE, ""), EMBEDDED_DIR=str(folder), DJANGO_SETTINGS_MODULE="config.settings")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        services.start_backing()
        _set_up()
        yield
    finally:
        # A second Ctrl-C while stopping would leave processes behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        services.stop()


@contextmanager
def database() -> Iterator[None]:
    """The configured database, or the embedded one, migrated; stopped at the end if it was started here.

    Neither worker nor beat is started: nothing works on what is filled in while it is measured.
    """
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    environ.Env.read_env(processes.ROOT / ".env")
    started = services.start_backing()
    try:
        django.setup()
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            call_command("prepare", stdout=nowhere)
        yield
    finally:
        services.stop(started)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _set_up() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    from config.celery import spare_what_stays

    django.setup()
    assert settings.EMBEDDED_DATABASE, "a bench runs on services of its own only"
    assert settings.EMBEDDED_AWS, "a bench runs on services of its own only"
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        call_command("prepare", stdout=nowhere)
    spare_what_stays()  # as in each of the workers' processes


@contextmanager
def workers() -> Iterator[None]:
    """Worker and beat, beside what runs."""
    from config.celery import app

    app.control.purge()  # wake-ups that nobody was there to take
    services.start_application()
    try:
        yield
    finally:
        services.stop(["worker", "beat"])


def fresh_endpoint() -> None:
    """The AWS endpoint started anew and empty: it keeps what it has in memory, deleted tables' streams too."""
    from uploads.aws import dynamo, storage

    services.stop(["aws"])
    shutil.rmtree(processes.data_dir() / "aws", ignore_errors=True)
    services.start_backing()
    dynamo.create_table("PAY_PER_REQUEST", 0)
    dynamo.await_table(_active)
    storage.ensure_bucket()


def fresh_table() -> None:
    """The table without records, and with a new stream."""
    from uploads.aws import dynamo

    with suppress(dynamo.TableMissing):
        dynamo.delete_table()
    dynamo.create_table("PAY_PER_REQUEST", 0)
    dynamo.await_table(_active)


def _active(table: dict[str, Any]) -> bool:
    return bool(table["TableStatus"] == "ACTIVE")


def fresh_database() -> None:
    """No products, no uploads, no ledger; vendors and categories stay."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")


def settle_database() -> None:
    """What an earlier run left for the database to do is done now, so that no later run pays for it."""
    from django.db import ProgrammingError, connection

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {TABLES}")
        with suppress(ProgrammingError):  # not everybody may, on a server of somebody else's
            cursor.execute("CHECKPOINT")

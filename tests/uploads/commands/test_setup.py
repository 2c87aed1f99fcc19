"""verify_setup tells what is in place and what is missing, and prepare puts it there."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from catalog.models import ProductCategory
from config.celery import app
from tests.faults.scripted import image
from tests.uploads.commands.ended import Run
from uploads.aws import client, dynamo, expiry, shape
from uploads.management.commands import verify_setup
from uploads.models import ServiceOutage, UpkeepStep
from uploads.pipeline import shards
from uploads.pipeline.table import continuity, scan
from uploads.work import steps
from vendors.models import Vendor

# --- verify_setup ----------------------------------------------------------------------------------------------


@pytest.fixture
def ready(
    vendor: Vendor, other_vendor: Vendor, categories: None, table: str, bucket: None, broker: None, answering: None
) -> None:
    """A platform with everything in place."""
    Vendor.objects.create(vendor_id="VEND003", vendor_name="Casa", email="c@example.com")
    shards.discover()
    scan.go_on()


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that takes all queues, played by its answers."""
    monkeypatch.setattr(app.control, "ping", lambda **_: [{"worker@here": {"ok": "pong"}}])
    _take(monkeypatch, verify_setup.QUEUES)


def _take(monkeypatch: pytest.MonkeyPatch, queues: set[str]) -> None:
    taken = {"worker@here": [{"name": name} for name in queues]} if queues else None
    monkeypatch.setattr(app.control, "inspect", lambda **_: SimpleNamespace(active_queues=lambda: taken))


def test_verify_setup_ticks_everything_that_is_in_place(ready: None, run: Run) -> None:
    done = run("verify_setup")
    lines = done.out.splitlines()
    assert [text for text in lines if not text.startswith("✓ ")] == []
    assert (done.status, done.err, len(lines)) == (0, "", 21)
    for text in ("✓ 5 tables", "✓ 3 views", "✓ 3 sample vendors", "✓ 20 product categories", "✓ VendorIndex is ACTIVE"):
        assert text in lines


def test_verify_setup_gives_programs_the_same_list(ready: None, run: Run) -> None:
    answer = json.loads(run("verify_setup", "--json").out)
    assert answer["ok"] is True
    assert len(answer["checks"]) == 21
    assert answer["checks"][0] == {"check": "PostgreSQL is reachable", "ok": True, "problem": "", "remedy": ""}


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


MISSING: dict[str, tuple[Callable[[], object], str, str]] = {
    "Indexes": (lambda: _sql("DROP INDEX idx_products_search"), "missing: idx_products_search", verify_setup.MIGRATE),
    "Triggers that keep updated_at": (
        lambda: _sql("DROP TRIGGER products_set_updated_at ON products"),
        "missing: products_set_updated_at",
        verify_setup.MIGRATE,
    ),
    "3 views": (lambda: _sql("DROP VIEW recent_uploads"), "missing: recent_uploads", verify_setup.MIGRATE),
    "5 tables": (lambda: _sql("DROP TABLE validation_errors"), "missing: validation_errors", verify_setup.MIGRATE),
    "Every migration of this version was run": (
        lambda: _sql("DELETE FROM django_migrations WHERE (app, name) = ('uploads', '0020_desk')"),
        "to run: uploads.0020_desk",
        verify_setup.MIGRATE,
    ),
    "3 sample vendors": (
        lambda: Vendor.objects.get(vendor_id="VEND003").delete(), "2 vendors", "Run: manage.py seed_demo",
    ),
    "20 product categories": (
        lambda: _sql("DELETE FROM product_categories WHERE category_name = 'Books'"),
        "19 categories",
        "Run: manage.py seed_categories",
    ),
}  # fmt: skip


def test_verify_setup_crosses_a_worker_that_does_not_answer(
    ready: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.control, "ping", lambda **_: [])
    assert "\n✗ A worker answers: no worker answers\n    Run: make up\n" in run("verify_setup").out


@pytest.mark.parametrize(
    ("taken", "said"),
    [({"staging", "upkeep", "jobs"}, "nobody takes stream"), (set(), "nobody takes jobs, staging, stream, upkeep")],
)
def test_verify_setup_crosses_a_queue_that_no_worker_takes(
    ready: None, run: Run, monkeypatch: pytest.MonkeyPatch, taken: set[str], said: str
) -> None:
    _take(monkeypatch, taken)
    assert f"\n✗ Every queue has a worker: {said}\n    Run: make up\n" in run("verify_setup").out


@override_settings(PRODUCTION=True)
def test_nobody_is_told_to_make_up_a_deployment(ready: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _take(monkeypatch, set())
    shown = run("verify_setup").out
    assert verify_setup.START[verify_setup.UP] in shown
    assert f"    {verify_setup.UP}" not in shown


@pytest.mark.parametrize("check", MISSING)
def test_verify_setup_crosses_what_is_missing_with_its_remedy(ready: None, run: Run, check: str) -> None:
    spoil, problem, remedy = MISSING[check]
    spoil()
    done = run("verify_setup")
    lines = done.out.splitlines()
    crosses = [number for number, text in enumerate(lines) if not text.startswith("✓ ")]
    assert done.status == 1
    assert [lines[number] for number in crosses] == [f"✗ {check}: {problem}", f"    {remedy}"]

    answer = json.loads(run("verify_setup", "--json").out)
    assert answer["ok"] is False
    assert [row for row in answer["checks"] if not row["ok"]] == [
        {"check": check, "ok": False, "problem": problem, "remedy": remedy}
    ]


def test_verify_setup_says_where_records_have_dates_that_nobody_keeps(table: str, settings: Any) -> None:
    assert verify_setup._expiry() == "", "nothing is to be deleted"
    settings.KEEP_RECORDS_DAYS = 30
    assert verify_setup._expiry() == "the table doesn't delete by expires_at"
    expiry.turn_on()
    assert verify_setup._expiry() == ""


@override_settings(UPLOAD_RECORDS_TABLE="Nowhere")
def test_verify_setup_misses_a_table_of_dynamodb_with_its_stream_and_indexes(
    db: None, aws: None, broker: None, answering: None, run: Run
) -> None:
    answer = json.loads(run("verify_setup", "--json").out)
    wrong = [row for row in answer["checks"] if "Nowhere doesn't exist" in row["problem"]]
    assert [row["check"].split()[0] for row in wrong] == [
        "DynamoDB", "Its", "Records", "No", "VendorIndex", "StatusIndex",
    ]  # fmt: skip


def test_verify_setup_crosses_a_stream_that_shows_something_else(
    db: None, answering: None, broker: None, run: Run, no_table: str
) -> None:
    client.dynamodb().create_table(
        TableName=no_table, BillingMode="PAY_PER_REQUEST", KeySchema=shape.keys("upload_id", "record_id"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("upload_id", "record_id")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )  # fmt: skip
    shown = run("verify_setup").out
    assert "✗ Its stream is enabled with NEW_IMAGE: the view type is KEYS_ONLY" in shown
    assert "--stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE" in shown
    assert f"✗ VendorIndex is ACTIVE: VendorIndex is missing\n    {verify_setup.INDEX}" in shown


def test_verify_setup_tells_a_table_of_another_program_from_ours(
    db: None, answering: None, broker: None, run: Run, no_table: str
) -> None:
    client.dynamodb().create_table(
        TableName=no_table, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "upload_id", "AttributeType": "S"}],
    )  # fmt: skip
    shown = run("verify_setup").out
    assert "its keys are upload_id, not upload_id and record_id: it is another program's\n    Run: manage.py" in shown
    assert "set UPLOAD_RECORDS_TABLE" in shown


def test_verify_setup_tells_what_may_be_unseen_and_what_waits(ready: None, run: Run) -> None:
    old = {"created_at": {"S": "2020-01-01T00:00:00.000Z"}}
    dynamo.put_records([image(1) | old, image(2) | old])
    continuity.doubt(dynamo.stream_arn(), "Gap in shard s1: gone.")
    shown = run("verify_setup").out
    assert "✗ Nothing that was put into the table is unseen: Gap in shard s1: gone." in shown
    assert "✗ No record waits for more than 15 minutes: 2 have waited since 2020-01-01T00:00:00.000Z" in shown
    assert "is being read" not in shown, "the last reading has ended, and none has begun"
    assert "reconcile --table" in shown
    scan.go_on(pause=0)
    assert run("verify_setup").status == 0


def test_verify_setup_crosses_a_missing_bucket(ready: None, run: Run, settings: Any) -> None:
    settings.UPLOAD_BUCKET = "no-such-bucket"
    assert (
        "✗ The bucket for files exists: the bucket doesn't exist\n    Run: manage.py prepare" in run("verify_setup").out
    )


def test_verify_setup_says_what_workers_miss_since_when_and_what_to_do(ready: None, run: Run) -> None:
    ServiceOutage.objects.create(
        service="DynamoDB", reason="DynamoDB refuses the credentials: expired. Renew them.",
        began_at="2026-03-01T12:34:00Z",
    )  # fmt: skip
    done = run("verify_setup")
    assert done.status == 1
    assert done.out.endswith(
        "\n✗ Workers miss no service: DynamoDB since 12:34: DynamoDB refuses the credentials: expired"
        "\n    Renew them.\n"
    )


def test_verify_setup_says_which_step_of_the_schedule_fails_with_what_and_which_nobody_does(
    ready: None, run: Run
) -> None:
    now = timezone.now()
    UpkeepStep.objects.create(name=steps.FINISH, well_at=now, failing_since=now, failed_at=now, failure="KeyError")
    UpkeepStep.objects.create(name=steps.STAGE, well_at=now - timedelta(hours=1))
    said = f"{steps.FINISH} (KeyError); {steps.STAGE} (not done on time)"
    assert f"✗ Each step of the schedule goes well: {said}\n    {verify_setup.SCHEDULE}\n" in run("verify_setup").out


def test_verify_setup_asks_a_deployment_for_its_settings_and_not_for_sample_vendors(
    ready: None, run: Run, settings: Any
) -> None:
    Vendor.objects.all().delete()
    settings.PRODUCTION, settings.HTTPS = True, False
    shown = run("verify_setup").out
    assert "✗ The settings are those of a deployment: " in shown
    assert "HTTPS is off" in shown
    assert "sample vendors" not in shown
    assert "seed_demo" not in shown


def test_verify_setup_leaves_out_what_the_settings_say_is_as_meant(ready: None, run: Run, settings: Any) -> None:
    """As `check --deploy` does."""
    settings.PRODUCTION, settings.HTTPS = True, False
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "security.W101"]
    shown = run("verify_setup").out
    assert "HTTPS is off" not in shown
    assert "SECURE_HSTS_PRELOAD" not in shown


def test_a_check_that_fails_without_a_word_is_crossed_by_the_name_of_its_error() -> None:
    def silent() -> str:
        raise TimeoutError

    assert verify_setup._look(verify_setup.Check("x", silent, "Try again.")) == ("TimeoutError", "Try again.")


# --- prepare ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(db: None, no_table: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Neither table nor bucket, and a folder for the logins."""
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.UPLOAD_BUCKET = f"prepare-{uuid.uuid4().hex}"
    return settings


def test_prepare_brings_fresh_services_to_where_the_platform_can_run_and_changes_nothing_again(
    fresh: Any, run: Run
) -> None:
    fresh.EMBEDDED_DATABASE = True
    first = run("prepare").out.splitlines()
    assert first[0] == "20 categories added, 20 in all."
    assert first[1].startswith("3 vendors. Logins: admin / ")
    table, bucket = fresh.UPLOAD_RECORDS_TABLE, fresh.UPLOAD_BUCKET
    assert first[2:] == [f"Table {table} created.", f"Bucket {bucket} created."]
    ProductCategory.objects.filter(category_name="Books").delete()
    again = run("prepare").out.splitlines()
    assert again == [first[1], f"Table {table} is there.", f"Bucket {bucket} is there."]
    assert ProductCategory.objects.count() == 19, "what staff removed stays removed"


def test_prepare_makes_no_demo_logins_in_a_database_of_somebodys_own_unless_asked(fresh: Any, run: Run) -> None:
    fresh.EMBEDDED_DATABASE = False
    assert "Logins" not in run("prepare").out
    assert not Vendor.objects.exists()
    assert "3 vendors. Logins: admin / " in run("prepare", "--demo").out

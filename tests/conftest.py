"""What many tests start from: vendors, categories, a table of their own, and the pipeline driven step by step."""

import io
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from whitenoise.middleware import WhiteNoiseMiddleware

from config.celery import spare_what_stays
from tests import emptying
from tests.companies import Company, open_company
from tests.engine.endpoint import ENGINE, Engine
from tests.engine.local import Absent, Local
from tests.live import Platform
from tests.services import is_migrated
from tests.sharing import scheduler
from uploads.aws import dynamo, storage
from uploads.desk import waiting_count
from uploads.feed.parser import Reading
from uploads.models import Job, UploadHistory
from uploads.pipeline import finish, receive, stage, stream, writeback
from uploads.pipeline.guard import thresholds
from uploads.preview import trial
from uploads.work import jobs, outages
from vendors.models import Vendor

# Whatever else the machine does: no test is about time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What a test asks for when it needs more than PostgreSQL, itself or through other fixtures.
MORE_THAN_POSTGRESQL = {"aws", "broker", "real_processes", "browser"}
# The core's own tests: how a file is read, what a product must be, and how it gets into the catalog.
OF_THE_CORE = ("tests/catalog/", "tests/uploads/feed/")


@pytest.hookimpl(trylast=True)  # behind pytest-django, which puts the tests that empty tables last
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--quick`, only what needs no service but PostgreSQL stays.

    With workers (`-n`), what takes long comes first; alone, what is quick does.
    """
    if config.getoption("quick"):
        config.hook.pytest_deselected(items=[item for item in items if _needs_more_than_postgresql(item)])
        items[:] = [item for item in items if not _needs_more_than_postgresql(item)]
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: scheduler.rank(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return scheduler.scheduling(config, log)


def pytest_collection_finish() -> None:
    """As in the processes of a worker, what Django and the tests brought along isn't looked at for garbage any more."""
    spare_what_stays()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """With `--count-core`, lines are counted in the core's own tests only: others take 1.7 times as long with it."""
    coverage = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if coverage is None or not item.config.getoption("count_core"):
        return
    counts = item.nodeid.startswith(OF_THE_CORE)
    if counts and not coverage.started:
        coverage.resume()
    elif coverage.started and not counts:
        coverage.pause()


def _needs_more_than_postgresql(item: pytest.Item) -> bool:
    return not MORE_THAN_POSTGRESQL.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """What is migrated already isn't made anew."""
    return django_db_keepdb or is_migrated()


@pytest.fixture(scope="session")
def database_of_settings(django_test_environment: None) -> str:
    """The name of the database that is in use where no tests run."""
    return str(connection.settings_dict["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(database_of_settings: str, django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit empty the tables behind them (emptying.py), which the security log refuses: here it may be."""
    if connection.settings_dict["NAME"] == database_of_settings:
        return  # none of the tests that run asks for one: those in tests/schema make their own
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE security_log DISABLE TRIGGER security_log_stays")
        emptying.keep_what_migrations_made()
    # Types know neither.
    setattr(TransactionTestCase, "_fixture_teardown", emptying.empty)  # noqa: B010
    setattr(TransactionTestCase, "_should_reload_connections", emptying.has_to_connect_anew)  # noqa: B010


@pytest.fixture(scope="session", autouse=True)
def _static_files_found_once() -> Iterator[None]:
    """Each client that a test makes has middleware of its own, and to look for all static files takes longer than most
    pages: what the first one finds, all have.
    """
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much waits is asked for on every page: which of them it falls on says nothing about the page."""
    monkeypatch.setattr(waiting_count, "SECONDS", 0)


@pytest.fixture(autouse=True)
def no_outage() -> Iterator[None]:
    """What this process missed in a test is forgotten with the test's database."""
    yield
    outages._met.clear()
    outages._lost.clear()
    writeback._said.clear()


@pytest.fixture
def ours(vendor: Vendor) -> Company:
    """VEND001."""
    return open_company(vendor, "northwindish", 1)


@pytest.fixture
def theirs(other_vendor: Vendor) -> Company:
    """VEND002, of which nobody at VEND001 may see anything."""
    return open_company(other_vendor, "beckerish", 2)


@pytest.fixture
def admin_user(db: None) -> User:
    """Who pytest-django's admin_client is: without a password, since hashing one takes longer than most tests."""
    return User.objects.create_superuser("admin")


@pytest.fixture
def groups(db: None) -> None:
    """The groups of staff, as the migrations made them; emptying.py puts them back after each test that commits."""


@pytest.fixture
def vendor(db: None) -> Vendor:
    """An active vendor, VEND001."""
    return Vendor.objects.create(vendor_id="VEND001", vendor_name="Northwind", email="feeds@northwind.example")


@pytest.fixture
def other_vendor(db: None) -> Vendor:
    """A second active vendor, VEND002."""
    return Vendor.objects.create(vendor_id="VEND002", vendor_name="Becker", email="katalog@becker.example")


@pytest.fixture
def categories(db: None) -> None:
    """The 20 seeded categories."""
    call_command("seed_categories", stdout=io.StringIO())


@pytest.fixture(scope="session")
def aws() -> None:
    """The endpoint for DynamoDB, its streams and S3. Who talks to it asks for it, so that `--quick` knows."""


@pytest.fixture(scope="session")
def broker() -> None:
    """Redis. Who wakes workers asks for it, so that `--quick` knows."""


@pytest.fixture(scope="session")
def real_processes() -> None:
    """Services, worker and beat of the test's own. Who starts any asks for it, so that `--quick` knows."""


@pytest.fixture(scope="session")
def dynamodb_local(aws: None) -> Iterator[str]:
    """The address of AWS's DynamoDB Local, which is started for the first who asks."""
    try:
        local = Local()
    except Absent as reason:
        pytest.skip(f"AWS's DynamoDB Local can't be had: {reason}")
    yield local.url
    local.stop()


@pytest.fixture
def aws_engine(request: pytest.FixtureRequest, aws: None) -> Iterator[Engine]:
    """AWS's own engine in the place of the embedded DynamoDB: DynamoDB Local, or with ENGINE=aws a real account."""
    engine = Engine(None if ENGINE == "aws" else request.getfixturevalue("dynamodb_local"))
    with engine.used():
        yield engine


@pytest.fixture
def table(request: pytest.FixtureRequest, settings: Any, aws: None) -> Iterator[str]:
    """A DynamoDB table of the test's own. With ENGINE=local, every test has it on AWS's own engine."""
    if ENGINE:
        request.getfixturevalue("aws_engine")
    settings.UPLOAD_RECORDS_TABLE = f"UploadRecords-{uuid.uuid4().hex[:8]}"
    dynamo.create_table("PAY_PER_REQUEST", 0)
    dynamo.await_table(lambda found: found["TableStatus"] == "ACTIVE")
    yield settings.UPLOAD_RECORDS_TABLE
    dynamo.delete_table()


@pytest.fixture(scope="session")
def bucket(aws: None) -> None:
    """The bucket for files."""
    storage.ensure_bucket()


@pytest.fixture
def platform(tmp_path: Path, real_processes: None) -> Iterator[Platform]:
    """The whole platform with real processes, of the test's own."""
    platform = Platform(tmp_path / "platform")
    platform.up()
    yield platform
    platform.end()


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is held: for tests of files that nobody would let through."""
    monkeypatch.setattr(thresholds, "DEFAULTS", ())


@pytest.fixture
def pipeline(
    transactional_db: None,
    vendor: Vendor,
    categories: None,
    table: str,
    bucket: None,
    broker: None,
    monkeypatch: pytest.MonkeyPatch,
) -> "Pipeline":
    """The steps of the journey on real services, one after the other in this process."""
    monkeypatch.setattr(stream, "LINGER_SECONDS", 0.0)
    return Pipeline()


class Pipeline:
    """Drives uploads through the steps that workers take."""

    def send(
        self,
        text: str | bytes,
        vendor_id: str = "VEND001",
        name: str = "feed.csv",
        options: receive.Options | None = None,
        **answers: str,
    ) -> UploadHistory:
        """Step 1 for a file with this content, and with these answers to its questions."""
        content = text.encode() if isinstance(text, str) else text
        reading = Reading(answers=answers) if answers else None
        return receive.receive(
            io.BytesIO(content), name, vendor_id, reading=reading, options=options or receive.Options()
        )

    def run(
        self, text: str | bytes, vendor_id: str = "VEND001", options: receive.Options | None = None
    ) -> UploadHistory:
        """The whole journey of a file; returns its upload as it ended."""
        upload = self.send(text, vendor_id, options=options)
        self.stage(upload)
        self.settle()
        upload.refresh_from_db()
        return upload

    def guard(self, upload: UploadHistory) -> None:
        """The check before step 3, where it is due."""
        for job in Job.objects.filter(upload=upload, kind=Job.Kind.GUARD):
            while jobs.run(job.pk, {Job.Kind.GUARD: trial.step}):
                pass

    def stage(self, upload: UploadHistory) -> None:
        """Step 3 to its end, after the guard. Where it is too far ahead to go on, what is in the stream is consumed."""
        self.guard(upload)
        while (wait := stage.stage(upload.upload_id)) is not None:
            if wait:
                self.settle()
                self.end_pause(upload)

    def end_pause(self, upload: UploadHistory) -> None:
        """As if the seconds had passed until an upload that is too far ahead may be gone on with."""
        UploadHistory.objects.filter(pk=upload.pk).update(staging_expires_at=None)

    def settle(self) -> None:
        """Consume what is in the stream, and finish the uploads that are complete by then."""
        while stream.consume():
            pass
        for upload in UploadHistory.objects.filter(status="processing"):
            finish.finish(upload.upload_id)

"""The whole checklist: is everything that the platform needs there and as it should be?"""

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils.timezone import localtime

from catalog.models import ProductCategory
from config.celery import app
from config.health import migrations_to_run
from config.outages import explain
from uploads.aws import dynamo, expiry, storage
from uploads.aws.records import EXPIRES
from uploads.insight import operations
from uploads.pipeline.table import continuity, scan
from vendors import demo
from vendors.models import Vendor

TABLES = {"vendors", "products", "upload_history", "product_categories", "validation_errors"}
VIEWS = {"vendor_summary", "recent_uploads", "product_catalog"}
TRIGGERS = {"vendors_set_updated_at", "products_set_updated_at", "upload_history_set_updated_at"}
INDEXES = {
    "idx_vendors_email", "idx_vendors_status", "idx_products_vendor", "idx_products_category", "idx_products_sku",
    "idx_products_search",
}  # fmt: skip
MIGRATE = "Run: manage.py migrate"
CREATE = "Run: manage.py dynamodb create"
TABLE = f"{CREATE}; where another program has a table of this name, set UPLOAD_RECORDS_TABLE to another one"
STREAM = (
    "Turn it on: aws dynamodb update-table --table-name {} --stream-specification "
    "StreamEnabled=true,StreamViewType=NEW_IMAGE (another view type has to be turned off first)"
)
INDEX = "Add it to the table with aws dynamodb update-table, as docs/troubleshooting.md has it."
KEYS = ["upload_id", "record_id"]
READ = "A running worker reads the table by itself (make up); by hand: manage.py reconcile --table"


class Check(NamedTuple):
    """One line of the checklist. `look` returns what is wrong, or "" for all well; `remedy` is what to do."""

    name: str
    look: Callable[[], str]
    remedy: str


def _names(sql: str, wanted: set[str]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        missing = wanted - {row[0] for row in cursor.fetchall()}
    return f"missing: {', '.join(sorted(missing))}" if missing else ""


def _tables() -> str:
    return _names("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", TABLES)


def _views() -> str:
    return _names("SELECT viewname FROM pg_views WHERE schemaname = current_schema()", VIEWS)


def _triggers() -> str:
    return _names("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", TRIGGERS)


def _indexes() -> str:
    return _names("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()", INDEXES)


def _migrations() -> str:
    """Those of this version that weren't run: pages and workers fail where they need what these bring."""
    with connection.cursor() as cursor:
        missing = migrations_to_run(cursor)
    return f"to run: {', '.join(missing)}" if missing else ""


def _vendors() -> str:
    found = Vendor.objects.count()
    return "" if found >= 3 else f"{found} vendors"


def _categories() -> str:
    found = ProductCategory.objects.count()
    return "" if found >= 20 else f"{found} categories"


def _database() -> str:
    connection.ensure_connection()
    return ""


def _table() -> str:
    table = dynamo.describe_table()
    if (keys := [key["AttributeName"] for key in table["KeySchema"]]) != KEYS:
        return f"its keys are {' and '.join(keys)}, not {' and '.join(KEYS)}: it is another program's"
    return "" if table["TableStatus"] == "ACTIVE" else f"the table is {table['TableStatus']}"


def _stream() -> str:
    stream = dynamo.describe_table().get("StreamSpecification") or {}
    if not stream.get("StreamEnabled"):
        return "the stream is off"
    return "" if stream["StreamViewType"] == "NEW_IMAGE" else f"the view type is {stream['StreamViewType']}"


def _expiry() -> str:
    """Whether records go on their date, where they are given one."""
    on = expiry.is_on()
    return "" if on or not settings.KEEP_RECORDS_DAYS else f"the table doesn't delete by {EXPIRES}"


def _continuity() -> str:
    """Whether all that stands in the table is known to have been seen."""
    stream = continuity.current()
    if stream is None:
        return "the stream was never read, so nothing is known of what stands in the table"
    if stream.doubted_at is None:
        return ""
    reading = f" The table is being read: {stream.scan_examined:,} records so far." if stream.is_being_read else ""
    return f"{stream.doubt}{reading}"


def _waiting() -> str:
    """Records that have waited for minutes, among as many of the table as can be looked at in passing."""
    found = scan.glance()
    if not found.waiting:
        return ""
    of = "" if found.whole else f", of the first {found.examined:,} looked at"
    return f"{found.waiting:,} have waited since {found.oldest}{of}"


def _index(name: str) -> Callable[[], str]:
    def look() -> str:
        indexes = dynamo.describe_table().get("GlobalSecondaryIndexes") or []
        states = {index["IndexName"]: index["IndexStatus"] for index in indexes}
        return "" if states.get(name) == "ACTIVE" else f"{name} is {states.get(name, 'missing')}"

    return look


def _bucket() -> str:
    return "" if storage.bucket_exists() else "the bucket doesn't exist"


def _broker() -> str:
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=0, timeout=3)
    return ""


def _worker() -> str:
    return "" if app.control.ping(timeout=5.0, limit=1) else "no worker answers"


def _queues() -> str:
    """Queues that no worker takes: what is put into them stays there, while all other work goes on."""
    taken = {
        queue["name"]
        for worker in (app.control.inspect(timeout=2.0).active_queues() or {}).values()
        for queue in worker
    }
    missing = sorted(QUEUES - taken)
    return f"nobody takes {', '.join(missing)}" if missing else ""


def _outages() -> str:
    """What workers miss, whatever is found from here: their network and credentials may be others."""
    if away := operations.outages():
        said = [f"{outage.service} since {localtime(outage.began_at):%H:%M}: {outage.reason}" for outage in away]
        raise dynamo.Unavailable(" ".join(said))
    return ""


def _upkeep() -> str:
    """Steps of the schedule that fail, or that nobody does."""
    failing = [f"{step.name} ({step.failure})" for step in operations.upkeep_steps() if step.failing_since]
    late = [f"{step.name} (not done on time)" for step in operations.upkeep_steps() if operations.late(step)]
    return "; ".join(failing + late)


def _settings() -> str:
    """What Django and we would rather have otherwise in a deployment."""
    found = [one for one in run_checks(include_deployment_checks=True) if not one.is_silenced()]
    return "; ".join(str(one.msg).splitlines()[0] for one in found)


QUEUES = {settings.CELERY_TASK_DEFAULT_QUEUE, *(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())}
TELLING = dynamo.Unavailable | dynamo.TableMissing | storage.StorageUnavailable  # each ends with its remedy
UP = "Run: make up"
START = {
    UP: "Start it: docs/deploying.md has the processes of a deployment."
}  # who isn't on this machine can't make up
CLOSE = "Run: manage.py seed_demo --close"
SCHEDULE = "The workers' log has the reason; beat must run, too (make up)."
CHECKS = (
    Check("The settings are those of a deployment", _settings, "Run: manage.py check --deploy"),
    Check("PostgreSQL is reachable", _database, UP),
    Check("5 tables", _tables, MIGRATE),
    Check("3 views", _views, MIGRATE),
    Check("Triggers that keep updated_at", _triggers, MIGRATE),
    Check("Indexes", _indexes, MIGRATE),
    Check("Every migration of this version was run", _migrations, MIGRATE),
    Check("No demo login can sign in", demo.wrong, CLOSE),
    Check("3 sample vendors", _vendors, "Run: manage.py seed_demo"),
    Check("20 product categories", _categories, "Run: manage.py seed_categories"),
    Check(f"DynamoDB table {settings.UPLOAD_RECORDS_TABLE} is ACTIVE", _table, TABLE),
    Check("Its stream is enabled with NEW_IMAGE", _stream, STREAM.format(settings.UPLOAD_RECORDS_TABLE)),
    Check("Records in it are deleted when KEEP_RECORDS_DAYS says so", _expiry, "Run: manage.py prepare"),
    Check("Nothing that was put into the table is unseen", _continuity, READ),
    Check(f"No record waits for more than {scan.WAITING_MINUTES} minutes", _waiting, READ),
    Check("VendorIndex is ACTIVE", _index("VendorIndex"), INDEX),
    Check("StatusIndex is ACTIVE", _index("StatusIndex"), INDEX),
    Check("The bucket for files exists", _bucket, "Run: manage.py prepare"),
    Check("The broker answers", _broker, UP),
    Check("A worker answers", _worker, UP),
    Check("Every queue has a worker", _queues, UP),
    Check("Each step of the schedule goes well", _upkeep, SCHEDULE),
    Check("Workers miss no service", _outages, MIGRATE),
)


def wanted() -> list[Check]:
    """A deployment has vendors of its own, and settings to be right."""
    left_out = (_vendors,) if settings.PRODUCTION else (_settings, demo.wrong)
    return [check for check in CHECKS if check.look not in left_out]


class Command(BaseCommand):
    help = "Check everything that the platform needs; exit status 1 if anything is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the list for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = []
        for check in wanted():
            wrong, remedy = _look(check)
            rows.append({"check": check.name, "ok": not wrong, "problem": wrong, "remedy": remedy})
            if not options["json"]:  # one by one, since a service that is away takes some seconds
                self._tell(check, wrong, remedy)
        ok = all(row["ok"] for row in rows)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "checks": rows}, indent=2))
        if not ok:
            sys.exit(1)

    def _tell(self, check: Check, wrong: str, remedy: str) -> None:
        if wrong:
            self.stdout.write(self.style.ERROR(f"✗ {check.name}: {wrong}") + f"\n    {remedy}")
        else:
            self.stdout.write(f"{self.style.SUCCESS('✓')} {check.name}")


def _look(check: Check) -> tuple[str, str]:
    """What is wrong and its remedy, also where looking itself fails: a service that is away has a remedy of its own."""
    try:
        wrong = check.look()
    except Exception as error:
        own = str(error) if isinstance(error, TELLING) else ""
        away, _, remedy = (explain(error) or own).rpartition(". ")
        if away:
            return away, remedy
        wrong = (str(error) or type(error).__name__).splitlines()[0]
    remedy = START.get(check.remedy, check.remedy) if settings.PRODUCTION else check.remedy
    return wrong, remedy if wrong else ""

"""The guard: what the trial of a whole file before its first row costs an upload that changes every product.

The same file against the same catalog, once with thresholds that it stays below, so that all of it is tried, and once
with none that counts. Measured from the call of `receive` until all rows have their outcome and are written back.
"""

from pathlib import Path

from django.db import connection

from tests.bench import feeds
from tests.bench.commits import products_digest
from tests.bench.dynamodb import opened
from tests.bench.journey import _await_end, idle
from tests.bench.measure import Contender, Figure, Pace, Target, explained, figure, in_turns, same, say, shares
from tests.bench.services import fresh_database, fresh_endpoint, settle_database, workers
from uploads.models import GuardThreshold, Job, UploadHistory

GROUP = "Guard"


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_endpoint()
    fresh_database()
    pace = Pace(pace.rounds or 3, warm_up=False)
    with workers():
        _keep_catalog(feeds.clean(folder / "catalog.csv", rows))
        changed = feeds.clean(folder / "changed.csv", rows, seed=2)
        checked, unchecked = in_turns([_contender(changed, on=True), _contender(changed, on=False)], pace)
    known = figure(
        GROUP, "all products changed: sent → completed and written back, with the check", "rows/s",
        [run.rate for run in checked], against="without it", theirs=[run.rate for run in unchecked],
        target=Target(least=0.8, of_ratio=True),
    )  # fmt: skip
    return [explained(known, lambda: shares(checked))]


def _contender(path: Path, *, on: bool) -> Contender:
    found: dict[str, str] = {}

    def before() -> None:
        _restore_catalog(on=on)

    def run() -> int:
        found["upload"] = opened(path)
        return _await_end(found["upload"], 1_200).total_records

    def after() -> None:
        upload = UploadHistory.objects.get(pk=found["upload"])
        state = (upload.status, upload.guard, upload.total_records, upload.error_records)
        same("the upload", state, ("completed", "passed" if on else "", upload.file_rows, 0))
        _same_products()
        for job in Job.objects.filter(kind=Job.Kind.GUARD, ended_at__isnull=False):
            seconds = (job.ended_at - job.created_at).total_seconds() if job.ended_at else 0.0
            say(f"    of these {seconds:.2f} s for the trial and the wait for it")

    return Contender("with the check" if on else "without", run, before, after)


def _set_thresholds(*, on: bool) -> None:
    for kind in GuardThreshold.Kind.values:
        wanted = {"limit_percent": 100, "owner_percent": 100, "is_on": on}
        GuardThreshold.objects.update_or_create(kind=kind, vendor=None, category="", defaults=wanted)


def _keep_catalog(path: Path) -> None:
    """The catalog that every run begins with, in a table beside."""
    idle()
    _await_end(opened(path), 1_200)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS kept_catalog")
        cursor.execute("CREATE TABLE kept_catalog AS SELECT * FROM products")


def _restore_catalog(*, on: bool) -> None:
    idle()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO products SELECT * FROM kept_catalog")
    settle_database()
    _set_thresholds(on=on)


_digests: set[str] = set()


def _same_products() -> None:
    _digests.add(products_digest())
    same("products, with the check and without", len(_digests), 1)

"""What a whole file would do, row by row, without writing anything to the catalog: counts for the preview.

The file is read once, a page at a time, and each page is decided as step 6 would decide it, on a snapshot of the
catalog. What earlier pages would have accepted is kept beside it in a temporary file, so that rows of one file clash
and make way for each other over pages as they would in the import. Memory doesn't grow with the file.

It has no effects, so a run that was broken off begins again. `result` of its Job has the counts by outcome, and under
`problems` by code how many errors there are, with the first as an example. `warnings` has the same of warnings, and
`warned` how many rows have any.
"""

import contextlib
import json
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models.functions import Now

from catalog import committer
from catalog.committer import Candidate, Entry, Origin, Snapshot
from catalog.rules.problems import Problem, is_warning
from catalog.rules.validator import ProductDraft, Rules
from uploads.aws import storage
from uploads.aws.records import storable
from uploads.feed import parser
from uploads.feed.apart.kept_heads import OnDisk
from uploads.feed.formats.groups import Heads, Kept
from uploads.feed.formats.ruled import ValueRules
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Row
from uploads.models import Job
from uploads.pipeline import examine, judge, ledger, staged_rows
from uploads.pipeline.understood import values
from uploads.pipeline.understood.values import Means
from uploads.preview import kept_files
from uploads.preview.verdicts import NEWEST, ValidatedRow, candidates, validated
from uploads.work import jobs
from uploads.work.jobs import JobFailed

PAGE_ROWS = 1_000
HELD_ROWS = 20_000  # between two renewals of the job's lease, where nothing else is said of it
# A task that takes longer is ended and begun again: what was counted by then is told, as what it is.
MOST_SECONDS = 200.0
GONE = "The file isn't kept any more: it was imported meanwhile, or its preview is too old. Choose it again."


def start(key: str, layout: Layout, lines: int, vendor_id: str, user: Any, mode: str = "upsert") -> Job:
    """Ask for the dry run of a file kept under this key; one that is still under way for it is ended.

    Dry runs as old as kept files get are forgotten.
    """
    Job.objects.filter(kind=Job.Kind.DRY_RUN, created_at__lt=Now() - kept_files.KEPT - timedelta(hours=1)).delete()
    end(key)
    parameters = {"key": key, "layout": layout.to_json(), "mode": mode}
    with transaction.atomic():
        return jobs.start(Job.Kind.DRY_RUN, user, total=lines, vendor_id=vendor_id, parameters=parameters)


def end(key: str) -> None:
    """End dry runs of this file that are under way: it is read otherwise now, or imported. Workers notice it."""
    under_way = Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING], kind=Job.Kind.DRY_RUN)
    under_way.filter(parameters__key=key).update(
        state=Job.State.FAILED, failure="There is a newer preview of this file.", ended_at=Now(), expires_at=None
    )


def step(job: Job) -> bool:
    """Do the whole file. Raises JobFailed for one that is gone, or can't be read to its end."""
    if not kept_files.is_of(str(job.vendor_id), job.parameters["key"]):
        raise JobFailed(GONE)
    layout = Layout.from_json(job.parameters["layout"])
    try:
        with storage.opened(job.parameters["key"]) as file, Accepted() as accepted, OnDisk() as on_disk:
            heads = _heads(job, file, layout, on_disk)
            _run(job, _rows(file, layout), layout, accepted, heads)
    except storage.FileMissing as error:
        raise JobFailed(GONE) from error
    except FeedError as error:
        raise JobFailed(error.message) from error
    return True


def _rows(file: BinaryIO, layout: Layout) -> Iterator[Row]:
    return staged_rows.as_staged(parser.rows(file, layout, limits=examine.limits()), layout)


def _heads(job: Job, file: BinaryIO, layout: Layout, kept: Kept) -> Heads | None:
    """The first rows of groups in a known format, by a pass over the whole file; None where no row needs another.

    The job is held meanwhile, so nobody begins it a second time.
    """
    if layout.plan is None or layout.plan.group is None:
        return None
    heads = Heads(layout.plan, kept)
    for row in _rows(file, layout):
        if row.problem is None:
            heads.note(row.number, row.cells)
        if row.number % HELD_ROWS == 0:
            jobs.save(job)
    return heads


def _run(job: Job, rows: Iterator[Row], layout: Layout, accepted: "Accepted", heads: Heads | None) -> None:
    vendor_id, mode = str(job.vendor_id), job.parameters.get("mode", "upsert")
    rules, own = judge.category_rules(), judge.value_rules([vendor_id]).get(vendor_id)
    means = values.means(layout.plan, lambda row: heads.of(row.number, row.cells) if heads else None, own)
    deadline = time.monotonic() + MOST_SECONDS
    job.done, job.result = 0, {}
    while page := list(islice(rows, PAGE_ROWS)):
        outcomes = decided(page, layout, vendor_id, rules, own, accepted, mode, means)
        job.done = page[-1].number
        job.result = _counted(job.result, outcomes)
        jobs.save(job)
        if time.monotonic() > deadline:
            job.result["cut_short"] = next(rows, None) is not None
            break
    job.total = job.done
    jobs.save(job)


def decided(
    page: Sequence[Row],
    layout: Layout,
    vendor_id: str,
    rules: Rules,
    own: ValueRules | None,
    accepted: "Accepted",
    mode: str = "upsert",
    means: Means | None = None,
) -> list[tuple[Row, str, Sequence[Problem]]]:
    """What would become of these rows, after those that are accepted already: the outcome, errors and warnings."""
    judged = [validated(row, layout, rules, own, means) for row in page]
    wanting = candidates(judged, vendor_id, mode, layout)
    snapshot = accepted.over(committer.read_snapshot(list(wanting.values()), ledger.origins), list(wanting.values()))
    outcomes = [_outcome(one, wanting.get(one.row.number), snapshot) for one in judged]
    accepted.add(snapshot.by_key.values())
    return outcomes


def _outcome(
    judged: ValidatedRow, candidate: Candidate | None, snapshot: Snapshot
) -> tuple[Row, str, Sequence[Problem]]:
    if judged.left_out:
        return judged.row, "skipped", []
    if candidate is None:
        return judged.row, "error", judged.problems
    verdict = committer.decide(candidate, snapshot)
    return judged.row, verdict.outcome, [verdict.problem, *judged.problems] if verdict.problem else judged.problems


def _counted(result: dict[str, Any], outcomes: Iterable[tuple[Row, str, Sequence[Problem]]]) -> dict[str, Any]:
    counts = Counter({name: count for name, count in result.items() if isinstance(count, int)})
    errors, warnings = dict(result.get("problems", {})), dict(result.get("warnings", {}))
    for row, outcome, found in outcomes:
        counts[outcome] += 1
        if any(is_warning(problem.code) for problem in found):
            counts["warned"] += 1
        for problem in found:
            kinds = warnings if is_warning(problem.code) else errors
            seen = kinds.setdefault(str(problem.code), {"count": 0} | _example(row, problem))
            seen["count"] += 1
    return {**counts, "problems": errors} | ({"warnings": warnings} if warnings else {})


def _example(row: Row, problem: Problem) -> dict[str, Any]:
    said = {"message": storable(problem.message), "suggestion": storable(problem.suggestion)}
    return {"row": row.number, "line": row.line, **said}


# --- what earlier pages accepted -------------------------------------------------------------------------------


class Accepted(contextlib.AbstractContextManager["Accepted"]):
    """The products that earlier rows of the file would have brought or touched: product ID, SKU, row and its line.

    A file touches a product once, so of its values no later row needs any but these.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dry-run-")
        self._table = sqlite3.connect(f"{self._folder.name}/accepted.sqlite3", isolation_level=None)
        self._table.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE accepted (key TEXT PRIMARY KEY, sku TEXT NOT NULL, row INTEGER NOT NULL, line INTEGER NOT NULL)
                WITHOUT ROWID;
            CREATE INDEX accepted_sku ON accepted (sku);
            """
        )

    def __exit__(self, *_: object) -> None:
        self._table.close()
        self._folder.cleanup()

    def over(self, snapshot: Snapshot, wanting: Sequence[Candidate]) -> Snapshot:
        """The snapshot of the catalog as it would stand after the earlier rows."""
        if not wanting:
            return snapshot
        vendor_id = wanting[0].vendor_id
        named = [committer.keys(one.draft) for one in wanting]
        keys = {product_id for product_id, _ in named}
        keys |= {key for owner, key in snapshot.by_key if owner == vendor_id}
        touched = self._find(keys, {sku for _, sku in named})
        skus = {sku for _, sku, *_ in touched}
        moved = {(vendor_id, key) for key, *_ in touched}
        after = Snapshot()
        for entry in snapshot.by_key.values():
            # Where the catalog changes while the file is read, what the file was told first counts.
            if (entry.vendor_id, entry.values.vendor_product_id) not in moved and entry.values.sku not in skus:
                after.add(entry)
        for key, sku, row, line in touched:
            after.add(Entry(None, vendor_id, _stub(key, sku), Origin(NEWEST, row, line)))
        return after

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep those that a row of this file has touched."""
        touched = [
            (entry.values.vendor_product_id, entry.values.sku, entry.origin.row_number, entry.origin.line)
            for entry in entries
            if entry.origin is not None and entry.origin.sequence == NEWEST
        ]
        self._table.execute("BEGIN")
        self._table.executemany("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, ?)", touched)
        self._table.execute("COMMIT")

    def _find(self, keys: Iterable[str], skus: Iterable[str]) -> list[tuple[str, str, int, int]]:
        return self._table.execute(
            """
            SELECT key, sku, row, line FROM accepted WHERE key IN (SELECT value FROM json_each(?))
             UNION
            SELECT key, sku, row, line FROM accepted WHERE sku IN (SELECT value FROM json_each(?))
            """,
            [json.dumps(list(keys)), json.dumps(list(skus))],
        ).fetchall()


def _stub(key: str, sku: str) -> ProductDraft:
    return ProductDraft(key, "", "", sku, "", "", Decimal(0), 0)

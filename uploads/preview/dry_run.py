"""What a whole file would do, row by row, without writing anything to the catalog; and what it leaves open.

First all rows are looked at as they are when an upload is opened (examine.survey): the layout with all questions is
written down as `looked` in the job's parameters, with a fingerprint of all that it depends on. Whoever opens an upload
of exactly that takes its word (`looked_at`). Then the file is read a page at a time, and each page is decided as step 6
would decide it, on a snapshot of the catalog. What earlier pages would have accepted is kept beside it (accepted.py),
so that rows of one file clash and make way for each other over pages as they would in the import. Memory doesn't grow
with the file. A row that depends on an open question counts as "open".

It has no effects, so a run that was broken off begins again. `result` of its Job has the counts by outcome, under
`left_out` those that are no products by their reason, and under `problems` by code how many rows have such an error,
with the first as an example. `warnings` has by code how many warnings there are, and `warned` how many rows have any.
What the guard asks for (pipeline/guard/measured.py) is written down as `trial`, with the generation of the catalog and
the severities when the count began. While the look at all rows is under way, `looking` says how far it is, in percent.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple

from django.db import transaction
from django.db.models.functions import Now

from catalog import committer
from catalog.committer import Candidate
from catalog.rules.problems import Problem
from catalog.rules.validator import ProductDraft, Rules
from catalog.snapshot import Snapshot
from uploads.aws import storage
from uploads.aws.records import storable
from uploads.feed import parser
from uploads.feed.apart.kept_heads import OnDisk
from uploads.feed.apart.reader import reading_from
from uploads.feed.formats.groups import Heads, Kept
from uploads.feed.formats.ruled import ValueRules
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Reading, Row
from uploads.feed.questions import Question
from uploads.feed.sheets.notes import About
from uploads.models import Job, UploadHistory
from uploads.pipeline import examine, judge, staged_rows
from uploads.pipeline.examine import Contents, FeedFile, Refused
from uploads.pipeline.guard import facts, thresholds
from uploads.pipeline.guard.hold import Trial
from uploads.pipeline.guard.measured import Measured
from uploads.pipeline.replace import why_not
from uploads.pipeline.understood import values
from uploads.pipeline.understood.values import Means
from uploads.pipeline.weighing import severities
from uploads.preview import kept_files, lacking
from uploads.preview.accepted import Accepted
from uploads.preview.kept_files import KeptFile
from uploads.preview.verdicts import ValidatedRow, asks_of_columns, candidates, snapshot_for, validated
from uploads.work import jobs
from uploads.work.jobs import JobFailed

PAGE_ROWS = 1_000
HELD_ROWS = 20_000  # between two renewals of the job's lease, where nothing else is said of it
# A task that takes longer is ended and begun again (CELERY_TASK_TIME_LIMIT). What was counted by then is told, as what
# it is; a file that takes longer to look at can't be sent.
MOST_SECONDS, LOOK_SECONDS = 200.0, 240.0
PASSES: Final = 4  # over the file, by the look at all its rows
GONE = "The file isn't kept any more: it was imported meanwhile, or its preview is too old. Choose it again."
NEWER = "There is a newer preview of this file."


class Looked(NamedTuple):
    """What the look at all rows said, and the fingerprint of what it depends on."""

    asked: str
    layout: Layout
    left_out: dict[str, int]
    contents: Contents


def start(
    kept: KeptFile, contents: Contents, layout: Layout, reading: Reading, user: Any, mode: str = "upsert",
    *, wake: bool = True,
) -> Job:  # fmt: skip
    """Ask for the dry run of a kept file, read so; one that is under way for another reading is ended. Where this very
    one was asked for before, it is that one.

    Dry runs as old as kept files get are forgotten.
    """
    about = kept.about.to_json() if kept.about else None
    asked = examine.fingerprint(examine.question_about(kept.vendor_id, reading, kept.sheet, kept.about))
    before = of(kept)
    if before and before.state != Job.State.FAILED and _is_about(before, asked, mode):
        return before
    Job.objects.filter(kind=Job.Kind.DRY_RUN, created_at__lt=Now() - kept_files.KEPT - timedelta(hours=1)).delete()
    end(kept.key)
    parameters = {
        "key": kept.key, "mode": mode, "asked": asked, "reading": asdict(reading), "sheet": kept.sheet, "about": about,
        "contents": asdict(contents), "layout": layout.to_json(),
    }  # fmt: skip
    with transaction.atomic():
        return jobs.start(
            Job.Kind.DRY_RUN, user, total=contents.lines, wake=wake, vendor_id=kept.vendor_id, parameters=parameters
        )


def at_once(job: Job) -> None:
    """Do it here: it is about a file so small that nobody need wait for a worker."""
    while jobs.run(job.pk, {Job.Kind.DRY_RUN: step}):
        pass
    job.refresh_from_db()


def of(kept: KeptFile) -> Job | None:
    """The newest dry run of a kept file."""
    of_vendor = Job.objects.filter(kind=Job.Kind.DRY_RUN, vendor_id=kept.vendor_id)
    return of_vendor.filter(parameters__key=kept.key).order_by("-id").first()


def end(key: str) -> None:
    """End dry runs of this file that are under way: it is read otherwise now, or imported. Workers notice it."""
    under_way = Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING], kind=Job.Kind.DRY_RUN)
    under_way.filter(parameters__key=key).update(state=Job.State.FAILED, failure=NEWER, ended_at=Now(), expires_at=None)


def looked_at(job: Job) -> Looked | None:
    """What its look at all rows said, if that has ended."""
    found = job.parameters.get("looked")
    if not found:
        return None
    contents = Contents(**job.parameters["contents"])
    return Looked(found["asked"], Layout.from_json(found["layout"]), found["left_out"], contents)


def looked_of(kept: KeptFile, reading: Reading | None) -> Looked | None:
    """What the look at all rows of a kept file said, if it was asked for exactly this reading and nothing that it
    depends on has changed since: this is in the database, not in a form."""
    job = of(kept)
    looked = looked_at(job) if job else None
    asked = examine.fingerprint(examine.question_about(kept.vendor_id, reading, kept.sheet, kept.about))
    return looked if looked and looked.asked == asked else None


def trial_for(kept: KeptFile, reading: Reading | None, mode: str) -> Trial | None:
    """What the guard may take from the dry run of exactly this, if it has come to its end."""
    job = of(kept)
    asked = examine.fingerprint(examine.question_about(kept.vendor_id, reading, kept.sheet, kept.about))
    return trial_of(job) if job and _is_about(job, asked, mode) else None


def absent_shown(kept: KeptFile, reading: Reading | None, mode: str) -> int | None:
    """How many products the dry run of exactly this said would be retired, or their stock set to 0; None where it
    hasn't come to its end, or said that none would be."""
    trial, job = trial_for(kept, reading, mode), of(kept)
    if trial is None or job is None or "absent_why" in job.result or "absent" not in job.result:
        return None
    return trial.measured.absent


def trial_of(job: Job) -> Trial | None:
    """The same of a dry run, whatever it is about."""
    found = job.parameters.get("trial") if job.state == Job.State.DONE else None
    if not found:
        return None
    return Trial(Measured.from_json(found["measured"]), found["generation"], found.get("severities", ""))


def questions(job: Job) -> tuple[Question, ...]:
    """What is open: by all rows, or as long as these weren't looked at, by the first ones."""
    looked, first = looked_at(job), job.parameters.get("layout")
    if looked:
        return looked.layout.questions
    return Layout.from_json(first).questions if first else ()


def _is_about(job: Job, asked: str, mode: str) -> bool:
    looked = job.parameters.get("looked") or {"asked": asked}
    given = job.parameters
    return bool(given.get("asked") == looked["asked"] == asked and given.get("mode") == mode)


# --- in a worker -----------------------------------------------------------------------------------------------


def step(job: Job) -> bool:
    """Look at all rows, and in a second slice count what would become of them. Raises JobFailed for a file that is
    gone, or can't be read to its end."""
    if not kept_files.is_of(str(job.vendor_id), job.parameters["key"]):
        raise JobFailed(GONE)
    if "asked" not in job.parameters:  # from before an upgrade
        raise JobFailed(NEWER)
    try:
        with storage.opened(job.parameters["key"]) as file:
            if looked := looked_at(job):
                _count(job, file, looked.layout)
            else:
                _look(job, file)
            return looked is not None
    except storage.FileMissing as error:
        raise JobFailed(GONE) from error
    except FeedError as error:
        raise JobFailed(error.message) from error
    except Refused as error:
        raise JobFailed(str(error)) from error


def _look(job: Job, file: BinaryIO) -> None:
    """Write down how the file is to be read by all its rows."""
    given = job.parameters
    contents = Contents(**given["contents"])
    about = About.from_json(given["about"]) if given["about"] else None
    question = examine.question_about(str(job.vendor_id), reading_from(given["reading"]), given["sheet"], about)

    def watch(read: int) -> None:
        job.result = {"looking": min(99, 100 * read // (PASSES * max(contents.size, 1)))}
        jobs.save(job)

    look = examine.survey(FeedFile(file, None, given["sheet"], about), contents, question, LOOK_SECONDS, watch)
    if look.layout.mapping.missing:
        raise JobFailed(parser.no_column_for(look.layout.mapping.missing, look.layout.headers).message)
    layout, asked = look.layout.to_json(), examine.fingerprint(question)
    jobs.note(job, looked={"asked": asked, "layout": layout, "left_out": dict(look.left_out)})


def _count(job: Job, file: BinaryIO, layout: Layout) -> None:
    vendor_id = str(job.vendor_id)
    against = {"generation": facts.generation(vendor_id), "severities": severities.word(vendor_id)}
    measured = measure(job, file, layout, job.parameters["mode"])
    jobs.note(job, trial={"measured": measured.to_json()} | against)


def measure(job: Job, file: BinaryIO, layout: Layout, mode: str) -> Measured:
    """Decide on all rows, and count them in the job's result; returns what the guard asks for. Raises LeaseLost."""
    until = time.monotonic() + MOST_SECONDS
    measured = Measured.apart(thresholds.categories(thresholds.of(str(job.vendor_id))))
    with Accepted() as accepted, OnDisk() as on_disk:
        heads = _heads(job, file, layout, on_disk)
        ends_wrong = _run(job, _rows(file, layout), layout, mode, accepted, heads, measured, until)
        if mode == UploadHistory.Mode.REPLACE and not measured.cut_short:
            cut_off = ends_wrong and why_not.ends_open(file)
            lacks = lacking.found(str(job.vendor_id), accepted, measured.errors, measured.rows, cut_off=cut_off)
            job.result = {**job.result, **lacks}
            measured.note_absent(job.result["absent"], job.result["absent_some"])
            jobs.save(job)
    return measured


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


def _run(
    job: Job, rows: Iterator[Row], layout: Layout, mode: str, accepted: Accepted, heads: Heads | None,
    measured: Measured, until: float,
) -> bool:  # fmt: skip
    """Whether the last row is wrong."""
    ends_wrong = False
    vendor_id = str(job.vendor_id)
    rules, own = judge.rules_of(vendor_id), judge.value_rules([vendor_id]).get(vendor_id)
    means = values.means(layout.plan, lambda row: heads.of(row.number, row.cells) if heads else None, own)
    job.done, job.result = 0, {}
    while page := list(islice(rows, PAGE_ROWS)):
        outcomes = decided(page, layout, vendor_id, rules, own, accepted, mode, means)
        job.done = page[-1].number
        job.result = _counted(job.result, outcomes)
        _measured(measured, outcomes)
        ends_wrong = outcomes[-1].outcome == "error"
        jobs.save(job)
        if time.monotonic() > until:
            job.result["cut_short"] = measured.cut_short = next(rows, None) is not None
            break
    job.total = job.done
    jobs.save(job)
    return ends_wrong


class Decided(NamedTuple):
    """A row, and what would become of it: inserted, updated, unchanged, skipped, error or open. `reason` is why it is
    no product; `product` the one that it touches, as it would be then, and `changes` what differs from before."""

    row: Row
    outcome: str
    problems: Sequence[Problem]
    reason: str = ""
    product: ProductDraft | None = None
    changes: Mapping[str, Sequence[object]] | None = None


def decided(
    page: Sequence[Row],
    layout: Layout,
    vendor_id: str,
    rules: Rules,
    own: ValueRules | None,
    accepted: Accepted,
    mode: str = "upsert",
    means: Means | None = None,
) -> list[Decided]:
    """What would become of these rows, after those that are accepted already: the outcome, errors and warnings."""
    judged = [validated(row, layout, rules, own, means) for row in page]
    wanting = candidates(judged, vendor_id, mode, layout)
    snapshot = accepted.over(snapshot_for(wanting), list(wanting.values()))
    asks_more = asks_of_columns(layout)
    outcomes = [_decided(one, wanting.get(one.row.number), snapshot, asks_more=asks_more) for one in judged]
    accepted.add(snapshot.by_key.values())
    if mode == UploadHistory.Mode.REPLACE:
        both, headers = zip(judged, outcomes, strict=True), layout.mapping.fields
        wrong = [(one, what) for one, what in both if what.outcome in ("error", "open")]
        accepted.add_wrong(lacking.named_by(one, what.problems, headers) for one, what in wrong)
    return outcomes


def _decided(judged: ValidatedRow, candidate: Candidate | None, snapshot: Snapshot, *, asks_more: bool) -> Decided:
    if judged.left_out:
        return Decided(judged.row, "skipped", [], judged.reason)
    if (judged.is_open or asks_more) and judged.row.problem is None:
        return Decided(judged.row, "open", [])
    if candidate is None:
        return Decided(judged.row, "error", judged.problems)
    verdict = committer.decide(candidate, snapshot)
    problems = [verdict.problem, *verdict.warnings] if verdict.problem else verdict.warnings
    entry = snapshot.by_key.get((candidate.vendor_id, verdict.key)) if verdict.key else None
    return Decided(judged.row, verdict.outcome, problems, "", entry.values if entry else None, verdict.changes)


def _measured(measured: Measured, outcomes: Sequence[Decided]) -> None:
    """Add these rows to what the guard asks for."""
    measured.rows += len(outcomes)
    for row, outcome, problems, _, product, changes in outcomes:
        if outcome == "error":
            why = next((found.message for found in problems if not found.is_warning), "")
            measured.note_error(storable(why), row=row.number)
        elif product is None:
            continue
        elif outcome == "retired":
            measured.note_retired(product.product_name, product.sku, row=row.number)
        elif outcome != "inserted":
            measured.note_product(product.category, product.product_name, product.sku, changes, row=row.number)


def _counted(result: dict[str, Any], outcomes: Iterable[Decided]) -> dict[str, Any]:
    counts = Counter({name: count for name, count in result.items() if isinstance(count, int)})
    errors, warnings = dict(result.get("problems", {})), dict(result.get("warnings", {}))
    left_out = Counter(result.get("left_out", {}))
    for row, outcome, found, reason, *_ in outcomes:
        counts[outcome] += 1
        if reason:
            left_out[reason] += 1
        if any(problem.is_warning for problem in found):
            counts["warned"] += 1
        codes = set()
        for problem in found:
            kinds = warnings if problem.is_warning else errors
            seen = kinds.setdefault(str(problem.code), {"count": 0} | _example(row, problem))
            seen["count"] += kinds is warnings or problem.code not in codes
            codes.add(problem.code)
    more = {"warnings": warnings} if warnings else {}
    return {**counts, "problems": errors} | more | ({"left_out": dict(left_out)} if left_out else {})


def _example(row: Row, problem: Problem) -> dict[str, Any]:
    said = {"message": storable(problem.message), "suggestion": storable(problem.suggestion)}
    return {"row": row.number, "line": row.line, **said}

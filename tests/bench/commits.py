"""The consumer on recorded pages of the stream, and the commit alone against COPY and executemany."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from django.db import connection, transaction

from catalog import committer
from catalog.committer import Candidate
from catalog.rules.validator import ProductDraft
from tests.bench import bound, feeds, peers
from tests.bench.dynamodb import opened, read_stream, stage_whole
from tests.bench.measure import Contender, Figure, Pace, Run, Target, explained, figure, in_turns, same, shares
from tests.bench.services import fresh_database, fresh_table, settle_database
from uploads.aws import dynamo
from uploads.models import StreamShard, UploadHistory
from uploads.pipeline import commit, judge, ledger, stream
from uploads.pipeline.commit import Checkpoint
from uploads.work import leases
from uploads.work.leases import Lease

GROUP = "Commit"


@dataclass(frozen=True)
class Recording:
    """An upload, and the pages of the stream that came of it, as JSON: what the network would bring."""

    upload: UploadHistory
    pages: tuple[bytes, ...]
    rows: int


def record(path: Path, rows: int) -> Recording:
    """Stage a file, and record what the stream delivers of it."""
    fresh_table()
    upload = UploadHistory.objects.get(upload_id=opened(path))
    stage_whole(upload.upload_id)
    upload.guard = UploadHistory.Guard.PASSED
    arn = dynamo.stream_arn()
    found = read_stream(arn, next(iter(dynamo.list_shards(arn))).shard_id, rows)
    pages = [found[start : start + stream.PAGE_RECORDS] for start in range(0, rows, stream.PAGE_RECORDS)]
    return Recording(upload, tuple(json.dumps(page).encode() for page in pages), rows)


def again(recording: Recording) -> Recording:
    """The same file sent once more: the same pages under a newer upload."""
    old, new = recording.upload.upload_id, f"{recording.upload.upload_id}-again"
    upload = UploadHistory.objects.get(pk=old)
    upload.upload_id, upload.sequence = new, upload.sequence + 1_000_000
    pages = tuple(page.replace(json.dumps(old).encode(), json.dumps(new).encode()) for page in recording.pages)
    return replace(recording, upload=upload, pages=pages)


def replay(recording: Recording) -> int:
    """What the consumer does with pages, from the JSON to the commit, on a real lease; without DynamoDB."""
    shard = StreamShard.objects.get(shard_id="bench")
    for body in recording.pages:
        page: list[dict[str, Any]] = orjson.loads(body)
        checkpoint = Checkpoint(
            Lease(leases.SHARD, shard.id, shard.lease_epoch), page[-1]["dynamodb"]["SequenceNumber"]
        )
        commit.commit_isolating(stream.pending(page), checkpoint)
    return recording.rows


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_database()
    StreamShard.objects.get_or_create(stream_arn="bench", shard_id="bench")
    wrong, _ = feeds.with_errors(folder / "errors.csv", rows)
    recordings = {
        "clean": record(feeds.clean(folder / "inserts.csv", rows), rows),
        "other": record(feeds.clean(folder / "updates.csv", rows, seed=2), rows),
        "wrong": record(wrong, rows),
    }
    recordings["same"] = again(recordings["clean"])
    tenth = record(feeds.with_errors(folder / "tenth.csv", rows, 0.1)[0], rows)
    warned = record(feeds.warned(folder / "warned.csv", rows), rows)
    return [
        *_consumer(recordings, pace), *_counting(tenth, pace), *_warning(warned, recordings["clean"], pace),
        *_commit_alone(recordings["clean"], pace),
    ]  # fmt: skip


# --- the consumer ----------------------------------------------------------------------------------------------


def _consumer(recordings: dict[str, Recording], pace: Pace) -> list[Figure]:
    clean, rows = recordings["clean"], recordings["clean"].rows
    contenders = [
        _contender("all inserts", clean, None, {"inserted": rows}),
        _contender("all updates", recordings["other"], clean, {"updated": rows}),
        _contender("all unchanged", recordings["same"], clean, {"unchanged": rows}),
        _contender(
            "5% errors", recordings["wrong"], None, {"inserted": rows - round(rows * 0.05), "error": round(rows * 0.05)}
        ),
    ]
    targets = [Target(least=5_000), None, Target(least=8_000), None]
    figures = []
    for contender, target, runs in zip(contenders, targets, in_turns(contenders, pace), strict=True):
        known = figure(GROUP, f"consumer, {contender.name}", "rows/s", [run.rate for run in runs], target=target)
        figures.append(explained(known, partial(_bound_by, contender, runs)))
    return figures


def _contender(name: str, recording: Recording, first: Recording | None, expected: dict[str, int]) -> Contender:
    """Replay a recording, onto an empty catalog or onto what another one left."""

    def before() -> None:
        fresh_database()
        if first is not None:
            _open(first.upload)
            replay(first)
        _open(recording.upload)
        settle_database()

    def after() -> None:
        kinds = ("inserted", "updated", "unchanged", "error")
        upload = UploadHistory.objects.get(pk=recording.upload.pk)
        found = {kind: count for kind in kinds if (count := getattr(upload, f"{kind}_records"))}
        same(f"outcomes of {name}", found, expected)

    return Contender(name, lambda: replay(recording), before, after)


def _open(upload: UploadHistory) -> None:
    """The upload's row as it was when its file had come."""
    upload.save(force_insert=True)


def _bound_by(contender: Contender, runs: list[Run]) -> str:
    contender.before()
    return f"{shares(runs)}; this process: {bound.profile(contender.run)}"


def _counting(recording: Recording, pace: Pace) -> list[Figure]:
    """What it takes that the rows with each wrong value are counted as they fail (migration uploads.0021)."""
    wrong = round(recording.rows * 0.1)
    expected = {"inserted": recording.rows - wrong, "error": wrong}

    def counted(on: bool) -> Contender:
        usual = _contender(f"10% errors{'' if on else ', not counted'}", recording, None, expected)

        def before() -> None:
            usual.before()
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE validation_errors {'ENABLE' if on else 'DISABLE'} TRIGGER USER")

        return replace(usual, before=before)

    with_counts, without = counted(True), counted(False)
    ours, theirs = in_turns([with_counts, without], pace)
    with_counts.before()  # the triggers are back, whichever came last
    return [
        figure(
            GROUP, "consumer, 10% errors", "rows/s", [run.rate for run in ours],
            against="wrong values not counted", theirs=[run.rate for run in theirs],
        )
    ]  # fmt: skip


def _warning(warned: Recording, clean: Recording, pace: Pace) -> list[Figure]:
    """What it takes that every row has a warning, which is written beside its product and counted."""
    contenders = [
        _contender(name, recording, None, {"inserted": recording.rows})
        for name, recording in (("a warning in every row", warned), ("no warnings", clean))
    ]
    ours, theirs = in_turns(contenders, pace)
    return [
        figure(
            GROUP, "consumer, a warning in every row", "rows/s", [run.rate for run in ours],
            against="no warnings", theirs=[run.rate for run in theirs],
        )
    ]  # fmt: skip


# --- the commit alone ------------------------------------------------------------------------------------------


def _commit_alone(recording: Recording, pace: Pace) -> list[Figure]:
    """Drafts → products, in pages of the stream's size and a transaction each, whichever way."""
    fresh_database()
    _open(recording.upload)
    pages = [_candidates(json.loads(page)) for page in recording.pages]
    drafts = [[one.draft for one in page if isinstance(one.draft, ProductDraft)] for page in pages]
    seen: dict[str, str] = {}

    def contender(name: str, run: Callable[[], int]) -> Contender:
        return Contender(name, run, _prepared, lambda: _compare(seen, name))

    contenders = [
        contender("commit", lambda: _commit(pages)),
        contender("COPY", lambda: peers.copy(feeds.VENDOR, drafts)),
        contender("executemany", lambda: peers.executemany(feeds.VENDOR, drafts)),
    ]
    ours, copied, executed = in_turns(contenders, pace)
    rates = [run.rate for run in ours]
    against_copy = figure(
        GROUP, "commit alone, all inserts", "rows/s", rates, against="COPY directly",
        theirs=[run.rate for run in copied], target=Target(least=0.6, of_ratio=True),
    )  # fmt: skip
    return [
        explained(against_copy, partial(_bound_by, contenders[0], ours)),
        figure(
            GROUP,
            "commit alone, all inserts",
            "rows/s",
            rates,
            against="executemany",
            theirs=[run.rate for run in executed],
        ),
    ]


def _candidates(page: list[dict[str, Any]]) -> list[Candidate]:
    judged = judge.judge(stream.pending(page))
    return [
        Candidate(item.record.vendor_id, item.upload.sequence, item.record.row_number, item.draft)
        for item in judged
        if item.upload is not None and item.draft is not None
    ]


def _commit(pages: list[list[Candidate]]) -> int:
    for page in pages:
        with transaction.atomic():
            committer.commit(page, ledger.origins, committer.lock_vendors([feeds.VENDOR]))
    return sum(map(len, pages))


def _prepared() -> None:
    fresh_database()
    settle_database()


def _compare(seen: dict[str, str], name: str) -> None:
    """Whichever way they were written, the same products must stand there."""
    seen[name] = products_digest()
    for other, digest in seen.items():
        same(f"products by {name} and by {other}", digest, seen[name])


def products_digest() -> str:
    """Of all products: everything but ids and times."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT vendor_id, vendor_product_id, product_name, category, sku, coalesce(brand, ''),
                   coalesce(description, ''), price::text, stock_quantity
              FROM products ORDER BY sku COLLATE "C"
            """
        )
        for row in cursor:
            digest.update(repr(row).encode())
    return digest.hexdigest()

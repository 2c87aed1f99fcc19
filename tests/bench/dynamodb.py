"""Staging against boto3's batch_writer, and reading the stream against boto3's get_records, on the same endpoint."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.bench import bound, feeds, peers
from tests.bench.measure import Contender, Figure, Pace, Run, Target, explained, figure, in_turns, same, shares
from tests.bench.services import fresh_database, fresh_table
from uploads.aws import dynamo
from uploads.models import UploadHistory
from uploads.pipeline import receive, stage, stream

GROUP = "DynamoDB"


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    """Both steps, over a feed without errors."""
    path = feeds.clean(folder / "stage.csv", rows)
    return [*_staging(path, rows, pace), *_reading(path, rows, pace)]


# --- staging ---------------------------------------------------------------------------------------------------


def opened(path: Path) -> str:
    """An upload of this file, not staged yet."""
    with path.open("rb") as file:
        return receive.receive(file, path.name, feeds.VENDOR).upload_id


def stage_whole(upload_id: str) -> None:
    """Stage a file to its end in one go, though nobody consumes. Its check is measured elsewhere (guarding)."""
    UploadHistory.objects.filter(pk=upload_id, guard=UploadHistory.Guard.DUE).update(guard=UploadHistory.Guard.PASSED)
    with patch.object(stage, "MAX_AHEAD_ROWS", 2**31 - 1):
        wait = stage.stage(upload_id, math.inf)
    assert wait is None, "staging stopped half-way"


def _staging(path: Path, rows: int, pace: Pace) -> list[Figure]:
    uploads: list[str] = []
    digests: list[str] = []

    def before() -> None:
        fresh_database()
        fresh_table()
        uploads.append(opened(path))

    def run() -> int:
        stage_whole(uploads[-1])
        return rows

    def check(upload_id: str) -> None:
        """Each run of either version must have put the same, read back from the table."""
        digests.append(_digest(upload_id))
        same("the staged items", digests[-1], digests[0])

    ours = Contender("staging", run, before, lambda: check(uploads[-1]))
    theirs = Contender(
        "batch_writer", lambda: peers.stage(path, "THEIRS", feeds.VENDOR), fresh_table, lambda: check("THEIRS")
    )
    our_runs, their_runs = in_turns([ours, theirs], pace)
    return [
        figure(
            GROUP, "staging", "rows/s", [run.rate for run in our_runs], against="boto3 batch_writer",
            theirs=[run.rate for run in their_runs], note=shares(our_runs),
        ),
        explained(
            _cpu("staging, client CPU per row", our_runs, "boto3 batch_writer", their_runs, Target(most=25)),
            lambda: _profile_staging(ours),
        ),
    ]  # fmt: skip


def _profile_staging(contender: Contender) -> str:
    contender.before()
    return bound.profile(contender.run, (dynamo, "put_records"))


def _digest(upload_id: str) -> str:
    """Of all records of an upload, without what differs from run to run."""
    digest = hashlib.sha256()
    for item in dynamo.query_upload(upload_id):
        kept = {name: value for name, value in item.items() if name not in ("upload_id", "created_at")}
        digest.update(json.dumps(kept, sort_keys=True).encode())
    return digest.hexdigest()


def _cpu(name: str, ours: list[Run], against: str, theirs: list[Run], target: Target | None = None) -> Figure:
    return figure(
        GROUP, name, "µs", [run.client_micros for run in ours], against=against,
        theirs=[run.client_micros for run in theirs], fewer_is_better=True, target=target,
    )  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------


def read_stream(arn: str, shard_id: str, expected: int) -> list[dict[str, Any]]:
    """All records of a shard, page by page as the consumer reads them, until there are as many as expected."""
    found: list[dict[str, Any]] = []
    iterator = dynamo.shard_iterator(arn, shard_id, "")
    while iterator and len(found) < expected:
        page = dynamo.get_records(iterator, stream.PAGE_RECORDS)
        found += page.records
        iterator = page.next_iterator
    return found


def _reading(path: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_database()
    fresh_table()
    stage_whole(opened(path))
    arn = dynamo.stream_arn()
    shard_id = next(iter(dynamo.list_shards(arn))).shard_id
    same(
        "the stream's records",
        _images(read_stream(arn, shard_id, rows)),
        _images(peers.read_stream(arn, shard_id, rows)),
    )
    runs, their_runs = in_turns(
        [
            Contender("stream reading", lambda: len(read_stream(arn, shard_id, rows))),
            Contender("boto3 get_records", lambda: len(peers.read_stream(arn, shard_id, rows))),
        ],
        pace,
    )
    known = figure(
        GROUP, "stream reading", "records/s", [run.rate for run in runs], against="boto3 get_records",
        theirs=[run.rate for run in their_runs], target=Target(least=3, of_ratio=True),
    )  # fmt: skip
    return [
        explained(known, lambda: shares(runs)),
        _cpu("stream reading, client CPU per record", runs, "boto3 get_records", their_runs),
    ]


def _images(found: list[dict[str, Any]]) -> list[Any]:
    return [(record["dynamodb"]["SequenceNumber"], record["dynamodb"]["NewImage"]) for record in found]

"""The bench itself, with few rows: that it measures what it says, compares outcomes, and explains itself."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.bench import bound, commits, dynamodb, feeds, parsing, table
from tests.bench.measure import Contender, Figure, Mismatch, Pace, Run, Target, figure, in_turns, same
from tests.bench.standin import server
from uploads.feed import parser
from vendors.models import Vendor

ONCE = Pace(rounds=1, warm_up=False)


def test_ratios_are_of_runs_of_the_same_round() -> None:
    known = figure("G", "speed", "rows/s", [10.0, 100.0, 30.0], against="slow", theirs=[5.0, 10.0, 10.0])
    assert (known.value, known.theirs, known.ratio) == (30.0, 10.0, 3.0)  # 2, 10 and 3
    assert known.spread == 3.0


def test_a_ratio_above_one_is_better_where_less_is_better_too() -> None:
    known = figure("G", "cost", "µs", [10.0], against="slow", theirs=[40.0], fewer_is_better=True)
    assert known.ratio == 4.0


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(least=10), True), (Target(least=11), False), (Target(most=10), True), (Target(most=9), False),
        (Target(least=2, of_ratio=True), True), (Target(least=2.1, of_ratio=True), False),
    ],
)  # fmt: skip
def test_a_target_is_met_or_missed(target: Target, met: bool) -> None:
    assert figure("G", "speed", "rows/s", [10.0], against="slow", theirs=[5.0], target=target).met is met


def test_contenders_take_turns_in_an_order_that_changes() -> None:
    order: list[str] = []

    def contender(name: str) -> Contender:
        return Contender(name, lambda: order.append(name) or 1)  # type: ignore[func-returns-value] # for brevity

    runs = in_turns([contender("a"), contender("b")], Pace(rounds=3, warm_up=False))
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [len(each) for each in runs] == [3, 3]


def test_different_outcomes_end_the_bench() -> None:
    with pytest.raises(Mismatch, match="products: the versions differ"):
        same("products", [1, 2], [1, 3])


def test_a_profile_names_what_takes_the_time(tmp_path: Path) -> None:
    path = feeds.clean(tmp_path / "feed.csv", 200)
    assert "uploads/feed/parser.py" in bound.profile(lambda: list(_rows(path)))


def _rows(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield from parser.rows(file, parser.inspect(file))


def test_the_feed_is_measured_against_csv(tmp_path: Path) -> None:
    known, _ = parsing.measure(tmp_path, 200, ONCE)
    assert known.theirs is not None
    assert known.target == Target(least=50_000)


def test_a_shops_export_is_measured_as_it_is_meant(tmp_path: Path) -> None:
    _, shop = parsing.measure(tmp_path, 200, ONCE)
    assert shop.target == Target(least=0.6, of_ratio=True)
    path = feeds.of_shop(tmp_path / "shop.csv", 200)
    with path.open("rb") as file:
        layout = parser.inspect(file, reading=parser.Reading())
    assert parsing.understand_and_validate(path, layout, parsing.heads_of(path, layout)) == (200, 150)


@pytest.mark.django_db(transaction=True)
def test_staging_stream_consumer_and_commit_are_measured_and_shown(
    vendor: Vendor, categories: None, table: str, bucket: None, tmp_path: Path
) -> None:
    figures = [*dynamodb.measure(tmp_path, 200, ONCE), *commits.measure(tmp_path, 200, ONCE)]
    assert [known.name for known in figures] == [
        "staging",
        "staging, client CPU per row",
        "stream reading",
        "stream reading, client CPU per record",
        "consumer, all inserts",
        "consumer, all updates",
        "consumer, all unchanged",
        "consumer, 5% errors",
        "consumer, 10% errors",
        "consumer, a warning in every row",
        "commit alone, all inserts",
        "commit alone, all inserts",
    ]
    assert all(known.value > 0 for known in figures)
    assert all("bound by" in known.note for known in figures if known.met is False)


def test_the_table_shows_targets_and_the_json_has_all_values(tmp_path: Path) -> None:
    figures: list[Figure] = [
        figure("Feed", "fast enough", "rows/s", [50_000.0, 60_000.0], target=Target(least=50_000)),
        figure("Feed", "too slow", "rows/s", [2.0], against="slow", theirs=[1.0], target=Target(least=3, of_ratio=True),
               note="bound by: somebody"),
    ]  # fmt: skip
    shown = table.render(figures)
    assert "≥ 50,000  ✓" in shown
    assert "2.00 ×" in shown
    assert "≥ 3 ×  ✗" in shown
    assert "↳ bound by: somebody" in shown
    table.write_json(tmp_path / "bench.json", figures, 100)
    written = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [(known["met"], known["values"]) for known in written["figures"]] == [
        (True, [50_000.0, 60_000.0]),
        (False, [2.0]),
    ]


def test_cpu_time_counts_per_row() -> None:
    assert Run(rows=1000, seconds=1.0, cpu={"this process": 0.5}).client_micros == pytest.approx(500)


# --- the stand-in for DynamoDB ---------------------------------------------------------------------------------


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[str]:
    """Its URL."""
    served = server(0, str(tmp_path / "standin.sqlite"))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_address[1]}"
    served.shutdown()
    served.server_close()


def _client(service: Any, url: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any"
    )


def test_the_stand_in_keeps_items_and_streams_every_change_of_them(stand_in: str) -> None:
    database, streams = _client("dynamodb", stand_in), _client("dynamodbstreams", stand_in)
    items = [
        {"upload_id": {"S": "U"}, "record_id": {"S": f"REC_{number}"}, "status": {"S": "pending_validation"}}
        for number in (1, 2)
    ]
    database.batch_write_item(RequestItems={"T": [{"PutRequest": {"Item": item}} for item in items]})
    answer = database.batch_execute_statement(
        Statements=[
            {
                "Statement": 'UPDATE "T" SET "status"=? REMOVE "error_reason" WHERE "upload_id"=? AND "record_id"=?',
                "Parameters": [{"S": "validated"}, {"S": "U"}, {"S": record_id}],
            }
            for record_id in ("REC_2", "REC_3")
        ]
    )
    assert [response.get("Error", {}).get("Code") for response in answer["Responses"]] == [
        None,
        "ConditionalCheckFailed",
    ]
    arn = database.describe_table(TableName="T")["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    changed = {**items[1], "status": {"S": "validated"}}
    assert [record["dynamodb"]["NewImage"] for record in records] == [*items, changed]
    behind = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        SequenceNumber=records[1]["dynamodb"]["SequenceNumber"],
    )  # fmt: skip
    rest = streams.get_records(ShardIterator=behind["ShardIterator"])["Records"]
    assert [record["dynamodb"]["NewImage"] for record in rest] == [changed]
    found = database.query(
        TableName="T", KeyConditionExpression="upload_id = :u", ExpressionAttributeValues={":u": {"S": "U"}}
    )
    assert found["Items"] == [items[0], changed]


def test_the_stand_in_keeps_its_items_on_disk(stand_in: str, tmp_path: Path) -> None:
    item = {"upload_id": {"S": "U"}, "record_id": {"S": "REC_1"}}
    _client("dynamodb", stand_in).batch_write_item(RequestItems={"T": [{"PutRequest": {"Item": item}}]})
    with sqlite3.connect(tmp_path / "standin.sqlite") as database:
        assert database.execute("SELECT count(*) FROM items").fetchall() == [(1,)]

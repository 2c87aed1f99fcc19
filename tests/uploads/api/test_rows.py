"""What became of a feed's rows: all of them, those of an outcome, those with problems; as pages and as files."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.api import row_outcomes
from uploads.corrections import correct
from uploads.models import SeverityRule, UploadHistory
from uploads.pipeline import report

BAD = {2: {"price": "free"}, 4: {"category": "Spaceships"}, 5: {"price": "free", "stock_quantity": "-1"}}


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*(line(n, **BAD.get(n, {})) for n in range(1, 8))))


def pages(program: Client, upload: UploadHistory, **asked: Any) -> Iterator[dict[str, Any]]:
    cursor: Any = ""
    while cursor is not None:
        answer = program.get(f"/api/v1/feeds/{upload.pk}/rows", {**asked, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.json()
        yield answer.json()
        cursor = answer.json()["next_cursor"]


def rows(program: Client, upload: UploadHistory, **asked: Any) -> list[dict[str, Any]]:
    return [row for page in pages(program, upload, **asked) for row in page["rows"]]


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_every_row_comes_once_whatever_the_pages(program: Client, upload: UploadHistory, limit: int) -> None:
    found = rows(program, upload, limit=limit)
    assert [(row["row"], row["outcome"]) for row in found] == [
        (n, "error" if n in BAD else "inserted") for n in range(1, 8)
    ]
    assert [row["vendor_product_id"] for row in found if row["row"] not in BAD] == ["P-1", "P-3", "P-6", "P-7"]


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"outcome": "error"}, [2, 4, 5]), ({"outcome": "inserted"}, [1, 3, 6, 7]), ({"outcome": "updated"}, []),
        ({"code": "invalid_price"}, [2, 5]), ({"code": "negative_stock"}, [5]), ({"severity": "error"}, [2, 4, 5]),
        ({"severity": "warning"}, []), ({"code": "invalid_price", "outcome": "inserted"}, []), ({"code": "x"}, []),
    ],
)  # fmt: skip
def test_those_that_are_asked_for_come(
    program: Client, upload: UploadHistory, asked: dict[str, str], expected: list[int], limit: int
) -> None:
    assert [row["row"] for row in rows(program, upload, limit=limit, **asked)] == expected


def test_a_row_says_what_is_wrong_and_what_to_do(program: Client, upload: UploadHistory) -> None:
    (row,) = rows(program, upload, code="negative_stock")
    assert (row["state"], row["line"]) == ("open", 6)
    assert [(one["field"], one["code"], one["severity"], one["value"]) for one in row["problems"]] == [
        ("price", "invalid_price", "error", "free"), ("stock_quantity", "negative_stock", "error", "-1"),
    ]  # fmt: skip
    assert all(one["message"] and one["explained"] for one in row["problems"])


def test_a_feed_shows_a_few_rows_of_each_kind_of_problem(program: Client, pipeline: Pipeline) -> None:
    many = pipeline.run(feed(*(line(n, **({"price": "free"} if n > 2 else {"category": "X"})) for n in range(1, 9))))
    kinds = program.get(f"/api/v1/feeds/{many.pk}").json()["problems"]
    assert [(one["code"], one["severity"], one["count"]) for one in kinds] == [
        ("invalid_price", "error", 6), ("unknown_category", "error", 2),
    ]  # fmt: skip
    assert [row["row"] for row in kinds[0]["samples"]] == [3, 4, 5]
    assert (kinds[0]["samples"][0]["field"], kinds[0]["samples"][0]["value"]) == ("price", "free")
    assert kinds[0]["explained"] == "/api/v1/codes/invalid_price"


def test_a_feed_leads_to_its_rows_and_their_report_for_as_long_as_they_are_kept(
    program: Client, upload: UploadHistory
) -> None:
    links = program.get(f"/api/v1/feeds/{upload.pk}").json()["links"]
    assert program.get(links["self"]).json()["id"] == upload.pk
    assert [row["row"] for row in program.get(links["rows"], {"outcome": "error"}).json()["rows"]] == [2, 4, 5]
    assert program.get(links["report"]).status_code == 303
    UploadHistory.objects.filter(pk=upload.pk).update(rows_deleted_at=timezone.now(), error_report_key="")
    left = program.get(links["self"]).json()["links"]
    assert left == {"self": links["self"], "rows": None, "report": None}


def test_few_among_many_take_several_pages_and_never_a_long_one(
    program: Client, upload: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_outcomes, "LOOKED_AT", 2)
    found = list(pages(program, upload, outcome="updated"))
    assert len(found) >= 3
    assert all(page["rows"] == [] for page in found)


def test_a_page_asks_as_many_questions_whatever_it_has(program: Client, upload: UploadHistory) -> None:
    counts = []
    for limit in (1, 7):
        next(pages(program, upload, limit=limit))  # notes the token's use
        with CaptureQueriesContext(connection) as queries:
            next(pages(program, upload, limit=limit))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_cursor_that_isnt_ours_is_refused(program: Client, upload: UploadHistory) -> None:
    for cursor in ("x", "W10", "WzFd", "eyJhIjogMX0", "x" * 2000, "WyJhXHUwMDAwIl0", "ü"):
        answer = program.get(f"/api/v1/feeds/{upload.pk}/rows", {"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


def test_what_cant_be_asked_for_is_refused_by_its_name(program: Client, upload: UploadHistory) -> None:
    answer = program.get(f"/api/v1/feeds/{upload.pk}/rows", {"limit": "0", "outcome": "lost"})
    assert [one["field"] for one in answer.json()["errors"]] == ["outcome", "limit"]


def test_rows_that_were_deleted_by_their_age_are_said_to_be_gone(program: Client, upload: UploadHistory) -> None:
    UploadHistory.objects.update(rows_deleted_at="2026-01-01T00:00Z")
    answer = program.get(f"/api/v1/feeds/{upload.pk}/rows")
    assert (answer.status_code, answer.json()["type"]) == (410, "/api/v1/problems/gone")


def test_the_failed_rows_come_as_a_file_from_an_address_that_works_for_a_while(
    program: Client, client: Client, upload: UploadHistory
) -> None:
    beginnings = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "jsonl": b'{"row":2'}
    for form, begins in beginnings.items():
        answer = program.get(f"/api/v1/feeds/{upload.pk}/report.{form}")
        assert answer.status_code == 303
        path = urlsplit(answer["Location"]).path
        content = b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined] # it streams
        assert content.startswith(begins)
        assert client.get(f"{path}x").status_code == 404
    lines = [json.loads(line) for line in content.splitlines()]
    assert [(one["row"], one["code"]) for one in lines] == [
        (2, "invalid_price"), (4, "unknown_category"), (5, "invalid_price"), (5, "negative_stock"),
    ]  # fmt: skip
    assert program.get(f"/api/v1/feeds/{upload.pk}/report.pdf").status_code == 422


def test_rows_with_warnings_are_counted_and_come_as_a_file_too(
    program: Client, client: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(line(1, description="Short."), line(2, price="free")))
    assert program.get(f"/api/v1/feeds/{upload.pk}").json()["counts"]["warned"] == 1
    (row,) = rows(program, upload, severity="warning")
    assert (row["outcome"], row["state"], row["problems"][0]["code"]) == ("inserted", None, "description_short")
    answer = program.get(f"/api/v1/feeds/{upload.pk}/report.csv?severity=warning")
    assert answer.status_code == 303
    content = b"".join(client.get(urlsplit(answer["Location"]).path).streaming_content)  # type: ignore[attr-defined] # it streams
    assert content.count(b"description_short") == 1
    assert b"free" not in content
    assert program.get(f"/api/v1/feeds/{upload.pk}/report.xlsx?severity=warning").status_code == 422
    assert program.get(f"/api/v1/feeds/{upload.pk}/report.csv?severity=none").status_code == 422


def test_a_warning_that_a_correction_took_away_is_asked_for_in_vain(program: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, sku='"=""SKU-1"""', price="free"), line(2, sku='"=""SKU-2"""')))
    user = User.objects.create_user("corrector")
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5", "sku": "SKU-1"}, user)
    for asked in ({"severity": "warning"}, {"severity": "warning", "code": "cleaned"}):
        assert [row["row"] for row in rows(program, upload, **asked)] == [2]


def test_a_report_as_json_lines_is_read_from_the_database_piece_by_piece(
    program: Client, client: Client, upload: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHUNK", 2)
    path = urlsplit(program.get(f"/api/v1/feeds/{upload.pk}/report.jsonl")["Location"]).path
    with CaptureQueriesContext(connection) as queries:
        content = b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined] # it streams
    read = [one["sql"] for one in queries.captured_queries if '"original_data"' in one["sql"]]
    assert [len(sql.rpartition("IN (")[2].split(",")) for sql in read] == [2, 2]
    assert [(one["row"], one["severity"]) for one in map(json.loads, content.splitlines())] == [
        (2, "error"), (4, "error"), (5, "error"), (5, "error"),
    ]  # fmt: skip


def test_a_code_is_found_whether_it_is_an_error_or_a_warning_page_by_page(program: Client, pipeline: Pipeline) -> None:
    SeverityRule.objects.create(code="description_short", severity="error", category="Books")
    short = [line(n, description="Short.", category="Books" if n == 2 else "Electronics") for n in range(1, 4)]
    upload = pipeline.run(feed(*short))
    for limit in (1, 10):
        found = rows(program, upload, code="description_short", limit=limit)
        assert [(row["row"], row["problems"][0]["severity"]) for row in found] == [
            (1, "warning"), (2, "error"), (3, "warning"),
        ]  # fmt: skip
    assert [row["row"] for row in rows(program, upload, code="description_short", severity="error")] == [2]
    assert [row["row"] for row in rows(program, upload, code="description_short", outcome="error")] == [2]


def test_of_somebody_else_there_is_none(stranger: Client, upload: UploadHistory) -> None:
    for what in ("", "/rows", "/report.csv"):
        assert stranger.get(f"/api/v1/feeds/{upload.pk}{what}").status_code == 404


def test_all_feeds_come_newest_first_with_those_of_people(program: Client, pipeline: Pipeline) -> None:
    first = pipeline.run(feed(line(1)))
    told = program.post("/api/v1/feeds", json.dumps({"file_name": "b.csv"}), "application/json").json()["id"]
    last = pipeline.run(feed(line(2)))
    found: list[Any] = []
    cursor: Any = ""
    while cursor is not None:
        page = program.get("/api/v1/feeds", {"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        found += [(one["id"], one["origin"], one["state"]) for one in page["feeds"]]
        cursor = page["next_cursor"]
    assert found == [(last.pk, "file", "completed"), (told, "api", "awaiting_file"), (first.pk, "file", "completed")]
    since = first.created_at.isoformat()
    assert len(program.get("/api/v1/feeds", {"created_after": since}).json()["feeds"]) == 2
    for moment in ("2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59"):
        assert program.get("/api/v1/feeds", {"created_after": moment}).status_code == 422
    assert program.get("/api/v1/feeds", {"created_before": "0435-07-14T10:54:16-22:58"}).json()["feeds"] == []

"""Services that let nobody in, answer nonsense or nothing: one line when it begins, one at the end, no row lost."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from urllib3.exceptions import NewConnectionError

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.answers import Body, Clock, RawAnswer, endpoint_answers
from tests.feeds import feed, line
from uploads import tasks
from uploads.aws import dynamo
from uploads.models import RecordOutcome, ServiceOutage, UploadHistory
from uploads.pipeline import stream
from uploads.work import outages, wakeups

DENIED = "User: arn:aws:iam::1:user/x is not authorized to perform this"
REFUSED = NewConnectionError(None, "refused")  # type: ignore[arg-type] # no connection


def refusing(code: str, message: str, status: int = 400) -> tuple[int, bytes]:
    return status, json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message}).encode()


def in_xml(code: str, message: str, status: int = 403) -> tuple[int, bytes]:
    return status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def of_dynamodb(answer: tuple[int, bytes] | Exception, *only: str) -> RawAnswer:
    return lambda operation: answer if operation != "S3" and (not only or operation in only) else None


def of_storage(answer: tuple[int, bytes] | Exception) -> RawAnswer:
    return lambda operation: answer if operation == "S3" else None


def denied_statement(operation: str) -> tuple[int, Body] | None:
    return (200, _all_denied) if operation == "BatchExecuteStatement" else None


def _all_denied(asked: bytes) -> bytes:
    denied = {"Error": {"Code": "AccessDenied", "Message": DENIED}}
    return json.dumps({"Responses": [denied] * len(json.loads(asked)["Statements"])}).encode()


PROTOCOL = "answered something that isn't DynamoDB's protocol. Check AWS_ENDPOINT_URL"
FAULTS: dict[str, tuple[RawAnswer, str, str]] = {
    "an expired token": (
        of_dynamodb(refusing("ExpiredTokenException", "The security token is expired")),
        "DynamoDB", "refuses the credentials: The security token is expired. Renew",
    ),
    "credentials that nobody knows": (
        of_dynamodb(refusing("UnrecognizedClientException", "The security token is invalid.")),
        "DynamoDB", "refuses the credentials: The security token is invalid. Renew",
    ),
    "a clock that is wrong": (of_dynamodb(refusing("RequestExpired", "Old", 403)), "DynamoDB", "Set the clock."),
    "a permission that is missing": (
        of_dynamodb(refusing("AccessDeniedException", DENIED)), "DynamoDB", f"{DENIED}. Allow it",
    ),
    "statuses that may not be written": (
        of_dynamodb(refusing("AccessDeniedException", DENIED), "BatchExecuteStatement"), "DynamoDB", "Allow it",
    ),
    "statuses that are denied one by one": (denied_statement, "DynamoDB", "Allow it"),
    "a key that is switched off": (
        of_dynamodb(refusing("KMSDisabledException", "The key is disabled")), "DynamoDB", "Look at the key",
    ),
    "no UTF-8": (of_dynamodb((200, b'{"Table": "\xe4"}')), "DynamoDB", PROTOCOL),
    "an empty object": (of_dynamodb((200, b"{}")), "DynamoDB", PROTOCOL),
    "a list": (of_dynamodb((200, b"[]")), "DynamoDB", PROTOCOL),
    "null": (of_dynamodb((200, b"null")), "DynamoDB", PROTOCOL),
    "a page": (of_dynamodb((200, b"<html>Sign in</html>")), "DynamoDB", PROTOCOL),
    "nothing but a refusal": (of_dynamodb((404, b"nobody here")), "DynamoDB", PROTOCOL),
    "a failure inside": (of_dynamodb((500, b"<html>Oops</html>")), "DynamoDB", "DynamoDB fails"),
    "a refused connection": (of_dynamodb(REFUSED), "DynamoDB", "DynamoDB isn't reachable. "),
    "storage: an expired token": (
        of_storage(in_xml("ExpiredToken", "The provided token has expired.", 400)),
        "File storage", "File storage refuses the credentials",
    ),
    "storage: a permission that is missing": (of_storage(in_xml("AccessDenied", "No")), "File storage", "Allow it"),
    "storage: a page": (of_storage((200, b"<html>Sign in</html>")), "File storage", "isn't S3's protocol."),
    "storage: a page that isn't there": (of_storage((404, b"<html>")), "File storage", "isn't S3's protocol."),
    "storage: no UTF-8": (of_storage((200, b"\xe4\xff")), "File storage", "isn't S3's protocol."),
    "storage: a failure inside": (of_storage((500, b"")), "File storage", "File storage fails"),
    "storage: a refused connection": (of_storage(REFUSED), "File storage", "File storage isn't reachable. "),
}  # fmt: skip


@pytest.fixture
def tick(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every task once, as the schedule wakes them; what is owed is old by the clock of this test."""
    monkeypatch.setattr(time, "sleep", Clock().sleep)
    monkeypatch.setattr(wakeups, "enqueue", lambda *_, **__: None)

    def once() -> None:
        uploads = list(UploadHistory.objects.filter(status="processing"))
        for upload in uploads:
            pipeline.end_pause(upload)
            tasks.stage_upload(upload.upload_id)
        tasks.consume_stream()
        for upload in uploads:
            tasks.finish_upload(upload.upload_id)
        RecordOutcome.objects.update(created_at="2000-01-01T00:00:00Z")
        tasks.upkeep()

    return once


@pytest.mark.parametrize(("fault", "service", "remedy"), FAULTS.values(), ids=FAULTS)
def test_an_outage_is_one_line_when_it_begins_one_when_it_ends_and_no_row_is_lost(
    pipeline: Pipeline, unguarded: None, tick: Callable[[], None], caplog: pytest.LogCaptureFixture,
    fault: Callable[[str], Any], service: str, remedy: str,
) -> None:  # fmt: skip
    settled = pipeline.send(feed(line(1), line(2, price="free")))
    pipeline.stage(settled)
    while stream.consume():
        pass
    staged = pipeline.send(feed(*(line(n) for n in range(11, 61))))
    pipeline.stage(staged)
    pipeline.send(feed(*(line(n, price="free" if n == 100 else "9.99") for n in range(61, 101))))
    caplog.clear()

    with endpoint_answers(fault):
        for _ in range(4):
            tick()
    (begun,) = caplog.records
    assert (begun.levelno, begun.exc_info) == (logging.WARNING, None)
    assert begun.message.startswith(f"Outage of {service}, what needs it waits: ")
    assert remedy in begun.message
    assert list(ServiceOutage.objects.values_list("service", "answered_at", "ended_at")) == [(service, None, None)]

    caplog.clear()
    for _ in range(3):
        tick()
    ServiceOutage.objects.update(answered_at=begun_at_plus(35))
    ServiceOutage.objects.update(began_at=begun_at_plus(0))
    tick()
    (ended,) = caplog.records
    assert ended.message == f"{service} answers again after 35 s."
    assert set(UploadHistory.objects.values_list("status", flat=True)) == {"completed"}
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (90, 92)
    assert not RecordOutcome.objects.filter(written_back_at=None).exists()
    assert {item["status"]["S"] for item in dynamo.query_upload(staged.pk)} == {"validated"}


def begun_at_plus(seconds: int) -> str:
    return f"2026-03-01T12:00:{seconds:02d}Z"


def test_statuses_that_are_denied_do_not_end_their_outage_by_what_else_goes_well(
    pipeline: Pipeline, tick: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.stage(pipeline.send(feed(*(line(n) for n in range(1, 31)))))
    caplog.clear()
    with endpoint_answers(denied_statement):
        for _ in range(6):
            tick()
            ServiceOutage.objects.filter(answered_at=None).update(began_at="2026-03-01T12:00:00Z")
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    assert outages.CALM_SECONDS > 5, "the schedule tries again every five seconds"

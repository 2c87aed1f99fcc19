"""Requests by the thousand go out at once where all is well, and botocore's own way where it isn't."""

import json
import os
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from botocore.config import Config

from uploads.aws import client, dynamo

ITEM = {"upload_id": {"S": "U"}, "record_id": {"S": "REC_0000001"}, "name": {"S": "Lämpchen 🪔"}}


class Endpoint:
    """Answers one request after the other as it was told; remembers what it was asked. None hangs up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.asked: list[tuple[dict[str, str], Any]] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as line:
                while self._one(line):
                    pass

    def _one(self, line: Any) -> bool:
        if not line.readline():
            return False
        headers = dict(self._header(row) for row in iter(line.readline, b"\r\n"))
        self.asked.append((headers, json.loads(line.read(int(headers["content-length"])))))
        answer = self.answers.pop(0)
        if answer is None:
            return False
        body = answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode()
        line.write(b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n%b" % (answer[0], len(body), body))
        line.flush()
        return True

    @staticmethod
    def _header(row: bytes) -> tuple[str, str]:
        name, _, value = row.decode().partition(":")
        return name.strip().lower(), value.strip()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """In the place of DynamoDB, for a client of its own."""
    endpoint = Endpoint()
    thread = Thread(target=endpoint.serve)
    thread.start()
    options = client.options() | {"endpoint_url": endpoint.url, "config": client._CONFIG.merge(Config(read_timeout=5))}
    monkeypatch.setattr(client, "options", lambda: options)
    client._dynamodb.cache_clear()
    client._line.cache_clear()
    yield endpoint
    endpoint.server.shutdown(socket.SHUT_RDWR)
    endpoint.server.close()
    client._line(os.getpid()).connections.close()
    client._dynamodb.cache_clear()
    client._line.cache_clear()
    thread.join()


def test_what_is_put_directly_is_what_botocore_would_have_put(table: str) -> None:
    dynamo.put_records([ITEM])

    assert dynamo.get_record("U", "REC_0000001") == ITEM


def test_a_request_that_succeeds_is_signed_and_sent_once(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, {"UnprocessedItems": {}})]
    assert client.post("BatchWriteItem", {"RequestItems": {"T": []}}) == {"UnprocessedItems": {}}

    ((headers, body),) = endpoint.asked
    assert body == {"RequestItems": {"T": []}}
    assert headers["x-amz-target"] == "DynamoDB_20120810.BatchWriteItem"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert "Signature=" in headers["authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-target" in headers["authorization"]


THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"})


@pytest.mark.parametrize("first", [THROTTLED, (500, {}), (301, {}), None], ids=str)
def test_a_request_that_fails_is_asked_again_by_botocore_with_the_same_body(endpoint: Endpoint, first: Any) -> None:
    endpoint.answers = [first, (200, {"Responses": []})]
    request = {"Statements": [{"Statement": "UPDATE", "Parameters": [{"S": "Lämpchen 🪔"}, {"N": "1"}]}]}
    assert client.post("BatchExecuteStatement", request)["Responses"] == []

    assert [body for _, body in endpoint.asked] == [request] * 2
    assert "Boto3" in endpoint.asked[1][0]["user-agent"]


def test_a_refusal_comes_as_the_error_that_it_is(endpoint: Endpoint) -> None:
    endpoint.answers = [(400, {"__type": "x#ResourceNotFoundException", "message": "no such table"})] * 2
    with pytest.raises(dynamo.TableMissing):
        client.post("BatchWriteItem", {"RequestItems": {"T": [{"PutRequest": {"Item": ITEM}}]}})


NOT_THE_PROTOCOL: dict[str, tuple[int, Any]] = {
    "a page": (200, b"<html>Sign in</html>"),
    "no UTF-8": (200, b'{"UnprocessedItems": {}, "name": "L\xe4mpchen"}'),
    "no UTF-8 in an error": (400, b'{"message": "L\xe4mpchen"}'),
    "a list": (200, []),
    "null": (200, None),
    "a text": (200, "OK"),
    "nothing": (200, b""),
    "an empty object": (200, {}),
    "another object": (200, {"status": "UP"}),
    "a member of another kind": (200, {"UnprocessedItems": []}),
    "a list of texts": (200, {"UnprocessedItems": {"T": ["x"]}}),
    "an endless nesting": (200, b"[" * 100_000),
    "a page instead of an error": (404, b"<html>Not found</html>"),
    "a list instead of an error": (400, []),
    "an error with a number for its code": (400, {"__type": 5}),
    "a way to somewhere else": (302, b""),
}  # fmt: skip


@pytest.mark.parametrize("answer", NOT_THE_PROTOCOL.values(), ids=NOT_THE_PROTOCOL)
def test_whatever_is_not_the_protocol_is_an_outage_with_a_remedy(
    endpoint: Endpoint, settings: Any, answer: tuple[int, Any]
) -> None:
    settings.UPLOAD_RECORDS_TABLE = "T"
    endpoint.answers = [answer] * 2
    with pytest.raises(dynamo.Unavailable, match=r"isn't DynamoDB's protocol\. Check AWS_ENDPOINT_URL"):
        dynamo.put_records([ITEM])


def test_a_key_that_is_switched_off_is_no_refusal_of_the_items(endpoint: Endpoint) -> None:
    said = {"__type": "com.amazon.coral.validate#ValidationException", "message": "KMS key is disabled"}
    endpoint.answers = [(400, said)] * 2
    with pytest.raises(dynamo.Unavailable, match="Look at the key in AWS KMS"):
        dynamo.put_records([ITEM])


def test_half_a_surrogate_pair_in_an_answer_is_no_reason_to_stop(endpoint: Endpoint) -> None:
    assert client.decoded(b'{"S": "\\ud83d"}') == {"S": "\ud83d"}

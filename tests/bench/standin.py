"""A stand-in for DynamoDB and its stream that keeps nothing in memory: for sizes that the embedded endpoint can't hold.

    python -m tests.bench.standin PORT FILE UPSTREAM

Not DynamoDB: it knows the requests that the platform makes in an import and nothing else, has one table with one
shard, no throttling, and trusts everybody. Items and stream records stand in a SQLite file. What isn't a request to
DynamoDB (S3's have no X-Amz-Target) is passed on to the endpoint UPSTREAM.
"""

import http.client
import json
import re
import sqlite3
import sys
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/UploadRecords/stream/2026-01-01T00:00:00.000"
SHARD = "shardId-00000000000000000000-00000000"
PAGE_BYTES = 1024 * 1024
PAGE_RECORDS = 1000
CHUNK = 64 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}

Item = dict[str, Any]


class Store:
    """The table and its stream. One connection, one thread at a time."""

    def __init__(self, file: str) -> None:
        self.lock = Lock()
        self.db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.db.executescript(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;
            CREATE TABLE items (upload_id TEXT, record_id TEXT, item TEXT, PRIMARY KEY (upload_id, record_id));
            CREATE TABLE stream (sequence INTEGER PRIMARY KEY, record TEXT);
            """
        )

    def put(self, items: Iterable[Item]) -> None:
        """Put items, and their images into the stream."""
        with self.lock:
            self.db.execute("BEGIN")
            for item in items:
                image, key = json.dumps(item), (item["upload_id"]["S"], item["record_id"]["S"])
                self.db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", (*key, image))
                self.db.execute("INSERT INTO stream (record) VALUES (?)", (_stream_record(key, image),))
            self.db.execute("COMMIT")

    def get(self, upload_id: str, record_id: str) -> Item | None:
        with self.lock:
            found = self.db.execute(
                "SELECT item FROM items WHERE upload_id = ? AND record_id = ?", (upload_id, record_id)
            ).fetchone()
        return json.loads(found[0]) if found else None

    def read(self, behind: int, limit: int) -> tuple[list[str], int]:
        """A page of stream records behind a sequence number, at most 1 MB of them, and the last one's number."""
        with self.lock:
            rows = self.db.execute(
                "SELECT sequence, record FROM stream WHERE sequence > ? ORDER BY sequence LIMIT ?", (behind, limit)
            )
            page: list[str] = []
            size = 0
            for sequence, record in rows:
                size += len(record)
                if page and size > PAGE_BYTES:
                    break
                page.append(record.replace('"SequenceNumber": ""', f'"SequenceNumber": "{sequence:021d}"', 1))
                behind = sequence
        return page, behind

    def query(self, upload_id: str, behind: str) -> list[str]:
        """A page of an upload's items behind a record_id, in order."""
        with self.lock:
            return [
                item
                for (item,) in self.db.execute(
                    "SELECT item FROM items WHERE upload_id = ? AND record_id > ? ORDER BY record_id LIMIT 1000",
                    (upload_id, behind),
                )
            ]


def _stream_record(key: tuple[str, str], image: str) -> str:
    """As the service writes it; the sequence number is put in when it is read."""
    keys = json.dumps({"upload_id": {"S": key[0]}, "record_id": {"S": key[1]}})
    return (
        f'{{"eventID": "0", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": '
        f'"us-east-1", "dynamodb": {{"ApproximateCreationDateTime": {time.time():.0f}, "SequenceNumber": "", '
        f'"Keys": {keys}, "NewImage": {image}, "SizeBytes": {len(image)}, "StreamViewType": "NEW_IMAGE"}}}}'
    )


# --- the operations: a request's JSON → the answer's text ------------------------------------------------------


def describe_table(store: Store, request: Item) -> str:
    table = {"TableName": request["TableName"], "TableStatus": "ACTIVE", "LatestStreamArn": ARN}
    return json.dumps({"Table": table})


def batch_write_item(store: Store, request: Item) -> str:
    store.put(entry["PutRequest"]["Item"] for entries in request["RequestItems"].values() for entry in entries)
    return '{"UnprocessedItems": {}}'


def batch_execute_statement(store: Store, request: Item) -> str:
    """PartiQL's UPDATE of existing items by their key, as the write-back sends it."""
    changed, answers = [], []
    for statement in request["Statements"]:
        item = _updated(store, statement)
        if item is not None:
            changed.append(item)
        answers.append({} if item is not None else {"Error": {"Code": "ConditionalCheckFailed"}})
    store.put(changed)
    return json.dumps({"Responses": answers})


def _updated(store: Store, statement: Item) -> Item | None:
    names = re.findall(r'"(\w+)"\s*=\s*\?', statement["Statement"])
    values = dict(zip(names, statement["Parameters"], strict=True))
    item = store.get(values.pop("upload_id")["S"], values.pop("record_id")["S"])
    if item is None:
        return None
    for name in re.findall(r'REMOVE "(\w+)"', statement["Statement"]):
        item.pop(name, None)
    return item | values


def get_item(store: Store, request: Item) -> str:
    item = store.get(request["Key"]["upload_id"]["S"], request["Key"]["record_id"]["S"])
    return json.dumps({"Item": item} if item else {})


def query(store: Store, request: Item) -> str:
    """An upload's items, by the table's key."""
    upload_id = request["ExpressionAttributeValues"][":u"]["S"]
    start = request.get("ExclusiveStartKey")
    page = store.query(upload_id, start["record_id"]["S"] if start else "")
    answer = f'"Items": [{", ".join(page)}], "Count": {len(page)}'
    if len(page) < PAGE_RECORDS:
        return f"{{{answer}}}"
    last = json.loads(page[-1])
    return f'{{{answer}, "LastEvaluatedKey": {json.dumps({name: last[name] for name in ("upload_id", "record_id")})}}}'


def describe_stream(store: Store, request: Item) -> str:
    shard = {"ShardId": SHARD, "SequenceNumberRange": {"StartingSequenceNumber": f"{0:021d}"}}
    return json.dumps({"StreamDescription": {"StreamArn": ARN, "StreamStatus": "ENABLED", "Shards": [shard]}})


def get_shard_iterator(store: Store, request: Item) -> str:
    return json.dumps({"ShardIterator": str(int(request.get("SequenceNumber", 0)))})


def get_records(store: Store, request: Item) -> str:
    page, last = store.read(int(request["ShardIterator"]), request.get("Limit", PAGE_RECORDS))
    return f'{{"Records": [{", ".join(page)}], "NextShardIterator": "{last}"}}'


OPERATIONS = {
    "DescribeTable": describe_table,
    "BatchWriteItem": batch_write_item,
    "BatchExecuteStatement": batch_execute_statement,
    "GetItem": get_item,
    "Query": query,
    "DescribeStream": describe_stream,
    "GetShardIterator": get_shard_iterator,
    "GetRecords": get_records,
}


# --- the server ------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer's headers and body leave together
    disable_nagle_algorithm = True
    store: Store
    upstream: str

    def do_POST(self) -> None:
        target = self.headers.get("X-Amz-Target")
        if target is None:
            self._pass_on()
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = OPERATIONS.get(target.partition(".")[2])
        if operation is None:
            answer, status = json.dumps({"__type": "UnknownOperationException", "message": target}), 400
        else:
            answer, status = operation(self.store, json.loads(body)), 200
        self._answer(status, answer.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _pass_on(self) -> None:
        """To the endpoint that has the files; its answer comes back in chunks."""
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        length = int(self.headers.get("Content-Length", 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        upstream.request(self.command, self.path, self.rfile.read(length) if length else None, headers)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.end_headers()
        while self.command != "HEAD" and (chunk := answer.read(CHUNK)):
            self.wfile.write(chunk)
        self.wfile.flush()
        upstream.close()

    do_GET = do_PUT = do_HEAD = do_DELETE = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged."""


class Server(ThreadingHTTPServer):
    """A thread a connection; one that the client drops is none of our business."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def server(port: int, file: str, upstream: str = "") -> Server:
    """The stand-in, to be served; port 0 picks a free one. `upstream` is HOST:PORT."""
    return Server(("127.0.0.1", port), type("BoundHandler", (Handler,), {"store": Store(file), "upstream": upstream}))


if __name__ == "__main__":
    server(int(sys.argv[1]), sys.argv[2], sys.argv[3]).serve_forever()

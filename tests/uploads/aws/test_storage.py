"""Files in storage: only what is read is fetched, and what can't be read to its end never looks like a whole file."""

import io
import random
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.core.files.storage import default_storage

from tests.faults.answers import Clock, endpoint_answers
from uploads.aws import storage

CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture(scope="module")
def key(bucket: None) -> str:
    """Three MB that nobody changes."""
    name = f"tests/{uuid.uuid4().hex}.csv"
    storage.save(name, io.BytesIO(CONTENT))
    return name


@contextmanager
def _hooked(event: str, handler: Callable[..., None]) -> Iterator[None]:
    # Not its connection's, of which each thread has one: files come from the bucket, made by the thread that was first.
    events = default_storage.bucket.meta.client.meta.events  # type: ignore[attr-defined] # S3Storage has it
    events.register(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)


@pytest.fixture
def ranges() -> Iterator[list[str]]:
    """The Range of each GetObject."""
    asked: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params["Range"])

    with _hooked("before-parameter-build.s3.GetObject", note):
        yield asked


@contextmanager
def breaking_off(content: bytes, after: int, reset: bool = False) -> Iterator[None]:
    """Each GetObject is answered by a server that closes, or resets, the connection after so many bytes of the rest."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as request:
                start = 0
                while line := request.readline().strip():
                    if line.lower().startswith(b"range: bytes="):
                        start = int(line[13:].split(b"-")[0])
                head = (
                    f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(content) - start}\r\n"
                    f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}\r\n\r\n"
                )
                connection.sendall(head.encode() + content[start:][:after])
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def redirect(request: Any, **_: Any) -> None:
        request.url = f"http://127.0.0.1:{server.getsockname()[1]}/"

    thread = Thread(target=serve)
    thread.start()
    try:
        with _hooked("before-send.s3.GetObject", redirect):
            yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def test_threads_have_connections_of_their_own_and_the_description_of_s3_once() -> None:
    made: list[Any] = []
    threads = [
        Thread(target=lambda: made.append(default_storage.connection))  # type: ignore[attr-defined] # S3Storage has it
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in made}) == 4
    assert len({id(one.meta.client.meta.service_model._service_description) for one in made}) == 1


def test_reading_from_an_offset_asks_only_for_the_rest(key: str, ranges: list[str]) -> None:
    with storage.opened(key) as file:
        file.seek(2_900_000)
        assert file.read() == CONTENT[2_900_000:]

    assert ranges == ["bytes=2900000-2999999"]


def test_a_file_that_is_read_through_is_one_request(key: str, ranges: list[str]) -> None:
    with storage.opened(key) as file:
        assert b"".join(iter(lambda: file.read(100_000), b"")) == CONTENT
        assert (file.tell(), file.read()) == (len(CONTENT), b"")

    assert ranges == ["bytes=0-2999999"]


def test_a_large_file_is_asked_for_in_parts(key: str, ranges: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "REQUEST_BYTES", 1_250_000)
    with storage.opened(key) as file:
        assert b"".join(iter(lambda: file.read(100_000), b"")) == CONTENT

    assert ranges == ["bytes=0-1249999", "bytes=1250000-2499999", "bytes=2500000-2999999"]


def test_a_file_that_is_only_opened_and_measured_is_not_fetched(key: str, ranges: list[str]) -> None:
    with storage.opened(key) as file:
        assert file.seek(0, io.SEEK_END) == len(CONTENT)
        assert (file.read(), file.seek(0)) == (b"", 0)

    assert ranges == []


def test_what_was_just_read_is_not_fetched_again(key: str, ranges: list[str]) -> None:
    with storage.opened(key) as file:
        first = file.read(1000)
        file.seek(0)
        assert file.read(1000) == first
        assert file.tell() == 1000, "telling where it is fetches nothing either"
        assert first + file.read() == CONTENT

    assert ranges == ["bytes=0-2999999"]


def test_a_small_file_is_one_request_however_often_it_is_read_from_its_beginning(
    bucket: None, ranges: list[str]
) -> None:
    small = f"tests/{uuid.uuid4().hex}.csv"
    storage.save(small, io.BytesIO(CONTENT[:50_000]))
    with storage.opened(small) as file:
        for start in (0, 0, 83, 0, 49_999):
            file.seek(start)
            assert file.read() == CONTENT[start:50_000]

    assert ranges == ["bytes=0-49999"]


def test_the_beginning_of_a_large_file_is_not_fetched_again(
    key: str, ranges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BUFFER_BYTES", 10_000)
    with storage.opened(key) as file:
        for _ in range(3):
            file.seek(0)
            assert file.read(1_000_000) == CONTENT[:1_000_000]
        assert file.read() == CONTENT[1_000_000:]

    # Where it was left, behind what is kept, reading goes on with a request of its own.
    assert ranges == ["bytes=0-2999999", "bytes=1000000-2999999"]


def test_seeking_and_reading_anywhere_gives_the_bytes_of_the_file(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BUFFER_BYTES", 10_000)
    monkeypatch.setattr(storage, "REQUEST_BYTES", 777_777)
    chance, local = random.Random(2), io.BytesIO(CONTENT)
    with storage.opened(key) as file:
        for _ in range(60):
            whence = chance.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            base = {io.SEEK_SET: 0, io.SEEK_CUR: local.tell(), io.SEEK_END: len(CONTENT)}[whence]
            offset = chance.randrange(len(CONTENT) + 100) - base
            assert file.seek(offset, whence) == local.seek(offset, whence)
            size = chance.choice([0, 1, 500, 9_999, 10_000, 30_001])
            assert file.read(size) == local.read(size)
            assert file.tell() == local.tell()


def test_an_empty_file_is_empty(bucket: None, ranges: list[str]) -> None:
    name = f"tests/{uuid.uuid4().hex}.csv"
    storage.save(name, io.BytesIO())
    with storage.opened(name) as file:
        assert file.read() == b""

    assert ranges == []


def test_a_stored_file_can_be_stored_again(key: str) -> None:
    copy = f"tests/{uuid.uuid4().hex}.csv"
    with storage.opened(key) as file:
        storage.save(copy, file)
    with storage.opened(copy) as file:
        assert file.read() == CONTENT


def test_a_missing_file_shows_when_it_is_opened(bucket: None) -> None:
    with pytest.raises(storage.FileMissing), storage.opened("tests/nowhere.csv"):
        pass


def test_a_file_that_is_removed_while_it_is_open_is_missing(bucket: None) -> None:
    name = f"tests/{uuid.uuid4().hex}.csv"
    storage.save(name, io.BytesIO(b"a,b"))
    with storage.opened(name) as file:
        storage.delete(name)
        with pytest.raises(storage.FileMissing):
            file.read()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_connection_that_breaks_in_the_middle_is_storage_that_is_away(
    key: str, monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    monkeypatch.setattr(storage, "BUFFER_BYTES", 10_000)
    with breaking_off(CONTENT, 25_000, reset), storage.opened(key) as file:
        assert file.read(5_000) == CONTENT[:5_000]
        with pytest.raises(storage.StorageUnavailable):
            file.read()


def test_a_body_that_is_shorter_than_the_file_is_not_taken_for_its_end(key: str) -> None:
    def cut(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Body"].close()
        parsed["Body"] = io.BytesIO(CONTENT[:20_000])

    with _hooked("after-call.s3.GetObject", cut), storage.opened(key) as file:
        assert file.read(20_000) == CONTENT[:20_000]
        with pytest.raises(storage.StorageUnavailable, match="byte 20000 of 3000000"):
            file.read()


def test_a_file_that_changed_since_it_was_opened_is_not_read_on(bucket: None) -> None:
    name = f"tests/{uuid.uuid4().hex}.csv"
    storage.save(name, io.BytesIO(b"a,b\n1,2\n"))
    with storage.opened(name) as file:
        storage.save(name, io.BytesIO(b"b,a\n1,2\n3,4\n"))
        with pytest.raises(storage.StorageUnavailable, match="changed"):
            file.read()


# --- what else may answer --------------------------------------------------------------------------------------

PAGE = b"<html>Sign in</html>"


@pytest.mark.parametrize(
    "ask",
    [
        lambda key: storage.save(key, io.BytesIO(PAGE[:5])),
        lambda key: storage.save(key, io.BytesIO(PAGE)),
        lambda key: storage.opened(key).__enter__(),
    ],
    ids=["saving", "saving as much as the page has", "opening"],
)
def test_a_page_that_answers_everything_with_ok_neither_stores_a_file_nor_is_one(
    key: str, ask: Callable[[str], object]
) -> None:
    with (
        endpoint_answers(lambda operation: (200, PAGE)),
        pytest.raises(storage.StorageUnavailable, match=r"isn't S3's protocol\. Check"),
    ):
        ask(key)


def test_a_file_that_is_not_there_as_it_was_sent_is_not_stored(key: str) -> None:
    said = iter([(404, b""), (404, b""), (200, b""), (200, PAGE)])  # twice whether it is there, the file, its size
    with (
        endpoint_answers(lambda operation: next(said)),
        pytest.raises(storage.StorageUnavailable, match="isn't S3's protocol"),
    ):
        storage.save(key, io.BytesIO(b"a,b"))
    assert list(said) == []


def in_words(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>It says so.</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "ExpiredToken", "refuses the credentials: It says so. Renew"),
        (403, "InvalidAccessKeyId", "refuses the credentials: It says so. Renew"),
        (403, "SignatureDoesNotMatch", "refuses the credentials: It says so. Renew"),
        (403, "RequestTimeTooSkewed", "clock is wrong: It says so. Set"),
        (403, "AccessDenied", "denies the permission: It says so. Allow"),
        (400, "KMS.DisabledException", "encrypted with: It says so. Look"),
        (404, "NoSuchBucket", "doesn't exist. Create it with: manage.py prepare"),
        (503, "SlowDown", "File storage fails"),
    ],
)  # fmt: skip
def test_a_refusal_without_a_body_is_told_in_s3s_own_words(
    key: str, monkeypatch: pytest.MonkeyPatch, status: int, code: str, words: str
) -> None:
    monkeypatch.setattr(time, "sleep", Clock().sleep)
    answer = (status, in_words(code))
    with endpoint_answers(lambda operation: answer), pytest.raises(storage.StorageUnavailable) as caught:
        storage.opened(key).__enter__()
    assert words in str(caught.value)
    with endpoint_answers(lambda operation: answer), pytest.raises(storage.StorageUnavailable) as caught:
        storage.save(key, io.BytesIO(b"a"))
    assert words in str(caught.value)


def test_a_page_that_is_not_there_is_no_file_that_is_gone(key: str) -> None:
    with endpoint_answers(lambda operation: (404, PAGE)), pytest.raises(storage.StorageUnavailable):
        storage.opened(key).__enter__()

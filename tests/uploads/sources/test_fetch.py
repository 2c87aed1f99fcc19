"""Fetching a source's file from real servers: what comes, what is unchanged, and why nothing came."""

import hashlib
import io
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.servers import https, sftp
from uploads.models import Source
from uploads.sources import fetch, secrets
from uploads.sources.fetch import Fetched, FetchFailed, Unchanged
from uploads.sources.sftp import private_key
from vendors.models import Vendor

FEED = b"vendor_product_id,price\nP-1,9.99\n"


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS, settings.OUTGOING_PLAIN_HTTP = [https.LOOPBACK], True


@pytest.fixture
def shop() -> Iterator[https.Server]:
    with https.serving() as server:
        server.answer = lambda request: https.reply(
            request, body=FEED, ETag='"1"', Last_Modified="Thu, 26 Nov 2026 10:00:00 GMT",
            Content_Disposition='attachment; filename="../night.csv"',
        )  # fmt: skip
        yield server


@pytest.fixture
def files(tmp_path: Path) -> Iterator[sftp.SftpServer]:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "night.csv").write_bytes(FEED)
    with sftp.serving(tmp_path) as server:
        yield server


def of_https(server: https.Server, **facts: Any) -> Source:
    return Source(vendor=Vendor(pk="VEND001"), name="Shop", url=f"{server.url}/feed.csv", **facts)


def of_sftp(server: sftp.SftpServer, path: str = "/out/night.csv", **facts: Any) -> Source:
    facts = {"auth": "password", "user_name": sftp.USER, "host_key": server.host_key} | facts
    source = Source(vendor=Vendor(pk="VEND001"), name="Files", kind="sftp", url=f"{server.url}{path}", **facts)
    secrets.put(source, password=sftp.PASSWORD, key=server.user_key)
    return source


def got(source: Source) -> tuple[Fetched, bytes]:
    into = io.BytesIO()
    found = fetch.fetched(source, into)
    assert isinstance(found, Fetched)
    return found, into.getvalue()


def failure(source: Source) -> FetchFailed:
    with pytest.raises(FetchFailed, match=r"\.$") as failed:
        fetch.fetched(source, io.BytesIO())
    return failed.value


# --- HTTPS -----------------------------------------------------------------------------------------------------


def test_a_file_comes_with_what_it_is_known_by_and_isnt_fetched_again(shop: https.Server) -> None:
    source = of_https(shop)
    found, content = got(source)
    assert content == FEED
    assert (found.size, found.sha256) == (len(FEED), hashlib.sha256(FEED).hexdigest())
    assert (found.file_name, found.etag) == ("night.csv", '"1"')
    source.etag, source.last_modified = found.etag, found.last_modified
    shop.answer = lambda request: https.reply(request, 304, b"")
    assert isinstance(fetch.fetched(source, io.BytesIO()), Unchanged)
    asked = shop.asked[-1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"1"', "Thu, 26 Nov 2026 10:00:00 GMT")


def test_it_signs_in_with_user_and_password_or_with_a_header(shop: https.Server) -> None:
    source = of_https(shop, auth="password", user_name="mia")
    secrets.put(source, password="sésame:1")
    got(source)
    assert shop.asked[-1].headers["Authorization"] == "Basic bWlhOnPDqXNhbWU6MQ=="
    source = of_https(shop, auth="header", header_name="X-Api-Key")
    secrets.put(source, header="abc")
    got(source)
    assert shop.asked[-1].headers["X-Api-Key"] == "abc"
    assert "abc" not in source.secret


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [(401, "not_let_in", False), (403, "not_let_in", False), (404, "not_there", True), (429, "http_status", True),
     (400, "http_status", False), (500, "http_status", True), (503, "http_status", True)],
)  # fmt: skip
def test_a_status_says_whether_another_try_may_help(shop: https.Server, status: int, code: str, again: bool) -> None:
    shop.answer = lambda request: https.reply(request, status)
    failed = failure(of_https(shop))
    assert (failed.code, failed.again) == (code, again)


@pytest.mark.parametrize(
    "said",
    ["attachment; filename*=undefined''x", "attachment; filename*=idna''%ff", "attachment; filename*=utf-7''%2B2AA-",
     "attachment; filename*=unicode_escape''%5cx00%5cud800", 'attachment; filename="' + ";" * 60_000],
)  # fmt: skip
def test_a_file_comes_whatever_its_server_calls_it(shop: https.Server, said: str) -> None:
    shop.answer = lambda request: https.reply(request, body=FEED, Content_Disposition=said)
    found, content = got(of_https(shop))
    assert (content, found.file_name) == (FEED, "feed.csv")


def test_a_file_over_the_limit_is_refused_wherever_it_lies(
    shop: https.Server, files: sftp.SftpServer, settings: Any
) -> None:
    settings.MAX_FILE_BYTES = len(FEED) - 1
    for source in (of_https(shop), of_sftp(files)):
        assert failure(source).code == "too_large"


# --- SFTP ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["password", "key"])
def test_a_file_comes_by_sftp_and_is_known_by_size_and_time(files: sftp.SftpServer, tmp_path: Path, auth: str) -> None:
    source = of_sftp(files, auth=auth)
    found, content = got(source)
    assert (content, found.file_name) == (FEED, "night.csv")
    assert files.logins == [f"{auth} mia"]
    source.remote_size, source.remote_time = found.remote_size, found.remote_time
    assert isinstance(fetch.fetched(source, io.BytesIO()), Unchanged)
    os.utime(tmp_path / "out" / "night.csv", (1, 1))
    assert got(source)[1] == FEED


def test_a_server_whose_key_nobody_confirmed_gets_no_password(files: sftp.SftpServer) -> None:
    unknown = failure(of_sftp(files, host_key=""))
    assert (unknown.code, unknown.host_key, unknown.again) == ("host_key_unknown", files.host_key, False)
    other = " ".join(asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2])
    changed = failure(of_sftp(files, host_key=other))
    assert (changed.code, changed.host_key) == ("host_key_changed", files.host_key)
    assert files.logins == []


def test_a_server_may_get_keys_of_other_kinds_beside_the_confirmed_one(tmp_path: Path) -> None:
    (tmp_path / "night.csv").write_bytes(FEED)
    more = [asyncssh.generate_private_key(kind) for kind in ("ecdsa-sha2-nistp256", "ssh-rsa")]
    with sftp.serving(tmp_path, more_keys=more) as server:
        for key in (server.host_key, *(" ".join(one.export_public_key().decode().split()[:2]) for one in more)):
            assert got(of_sftp(server, "/night.csv", host_key=key))[1] == FEED


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa"])
def test_a_private_key_is_read_however_it_is_written(kind: str) -> None:
    for _ in range(4 if "ecdsa" in kind else 1):  # paramiko by itself reads every other one of these
        key = asyncssh.generate_private_key(kind)
        for form in ("openssh", "pkcs8-pem", *(["pkcs1-pem"] if kind != "ssh-ed25519" else [])):
            text = key.export_private_key(form).decode().replace("\n", "\r\n")  # as a form sends it
            assert private_key(text).get_base64() == key.export_public_key().decode().split()[1]


def test_credentials_of_another_key_of_ours_have_to_be_typed_again(shop: https.Server, settings: Any) -> None:
    source = of_https(shop, auth="password", user_name="mia")
    secrets.put(source, password="x")
    settings.SECRET_KEY = "another key, and no fallback for the one before"
    assert failure(source).code == "credentials_unreadable"


def test_who_isnt_let_in_is_told_so(files: sftp.SftpServer) -> None:
    source = of_sftp(files)
    secrets.put(source, password="wrong")
    assert failure(source).code == "not_let_in"
    source = of_sftp(files, auth="key")
    secrets.put(source, key=asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())
    assert failure(source).code == "not_let_in"
    secrets.put(source, key="nonsense")
    assert failure(source).code == "no_key"
    locked = asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="x").decode()
    secrets.put(source, key=locked)
    assert failure(source).code == "key_locked"


@pytest.mark.parametrize(
    ("path", "code"),
    [("/out/none.csv", "not_there"), ("/out", "no_file"), ("/../../etc/passwd", "not_there"), ("/", "not_an_address")],
)
def test_what_is_no_file_is_said(files: sftp.SftpServer, path: str, code: str) -> None:
    assert failure(of_sftp(files, path)).code == code


def test_a_file_that_is_being_written_is_left_for_later(
    files: sftp.SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Writes(io.BytesIO):
        def write(self, data: Any) -> int:
            with (tmp_path / "out" / "night.csv").open("ab") as file:
                file.write(b"P-2,1.00\n")
            return super().write(data)

    with pytest.raises(FetchFailed, match="being written") as failed:
        fetch.fetched(of_sftp(files), Writes())
    assert failed.value.again


def test_what_doesnt_speak_ssh_or_isnt_there_is_said(shop: https.Server) -> None:
    port = shop.url.rpartition(":")[2]
    assert failure(Source(kind="sftp", url=f"sftp://127.0.0.1:{port}/a.csv")).code in ("not_sftp", "broken_off")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert failure(Source(kind="sftp", url=f"sftp://127.0.0.1:{port}/a.csv")).code == "unreachable"
    assert failure(Source(kind="sftp", url="sftp://10.0.0.1/a.csv")).code == "address_not_allowed"
    for url in (
        "https://x.example/",
        "sftp://mia@x.example/a",
        "sftp://x.example",
        "sftp://x.example:x/a",
        "sftp:///a",
        "sftp://x.example/a%00.csv",
        "sftp://x.example/a%0Ab.csv",
    ):
        assert failure(Source(kind="sftp", url=url)).code == "not_an_address"


def test_a_server_that_sends_more_than_it_may_is_left(
    files: sftp.SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "long.csv").write_bytes(b"x" * 3_000_001)
    assert got(of_sftp(files, "/long.csv"))[1] == b"x" * 3_000_001  # in several pieces
    monkeypatch.setattr(asyncssh.SFTPServer, "read", lambda *_: b"x" * 100_000)  # where 32,768 bytes were asked for
    failed = failure(of_sftp(files, "/long.csv"))
    assert (failed.code, failed.again) == ("broken_off", True)
    assert "An answer of" in str(failed.__cause__)


def test_a_server_that_announces_a_packet_of_gigabytes_is_left() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)

        def answer() -> None:
            with listening.accept()[0] as line:
                line.sendall(b"SSH-2.0-x\r\n" + b"\x7f\xff\xff\xfc" + b"x" * 100)
                while line.recv(1000):
                    pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        failed = failure(Source(kind="sftp", url=f"sftp://127.0.0.1:{listening.getsockname()[1]}/a.csv"))
        thread.join(10)
    assert failed.code == "broken_off"
    assert "A packet of" in str(failed.__cause__)

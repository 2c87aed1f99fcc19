"""What goes out to addresses that vendors name: where to, how long, and how much, whatever the server does."""

import gzip
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from config.outgoing import connect, http
from config.outgoing.addresses import may_connect
from config.outgoing.http import Limits
from config.outgoing.refused import Refused
from tests.servers.https import LOOPBACK, Server, authority, reply, serving

LIMITS = Limits(seconds=10, size=1_000_000)
SOON = Limits(seconds=0.5, size=1_000_000)


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    settings.OUTGOING_PLAIN_HTTP, settings.OUTGOING_ALLOWED_NETWORKS = True, [LOOPBACK]
    with serving() as running:
        yield running


def code_of(url: str, limits: Limits = LIMITS, **headers: str) -> str:
    """Why a file isn't fetched."""
    with pytest.raises(Refused, match=r"\.$") as refused:
        http.fetch(url, io.BytesIO(), headers=headers, limits=limits)
    return refused.value.code


def fetched(url: str, limits: Limits = LIMITS, **headers: str) -> bytes:
    into = io.BytesIO()
    http.fetch(url, into, headers=headers, limits=limits)
    return into.getvalue()


# --- where to --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1",
        "239.255.255.255", "255.255.255.255", "240.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "5f00::1", "", "x",
    ],
)  # fmt: skip
def test_no_address_inside_of_a_network_is_connected_to(address: str) -> None:
    assert not may_connect(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert may_connect(address)


def test_a_network_that_a_setting_names_is_connected_to_and_no_other(settings: Any) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = ["10.1.2.0/24", "fd00:1::/64"]
    assert [one for one in ("10.1.2.3", "10.1.3.3", "fd00:1::5", "fd00:2::5") if may_connect(one)] == [
        "10.1.2.3", "fd00:1::5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]",
     "[::ffff:127.0.0.1]", "[::]", "[64:ff9b::7f00:1]", "①②⑦.0.0.1", "127。0。0。1", "[fe80::1%25lo]"],
)  # fmt: skip
def test_however_it_is_written_loopback_is_not_called(host: str) -> None:
    with serving() as server:
        port = server.url.rpartition(":")[2]
        assert code_of(f"https://{host}:{port}/") in ("address_not_allowed", "no_such_host", "not_an_address")
        assert server.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "//example.com/", "example.com", "", "https://",
     "https:///x", "https://user:secret@example.com/", "https://example.com:0/", "https://example.com:99999/",
     "https://example.com\\@127.0.0.1/", "https://exa mple.com/", "https://example.com/\r\nX: y", "gopher://x",
     "https://" + "a" * 3000, "https://example.com\t/", "https://[::1", "https://@example.com/"],
)  # fmt: skip
def test_what_is_no_address_over_https_is_refused_before_anything_is_opened(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert code_of(url) in ("not_https", "not_an_address")


def test_one_of_a_names_addresses_inside_of_a_network_is_enough_to_refuse_it(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, 1, 6, "", ("8.8.8.8", 443)), (socket.AF_INET, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert code_of("https://rebinding.example/") == "address_not_allowed"


def test_a_name_is_resolved_once_so_that_it_cant_mean_another_address_later(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    port = int(server.url.rpartition(":")[2])
    answers = [[(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))], [(socket.AF_INET, 1, 6, "", ("127.0.0.2", port))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    assert fetched(f"http://rebinding.example:{port}/") == b"ok"
    assert len(answers) == 1
    assert server.asked[0].headers["Host"] == f"rebinding.example:{port}"


def test_an_address_of_ipv6_is_passed_over_where_the_machine_has_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.url.rpartition(":")[2])
    nowhere = max(socket.AddressFamily) + 1  # a family that no machine has
    both = [(nowhere, 1, 6, "", ("127.0.0.1", port)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert fetched(f"http://both.example:{port}/") == b"ok"
    del both[1]
    assert code_of(f"http://both.example:{port}/") == "unreachable"


# --- redirects -------------------------------------------------------------------------------------------------


def leads_to(*targets: str) -> Any:
    left = list(targets)

    def answer(request: BaseHTTPRequestHandler) -> None:
        if left:
            reply(request, 302, b"", Location=left.pop(0))
        else:
            reply(request)

    return answer


def test_a_redirect_into_a_network_is_not_followed(server: Server) -> None:
    for target in (
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[::1]:80/",
        "//192.168.0.1/",
    ):
        server.answer = leads_to(target)
        assert code_of(server.url) == "address_not_allowed"


@pytest.mark.parametrize("target", ["https://[x", "https://a\u2100b/", "https://x:99999/", "https://a@b/", "https://"])
def test_a_redirect_to_what_is_no_address_is_refused(target: str, server: Server) -> None:
    # As bytes: what is no ASCII can't be sent by an ordinary reply.
    said = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode()
    server.answer = lambda request: request.wfile.write(said)  # type: ignore[assignment]
    assert code_of(server.url) in ("not_an_address", "not_https", "no_such_host")


def test_five_redirects_are_followed_and_no_more(server: Server) -> None:
    server.answer = leads_to("/a", "b", "?c", f"{server.url}/d", "../e")
    assert fetched(server.url) == b"ok"
    assert [one.path for one in server.asked] == ["/", "/a", "/b", "/b?c", "/d", "/e"]
    server.answer = leads_to(*["/x"] * 6)
    assert code_of(server.url) == "too_many_redirects"


def test_what_proves_us_to_one_server_is_sent_to_no_other(server: Server) -> None:
    with serving() as other:
        server.answer = leads_to(f"{other.url}/feed.csv")
        secret = {"Authorization": "Basic c2VjcmV0", "X-Api-Key": "secret", "Cookie": "secret", "Accept": "text/csv"}
        http.fetch(server.url, io.BytesIO(), headers=secret, limits=LIMITS)
    assert server.asked[0].headers["X-Api-Key"] == "secret"
    assert "secret" not in str(other.asked[0].headers)
    assert "c2VjcmV0" not in str(other.asked[0].headers)
    assert other.asked[0].headers["Accept"] == "text/csv"


def test_a_call_follows_none(server: Server) -> None:
    server.answer = leads_to("/elsewhere")
    assert http.request("POST", server.url, headers={}, body=b"{}", limits=LIMITS).status == 302
    assert len(server.asked) == 1


# --- TLS -------------------------------------------------------------------------------------------------------


def test_over_tls_the_certificate_has_to_be_the_servers_and_of_an_authority_we_trust(
    tmp_path: Path, settings: Any
) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [LOOPBACK]
    (tmp_path / "other").mkdir()
    ca, chain = authority(tmp_path)
    other_ca, of_another_host = authority(tmp_path / "other", "shop.example")
    with serving(chain) as server:
        assert code_of(server.url) == "tls"
        settings.OUTGOING_CA_FILE = str(ca)
        assert fetched(server.url) == b"ok"
        server.answer = leads_to(server.url.replace("https", "http"))
        assert code_of(server.url) == "not_https"
    settings.OUTGOING_CA_FILE = str(other_ca)
    with serving(of_another_host) as server:
        assert code_of(server.url) == "tls"
    with serving() as server:
        assert code_of(server.url.replace("http", "https")) == "tls"
        assert server.asked == []


# --- how long, how much ----------------------------------------------------------------------------------------


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65536)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the test's end, so that servers which wait for it end too."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("where", ["nothing", "in the headers", "in the body", "between chunks"])
def test_a_server_that_drips_is_cut_off(server: Server, over: threading.Event, where: str) -> None:
    def drips(request: BaseHTTPRequestHandler) -> None:
        begin = {
            "nothing": b"",
            "in the headers": b"HTTP/1.1 200 OK\r\nX: ",
            "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
            "between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        }[where]
        request.wfile.write(begin)
        while begin and not over.wait(0.05):
            request.wfile.write(b"1\r\nx\r\n" if where == "between chunks" else b"x")
        over.wait()

    server.answer = drips
    assert code_of(server.url, SOON) == "timeout"


def test_a_server_that_says_nothing_at_all_is_left(settings: Any) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [LOOPBACK]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        assert code_of(f"https://127.0.0.1:{silent.getsockname()[1]}/", SOON) == "timeout"


def test_an_endless_body_and_one_that_unpacks_to_one_are_too_large(server: Server) -> None:
    server.answer = endless
    assert code_of(server.url) == "too_large"
    bomb = gzip.compress(b"0" * 50_000_000)
    server.answer = lambda request: reply(request, body=bomb, Content_Encoding="gzip")
    assert code_of(server.url) == "too_large"
    twice = gzip.compress(gzip.compress(b"0" * 50_000_000))
    server.answer = lambda request: reply(request, body=twice, Content_Encoding="gzip, gzip")
    assert code_of(server.url) == "encoding"
    assert len(http.request("GET", server.url, headers={}, limits=Limits(10, 100)).body) <= 100


def test_of_an_answer_to_a_call_the_beginning_is_read(server: Server) -> None:
    server.answer = endless
    assert http.request("POST", server.url, headers={}, body=b"", limits=Limits(10, 1000)).body == b"x" * 1000


def test_a_packed_file_is_unpacked_and_one_that_isnt_whole_is_refused(server: Server) -> None:
    packed = gzip.compress(b"a,b\n" * 1000)
    server.answer = lambda request: reply(request, body=packed, Content_Encoding="gzip")
    assert fetched(server.url) == b"a,b\n" * 1000
    server.answer = lambda request: reply(request, body=packed[:-9], Content_Encoding="gzip")
    assert code_of(server.url) == "broken_off"
    server.answer = lambda request: reply(request, body=b"a,b", Content_Encoding="gzip")
    assert code_of(server.url) == "encoding"
    server.answer = lambda request: reply(request, body=b"a,b", Content_Encoding="br")
    assert code_of(server.url) == "encoding"


def test_all_members_of_a_packed_file_are_the_file(server: Server) -> None:
    one, other = gzip.compress(b"a,b\n" * 50_000), gzip.compress(b"c,d\n" * 50_000)
    server.answer = lambda request: reply(request, body=one + other + b"\0" * 100_000, Content_Encoding="gzip")
    assert fetched(server.url) == b"a,b\n" * 50_000 + b"c,d\n" * 50_000
    server.answer = lambda request: reply(request, body=one + other[:-9], Content_Encoding="gzip")
    assert code_of(server.url) == "broken_off"
    server.answer = lambda request: reply(request, body=one + b"c,d\n", Content_Encoding="gzip")
    assert code_of(server.url) == "encoding"
    # What unpacks to nothing may go on for as long as it likes: it has a bound too.
    for nothing in (b"\0" * 1_000_001, gzip.compress(b"") * 50_001):
        server.answer = lambda request, more=nothing: reply(request, body=one + more, Content_Encoding="gzip")  # type: ignore[misc]
        assert code_of(server.url) == "too_large"


def test_what_breaks_off_is_not_taken_for_a_whole_file(server: Server) -> None:
    server.answer = lambda request: reply(request, body=b"half", Content_Length="8")
    assert code_of(server.url) == "broken_off"

    def cut(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")

    server.answer = cut
    assert code_of(server.url) == "broken_off"
    for nonsense in (b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"):
        server.answer = lambda request, said=nonsense: request.wfile.write(said)  # type: ignore[misc]
        assert code_of(server.url) == "broken_off"


def test_another_status_is_said(server: Server) -> None:
    server.answer = lambda request: reply(request, 403)
    with pytest.raises(Refused, match="answered 403") as refused:
        http.fetch(server.url, io.BytesIO(), headers={}, limits=LIMITS)
    assert refused.value.status == 403
    server.answer = lambda request: reply(request, 304, b"")
    assert http.fetch(server.url, io.BytesIO(), headers={}, limits=LIMITS).status == 304


def test_nothing_listens_there(settings: Any) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [LOOPBACK]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert code_of(f"https://127.0.0.1:{port}/") == "unreachable"


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"": "b"}, {"X": "ä"}, {"a b": "c"}])
def test_a_header_cant_be_two(server: Server, headers: dict[str, str]) -> None:
    with pytest.raises(Refused, match="header"):
        http.fetch(server.url, io.BytesIO(), headers=headers, limits=LIMITS)
    assert server.asked == []


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert fetched(server.url) == b"ok"
    assert "Authorization" not in server.asked[0].headers


def test_the_resolver_is_not_waited_for_longer_than_it_may(
    over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait())
    monkeypatch.setattr(connect, "RESOLVE_SECONDS", 0.1)
    assert code_of("https://slow.example/") == "no_such_host"

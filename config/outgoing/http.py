"""One call, or one file, over HTTPS: bounded in time and bytes whatever the server does.

Plain HTTP is refused but for OUTGOING_PLAIN_HTTP. Of a file at most five redirects are followed, each looked at like
the first address; what proves us to the first server is sent to no other. Nothing of the environment is used: no
proxy, no cookies, no netrc.
"""

import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urljoin

import certifi
import urllib3
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, IncompleteRead, LocationParseError, ReadTimeoutError, SSLError
from urllib3.util import Url, parse_url

from config.outgoing import connect
from config.outgoing.refused import Refused

AGENT: Final = "vendor-onboarding"
REDIRECTS: Final = 5
FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
URL_CHARS: Final = 2000
CHUNK: Final = 64 * 1024
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
# Never for another server than the first, whatever a header that a vendor chose is called.
OURS: Final = frozenset({"accept", "accept-encoding", "user-agent"})


class Limits(NamedTuple):
    """Seconds for all of it with its redirects, and bytes of the body."""

    seconds: float
    size: int


@dataclass(frozen=True)
class Answer:
    """What came: `body` is the beginning of it; of a file that was fetched it is empty."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    url: str = ""


def checked(url: str) -> Url:
    """The parts of an address that may be called. Raises Refused."""
    if len(url) > URL_CHARS or _ODD.search(url):
        raise Refused("not_an_address", "This is no address of a server: it has spaces or other odd characters.")
    try:
        found = parse_url(url)
    except LocationParseError as error:
        raise Refused("not_an_address", "This is no address of a server.") from error
    if found.scheme not in ("https", "http") or not found.host:
        raise Refused("not_https", "An address has to begin with https://, and name a server.")
    if found.scheme == "http" and not settings.OUTGOING_PLAIN_HTTP:
        raise Refused("not_https", "Only addresses that begin with https:// are used: all else can be read on the way.")
    if found.port == 0:
        raise Refused("not_an_address", "0 is no port: ports are numbers from 1 to 65535.")
    if found.auth is not None or "@" in url.split("/")[2]:
        raise Refused("not_an_address", "Leave user and password out of the address: there are fields for them.")
    return found


def request(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, limits: Limits) -> Answer:
    """One call, and the beginning of what was answered. A redirect is an answer. Raises Refused."""
    until = time.monotonic() + limits.seconds
    with _called(method, checked(url), headers, body, until) as answer:
        found = bytearray()
        for chunk in answer.stream(CHUNK, decode_content=False):
            found += chunk
            if len(found) >= limits.size:
                break
        return Answer(answer.status, answer.headers, bytes(found[: limits.size]), url)


def fetch(url: str, into: BinaryIO, *, headers: Mapping[str, str], limits: Limits) -> Answer:
    """A file, written into `into`; 304 is an answer too, without one. Raises Refused for every other status."""
    until, parts = time.monotonic() + limits.seconds, checked(url)
    first = _origin(parts)
    for _ in range(REDIRECTS + 1):
        sent = headers if _origin(parts) == first else {k: v for k, v in headers.items() if k.lower() in OURS}
        with _called("GET", parts, sent, None, until) as answer:
            if answer.status in FOLLOWED and (target := answer.headers.get("Location")):
                parts = _redirected(parts, target)
                continue
            if answer.status == 200:
                _written(answer, into, limits.size)
            elif answer.status != 304:
                raise Refused("http_status", f"{parts.host} answered {answer.status}.", answer.status)
            return Answer(answer.status, answer.headers, url=parts.url)
    raise Refused("too_many_redirects", f"{parts.host} leads on more than {REDIRECTS} times.")


def _redirected(parts: Url, target: str) -> Url:
    """Where a redirect leads. Raises Refused, also for one that leaves HTTPS."""
    try:
        found = checked(urljoin(parts.url, target))
    except ValueError as error:  # such as https://[x
        raise Refused("not_an_address", f"{parts.host} leads on to what is no address of a server.") from error
    if parts.scheme == "https" and found.scheme != "https":
        raise Refused("not_https", f"{parts.host} leads on to an address without https://.")
    return found


def _origin(parts: Url) -> tuple[Any, ...]:
    return parts.scheme, (parts.host or "").lower(), _port(parts)


def _port(parts: Url) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


@contextmanager
def _called(
    method: str, parts: Url, headers: Mapping[str, str], body: bytes | None, until: float
) -> Iterator[urllib3.BaseHTTPResponse]:
    """The answer to one call, its body unread, for as long as the block lasts and there is time. Raises Refused."""
    host, left = str(parts.host).strip("[]"), until - time.monotonic()
    late = Refused("timeout", f"{host} took longer than it may.")
    if left <= 0:
        raise late
    raw = connect.open_socket(host, _port(parts), min(left, connect.CONNECT_SECONDS))
    raw.settimeout(left)
    with closing(raw), connect.within(raw, until - time.monotonic()) as over:
        try:
            yield from _exchanged(method, parts, headers, body, _connection(parts, raw, left))
        except (HTTPError, HTTPException, OSError) as error:
            if over.is_set() or isinstance(error, TimeoutError | ReadTimeoutError):
                raise late from error
            raise _in_words(host, error) from error
        if over.is_set():  # an end of the connection may look like the end of the body
            raise late


def _in_words(host: str, error: Exception) -> Refused:
    if isinstance(error, SSLError | ssl.SSLError):
        why = getattr(error, "verify_message", "") or getattr(error.__context__, "verify_message", "")
        return Refused("tls", f"The certificate of {host} isn't good: {why or 'it speaks another protocol'}.")
    if isinstance(error, IncompleteRead):
        return Refused("broken_off", f"{host} broke off before the end.")
    return Refused("broken_off", f"{host} broke off, or doesn't speak HTTP.")


def _exchanged(
    method: str, parts: Url, headers: Mapping[str, str], body: bytes | None, connection: HTTPConnection
) -> Iterator[urllib3.BaseHTTPResponse]:
    ours = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    with closing(connection):
        connection.request(
            method, parts.request_uri, body, {**ours, **_clean(headers)}, preload_content=False, decode_content=False,
            enforce_content_length=True,
        )  # fmt: skip
        yield connection.getresponse()


def _clean(headers: Mapping[str, str]) -> dict[str, str]:
    """Raises Refused for what would be two headers, or none."""
    for name, value in headers.items():
        if not HEADER.match(name) or not value.isprintable() or not value.isascii():
            raise Refused(
                "not_an_address", f"The header {name!a} can't be sent: it has characters that headers have not."
            )
    return dict(headers)


def _connection(parts: Url, raw: Any, seconds: float) -> HTTPConnection:
    """One that uses this socket, whatever it would open itself."""
    kind = _Secure if parts.scheme == "https" else _Plain
    options: dict[str, Any] = {"ssl_context": _context(settings.OUTGOING_CA_FILE)} if kind is _Secure else {}
    connection = kind(str(parts.host).strip("[]"), _port(parts), timeout=seconds, **options)
    connection.raw = raw
    return connection


class _Plain(HTTPConnection):
    raw: Any

    def _new_conn(self) -> Any:
        return self.raw


class _Secure(HTTPSConnection):
    raw: Any

    def _new_conn(self) -> Any:
        return self.raw


@lru_cache(maxsize=4)
def _context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


# --- the body --------------------------------------------------------------------------------------------------


def _written(answer: urllib3.BaseHTTPResponse, into: BinaryIO, most: int) -> None:
    """Raises Refused for a body of more bytes than that, as it came or unpacked."""
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip"):
        raise Refused(
            "encoding", f"The server packed the file as {coding[:40]!a}, unasked. It can be sent as it is, or as gzip."
        )
    came = _bounded(answer.stream(CHUNK, decode_content=False), most)
    for part in _bounded(_unpacked(came), most) if "gzip" in coding else came:
        into.write(part)


def _bounded(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The same, as long as they are no more bytes than that. Raises Refused."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise Refused("too_large", f"The file is larger than {most // (1024 * 1024):,} MB.")
        yield part


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks of gzip, unpacked a piece at a time: some bytes may be very many. Raises Refused.

    A file may be several members of gzip one behind the other, as `cat a.gz b.gz` makes it: all of them are the file.
    Zeros may follow the last one, as padding.
    """
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for chunk in chunks:
        left = chunk
        while left := left.lstrip(b"\0") if unpacking.eof else left:
            if unpacking.eof:
                unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                part = unpacking.decompress(left, CHUNK)
            except zlib.error as error:
                raise Refused("encoding", "The server says that the file is packed as gzip, and it isn't.") from error
            left = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
            if part:
                yield part
    if not unpacking.eof:
        raise Refused("broken_off", "The file ends in the middle: the packed data isn't complete.")

"""gunicorn's worker with threads, which slow senders can't hold: a request gets one when it is there as a whole.

gunicorn's own gives a thread to each connection, and waits in it for what is still to come, for ever: as many
half-sent requests as there are threads, and the site is away. Here the process's one loop, which waits for all
connections anyway, takes what comes, up to the size of a form. Larger bodies are read in a thread, since only some
addresses take them, from people who are signed in (refuse.py), but only for as long as they may take. Nor does
taking leave wait in the loop for a client that doesn't close.

A connection is for one request, as `keepalive = 0` in gunicorn.conf.py says: a proxy in front keeps those of browsers.
"""

import re
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.http.errors import ConfigurationProblem
from gunicorn.workers.gthread import TConn, ThreadWorker

from config.bodies.limits import FORM

WHOLE_SECONDS: Final = 20.0  # for a request of at most FORM bytes, from its connection to its last byte
IDLE_SECONDS: Final = 10.0  # for a larger one without a byte; and for the whole of it
GRACE_SECONDS: Final = 30.0  # and a second more for so many bytes:
BYTES_A_SECOND: Final = 64 * 1024
TAKE_SECONDS: Final = 60  # for the other side to take some of an answer
LEAVE_SECONDS: Final = 2.0  # for it to close after an answer, so that it has that before what it still sends is refused

MOST_HEAD: Final = 64 * 1024
MOST_WAITING: Final = 64 * 1024 * 1024  # bytes of requests that aren't whole, in one process
READ: Final = 64 * 1024

LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*(\d{1,15})[ \t]*(?=\r\n|$)", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nExpect:[ \t]*100-continue", re.IGNORECASE)
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class Arriving:
    """What is there of a request, in bytes, and when its time is over. `head` and `length` (of its body) are 0 until
    the head is there; `told` says whether whoever sends the body waits for no leave to do so.
    """

    until: float
    size: int = 0
    head: int = 0
    length: int = 0
    told: bool = False

    def look(self, data: bytes) -> None:
        """Find the end of the head in the first MOST_HEAD bytes, and in it what it says of the body."""
        start = 2 if data.startswith(b"\r\n") else 0  # gunicorn, too, passes over one empty line
        end = data.find(b"\r\n\r\n", start)
        if end < 0:
            return
        self.head = end + 4
        found = LENGTH.search(data, 0, end)
        self.length = int(found[1]) if found else 0
        self.told = EXPECTS.search(data, 0, end) is None

    @property
    def is_whole(self) -> bool:
        """Whether a thread may begin. What is longer than a form isn't waited for: it is refused, or read there."""
        return bool(self.head) and (self.length > FORM or self.size >= self.head + self.length)


class Paced:
    """A connection as gunicorn's parser reads it, in a thread: TimeoutError where that takes too long."""

    def __init__(self, sock: socket.socket, longest: float, idle: float = IDLE_SECONDS) -> None:
        self._socket, self._until, self._idle = sock, time.monotonic() + longest, idle

    def recv(self, size: int) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("The request took too long.")
        self._socket.settimeout(min(left, self._idle))
        try:
            return self._socket.recv(size)
        finally:
            self._socket.settimeout(None)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """All methods but `handle` run in the process's loop, so none of them waits."""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Raises ConfigurationProblem where it is started with what it can't do."""
        if cfg.is_ssl or cfg.keepalive:
            raise ConfigurationProblem("config.bodies.worker leaves TLS and keeping connections to a proxy in front.")

    def init_process(self) -> None:
        self._arriving: dict[TConn, Arriving] = {}
        self._leaving: dict[TConn, float] = {}  # until when
        super().init_process()

    # --- a request comes ---

    def enqueue_req(self, conn: TConn) -> None:
        """A connection was opened: its request waits here until it is whole."""
        try:
            conn.init()
            conn.sock.setblocking(False)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", TAKE_SECONDS, 0))
        except OSError:  # it is closed already
            self._forget(conn)
            return
        self._arriving[conn] = Arriving(time.monotonic() + WHOLE_SECONDS)
        self._listen(conn, self._arrives)
        self._arrives(conn)

    def _arrives(self, conn: TConn, *_: Any) -> None:
        data = self._read(conn)
        if data is None:
            return
        arriving = self._arriving[conn]
        if not data:
            self._forget(conn)
            return
        buffer = conn.parser.unreader.buf
        buffer.seek(arriving.size)
        buffer.write(data)
        arriving.size += len(data)
        if not arriving.head:
            arriving.look(buffer.getvalue()[:MOST_HEAD])
        if arriving.is_whole:
            self._hand_over(conn, arriving)
        elif not arriving.head and arriving.size >= MOST_HEAD:
            self._refuse(conn, "431 Request Header Fields Too Large", "The headers of this request are too long.")
        elif sum(one.size for one in self._arriving.values()) > MOST_WAITING:
            self._refuse(conn, "503 Service Unavailable", "The site is busy. Try again in a minute.")
        elif arriving.head and not arriving.told:
            arriving.told = True
            with suppress(OSError):
                conn.sock.send(CONTINUE)

    def _hand_over(self, conn: TConn, arriving: Arriving) -> None:
        del self._arriving[conn]
        self.poller.unregister(conn.sock)
        conn.parser.unreader.sock = Paced(conn.sock, GRACE_SECONDS + arriving.length / BYTES_A_SECOND)
        super().enqueue_req(conn)

    # --- and the connection ends ---

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """It was answered, or can't be. gunicorn's own would wait here for the other side to close."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self._leaving[conn] = time.monotonic() + LEAVE_SECONDS
            self._listen(conn, self._leaves)
        except (OSError, ValueError):
            self._forget(conn)

    def _leaves(self, conn: TConn, *_: Any) -> None:
        if self._read(conn) == b"":
            self._forget(conn)

    def _refuse(self, conn: TConn, status: str, sentence: str) -> None:
        """Answer from here: the request never gets to the application."""
        body = f"{sentence}\n"
        head = f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close"
        with suppress(OSError):
            conn.sock.send(f"HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}".encode())
        del self._arriving[conn]
        self.poller.unregister(conn.sock)
        self.finish_request(conn, Future())

    def murder_pending(self) -> None:
        """gunicorn calls it every second: here it is for those whose time is over."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [one for one, arriving in self._arriving.items() if arriving.until < now]:
            self._refuse(conn, "408 Request Timeout", "What you sent came too slowly, and was broken off.")
        for conn in [one for one, until in self._leaving.items() if until < now]:
            self._forget(conn)

    # --- both ---

    def _listen(self, conn: TConn, then: Callable[..., None]) -> None:
        self.poller.register(conn.sock, EVENT_READ, partial(then, conn))

    def _read(self, conn: TConn) -> bytes | None:
        """What has come since; b"" where the other side has closed, None where nothing has come."""
        try:
            data: bytes = conn.sock.recv(READ)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        return data

    def _forget(self, conn: TConn) -> None:
        self._arriving.pop(conn, None)
        self._leaving.pop(conn, None)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

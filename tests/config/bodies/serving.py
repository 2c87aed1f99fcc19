"""The site under a real gunicorn with the settings that it has everywhere, on the test's database; and raw requests."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
from django.db import connection

from config.embedded import processes
from tests.live import eventually

SECONDS = 60  # a deadline for what is answered at once; only so that a failure ends


def database_url() -> str:
    known = connection.settings_dict
    return f"postgresql://{quote(known['USER'])}:{quote(known['PASSWORD'])}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


@contextmanager
def serving(folder: Path, secret_key: str, *arguments: str, **variables: str) -> Iterator[int]:
    """Yields the port. What it writes to disk beside its log would be in `folder`/tmp."""
    port, log = processes.first_free(0), folder / "gunicorn.log"
    (folder / "tmp").mkdir()
    environ = {
        **os.environ, "DATABASE_URL": database_url(), "SECRET_KEY": secret_key, "TMPDIR": str(folder / "tmp"),
        "ALLOWED_HOSTS": "127.0.0.1", "PRODUCTION": "0", "HTTPS": "0", **variables,
    }  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--workers=1", *arguments],
            cwd=processes.ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    family = [psutil.Process(process.pid)]
    try:
        eventually(lambda: process.poll() is not None or answers(port), "gunicorn answers", 120)
        assert process.poll() is None, log.read_text()
        family += family[0].children(recursive=True)
        yield port
    finally:
        for one in family:
            with suppress(psutil.NoSuchProcess):  # a test may have killed it
                one.kill()
        process.wait()


def answers(port: int, path: str = "/accounts/login/") -> str:
    """The status line of a page; "" while nobody listens."""
    try:
        with opened(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()) as browser:
            return status_of(browser)
    except ConnectionRefusedError:
        return ""


def opened(port: int, sent: bytes) -> socket.socket:
    """A connection on which that was sent, and which stays open."""
    browser = socket.create_connection(("127.0.0.1", port), SECONDS)
    browser.sendall(sent)
    return browser


def said(browser: socket.socket) -> str:
    """All of the answer, until the other side closes."""
    parts = []
    while part := browser.recv(65536):
        parts.append(part)
    return b"".join(parts).decode()


def answer_to(browser: socket.socket) -> str:
    """As much of the answer as it says that it has, though the other side waits a while before it closes."""
    answer = b""
    while part := browser.recv(65536):
        answer += part
        before, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)", before)
        if length and len(body) >= int(length[1]):
            break
    return answer.decode()


def status_of(browser: socket.socket) -> str:
    """Its first line."""
    return said(browser).partition("\r\n")[0]


def head(path: str, length: int | str, *headers: str, kind: str = "application/x-www-form-urlencoded") -> bytes:
    """The head of a POST that announces so many bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}", f"Content-Type: {kind}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()

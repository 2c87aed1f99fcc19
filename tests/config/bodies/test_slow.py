"""A real gunicorn with the site's settings, and senders who don't end: everybody else is answered meanwhile."""

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from gunicorn.http.errors import ConfigurationProblem

from config.bodies import limits, worker
from config.bodies.limits import FORM, MB
from config.bodies.refuse import TOO_MANY, TOO_SLOW
from config.bodies.worker import Arriving, Paced
from tests.config.bodies.serving import answers, head, opened, said, serving, status_of
from vendors.models import VendorMember

pytestmark = pytest.mark.usefixtures("real_processes")
LOGIN = "/accounts/login/"
GB = 1024 * MB
ANSWERED = "HTTP/1.1 200 OK"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def port(folder: Path, transactional_db: None, settings: Any) -> Iterator[int]:
    """Of a site with one process."""
    with serving(folder, settings.SECRET_KEY) as port:
        yield port


HALVES = {
    "bodies": head(LOGIN, 1000) + b"login=",
    "bodies of which nothing has come": head(LOGIN, 1000),
    "bodies that wait for leave to come": head(LOGIN, 1000, "Expect: 100-continue"),
    "bodies of nearly a form's size": head(LOGIN, FORM) + b"x" * 1000,
    "bodies that nobody takes": head(LOGIN, 50 * GB) + b"x" * 1000,
    "chunks": head(LOGIN, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\nlo",
    "heads": b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    "heads behind an empty line": b"\r\n\r",
    "requests of two empty lines": b"\r\n\r\n",
    "silent connections": b"",
    "answered requests whose sender doesn't close": b"GET /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}


@pytest.mark.parametrize("many", [8, 40, 200])
def test_while_half_of_something_was_sent_many_times_the_site_answers(port: int, many: int) -> None:
    for what, sent in HALVES.items():
        slow = [opened(port, sent) for _ in range(many)]
        for path in (LOGIN, "/static/vendors/icon.svg"):
            assert answers(port, path) == ANSWERED, f"{what}: {path}"
        form = b"login=nobody&password=nothing"
        with opened(port, head(LOGIN, len(form)) + form) as browser:  # without the cookie of a form
            assert status_of(browser) == "HTTP/1.1 403 Forbidden", what
        for one in slow:
            one.close()


def test_a_body_of_50_gigabytes_is_refused_at_once_and_nothing_of_it_is_written_to_disk(
    port: int, folder: Path
) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        with opened(port, head(LOGIN, 50 * GB, kind=kind) + b"x" * 300_000) as browser:
            answer = said(browser)
        assert answer.startswith("HTTP/1.1 413 ")
        assert "which is all that this page takes" in answer
    assert list((folder / "tmp").iterdir()) == []


def test_a_form_that_comes_bit_by_bit_is_answered_when_it_is_there(port: int) -> None:
    whole = head(LOGIN, 6) + b"a=b&c="
    with opened(port, b"") as browser:
        browser.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(whole)):
            browser.sendall(whole[number : number + 1])
        assert status_of(browser) == "HTTP/1.1 403 Forbidden"


def test_whoever_asks_for_leave_to_send_a_body_gets_it(port: int) -> None:
    with opened(port, head(LOGIN, 3, "Expect: 100-continue")) as browser:
        assert browser.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        browser.sendall(b"a=b")
        assert said(browser).replace("HTTP/1.1 100 Continue\r\n\r\n", "").startswith("HTTP/1.1 403 ")


def test_headers_without_an_end_are_refused(port: int) -> None:
    with opened(port, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * worker.MOST_HEAD) as browser:
        assert status_of(browser).startswith("HTTP/1.1 431 ")


def test_files_that_stop_halfway_are_broken_off_and_leave_threads_for_everybody_else(port: int, vendor: Any) -> None:
    user = User.objects.create_user("olga", "olga@northwind.example")
    VendorMember.objects.create(user=user, vendor=vendor, role="owner")
    client = Client()
    client.force_login(user)
    cookie = f"Cookie: sessionid={client.cookies['sessionid'].value}; csrftoken={'x' * 32}"
    sent = head("/vendor/VEND001/upload/", 5 * MB, cookie, kind="multipart/form-data; boundary=x")
    slow = [opened(port, sent + b"--x\r\n") for _ in range(limits.RECEIVING + 1)]
    assert answers(port) == ANSWERED
    told = sorted(said(one) for one in slow)
    assert [one.split()[1] for one in told] == ["408"] * limits.RECEIVING + ["503"]
    assert all(TOO_SLOW in one for one in told[:-1])
    assert TOO_MANY in told[-1]
    assert "Retry-After: 10" in told[-1]


# --- the worker's parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r", False),
        (b"\r\n\r\n", False),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-length:3 \r\nA: b\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nX-Content-Length: 9\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nA: b\r\n\r\n\r\nContent-Length: 9\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", True),  # gunicorn refuses it
    ],
)
def test_a_thread_begins_when_a_request_is_whole_or_not_worth_waiting_for(data: bytes, whole: bool) -> None:
    arriving = Arriving(0, len(data))
    arriving.look(data)
    assert arriving.is_whole is whole


@pytest.mark.parametrize(("longest", "idle"), [(60.0, 0.05), (0.05, 60.0), (-1.0, 60.0)])
def test_a_body_that_stops_or_takes_too_long_is_broken_off(longest: float, idle: float) -> None:
    here, there = socket.socketpair()
    with here, there:
        paced = Paced(here, longest, idle)
        if longest > 0:
            there.sendall(b"some")
            assert paced.recv(9) == b"some"
        with pytest.raises(TimeoutError):
            paced.recv(9)
        assert here.gettimeout() is None


@pytest.mark.parametrize("wrong", [{"keepalive": 2, "is_ssl": False}, {"keepalive": 0, "is_ssl": True}])
def test_gunicorn_is_not_started_with_what_the_worker_cannot_do(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationProblem):
        worker.Worker.check_config(SimpleNamespace(**wrong), None)

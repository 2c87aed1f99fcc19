"""/metrics: who is answered, what processes say together, and that no label can be made up by somebody outside."""

import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.conf import settings as site
from django.test import Client

from config import metrics
from config.embedded import processes
from config.metrics import METRICS
from config.watch import meters
from tests.config.bodies.serving import answer_to, database_url, opened, serving
from tests.config.watch.promql import Series, parsed
from tests.live import eventually
from tests.site.hostile import SCRIPT
from uploads.insight import metrics as figures

TOKEN = "a-token-of-the-tests"
WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'upload_history'::regclass"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def count(series: Series, name: str, **labels: str) -> float:
    return sum(value for (found, having), value in series.items() if found == name and labels.items() <= set(having))


@pytest.fixture
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


# --- who is answered ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_to", "shown"),
    [
        ("", ""), ("", "Bearer "), ("", f"Bearer {TOKEN}"),
        (TOKEN, ""), (TOKEN, "Bearer "), (TOKEN, TOKEN), (TOKEN, f"Bearer {TOKEN}x"), (TOKEN, f"Bearer {TOKEN[:-1]}"),
        (TOKEN, f"bearer {TOKEN}"), (TOKEN, f"Basic {TOKEN}"), (TOKEN, f"Bearer  {TOKEN}"), (TOKEN, "Bearer ü\x80"),
    ],
)  # fmt: skip
def test_without_the_token_there_is_no_such_page(set_to: str, shown: str, settings: Any) -> None:
    """And the database isn't asked: pytest-django would refuse it here."""
    settings.METRICS_TOKEN = set_to
    found = Client().get(METRICS, headers={"authorization": shown} if shown else {})
    assert (found.status_code, found.content) == (404, b"Not found\n")


@pytest.mark.django_db
def test_with_it_whatever_the_host_without_redirect_or_session(token: None, settings: Any, broker: None) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["shop.example"]
    found = Client(headers={"host": "10.0.3.17:8000", **BEARER}).get(METRICS)
    assert (found.status_code, found["Content-Type"]) == (200, metrics.CONTENT_TYPE)
    assert not found.cookies
    assert count(parsed(found.content.decode()), figures.POSTGRESQL) == 1


# --- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_class_of_status(token: None, broker: None) -> None:
    def seen() -> dict[tuple[str, str], float]:
        found = parsed(Client().get(METRICS, headers=BEARER).content.decode())
        return {
            (dict(labels)["view"], dict(labels)["status"]): value
            for (name, labels), value in found.items()
            if name == f"{meters.REQUESTS}_count"
        }

    before = seen()
    Client().get("/accounts/login/")
    Client().get("/invitation/a-secret/")
    Client().get("/nowhere/a-secret/")
    after = seen()
    grown = {key for key, value in after.items() if value > before.get(key, 0)}
    assert grown == {("account_login", "2xx"), ("invitation", "4xx"), ("none", "4xx"), ("none", "2xx")}


@pytest.mark.django_db
def test_whoever_asks_makes_up_no_label(token: None, broker: None) -> None:
    def series() -> set[Any]:
        return set(parsed(Client().get(METRICS, headers=BEARER).content.decode()))

    def ask(text: str) -> None:
        client = Client(raise_request_exception=False)
        for path in (
            f"/{text}/",
            f"/vendor/{text}/",
            f"/invitation/{text}/",
            f"/admin/{text}/",
            f"/admin/?{text}={text}",
        ):
            client.get(path, headers={"X-Request-ID": text, "host": text or "x"})
        client.generic(text or "GET", "/")
        client.post("/accounts/login/", {"login": text, "password": text})

    for text in ("FIRST", "x" * 3000):
        ask(text)
    before = series()
    for text in (SCRIPT, "a", "b\u0000", "日本", "x" * 5000, "PROPFIND", "GET /x"):
        ask(text)
    assert series() == before


def test_what_is_told_is_what_is_listed() -> None:
    meters.prepare()
    assert not set(meters.METERS) & set(figures.FIGURES)
    for name, meter in meters.METERS.items():
        made = meters._made[name]
        assert (made._labelnames, bool(meter.buckets)) == (meter.labels, made._type == "histogram")
        assert name.startswith("onboarding_")


# --- several processes -------------------------------------------------------------------------------------------


def scraped(port: int, token: str = TOKEN) -> Series:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asked.request("GET", METRICS, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = asked.getresponse()
    text = answer.read().decode()
    asked.close()
    assert answer.status == 200, text
    return parsed(text)


@pytest.mark.usefixtures("real_processes", "broker")
def test_two_processes_of_a_server_count_together_and_what_the_killed_counted_stays(
    tmp_path: Path, transactional_db: None, settings: Any
) -> None:
    asked = 24
    with serving(tmp_path, settings.SECRET_KEY, "--workers=2", METRICS_TOKEN=TOKEN) as port:
        before = count(scraped(port), f"{meters.REQUESTS}_count", view="start")
        for _ in range(asked):
            with opened(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as browser:
                answer_to(browser)
        assert count(scraped(port), f"{meters.REQUESTS}_count", view="start") == before + asked
        (arbiter,) = [one for one in psutil.process_iter() if f"--bind=127.0.0.1:{port}" in _command(one)
                      and one.ppid() == os.getpid()]  # fmt: skip
        for killed in arbiter.children():
            killed.kill()
        eventually(lambda: len([one for one in arbiter.children() if one.status() != "zombie"]) == 2, "others came")
        eventually(lambda: _answers(port), "they answer")
        assert count(scraped(port), f"{meters.REQUESTS}_count", view="start") == before + asked
        (folder,) = (tmp_path / "tmp").glob("onboarding-web-*")
        assert len([path for path in folder.glob("counter_*.db") if not path.stem.endswith("gone")]) <= 2


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _answers(port: int) -> bool:
    try:
        return bool(scraped(port))
    except OSError:
        return False


@pytest.fixture
def worker(
    tmp_path: Path, settings: Any, broker: None, transactional_db: None
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A worker whose processes are replaced after every task, with its port."""
    port = processes.first_free(0)
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "watched", "-c", "2", "--without-gossip",
               "--without-mingle", "--max-tasks-per-child", "1"]  # fmt: skip
    env = {
        **os.environ, "DATABASE_URL": database_url(), "SECRET_KEY": settings.SECRET_KEY, "METRICS_PORT": str(port),
        "TMPDIR": str(tmp_path),
    }  # fmt: skip
    with subprocess.Popen(
        command, cwd=processes.ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        yield started, port
        started.send_signal(signal.SIGTERM)
        started.wait(60)


@pytest.mark.usefixtures("real_processes")
def test_a_workers_port_tells_of_tasks_whose_processes_are_gone_and_leaves_no_files(
    worker: tuple["subprocess.Popen[bytes]", int], tmp_path: Path
) -> None:
    from config.celery import app

    _, port = worker
    eventually(lambda: _answers_freely(port), "the worker's port answers")
    for _ in range(6):
        app.send_task("uploads.tasks.finish_upload", ["NONE"], queue="watched")

    def done() -> float:
        return count(scraped(port, ""), f"{meters.TASKS}_count", task="uploads.tasks.finish_upload", result="ok")

    eventually(lambda: done() == 6, "all tasks are counted")
    until = time.monotonic() + 3
    while time.monotonic() < until and done() == 6:  # and none is lost or counted twice as processes go
        pass
    assert done() == 6
    (folder,) = tmp_path.glob("onboarding-worker-*")
    assert len(list(folder.glob("histogram_*.db"))) <= 4
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asked.request("GET", "/healthz")
    assert asked.getresponse().status == 404


@pytest.mark.usefixtures("real_processes")
def test_a_task_whose_process_is_killed_counts_as_failed_and_is_done_by_another(
    worker: tuple["subprocess.Popen[bytes]", int],
) -> None:
    from config.celery import app

    started, port = worker
    eventually(lambda: _answers_freely(port), "the worker's port answers")

    def told(result: str) -> float:
        return count(scraped(port, ""), f"{meters.TASKS}_count", task="uploads.tasks.finish_upload", result=result)

    with psycopg.connect(database_url()) as holder, psycopg.connect(database_url(), autocommit=True) as looker:
        holder.execute("LOCK TABLE upload_history")
        app.send_task("uploads.tasks.finish_upload", ["NONE"], queue="watched")
        eventually(lambda: looker.execute(WAITS).fetchall(), "the task waits")
        for process in psutil.Process(started.pid).children():
            process.kill()
        eventually(lambda: told("failed") == 1, "the death is counted")
    eventually(lambda: told("ok") == 1, "another process did it")
    assert told("failed") == 1


def _answers_freely(port: int) -> bool:
    try:
        return bool(scraped(port, ""))
    except OSError:
        return False


def test_who_goes_away_before_the_answer_is_a_line_without_a_traceback(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    asked, gone = threading.Event(), threading.Event()

    def late() -> bytes:
        asked.set()
        gone.wait(60)
        return b"#" * 10_000_000

    monkeypatch.setattr(metrics, "text", late)
    settings.METRICS_PORT = processes.first_free(0)
    server = metrics.serve()
    assert server is not None
    with socket.create_connection(("127.0.0.1", settings.METRICS_PORT)) as impatient:
        impatient.sendall(f"GET {METRICS} HTTP/1.1\r\n\r\n".encode())
        asked.wait(60)
        impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.set()
    server.shutdown()
    server.server_close()
    assert [record.exc_info for record in caplog.records if record.name == "config.metrics"] == [None]
    assert "went away before the answer" in caplog.text


def test_the_port_asks_for_the_token_where_there_is_one(token: None, settings: Any, monkeypatch: Any) -> None:
    settings.METRICS_PORT = processes.first_free(0)
    monkeypatch.setattr(metrics, "text", lambda: b"onboarding_x 1\n")
    server = metrics.serve()
    assert server is not None
    try:
        for shown, status in (("", 404), ("Bearer x", 404), (BEARER["authorization"], 200)):
            asked = http.client.HTTPConnection("127.0.0.1", settings.METRICS_PORT, timeout=60)
            asked.request("GET", METRICS, headers={"Authorization": shown})
            assert asked.getresponse().status == status
    finally:
        server.shutdown()
        server.server_close()


def test_a_port_that_somebody_has_is_a_line_and_no_end(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert site.METRICS_PORT == 0
    assert metrics.serve() is None
    settings.METRICS_PORT = 1 if os.geteuid() else processes.first_free(0)
    settings.METRICS_BIND = "192.0.2.1"  # no machine's own
    assert metrics.serve() is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]

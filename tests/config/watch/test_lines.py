"""Log lines: one JSON object for each event, with IDs, and with nothing in it that is somebody's or a secret."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from celery.signals import before_task_publish
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test import Client

from config.celery import app
from config.embedded import processes
from config.watch import ids, lines, server, told
from tests.companies import Company
from tests.config.bodies.serving import answer_to, database_url, opened, serving
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.live import eventually
from uploads import tasks
from uploads.aws.client import Unavailable
from uploads.pipeline import finish
from uploads.portal import home
from uploads.work import steps, wakeups

# What must not be found in any line: each is typed, sent or raised somewhere below.
PASSWORD, TOKEN, CELL = "marked-password-7Qx", "marked-token-8Ry9Sz", "MARKEDCELL12345"
EMAIL = "marked.person@private.example"
MARKED = (PASSWORD, TOKEN, CELL, EMAIL, "marked.person", "MARKEDCELL")


class Captured:
    """What was logged in the format of production, at its most talkative."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.text.splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["logger"] == logger]


@pytest.fixture
def logged() -> Iterator[Captured]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines.JsonLines())
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (*lines.QUIET, "")}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in lines.QUIET:
        logging.getLogger(name).setLevel(logging.INFO)
    yield Captured(stream)
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def assert_nothing_marked(text: str) -> None:
    assert [mark for mark in MARKED if mark.lower() in text.lower()] == []


# --- the shape ---------------------------------------------------------------------------------------------------


def test_an_event_is_one_object_in_one_line_whatever_is_in_it(logged: Captured) -> None:
    with ids.of({ids.REQUEST: "0123456789abcdef", ids.VENDOR: "V\n1", ids.JOB: 7, "user": "somebody"}):
        logging.getLogger("uploads.x").warning("two\nlines\x1b[31m and %s", '"quotes"')
    (event,) = logged.events
    assert event.pop("time").endswith("+00:00")
    assert event == {
        "level": "WARNING", "logger": "uploads.x", "message": 'two\nlines\x1b[31m and "quotes"',
        "request": "0123456789abcdef", "vendor": "V\n1", "job": "7",
    }  # fmt: skip


def test_an_error_is_one_field_with_its_places_and_causes_and_not_what_it_says(logged: Captured) -> None:
    try:
        try:
            raise KeyError(CELL)
        except KeyError as error:
            raise ValueError(f"{CELL} can't be read") from error
    except ValueError:
        logging.getLogger("uploads.x").exception("It failed")
    (event,) = logged.events
    found = event["exception"].splitlines()
    assert [one for one in found if not one.startswith(" ")] == ["KeyError", "", "ValueError"]
    assert "test_lines.py" in event["exception"]
    assert_nothing_marked(logged.text)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(CELL), "ValueError"),
        (FileNotFoundError(2, "No such file or directory", f"/srv/{CELL}"),
         "FileNotFoundError: No such file or directory (2)"),
        (AttributeError("'NoneType' object has no attribute 'pk'"),
         "AttributeError: 'NoneType' object has no attribute 'pk'"),
        (ClientError({"Error": {"Code": "ValidationException", "Message": CELL}}, "PutItem"),
         "ValidationException: PutItem answered ValidationException"),
        (Unavailable("DynamoDB isn't reachable."), "Unavailable: DynamoDB isn't reachable."),
        (Unavailable(f"DynamoDB isn't reachable at http://{PASSWORD}@host/."),
         "Unavailable: DynamoDB isn't reachable at http://[hidden]@host/."),
    ],
)  # fmt: skip
def test_of_an_error_is_told_what_helps_and_is_nobodys(error: Exception, said: str) -> None:
    assert told.error(error).replace("ClientError", "ValidationException") == said


@pytest.mark.django_db
def test_of_a_refusal_by_postgresql_is_told_which_constraint_and_not_the_row() -> None:
    User.objects.create(username=EMAIL)
    with pytest.raises(IntegrityError) as raised:
        User.objects.create(username=EMAIL)
    assert told.error(raised.value) == "IntegrityError: SQLSTATE 23505, auth_user_username_key"
    assert_nothing_marked(told.trace(raised.value))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"to {EMAIL}, now", "to [hidden], now"),
        (f"redis://:{PASSWORD}@broker:6379", "redis://[hidden]@broker:6379"),
        (f"Authorization: Bearer {TOKEN}", "[hidden]"),
        (f"password={PASSWORD} user=x", "[hidden] user=x"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [hidden]"),
        ("12 rows of UPLOAD_20260101_000000 at 10:00", "12 rows of UPLOAD_20260101_000000 at 10:00"),
        ("x" * 10_000, "x" * told.MOST_CHARS),
    ],
)
def test_what_looks_like_an_address_or_a_credential_is_taken_out(text: str, left: str) -> None:
    assert told.scrubbed(text) == left


@pytest.mark.parametrize(
    ("variables", "production", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"LOG_FORMAT": "line"}, True, False),
        ({"LOG_FORMAT": "json"}, False, True),
    ],
)
def test_production_has_json_lines_unless_somebody_says_otherwise(
    variables: dict[str, str], production: bool, expected: bool
) -> None:
    assert lines.is_json(variables, production) is expected


def test_a_format_that_there_is_not_is_said_at_the_start() -> None:
    with pytest.raises(ValueError, match="Set it to json or line"):
        lines.is_json({"LOG_FORMAT": "xml"}, True)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=processes.ROOT, env={**os.environ, "LOG_FORMAT": "xml"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == "The configuration can't be used: LOG_FORMAT is 'xml'. Set it to json or line.\n"
    assert issubclass(ImproperlyConfigured, Exception)


# --- IDs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("0af7651916cd43dd8448eb211c80319c", True), ("req-1.2_3-abcdef", True), ("short", False), ("x" * 65, False),
     ("has spaces in it", False), ("<script>alert</script>", False), ("", False), ("-leading-dash", False)],
)  # fmt: skip
def test_a_request_keeps_a_sane_id_of_a_proxy_and_gets_one_otherwise(sent: str, kept: bool) -> None:
    answer = Client().get("/healthz", headers={"X-Request-ID": sent} if sent else {})
    assert (answer["X-Request-ID"] == sent) is kept
    assert len(answer["X-Request-ID"]) >= 16 or kept


@pytest.mark.django_db
def test_what_a_page_logs_has_its_request_and_vendor(
    logged: Captured, ours: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, lambda: logging.getLogger("uploads.x").warning("here"))
    client = Client(raise_request_exception=False)
    client.force_login(ours.members["owner"].user)
    answer = client.get("/vendor/VEND001/")
    (event,) = logged.of("uploads.x")
    assert (event["request"], event["vendor"]) == (answer["X-Request-ID"], "VEND001")
    assert ids.known() == {}


def test_what_wakes_a_task_says_what_it_is_about_and_no_more() -> None:
    sent: dict[str, Any] = {"id": "1"}
    with ids.of({ids.REQUEST: "0123456789abcdef", ids.VENDOR: "VEND001", ids.TASK: "not this"}):
        before_task_publish.send("x", headers=sent)
    assert sent["onboarding"] == {"request": "0123456789abcdef", "vendor": "VEND001"}


def test_a_task_logs_which_upload_it_is_about(logged: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "finish", lambda _: logging.getLogger("uploads.x").warning("here"))
    tasks.finish_upload.apply(args=("UPLOAD_1",))
    (event,) = logged.of("uploads.x")
    assert (event["upload"], event["task"]) == ("UPLOAD_1", wakeups.FINISH_UPLOAD)
    assert ids.known() == {}


def test_what_is_found_out_at_no_request_and_no_task_does_not_stay_for_what_the_thread_does_next() -> None:
    ids.add(vendor="VEND001")
    assert ids.known() == {}


# --- nothing of anybody, on every path ---------------------------------------------------------------------------


def _raising(monkeypatch: pytest.MonkeyPatch, do: Callable[[], Any]) -> None:
    """The vendors' home does this instead."""
    monkeypatch.setattr(home, "render", lambda *_, **__: do())


def _failing_view(monkeypatch: pytest.MonkeyPatch, client: Client, error: BaseException) -> None:
    def fail() -> None:
        secret = PASSWORD
        raise error from RuntimeError(f"{EMAIL} with {secret}")

    _raising(monkeypatch, fail)
    assert client.get(f"/vendor/VEND001/?token={TOKEN}", headers={"cookie": "x"}).status_code in (302, 400, 500)
    assert client.get(f"/vendor/VEND001/?token={TOKEN}").status_code in (400, 500)


@pytest.mark.parametrize(
    "error",
    [ValueError(f"{CELL} of {EMAIL}"), SuspiciousOperation(f"{CELL} of {EMAIL}"),
     ClientError({"Error": {"Code": "ValidationException", "Message": f"{CELL} {TOKEN}"}}, "PutItem")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.django_db
def test_a_view_that_raises(logged: Captured, ours: Company, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(ours.members["owner"].user)
    _failing_view(monkeypatch, client, error)
    assert "VEND001" in logged.text
    assert_nothing_marked(logged.text)
    refused = isinstance(error, SuspiciousOperation)
    assert ["exception" in event for event in logged.events if "400" in event["message"] or "500" in event["message"]] \
        == [not refused]  # fmt: skip


@pytest.mark.django_db
def test_signing_in_and_links_that_are_secrets(logged: Captured, settings: Any, ours: Company) -> None:
    settings.DEBUG = False
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})  # without its token: 403
    client = Client(raise_request_exception=False)
    for path, form in (
        ("/accounts/login/", {"login": EMAIL, "password": PASSWORD}),
        ("/accounts/password/reset/", {"email": EMAIL}),
        ("/apply/", {"email": EMAIL, "password1": PASSWORD, "business_name": CELL, "vendor_name": CELL}),
        (f"/accounts/password/reset/key/1-{TOKEN}/", {"password1": PASSWORD, "password2": PASSWORD}),
        (f"/invitation/{TOKEN}/", {"password1": PASSWORD}),
    ):
        client.get(f"{path}?next=/{TOKEN}/")
        client.post(path, form)
    client.get(f"/{TOKEN}/{PASSWORD}")
    client.get("/accounts/login/", headers={"host": f"{TOKEN}.example", "authorization": f"Bearer {TOKEN}"})
    client.generic(TOKEN, "/accounts/login/")
    assert_nothing_marked(logged.text)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda client: client.get(f"/x/{TOKEN}/"), "404 GET (no page)"),
        (lambda client: client.get(f"/invitation/{TOKEN}/"), "404 GET /invitation/<str:token>/"),
        (lambda client: client.get("/accounts/login/", headers={"host": "evil.example"}),
         "400 GET (no page) (DisallowedHost: ALLOWED_HOSTS lacks the host that was asked for)"),
        (lambda client: client.post("/accounts/login/", {}),
         "403 POST /accounts/login/ (the form was sent without its token)"),
        (lambda client: client.post("/accounts/login/", {}, headers={"origin": f"https://{TOKEN}.example"}),
         "403 POST /accounts/login/ (the form came from another address: "
         "the proxy's X-Forwarded-Proto, or CSRF_TRUSTED_ORIGINS)"),
        (lambda client: client.get("/vendor/VEND002/"), "404 GET /vendor/<str:vendor_id>/"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_a_refused_page_is_a_line_and_no_traceback(
    logged: Captured, ours: Company, theirs: Company, settings: Any, ask: Callable[[Client], Any], line: str
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if "VEND002" in str(ask.__code__.co_consts):
        client.force_login(ours.members["owner"].user)
    answer = ask(client)
    events = [event for event in logged.events if event["logger"].startswith("django.")]
    assert [event["message"] for event in events] == [line]
    assert "exception" not in events[0]
    assert events[0]["request"] == answer["X-Request-ID"]
    assert_nothing_marked(logged.text)


def test_nor_is_it_one_to_the_eye(settings: Any) -> None:
    record = logging.makeLogRecord({
        "name": "django.security.DisallowedHost", "msg": f"Invalid HTTP_HOST header: '{TOKEN}'", "levelname": "ERROR",
        "status_code": 400, "exc_info": (ValueError, ValueError(TOKEN), None),
        "request": Client().get("/healthz").wsgi_request,
    })  # fmt: skip
    shown = lines.Lines().format(record)
    assert "ERROR django.security.DisallowedHost: 400 GET (no page) (DisallowedHost: ALLOWED_HOSTS lacks" in shown
    assert TOKEN not in shown


def test_an_upload_with_bad_cells(logged: Captured, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price=CELL), line(2, category=f"{CELL} {EMAIL}"), line(3, sku=f"{CELL} \x00")))
    assert upload.error_records
    assert_nothing_marked(logged.text)


@pytest.mark.django_db
def test_a_file_that_is_sent_on_the_vendors_page(logged: Captured, ours: Company, bucket: None, broker: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(ours.members["owner"].user)
    content = feed(line(1, product_name=CELL, price=CELL)).encode()
    client.post("/vendor/VEND001/upload/preview/", {"file": SimpleUploadedFile(f"{CELL}.csv", content)})
    assert_nothing_marked(logged.text)


@pytest.mark.parametrize(
    "error",
    [ValueError(f"{CELL} of {EMAIL}"),
     ClientError({"Error": {"Code": "ValidationException", "Message": f"{CELL} {TOKEN}"}}, "PutItem")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_task_that_raises(logged: Captured, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(finish, "finish", fail)
    tasks.finish_upload.apply(args=("UPLOAD_1",))
    tasks.finish_upload.apply(args=("UPLOAD_1", CELL))  # an argument too many
    (failed, refused) = [event for event in logged.of("celery.app.trace") if event["level"] == "ERROR"]
    assert failed["upload"] == "UPLOAD_1"
    assert type(error).__name__ in failed["exception"]
    assert "TypeError" in refused["exception"]
    assert_nothing_marked(logged.text)


@pytest.mark.django_db
def test_a_record_that_makes_the_code_fail(
    logged: Captured, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uploads.pipeline import commit

    right: Callable[[Any], Any] = commit.judge  # type: ignore[attr-defined] # the name that is replaced

    def fail(batch: Any) -> Any:
        if any(CELL in str(record.original) and record.problem is None for record in batch):
            raise ValueError(f"{CELL} of {EMAIL}")
        return right(batch)

    monkeypatch.setattr(commit, "judge", fail)
    pipeline.run(feed(line(1), line(2, product_name=CELL)))
    assert logged.of("uploads.pipeline.commit")
    assert_nothing_marked(logged.text)


@pytest.mark.django_db
def test_a_step_of_the_schedule_that_fails(logged: Captured) -> None:
    def fail(_: str) -> None:
        raise ValueError(f"{CELL} of {EMAIL}")

    steps.alone(steps.FINISH, lambda: steps.each(["UPLOAD_1"], fail))
    (event,) = logged.of("uploads.work.steps")
    assert event["message"] == f'Upkeep: "{steps.FINISH}" fails, all else goes on: ValueError (at UPLOAD_1)'
    assert_nothing_marked(logged.text)


# --- real processes ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("real_processes", "broker")
def test_gunicorns_lines_are_json_without_paths_and_queries(
    tmp_path: Path, transactional_db: None, settings: Any
) -> None:
    asked = [
        f"GET /invitation/{TOKEN}/?password={PASSWORD} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: known-by-the-proxy",
        f"GET /{TOKEN} HTTP/1.1\r\nHost: {TOKEN}.example\r\nUser-Agent: {TOKEN}\r\nReferer: http://x/{TOKEN}",
        f"{TOKEN.upper()} / HTTP/1.1\r\nHost: 127.0.0.1",
        f"GET {TOKEN}",
    ]
    with serving(tmp_path, settings.SECRET_KEY, "--log-level=debug", LOG_FORMAT="json", LOG_LEVEL="DEBUG") as port:
        for one in asked:
            with opened(port, f"{one}\r\n\r\n".encode()) as browser:
                answer_to(browser)
        log = tmp_path / "gunicorn.log"
        eventually(lambda: '"status": 404' in log.read_text() and "[hidden]" not in log.read_text(), "they are logged")
    text = log.read_text()
    events = [json.loads(one) for one in text.splitlines() if one.startswith("{")]
    assert [
        one for one in text.splitlines() if not one.startswith("{") and "Warning" not in one and "  " not in one
    ] == []
    (seen,) = [event for event in events if event.get("request") == "known-by-the-proxy" and "ms" in event]
    assert (seen["route"], seen["status"], seen["method"]) == ("/invitation/<str:token>/", 404, "GET")
    assert_nothing_marked(text)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, None), ({"DATABASE_URL": "x"}, "-"), ({"DATABASE_URL": "x", "PRODUCTION": "0"}, None),
     ({"ACCESS_LOG": "1"}, "-"), ({"DATABASE_URL": "x", "ACCESS_LOG": "0"}, None)],
)  # fmt: skip
def test_requests_are_logged_in_production(variables: dict[str, str], expected: str | None) -> None:
    assert server.access_log(variables) == expected


@pytest.mark.usefixtures("real_processes", "broker")
def test_a_workers_lines_are_json_and_know_who_woke_it(tmp_path: Path, transactional_db: None, settings: Any) -> None:
    log = tmp_path / "worker.log"
    env = {**os.environ, "DATABASE_URL": database_url(), "SECRET_KEY": settings.SECRET_KEY, "LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "celery", "-A", "config", "-q", "worker", "-Q", "logged", "-c", "1",
               "--without-gossip", "--without-mingle"]  # fmt: skip
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=processes.ROOT, env=env, stdout=out, stderr=subprocess.STDOUT) as worker,
    ):
        with ids.of({ids.REQUEST: "0123456789abcdef", ids.VENDOR: "VEND001"}):
            app.send_task(wakeups.FINISH_UPLOAD, ["UPLOAD_1", CELL], queue="logged")
        eventually(lambda: "TypeError" in log.read_text(), "the task has failed")
        worker.terminate()
        worker.wait(60)
    events = [json.loads(one) for one in log.read_text().splitlines() if one.startswith("{")]
    (failed,) = [event for event in events if "exception" in event]
    assert (failed["request"], failed["vendor"]) == ("0123456789abcdef", "VEND001")
    assert failed["task"] == wakeups.FINISH_UPLOAD
    assert_nothing_marked(log.read_text())
    assert connection.vendor == "postgresql"
    assert site.JSON_LINES is False

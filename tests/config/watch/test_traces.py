"""Sentry and OpenTelemetry: nothing where nobody asks, and nothing of anybody where somebody does."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sentry_sdk
from django.test import Client
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from config.embedded.processes import ROOT
from config.watch import ids, traces, working
from tests.companies import Company
from tests.config.watch.test_lines import CELL, EMAIL, PASSWORD, TOKEN, assert_nothing_marked
from uploads import tasks
from uploads.aws import measured
from uploads.pipeline import finish
from uploads.portal import home

LOADED = (
    "import sys, config.wsgi, config.celery, uploads.tasks;"
    "print(sorted(sys.modules.keys() & {'sentry_sdk', 'opentelemetry.exporter'}))"
)


@pytest.mark.parametrize(
    ("variables", "expected"), [({}, "[]"), ({traces.SENTRY: "http://k@127.0.0.1:1/1"}, "['sentry_sdk']")]
)
def test_nothing_is_imported_unless_it_is_switched_on(variables: dict[str, str], expected: str) -> None:
    env = {name: value for name, value in os.environ.items() if name not in (traces.SENTRY, traces.OTEL)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=env | variables, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize(
    ("variable", "package"), [(traces.SENTRY, "sentry_sdk"), (traces.OTEL, "opentelemetry.sdk.trace")]
)
def test_a_package_that_is_missing_is_a_line_and_no_end(
    variable: str, package: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(variable, "http://k@127.0.0.1:1/1")
    monkeypatch.setitem(sys.modules, package, None)
    traces._tracer.cache_clear()
    traces.start()
    with traces.span("x") as span:
        span.named("y", a=1)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [traces.INSTALL]
    traces._tracer.cache_clear()


# --- Sentry ------------------------------------------------------------------------------------------------------


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events += [dict(item.payload.json or {}) for item in envelope.items]


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    kept = Kept()
    monkeypatch.setenv(traces.SENTRY, "http://public@127.0.0.1:1/1")
    traces.start(kept)
    yield kept
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.django_db
def test_a_view_that_raises_is_sent_without_anything_of_anybody(
    sentry: Kept, ours: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        secret = PASSWORD
        raise ValueError(f"{CELL} of {EMAIL}, {secret}")

    monkeypatch.setattr(home, "render", fail)
    logging.getLogger("uploads").warning("before it: %s", CELL)
    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {TOKEN}"})
    client.force_login(ours.members["owner"].user)
    answer = client.get(f"/vendor/VEND001/?token={TOKEN}")
    (event,) = sentry.events
    assert (event["logger"], event["message"]) == ("django.request", "500 GET /vendor/<str:vendor_id>/")
    assert event["tags"] == {"request": answer["X-Request-ID"], "vendor": "VEND001"}
    (raised,) = event["exception"]["values"]
    assert (raised["type"], raised["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "fail")
    sent = json.dumps(event)
    assert_nothing_marked(sent)
    assert ours.members["owner"].user.email not in sent
    assert not {"request", "user", "breadcrumbs", "extra", "contexts", "modules", "server_name"} & {
        name for name, value in event.items() if value
    }


def test_so_is_a_task_that_raises(sentry: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise ValueError(f"{CELL} of {EMAIL}")

    monkeypatch.setattr(finish, "finish", fail)
    tasks.finish_upload.apply(args=("UPLOAD_1",))
    (event,) = sentry.events
    assert event["tags"] == {"upload": "UPLOAD_1", "task": "uploads.tasks.finish_upload"}
    assert_nothing_marked(json.dumps(event))


def test_what_is_no_error_of_a_log_is_not_sent(sentry: Kept) -> None:
    logging.getLogger("uploads").warning("nothing much")
    sentry_sdk.capture_message(PASSWORD)
    sentry_sdk.flush()
    assert sentry.events == []


# --- OpenTelemetry -----------------------------------------------------------------------------------------------


class Collector(HTTPServer):
    """Takes what is sent by OTLP, as it comes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

        class Taking(BaseHTTPRequestHandler):
            def do_POST(taking) -> None:  # noqa: N805
                self.bodies.append(taking.rfile.read(int(taking.headers["Content-Length"])))
                taking.send_response(200)
                taking.send_header("Content-Length", "0")
                taking.end_headers()

            def log_message(taking, format: str, *args: Any) -> None:  # noqa: N805
                pass

        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for body in self.bodies:
            said = ExportTraceServiceRequest.FromString(body)
            found += [span for of in said.resource_spans for scope in of.scope_spans for span in scope.spans]
        return found


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    found = Collector()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    monkeypatch.setenv(traces.OTEL, f"http://127.0.0.1:{found.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    traces._tracer.cache_clear()
    yield found
    traces._tracer(os.getpid()).span_processor.shutdown()
    traces._tracer.cache_clear()
    found.shutdown()
    found.server_close()


def _flushed(collector: Collector) -> dict[str, Any]:
    traces._tracer(os.getpid()).span_processor.force_flush()
    return {span.name: span for span in collector.spans}


def _facts(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.mark.django_db
def test_a_request_its_calls_and_the_tasks_that_it_wakes_are_one_trace_and_say_nothing_of_anybody(
    collector: Collector, ours: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, Any] = {}

    def wake(*_: Any, **__: Any) -> None:
        measured.note("GetItem", measured.OK, 0.5)
        working._sent(headers=sent)
        raise ValueError(f"{CELL} of {EMAIL}")

    monkeypatch.setattr(home, "render", wake)
    client = Client(raise_request_exception=False)
    client.force_login(ours.members["owner"].user)
    answer = client.get(f"/vendor/VEND001/?token={TOKEN}&password={PASSWORD}")
    with ids.of({}), traces.span("task uploads.tasks.x", sent[working.HEADER]):
        pass
    spans = _flushed(collector)
    page, call, task = spans["request vendor:home"], spans["aws GetItem"], spans["task uploads.tasks.x"]
    assert page.trace_id == call.trace_id == task.trace_id
    assert call.parent_span_id == task.parent_span_id == page.span_id
    assert _facts(page) == {
        "request": answer["X-Request-ID"], "method": "GET", "view": "vendor:home", "status": 500,
    }  # fmt: skip
    assert not page.events
    assert (call.end_time_unix_nano - call.start_time_unix_nano) // 10**6 == 500
    assert_nothing_marked(b"".join(collector.bodies).decode("latin-1"))


def test_what_a_span_ends_with_is_not_told(collector: Collector) -> None:
    with pytest.raises(ValueError, match=CELL), traces.span("task x"):
        raise ValueError(f"{CELL} of {EMAIL}")
    span = _flushed(collector)["task x"]
    assert not span.events
    assert_nothing_marked(b"".join(collector.bodies).decode("latin-1"))

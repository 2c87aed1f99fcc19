"""Errors to Sentry, traces to OpenTelemetry: switched on by SENTRY_DSN and OTEL_EXPORTER_OTLP_ENDPOINT, if their
packages are there (requirements/tracing.txt). Without the variables nothing of them is imported, and a span is nothing.

Neither gets more than the log does: an event for Sentry is made anew from what told.py tells, and a span has the names
and figures that are written in code. Neither hears of bodies, headers, addresses, people or the values of variables.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from config.watch import ids, told

logger = logging.getLogger(__name__)
SENTRY, OTEL = "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"
INSTALL: Final = "install requirements/tracing.txt"
PARENT: Final = "traceparent"


def start(transport: Any = None) -> None:
    """Send errors from now on, where somebody wants them; for a server, a worker and the schedule."""
    dsn = os.environ.get(SENTRY)
    if not dsn:
        return
    try:
        import sentry_sdk  # only where it is switched on
        from sentry_sdk.integrations.logging import LoggingIntegration  # the same
    except ImportError:
        logger.warning("%s is set, but its package isn't there: %s", SENTRY, INSTALL)
        return
    sentry_sdk.init(
        dsn,
        transport=transport,
        # What is logged as an error is all that there is to tell: pages and tasks that fail are.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None)],
        before_send=_event,
        before_breadcrumb=lambda *_: None,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=None,
        server_name="",
    )


def _event(event: Any, hint: Mapping[str, Any]) -> Any:
    """The event, made anew of what may be told; None, which sends nothing, for what no record is about."""
    record = hint.get("log_record")
    if not isinstance(record, logging.LogRecord):
        return None
    found = {name: event[name] for name in ("event_id", "timestamp", "platform", "environment", "release", "level")
             if name in event}  # fmt: skip
    found |= {"logger": record.name, "message": told.message(record), "tags": dict(told.ids_of(record))}
    raised = told.raised(record)
    if raised is not None:
        found["exception"] = {"values": [_raised(raised)]}
    return found


def _raised(said: BaseException) -> dict[str, Any]:
    """Sentry groups events by class and place."""
    frames = [
        {"filename": frame.filename, "function": frame.name, "lineno": frame.lineno, "in_app": True}
        for frame in told.frames(said)
    ]
    return {"type": type(said).__name__, "value": told.error(said), "stacktrace": {"frames": frames}}


# --- spans -------------------------------------------------------------------------------------------------------


class Span:
    """Something that takes time; nothing where nobody wants to know."""

    def __init__(self, own: Any = None) -> None:
        self._own = own

    def named(self, name: str, **facts: str | int) -> None:
        """How it is called, now that it is known, and what is known of it."""
        if self._own is not None:
            self._own.update_name(name)
            self._own.set_attributes(facts)


@contextmanager
def span(name: str, carried: Mapping[str, str] | None = None, **facts: str | int) -> Iterator[Span]:
    """A span around what is within, below the one that is open here or the one that was `carried` here."""
    tracer = _tracer(os.getpid()) if os.environ.get(OTEL) else None
    if tracer is None:
        yield Span()
        return
    context = _propagator().extract(dict(carried)) if carried else None
    with tracer.start_as_current_span(
        name, context, attributes={**ids.known(), **facts}, record_exception=False, set_status_on_exception=False
    ) as own:
        yield Span(own)


def past(name: str, seconds: float, **facts: str | int) -> None:
    """A span of something that has just ended."""
    tracer = _tracer(os.getpid()) if os.environ.get(OTEL) else None
    if tracer is not None:
        now = time.time_ns()
        tracer.start_span(name, start_time=now - int(seconds * 1e9), attributes=facts).end(now)


def carried() -> dict[str, str]:
    """What a message takes along, so that its task's span hangs below the one here."""
    found: dict[str, str] = {}
    if os.environ.get(OTEL) and _tracer(os.getpid()) is not None:
        _propagator().inject(found)
    return {name: value for name, value in found.items() if name == PARENT}


@cache
def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # only where switched on

    return TraceContextTextMapPropagator()


@cache
def _tracer(pid: int) -> Any:
    """This process's tracer, whose thread sends; a forked child has to start its own. None without the packages."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # only where switched on
        from opentelemetry.sdk.trace import TracerProvider  # the same
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # the same
    except ImportError:
        logger.warning("%s is set, but its packages aren't there: %s", OTEL, INSTALL)
        return None
    provider = TracerProvider()  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say who this is
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("onboarding")

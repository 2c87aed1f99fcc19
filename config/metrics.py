"""`/metrics` for Prometheus: what the whole platform is like (uploads/insight/metrics.py), and what the processes of
this server or worker have measured (config/watch/meters.py).

The web application answers it as it does /healthz, before host, redirect and session, but only to who shows
METRICS_TOKEN; without that variable there is no such page. A worker answers on METRICS_PORT, from its main process, to
one at a time, and asks for the token where there is one. Others than Prometheus find out nothing, not even whether
there is a token.
"""

import hmac
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config.watch import counted, meters
from uploads.insight import metrics

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

logger = logging.getLogger(__name__)
METRICS: Final = "/metrics"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SCHEME: Final = "Bearer "
SLOW_SECONDS: Final = 5.0  # for somebody to send a request to a worker's port, and to take the answer


def answered(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, in front of whatever looks at host, scheme or session."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info != METRICS:
            return get_response(request)
        if not settings.METRICS_TOKEN or not _shown(request.headers.get("Authorization", "")):
            return HttpResponse("Not found\n", status=404, content_type="text/plain")
        answer = HttpResponse(text(), content_type=CONTENT_TYPE)
        answer["Cache-Control"] = "no-store"
        return answer

    return middleware


def text() -> bytes:
    """All that is known now, as Prometheus reads it."""
    meters.prepare()  # which imports the library, by then in the right way
    from prometheus_client import CollectorRegistry, generate_latest  # see above

    with counted.still():
        processes: bytes = generate_latest(counted.registry())
    platform = CollectorRegistry()
    platform.register(_Platform())
    said: bytes = generate_latest(platform)
    return said + processes


def _shown(authorization: str) -> bool:
    """Whether who asks shows the token."""
    if not settings.METRICS_TOKEN:
        return True
    shown = authorization.removeprefix(SCHEME) if authorization.startswith(SCHEME) else ""
    return hmac.compare_digest(shown.encode(), settings.METRICS_TOKEN.encode())


class _Platform:
    """The platform's figures, as the library wants them."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily  # as in `text`

        families = {
            name: GaugeMetricFamily(name, figure.says, labels=figure.labels) for name, figure in metrics.FIGURES.items()
        }
        for name, labels, figure in metrics.known():
            families[name].add_metric(labels, figure)
        yield from (family for family in families.values() if family.samples)


# --- on a port of its own ----------------------------------------------------------------------------------------


class _Asked(BaseHTTPRequestHandler):
    timeout = SLOW_SECONDS
    server_version, sys_version = "metrics", ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != METRICS or not _shown(self.headers.get("Authorization", "")):
            self._answer(404, b"Not found\n", "text/plain")
            return
        try:
            found = text()
        except Exception:
            logger.exception("The metrics can't be told")
            self._answer(500, b"The log says more\n", "text/plain")
        else:
            self._answer(200, found, CONTENT_TYPE)
        finally:
            connection.close()  # the processes that are forked meanwhile shall not have it

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """What is asked again and again is no event."""


class _Port(HTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may have gone, tired of waiting."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError | TimeoutError):
            logger.info("Who asked for the metrics went away before the answer: %s", type(error).__name__)
        else:
            logger.exception("The metrics can't be told")


def serve() -> HTTPServer | None:
    """Answer on METRICS_PORT from now on, in a thread; None where no port is set, or where somebody else has it."""
    if not settings.METRICS_PORT:
        return None
    try:
        server = _Port((settings.METRICS_BIND, settings.METRICS_PORT), _Asked)
    except OSError as error:
        logger.error("METRICS_PORT %s can't be listened on: %s", settings.METRICS_PORT, error)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server

"""gunicorn's own lines in the project's format: what it says of itself, and one for each request where that is wanted.

A request is told as everywhere: method, pattern of the address, status, time, size and IDs, never path, query, address
of who asked, or program. gunicorn.conf.py names this class; it is used before Django is there.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from gunicorn.glogging import Logger

from config.watch import lines
from config.watch.pages import IDS, NO_PAGE, ROUTE, method_of

# Asked again and again by machines: their answers stand in the metrics.
NO_EVENTS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
# What gunicorn says with something of the request in it, and what is said instead.
_QUOTING: Final = {
    "Error handling request": "A request can't be handled",
    "Invalid request from ip=": "What isn't a request was refused",
    "Error while closing socket": "A connection can't be closed",
}


def wants_json(environ: Mapping[str, str]) -> bool:
    """As config/settings.py decides it, which isn't read yet."""
    said = environ.get("PRODUCTION", "").lower()
    production = said in ("1", "true", "yes", "on", "y", "ok") if said else bool(environ.get("DATABASE_URL"))
    return lines.is_json(environ, production)


def access_log(environ: Mapping[str, str]) -> str | None:
    """Where requests are logged: to standard output with JSON lines, unless ACCESS_LOG=0; else with ACCESS_LOG=1."""
    chosen = environ.get("ACCESS_LOG") or ("1" if wants_json(environ) else "0")
    return "-" if chosen == "1" else None


class Log(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's logger."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        formatter = lines.JsonLines() if wants_json(os.environ) else lines.Lines()
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(formatter)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        if not self.access_log_enabled or environ.get("PATH_INFO") in NO_EVENTS:
            return
        facts = {
            "method": method_of(environ.get("REQUEST_METHOD")),
            "route": environ.get(ROUTE, NO_PAGE),
            "status": int(str(resp.status).split(None, 1)[0]),
            "ms": round(request_time / timedelta(milliseconds=1), 1),
            "bytes": getattr(resp, "sent", None),
        }
        said = "{method} {route} {status} in {ms} ms".format(**facts)
        self.access_log.info("%s", said, extra={"facts": facts, "ids": environ.get(IDS)})

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        self.error_log.exception(*_without_quotes(msg, args), **kwargs)

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        self.error_log.warning(*_without_quotes(msg, args), **kwargs)

    def debug(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """It would say paths, and nothing that helps."""


def _without_quotes(msg: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    for begins, instead in _QUOTING.items():
        if str(msg).startswith(begins):
            return (instead,)
    return (msg, *args)

"""Log lines: one JSON object for each event in production, or a line for the eye.

LOG_FORMAT=json or line decides, else PRODUCTION. A JSON line has `time` (UTC), `level`, `logger`, `message`, the IDs
that are known there (ids.py) and for an error `exception`, all of it in one field. Nothing breaks a line: what would is
escaped. Neither says what told.py keeps back; to the eye, where one is at home, an error comes with what it says.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from config.watch import told

JSON, LINE = "json", "line"
# These would log statements, requests and headers as they are, if somebody asked for DEBUG.
QUIET: Final = (
    "django.db.backends", "botocore", "boto3", "s3transfer", "urllib3", "celery", "kombu", "amqp", "redis", "psycopg",
    "asyncio", "opentelemetry",
)  # fmt: skip


def is_json(environ: Mapping[str, str], production: bool) -> bool:
    """Whether lines are JSON. Raises ValueError for a LOG_FORMAT that there isn't."""
    chosen = environ.get("LOG_FORMAT") or (JSON if production else LINE)
    if chosen not in (JSON, LINE):
        raise ValueError(f"LOG_FORMAT is {chosen!r}. Set it to json or line.")
    return chosen == JSON


def logging_settings(json_lines: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"told": {"()": "config.watch.lines.JsonLines" if json_lines else "config.watch.lines.Lines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "told"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": "INFO"} for name in ("uploads", "catalog", "vendors")},
            **({name: {"level": _not_below_info(level)} for name in QUIET} if json_lines else {}),
            # Django's own handlers, one of them a mail to ADMINS with all that was sent, would come on top.
            "django": {"handlers": [], "level": "INFO" if level in ("INFO", "DEBUG") else level},
        },
    }


def _not_below_info(level: str) -> str:
    return "INFO" if level == "DEBUG" else level


class JsonLines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": told.message(record),
            **{name: told.scrubbed(value) for name, value in told.ids_of(record).items()},
            **getattr(record, "facts", {}),
        }
        raised = told.raised(record)
        if raised is not None:
            event["exception"] = told.trace(raised)
        return json.dumps(event)


class Lines(logging.Formatter):
    """For the eye."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        if not hasattr(record, "status_code"):
            return super().format(record)
        page = logging.makeLogRecord({**record.__dict__, "msg": told.message(record), "args": ()})
        if told.raised(record) is None:
            page.exc_info = page.exc_text = None
        return super().format(page)

"""What may be said of an error, and of a page that was refused, in a log that others read than those it is about.

What an error says is left out unless its class is known to speak of code or of services, never of data: a message may
quote a cell, an address or a password. Its class, its place and its causes tell an engineer where to look. Pages are
told by the pattern of their address, since a path may be the secret (an invitation, a new password). What looks like an
address of e-mail or a credential is taken out of everything, as a second line of defence.
"""

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any, Final

from config.watch import ids
from config.watch.pages import IDS, method_of, route_of

MOST_CHARS: Final = 4_000  # of a message; of an error's trace MOST_FRAMES of each cause, the last
MOST_FRAMES: Final = 30
MOST_CAUSES: Final = 5
HIDDEN: Final = "[hidden]"

# These speak of names in code.
_OF_CODE: Final = (AttributeError, ImportError, NameError, NotImplementedError)
# And these of services, in sentences of ours (config/outages.py), by module and name: nothing is imported to look.
_OF_SERVICES: Final = frozenset({
    ("uploads.aws.client", "Unavailable"), ("uploads.aws.client", "TableMissing"), ("uploads.aws.client", "StreamGone"),
    ("uploads.aws.client", "IteratorExpired"), ("uploads.aws.client", "PositionTrimmed"),
    ("uploads.aws.storage", "StorageUnavailable"), ("kombu.exceptions", "OperationalError"),
    ("redis.exceptions", "ConnectionError"), ("redis.exceptions", "TimeoutError"),
    ("botocore.exceptions", "EndpointConnectionError"), ("botocore.exceptions", "ConnectTimeoutError"),
    ("botocore.exceptions", "ReadTimeoutError"), ("botocore.exceptions", "NoCredentialsError"),
    ("psycopg", "OperationalError"), ("psycopg.errors", "ConnectionTimeout"),
})  # fmt: skip
# What a task was given, and what it gave back or raised, in Celery's words for them.
_OF_TASKS: Final = frozenset({"args", "kwargs", "exc", "traceback", "return_value"})
_SECRETS: Final = re.compile(
    r"""[^\s@<>"'(),;:=]+@[^\s@<>"'(),;]+\.[^\s@<>"'(),;]+"""  # an address of e-mail
    r"""|(?<=://)[^/\s@]+(?=@)"""  # who signs in at a URL
    r"""|(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"""
    r"""|(?i:\b(?:password|passwd|secret|token|api[_-]?key|authorization|cookie|sessionid)["']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?)\S+"""
    r"""|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"""
)


class Quoted(str):
    """Text that quotes an error, for whoever is at home: elsewhere the error is told instead."""

    of: BaseException

    def __new__(cls, text: str, of: BaseException) -> "Quoted":
        found = super().__new__(cls, text)
        found.of = of
        return found


def scrubbed(text: str) -> str:
    """Without what looks like an address or a credential, and no longer than MOST_CHARS."""
    return _SECRETS.sub(HIDDEN, text[:MOST_CHARS])


def error(said: BaseException) -> str:
    """An error in a line: its class, and what of it may be told."""
    words = _words(said)
    # Where work on one of many failed, it is noted which one that was (uploads/work/steps.py).
    where = "".join(f" ({note})" for note in getattr(said, "__notes__", ()) if note.startswith("at "))
    return scrubbed(f"{type(said).__name__}: {words}{where}" if words else f"{type(said).__name__}{where}")


def _words(said: BaseException) -> str:
    if type(said).__module__ == "django.db.utils" and said.__cause__ is not None:
        return _words(said.__cause__)
    if isinstance(said, OSError) and said.strerror:
        return f"{said.strerror} ({said.errno})"
    if state := getattr(said, "sqlstate", None):
        named = getattr(getattr(said, "diag", None), "constraint_name", None)
        return f"SQLSTATE {state}{f', {named}' if named else ''}"
    response = getattr(said, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):  # botocore's
        return f"{getattr(said, 'operation_name', '')} answered {response['Error'].get('Code', '')}"
    known = any((one.__module__, one.__name__) in _OF_SERVICES for one in type(said).__mro__)
    return " ".join(str(said).split()) if known or isinstance(said, _OF_CODE) else ""


def trace(said: BaseException) -> str:
    """Where it was raised and by what it was caused, the first cause first: as Python prints it, without what errors
    say and without the values of anything.
    """
    return "\n\n".join(
        "".join([*traceback.StackSummary.from_list(frames(cause)).format(), error(cause)])
        for cause in reversed([said, *_causes(said)])
    )


def _causes(said: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = said.__cause__ or (None if said.__suppress_context__ else said.__context__)
    while cause is not None and len(found) < MOST_CAUSES and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return found


def frames(said: BaseException) -> list[traceback.FrameSummary]:
    """Where an error was raised: the last MOST_FRAMES places, without values."""
    found = [
        traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(said.__traceback__)
    ]
    return found[-MOST_FRAMES:]


# --- of a record of logging --------------------------------------------------------------------------------------


def message(record: logging.LogRecord) -> str:
    """What a record says, with the errors among its arguments told as above."""
    request = getattr(record, "request", None)
    if request is not None and hasattr(request, "resolver_match"):
        return _page(record, request)
    try:
        return scrubbed(str(record.msg) % _told(record.args) if record.args else str(record.msg))
    except (TypeError, ValueError, KeyError):  # the arguments don't fit
        return scrubbed(str(record.msg))


def ids_of(record: logging.LogRecord) -> Mapping[str, str]:
    """Those that the record brings, those of the page that it is about (Django tells of some after they were answered),
    or those of this thread.
    """
    page = getattr(getattr(record, "request", None), "META", {})
    return getattr(record, "ids", None) or page.get(IDS) or ids.known()


def raised(record: logging.LogRecord) -> BaseException | None:
    """The error that a record is about; none of a page that was refused, which is a line."""
    if getattr(record, "status_code", 500) < 500:
        return None
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


def _told(args: Any) -> Any:
    if isinstance(args, Mapping):  # Celery's of a task that failed: what it was given, and what it raised
        return {name: HIDDEN if name in _OF_TASKS else _one(value)
                for name, value in args.items()}  # fmt: skip
    return tuple(map(_one, args))


def _one(value: Any) -> Any:
    if isinstance(value, Quoted):
        return error(value.of)
    return error(value) if isinstance(value, BaseException) else value


_OTHER_ORIGIN = "the form came from another address: the proxy's X-Forwarded-Proto, or CSRF_TRUSTED_ORIGINS"


def _page(record: logging.LogRecord, request: Any) -> str:
    """Django's of a page: why it was refused, or that it failed, and which it was."""
    status = getattr(record, "status_code", "")
    why = ""
    if record.name == "django.security.csrf":  # what a browser named stands in its reason, so that isn't told
        said = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        why = _OTHER_ORIGIN if said.startswith(("Origin", "Referer")) else "the form was sent without its token"
    elif record.name == "django.security.DisallowedHost":
        why = "DisallowedHost: ALLOWED_HOSTS lacks the host that was asked for"
    elif record.name.startswith("django.security."):
        why = record.name.removeprefix("django.security.")
    return f"{status} {method_of(request.method)} {route_of(request)}{f' ({why})' if why else ''}"

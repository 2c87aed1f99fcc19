"""Whether the web application is there (`/healthz`) and can serve (`/readyz`), for load balancers and orchestrators.

Answered before all else of Django: whatever host they name, without redirect or session. `/healthz` asks nothing of
anyone, since a restart mends no database. `/readyz` names each service with its state. Only what every page needs
(PostgreSQL, with its tables as this version wants them) makes it 503: without Redis or storage pages still serve, and
with all processes taken out at once nobody would be told. What services say of themselves stands in the logs alone.

A service is asked by one thread at a time and its answer counts for KEPT seconds, so a flood of requests costs nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Final, NamedTuple

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)
HEALTHZ, READYZ = "/healthz", "/readyz"
WAITED: Final = 2.0  # seconds for a service
KEPT: Final = 2.0  # seconds that an answer counts
NO_ANSWER: Final = "no answer within 2 seconds"
AWAY: Final = "can't be asked"


class Service(NamedTuple):
    """`ask` returns what is wrong, "" for nothing, or raises."""

    name: str
    needed: bool
    ask: Callable[[], str]


class Answer(NamedTuple):
    wrong: str
    at: float


def answered(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware; the first of all."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == HEALTHZ:
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path_info == READYZ:
            return _ready()
        return get_response(request)

    return middleware


def _ready() -> JsonResponse:
    states = {one.name: _state(one) for one in SERVICES}
    ready = not any(states[one.name] for one in SERVICES if one.needed)
    said = {one.name: {"ok": not states[one.name], "needed": one.needed, "wrong": states[one.name]} for one in SERVICES}
    found = JsonResponse({"ready": ready, "services": said}, status=200 if ready else 503)
    found["Cache-Control"] = "no-store"
    return found


# --- asking ----------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_asking: dict[str, "Future[Answer]"] = {}


@cache
def _threads() -> ThreadPoolExecutor:
    """One for each service: one that hangs keeps no other waiting."""
    return ThreadPoolExecutor(len(SERVICES), thread_name_prefix="health")


def _state(service: Service) -> str:
    """What is wrong with it, as somebody outside may know it."""
    with _lock:
        asked = _asking.get(service.name)
        if asked is None or (asked.done() and time.monotonic() - asked.result().at > KEPT):
            asked = _asking[service.name] = _threads().submit(_ask, service)
    try:
        return asked.result(WAITED).wrong
    except TimeoutError:
        return NO_ANSWER


def _ask(service: Service) -> Answer:
    try:
        wrong = service.ask()
    except Exception as error:  # whatever it is, the answer is that it can't be asked; the log says why
        logger.warning("%s can't be asked: %s", service.name, error)
        wrong = AWAY
    return Answer(wrong, time.monotonic())


def _postgresql() -> str:
    """Over a connection of its own, which no page waits for."""
    own = connection.copy()
    own.settings_dict["OPTIONS"] = {**own.settings_dict.get("OPTIONS", {}), "connect_timeout": int(WAITED)}
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, FALSE)", [f"{WAITED}s"])
            missing = migrations_to_run(cursor)
    finally:
        own.close()
    return f"migrations to run: {len(missing)}" if missing else ""


def migrations_to_run(cursor: Any) -> list[str]:
    """What of this version the database hasn't had yet, like `uploads.0001_initial`."""
    cursor.execute("SELECT app, name FROM django_migrations")
    return sorted(".".join(one) for one in _wanted() - set(cursor.fetchall()))


@cache
def _wanted() -> frozenset[tuple[str, str]]:
    """The migrations of this version, by app and name."""
    return frozenset(MigrationLoader(None).disk_migrations or {})


def _redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=WAITED, socket_timeout=WAITED) as asked:
        asked.ping()
    return ""


def _storage() -> str:
    return "" if import_string("uploads.aws.storage.bucket_exists")() else "no such bucket"


SERVICES: Final = (
    Service("postgresql", True, _postgresql), Service("redis", False, _redis), Service("storage", False, _storage)
)  # fmt: skip

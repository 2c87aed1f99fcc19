"""/healthz and /readyz: what a load balancer is told, whatever else is wrong."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from config import health
from config.health import AWAY, HEALTHZ, NO_ANSWER, READYZ, Service
from tests.live import eventually


@pytest.fixture(autouse=True)
def nobody_was_asked() -> Iterator[None]:
    health._asking.clear()
    yield
    health._asking.clear()


def services(monkeypatch: pytest.MonkeyPatch, **asks: Any) -> None:
    found = [Service(name, name == "postgresql", ask) for name, ask in asks.items()]
    monkeypatch.setattr(health, "SERVICES", tuple(found))


def broken() -> str:
    raise ConnectionError("the password of db.internal is wrong")


@pytest.mark.parametrize("path", [HEALTHZ, READYZ])
def test_no_host_no_redirect_and_no_session(path: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    services(monkeypatch, postgresql=lambda: "")
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["shop.example"]
    found = Client(headers={"host": "10.0.3.17:8000"}).get(path)
    assert found.status_code == 200
    assert not found.cookies


def test_health_asks_nothing_of_anyone() -> None:
    """Without the database: pytest-django would refuse it here."""
    assert Client().get(HEALTHZ).content == b"ok\n"
    assert health._asking == {}


@pytest.mark.django_db(transaction=True)
def test_ready_names_each_service(aws: None, broker: None, bucket: None) -> None:
    found = Client().get(READYZ)
    assert found.json() == {
        "ready": True,
        "services": {
            "postgresql": {"ok": True, "needed": True, "wrong": ""},
            "redis": {"ok": True, "needed": False, "wrong": ""},
            "storage": {"ok": True, "needed": False, "wrong": ""},
        },
    }
    assert found["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("away", "status"), [("postgresql", 503), ("redis", 200), ("storage", 200)])
def test_only_what_every_page_needs_takes_it_out_and_reasons_stay_inside(
    away: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = {"postgresql": lambda: "", "redis": lambda: "", "storage": lambda: "", away: broken}
    services(monkeypatch, **asks)
    found = Client().get(READYZ)
    assert (found.status_code, found.json()["ready"]) == (status, status == 200)
    assert found.json()["services"][away] == {"ok": False, "needed": away == "postgresql", "wrong": AWAY}
    assert b"password" not in found.content


@pytest.mark.django_db(transaction=True)
def test_a_version_whose_migrations_have_not_run_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_wanted", lambda: frozenset({("uploads", "0001_initial"), ("uploads", "9999_next")}))
    assert health._postgresql() == "migrations to run: 1"


@pytest.mark.django_db(transaction=True)
def test_it_has_a_connection_of_its_own_and_leaves_none_behind() -> None:
    def others() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    before = others()
    assert health._postgresql() == ""
    eventually(lambda: others() == before, "its connection has ended")


def test_a_service_that_hangs_is_said_to_and_asked_by_one_thread_only(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, asked = threading.Event(), []

    def hangs() -> str:
        asked.append(1)
        goes_on.wait(60)
        return ""

    services(monkeypatch, postgresql=lambda: "", redis=hangs)
    monkeypatch.setattr(health, "WAITED", 0.05)
    for _ in range(5):
        found = Client().get(READYZ)
        assert (found.status_code, found.json()["services"]["redis"]["wrong"]) == (200, NO_ANSWER)
    goes_on.set()
    assert asked == [1]


def test_an_answer_counts_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def well() -> str:
        asked.append(1)
        return ""

    services(monkeypatch, postgresql=well)
    for _ in range(20):
        Client().get(READYZ)
    assert len(asked) == 1
    monkeypatch.setattr(health, "KEPT", -1.0)
    Client().get(READYZ)
    assert len(asked) == 2

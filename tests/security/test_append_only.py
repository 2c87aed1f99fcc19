"""The log outlives what it tells of: the database lets nothing be changed in it, and forgets only what is old."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from security import log
from security.models import Kind, SecurityEvent

pytestmark = pytest.mark.django_db


def _old(days: int) -> SecurityEvent:
    return SecurityEvent.objects.create(what=Kind.EXPORTED, at=timezone.now() - timedelta(days=days))


def _run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE security_log SET login = 'somebody else'",
        "UPDATE security_log SET at = now() - interval '1000 days'",
        "DELETE FROM security_log",
        "SET LOCAL security_log.purging = 'on'; DELETE FROM security_log WHERE at > now() - interval '89 days'",
        "SET LOCAL security_log.purging = 'on'; UPDATE security_log SET login = ''",
        "ALTER TABLE security_log ENABLE TRIGGER security_log_stays; TRUNCATE security_log",
    ],
)
def test_no_row_is_changed_or_taken_away(sql: str) -> None:
    for days in (0, 500):
        _old(days)
    before = list(SecurityEvent.objects.values())
    with pytest.raises(IntegrityError, match="rows are added, never changed or taken away"):
        _run(sql)
    assert list(SecurityEvent.objects.values()) == before


def test_models_cannot_either() -> None:
    event = _old(0)
    event.login = "somebody else"
    for change in (event.save, event.delete, SecurityEvent.objects.all().delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_what_is_older_than_it_is_kept_is_forgotten_and_that_is_noted(settings: Any) -> None:
    settings.SECURITY_LOG_DAYS = 200
    kept = {_old(days).pk for days in (0, 91, 199)}
    for days in (201, 500):
        _old(days)
    assert log.purge() == 2
    assert set(SecurityEvent.objects.exclude(what=Kind.PURGED).values_list("pk", flat=True)) == kept
    assert SecurityEvent.objects.get(what=Kind.PURGED).detail == "2 rows older than 200 days"
    assert log.purge() == 0


def test_nothing_younger_than_90_days_is_forgotten_whatever_is_asked(settings: Any) -> None:
    settings.SECURITY_LOG_DAYS = 1
    assert [error.id for error in run_checks() if error.id == "security_log.E001"] == ["security_log.E001"]
    _old(89)
    _old(91)
    assert log.purge() == 1


def test_the_door_is_shut_again_behind_a_purge() -> None:
    _old(500)
    log.purge()
    _old(500)
    with pytest.raises(IntegrityError):
        _run("DELETE FROM security_log")


def test_a_row_is_of_the_transaction_of_what_it_tells() -> None:
    def undone() -> None:
        with transaction.atomic():
            log.note(Kind.EXPORTED, about="what didn't happen")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert not SecurityEvent.objects.exists()


def test_it_outlives_the_account() -> None:
    user = User.objects.create_user("kim", "kim@example.com")
    log.note(Kind.EXPORTED, user=user)
    number = user.pk
    user.delete()
    event = SecurityEvent.objects.get(what=Kind.EXPORTED)
    assert (event.login, event.account) == ("kim@example.com", str(number))


def test_texts_are_cut_to_what_is_kept_and_made_storable() -> None:
    event = log.note(Kind.EXPORTED, login="x" * 10_000, about="\0\ud800 y" * 1000, detail="z" * 10_000)
    event.refresh_from_db()
    assert (len(event.login), len(event.about), len(event.detail)) == (254, 300, 500)
    assert event.detail.endswith("z…")
    assert event.about.startswith("\ufffd? y")


def test_nothing_is_forgotten_where_that_cannot_be_noted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECURITY_LOG_DAYS = 200
    _old(500)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("no place for the log")

    monkeypatch.setattr(log, "note", full)
    with pytest.raises(OSError, match="no place"):
        log.purge()
    assert SecurityEvent.objects.count() == 1

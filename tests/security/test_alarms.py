"""Who guards the platform hears of it when somebody is shut out: soon, and not more often than they read."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends import locmem
from django.test import Client

from security import alarms
from security.models import Kind, SecurityEvent

PASSWORD = "a long enough password"
LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db(transaction=True)  # mails are sent when what they tell of is certain


@pytest.fixture(autouse=True)
def _accounts(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SECURITY_ALARMS_TO = ["guard@example.com", "night@example.com"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    cache.clear()


@pytest.fixture
def kim(transactional_db: None) -> User:
    return User.objects.create_superuser("kim", "kim@example.com", PASSWORD)


def _try(login: str, times: int, address: str = "192.0.2.1", client: Client | None = None) -> None:
    for _ in range(times):
        (client or Client()).post(LOGIN, {"login": login, "password": "x"}, headers={"x-forwarded-for": address})


def _count(kind: Kind) -> int:
    return SecurityEvent.objects.filter(what=kind).count()


def test_a_lock_is_one_row_and_one_mail_however_often_it_is_tried(kim: User) -> None:
    _try("kim", 5)
    assert mail.outbox == []
    _try("kim", 4)
    assert (_count(Kind.SIGN_IN_FAILED), _count(Kind.LOCKED), _count(Kind.ALARM)) == (5, 1, 1)
    assert [(one.subject, one.to) for one in mail.outbox] == [
        ("Shut out: kim@example.com", ["guard@example.com", "night@example.com"])
    ]
    assert "from 192.0.2.1" in mail.outbox[0].body
    assert "/admin/security/securityevent/" in mail.outbox[0].body
    _try("kim", 2, "192.0.2.2")
    assert (_count(Kind.LOCKED), len(mail.outbox)) == (2, 1), "from elsewhere it is another row, and no other mail"
    _try("KIM", 2)
    assert len(mail.outbox) == 1


def test_wrong_codes_shut_out_and_alarm_too(kim: User) -> None:
    TOTP.activate(kim, generate_totp_secret())
    client = Client()
    client.post(LOGIN, {"login": "kim", "password": PASSWORD})
    for _ in range(7):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert (_count(Kind.FACTOR_FAILED), _count(Kind.LOCKED)) == (5, 1)
    assert len(mail.outbox) == 1
    assert "too many wrong codes" in mail.outbox[0].body


def test_many_logins_make_no_more_than_twenty_mails_an_hour() -> None:
    for number in range(25):
        user = User.objects.create_user(f"user{number}", f"user{number}@example.com")
        alarms.locked(user.email, user=user, why="too many failed sign-ins")
    assert (_count(Kind.LOCKED), len(mail.outbox)) == (25, alarms.MAILS_AN_HOUR)
    assert "for the rest of it there are none" in mail.outbox[-1].body
    assert "for the rest of it there are none" not in mail.outbox[-2].body


def test_without_an_address_there_is_no_mail_and_the_row_all_the_same(kim: User, settings: Any) -> None:
    settings.SECURITY_ALARMS_TO = []
    _try("kim", 6)
    assert (_count(Kind.LOCKED), _count(Kind.ALARM), mail.outbox) == (1, 0, [])


def test_a_mail_server_that_is_away_keeps_nobody_from_reading_why(
    kim: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def away(*_: Any) -> int:
        raise ConnectionRefusedError("away")

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", away)
    client = Client()
    _try("kim", 5, client=client)
    answer = client.post(LOGIN, {"login": "kim", "password": "x"}, headers={"x-forwarded-for": "192.0.2.1"})
    assert "Too many failed login attempts" in answer.content.decode()
    assert "could not be sent" in caplog.text
    assert _count(Kind.LOCKED) == 1


def test_what_was_typed_makes_no_other_mail_of_it() -> None:
    hostile = "a\r\nBcc: victim@example.com\u202e"
    alarms.locked(hostile, why="too many failed sign-ins")
    assert len(mail.outbox) == 1
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["guard@example.com", "night@example.com"]


def test_names_that_nobody_has_use_up_no_alarm_of_those_that_somebody_has(kim: User) -> None:
    """Else one address would buy an hour without alarms with 20 made-up names."""
    for number in range(30):
        _try(f"{number} is nobody", 1)
    assert (_count(Kind.LOCKED), len(mail.outbox)) == (1, 1)
    _try("kim", 6, "192.0.2.2")
    assert [one.subject for one in mail.outbox][1:] == ["Shut out: kim@example.com"]

"""Second factors' secrets: unreadable in the database, whole for who signs in, also after the key was changed."""

import importlib
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from security import at_rest
from tests.config.test_accounts import code_of

PASSWORD = "a long enough password"
OLD, NEW, OTHER = "the key of before", "the key of now", "a key that nobody has"
FERNET = "fernet:gAAAA"


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STAFF_NEEDS_TOTP = True
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    cache.clear()


@pytest.fixture
def kim(db: None) -> User:
    return User.objects.create_superuser("kim", "kim@example.com", PASSWORD)


def _stored() -> str:
    """All that the database has of authenticators."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, '|' ORDER BY id) FROM mfa_authenticator")
        return str(cursor.fetchone()[0])


def _sign_in(code: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": "kim", "password": PASSWORD})
    client.answer = client.post("/accounts/2fa/authenticate/", {"code": code})  # type: ignore[attr-defined]
    return client


def test_neither_an_apps_secret_nor_the_seed_of_codes_stands_in_the_database(kim: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(kim, secret)
    codes = RecoveryCodes.activate(kim).get_unused_codes()
    assert secret not in _stored()
    assert _stored().count(FERNET) == 2
    assert _sign_in(code_of(secret)).get("/admin/").status_code == 200
    assert _sign_in(codes[0]).get("/admin/").status_code == 200
    assert _stored().count(FERNET) == 2, "the use of a code leaves the seed encrypted"


def test_the_same_text_is_never_encrypted_to_the_same() -> None:
    assert at_rest.encrypt("ABC") != at_rest.encrypt("ABC")
    assert at_rest.decrypt(at_rest.encrypt("ABC")) == "ABC"


def test_what_was_there_before_the_encryption_is_encrypted_by_the_migration_and_back(kim: User) -> None:
    secret = generate_totp_secret()
    plain = [
        Authenticator(user=kim, type="totp", data={"secret": secret}),
        Authenticator(user=kim, type="recovery_codes", data={"migrated_codes": ["11111111", "22222222"]}),
    ]
    Authenticator.objects.bulk_create(plain)
    migration = importlib.import_module("security.migrations.0002_encrypted_factors")
    editor = connection.schema_editor()
    for _ in range(2):  # once more changes nothing for whoever signs in
        migration.encrypt(apps, editor)
        assert secret not in _stored()
        assert "11111111" not in _stored()
        assert _stored().count(FERNET) == 3
    cache.clear()
    assert _sign_in(code_of(secret)).get("/admin/").status_code == 200
    assert _sign_in("22222222").get("/admin/").status_code == 200
    migration.decrypt(apps, editor)
    assert secret in _stored()
    assert "11111111" in _stored()


def test_after_the_key_was_changed_the_one_before_still_opens_until_all_are_encrypted_anew(
    kim: User, settings: Any, capsys: Any
) -> None:
    secret = generate_totp_secret()
    TOTP.activate(kim, secret)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert _sign_in(code_of(secret)).get("/admin/").status_code == 200
    call_command("encrypt_factors")
    assert "1 second factor encrypted" in capsys.readouterr().out
    settings.SECRET_KEY_FALLBACKS = []
    cache.clear()
    assert _sign_in(code_of(secret)).get("/admin/").status_code == 200


def test_without_the_key_the_person_reads_what_happened_and_the_command_what_to_do(kim: User, settings: Any) -> None:
    secret = generate_totp_secret()
    TOTP.activate(kim, secret)
    settings.SECRET_KEY = OTHER
    answer = _sign_in(code_of(secret)).answer  # type: ignore[attr-defined]
    assert answer.status_code == 403
    assert "the platform&#x27;s key was changed" in answer.content.decode()
    before = _stored()
    with pytest.raises(CommandError, match="Add that key"):
        call_command("encrypt_factors")
    assert _stored() == before


def test_a_secret_that_somebody_put_into_the_database_by_hand_is_no_reason_to_fall_over(kim: User) -> None:
    Authenticator.objects.create(user=kim, type="totp", data={"secret": "fernet:gAAAAnonsense"})
    assert _sign_in("123456").answer.status_code == 403  # type: ignore[attr-defined]

"""A deployment doesn't start with what lets anybody in or listen: each is named, without a secret."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from security.refusals import Deployment, unsafe
from tests.config.test_settings import DATABASE, DEPLOYED, KEY, _python
from vendors import demo
from vendors.management.commands.seed_demo import known_passwords

WEAK = "x" * 60
# The variables of a deployment, and how what is said of them begins; "" where nothing is.
CASES: list[tuple[dict[str, str], str]] = [
    ({"SECRET_KEY": WEAK}, "SECRET_KEY is too easy to guess"),
    ({"SECRET_KEY_FALLBACKS": f"{KEY}2,{WEAK}"}, "SECRET_KEY_FALLBACKS has a key that is too easy to guess"),
    ({"SECRET_KEY_FALLBACKS": f"{KEY}2"}, ""),
    ({"METRICS_TOKEN": "guess"}, "METRICS_TOKEN is too easy to guess"),
    ({"DEBUG": "1"}, "DEBUG is on"),
    ({"ALLOWED_HOSTS": "shop.example,*"}, "ALLOWED_HOSTS has *"),
    ({"SITE_URL": "http://shop.example"}, "SITE_URL begins with http://"),
    ({"CSRF_TRUSTED_ORIGINS": "http://shop.example"}, "CSRF_TRUSTED_ORIGINS has an origin with http://"),
    ({"DATABASE_URL": DATABASE.replace("pass", "password")}, "DATABASE_URL has a password that everybody tries first"),
    ({"DATABASE_URL": DATABASE.replace("pass", "shop")}, "DATABASE_URL has a password that everybody tries first"),
    ({"REDIS_URL": "redis://:redis@broker.example/0"}, "REDIS_URL has a password that everybody tries first"),
    ({"DATABASE_URL": f"{DATABASE}?sslmode=require"}, "DATABASE_URL has sslmode=require"),
    ({"DATABASE_URL": f"{DATABASE}?sslmode=prefer"}, "DATABASE_URL has sslmode=prefer"),
    ({"DATABASE_URL": f"{DATABASE}?sslmode=verify-ca&sslrootcert=/etc/ca.pem"}, ""),
    ({"DATABASE_URL": f"{DATABASE}?sslmode=disable"}, ""),
    ({"DATABASE_URL": "postgresql://shop:pass@127.0.0.1:5433/catalog?sslmode=require"}, ""),
    ({"DATABASE_URL": "postgresql://shop:pass@127.0.0.1:5433/catalog"}, ""),
    ({"REDIS_URL": "rediss://:pass@broker.example/0?ssl_cert_reqs=none"}, "REDIS_URL has ssl_cert_reqs=none"),
    ({"REDIS_URL": "rediss://:pass@broker.example/0?ssl_cert_reqs=CERT_NONE"}, "REDIS_URL has ssl_cert_reqs=CERT_NONE"),
    ({"REDIS_URL": "rediss://:pass@broker.example/0?ssl_cert_reqs=optional"}, "REDIS_URL has ssl_cert_reqs=optional"),
    ({"REDIS_URL": "rediss://:pass@broker.example/0?ssl_cert_reqs=required"}, ""),
    ({"REDIS_URL": "rediss://:pass@broker.example/0"}, ""),
    ({"METRICS_NAMESPACE": "Onboarding", "LOG_FORMAT": "line"}, "METRICS_NAMESPACE is set, and log lines aren't JSON"),
    ({"METRICS_NAMESPACE": "Onboarding"}, ""),
]


@pytest.mark.parametrize(("variables", "said"), CASES, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_a_deployment_starts_with_what_is_safe_alone(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, **variables})
    assert done.returncode == (1 if said else 0), done.stderr
    if said:
        assert done.stderr.startswith(f"The configuration can't be used: {said}")
        assert "\n" not in done.stderr.strip()
        assert not any(secret in done.stderr for secret in (WEAK, "guess'", ":password@", ":shop@"))


def test_where_the_platform_is_only_tried_all_of_it_may_be(tmp_path: Path) -> None:
    all_of_it = {name: value for variables, said in CASES[:-2] if said for name, value in variables.items()}
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, **all_of_it, "PRODUCTION": "0"})
    assert (done.returncode, done.stderr) == (0, "")


def test_all_that_is_unsafe_is_said_at_once() -> None:
    found = unsafe(Deployment(WEAK, [WEAK], "guess", True, True, ["*"], ["http://a"], "http://a",
                              {"HOST": "db", "USER": "a", "PASSWORD": "a", "OPTIONS": {"sslmode": "require"}},
                              "rediss://:secret@b?ssl_cert_reqs=none"))  # fmt: skip
    names = [sentence.split()[0] for sentence in found]
    assert names == [
        "SECRET_KEY", "SECRET_KEY_FALLBACKS", "METRICS_TOKEN", "DEBUG", "ALLOWED_HOSTS", "SITE_URL",
        "CSRF_TRUSTED_ORIGINS", "DATABASE_URL", "REDIS_URL", "DATABASE_URL", "REDIS_URL",
    ]  # fmt: skip
    assert unsafe(Deployment(KEY, https=False, site_url="http://a", trusted_origins=["http://a"])) == []


def test_what_was_not_said_of_postgresqls_certificate_is_warned_of(tmp_path: Path) -> None:
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, "DATABASE_URL": DATABASE})
    assert (done.returncode, "(security.W104) PostgreSQL at db.example isn't asked who it is" in done.stderr) == (
        0,
        True,
    )


# --- demo logins -------------------------------------------------------------------------------------------------


@pytest.fixture
def seeded(groups: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A database that was for trying, and is a deployment's now."""
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("seed_demo", verbosity=0)
    settings.PRODUCTION = True


def test_a_deployment_whose_database_has_demo_logins_does_not_start_until_they_are_closed(
    seeded: None, capsys: pytest.CaptureFixture[str]
) -> None:
    named = "admin, becker, lead, moreno, northwind, operations, viewer"
    with pytest.raises(ImproperlyConfigured, match=f"demo logins can sign in: {named}"):
        demo.refuse()
    with pytest.raises(CommandError, match="demo logins can sign in"):
        call_command("prepare")
    browser, login = Client(), {"login": "becker", "password": known_passwords()["becker"]}
    assert browser.post("/accounts/login/", login).status_code == 302
    call_command("seed_demo", "--close")
    assert f"Closed: {named}." in capsys.readouterr().out
    demo.refuse()
    assert browser.get("/vendor/VEND002/").status_code == 302, "who was signed in isn't any more"
    assert Client().post("/accounts/login/", login).status_code == 200
    call_command("seed_demo", "--close")
    assert "No demo login can sign in." in capsys.readouterr().out


def test_somebodys_own_account_of_such_a_name_is_none(db: None, settings: Any) -> None:
    settings.PRODUCTION = True
    User.objects.create_user("admin", "admin@shop.example", "a password of mine")
    assert demo.wrong() == ""


def test_where_the_platform_is_only_tried_they_may_sign_in(seeded: None, settings: Any) -> None:
    settings.PRODUCTION = False
    assert (demo.wrong(), len(demo.usable())) == ("", 7)


def test_without_postgresql_the_site_starts_and_readyz_says_so(tmp_path: Path) -> None:
    nowhere = "postgresql://u:pass@127.0.0.1:1/n"
    done = _python(["-c", "import config.wsgi"], tmp_path, {**DEPLOYED, "DATABASE_URL": nowhere})
    assert (done.returncode, "Error" in done.stderr) == (0, False)

"""Settings come from the environment; what could go wrong unseen fails at the start, with what to do."""

import json
import os
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from config.embedded import processes

FACTS = (
    "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER", "DATABASES", "CELERY_BROKER_URL", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_S3", "AWS_CREDENTIALS",
    "EMBEDDED_DATABASE", "EMBEDDED_AWS", "STAFF_NEEDS_TOTP",
    "ALLAUTH_TRUSTED_PROXY_COUNT", "EMAIL_BACKEND", "MAX_FILE_BYTES", "UPLOAD_BUCKET",
)  # fmt: skip
PRINT = f"import json; from config import settings; print(json.dumps({{n: getattr(settings, n) for n in {FACTS}}}))"
DATABASE = "postgresql://shop:pass@db.example:5433/catalog"
KEY = "an-example-of-a-key-that-is-long-enough-with-0123456789-and-all-that"
DEPLOYED = {
    "DATABASE_URL": f"{DATABASE}?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem", "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "shop.example", "SITE_URL": "https://shop.example",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
}  # fmt: skip


def _python(
    arguments: list[str], folder: Path, variables: dict[str, str], prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "EMBEDDED_DIR": str(folder), **variables}
    return subprocess.run(
        [*prefix, sys.executable, *arguments], cwd=processes.ROOT, env=env, capture_output=True, text=True, check=False
    )


def _settings(folder: Path, **variables: str) -> dict[str, Any]:
    done = _python(["-c", PRINT], folder, variables)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("query", "user_timeout", "asked_after"), [("", 20_000, 15), ("?tcp_user_timeout=9000&keepalives_idle=7", 9000, 7)]
)
def test_a_database_whose_host_vanishes_is_given_up_within_half_a_minute_or_when_its_url_says(
    tmp_path: Path, query: str, user_timeout: int, asked_after: int
) -> None:
    found = _settings(tmp_path, DATABASE_URL=f"{DATABASE}{query}", SECRET_KEY=KEY)["DATABASES"]["default"]["OPTIONS"]
    assert (found["tcp_user_timeout"], found["keepalives_idle"]) == (user_timeout, asked_after)
    assert found["keepalives_idle"] + found["keepalives_interval"] * found["keepalives_count"] <= 30
    assert found["connect_timeout"] == 5


@pytest.mark.parametrize(
    "command", [["manage.py", "migrate"], ["manage.py", "check"], ["manage.py", "seed_categories"]], ids=" ".join
)
def test_a_deployment_without_a_secret_key_does_not_start_and_says_what_to_do(
    tmp_path: Path, command: list[str]
) -> None:
    done = _python(command, tmp_path, {"DATABASE_URL": DATABASE})
    assert done.returncode == 1
    assert done.stderr.startswith("The configuration can't be used: SECRET_KEY is not set, but DATABASE_URL is.")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "secret-key").exists()


# A root that may not pass by what isn't its own: a process of another user.
WITHOUT_PASSING = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)


@pytest.fixture
def of_another(tmp_path: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A folder of embedded data that isn't ours, as a root who collected the static files leaves it to the services."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    (folder / "services.json").write_text("{}")
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        yield folder, WITHOUT_PASSING
    else:
        folder.chmod(0)
        yield folder, ()
        folder.chmod(0o700)


def test_a_deployment_starts_beside_embedded_data_of_another_user(of_another: tuple[Path, tuple[str, ...]]) -> None:
    folder, prefix = of_another
    elsewhere = {**DEPLOYED, "REDIS_URL": "redis://127.0.0.1:1/0", "AWS_STORAGE_BUCKET_NAME": "files"}
    done = _python(["manage.py", "check"], folder, elsewhere, prefix)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("variables", [{}, {"SECRET_KEY": KEY}, DEPLOYED], ids=["none", "key", "database"])
def test_embedded_data_of_another_user_is_one_sentence(
    of_another: tuple[Path, tuple[str, ...]], variables: dict[str, str]
) -> None:
    folder, prefix = of_another
    done = _python(["manage.py", "check"], folder, variables, prefix)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    said = f"The configuration can't be used: {folder} is another user's. Set DATABASE_URL, REDIS_URL and AWS_STORAGE"
    assert done.stderr.startswith(said)


def test_the_web_server_does_not_start_without_a_secret_key_either(tmp_path: Path) -> None:
    done = _python(["-c", "import config.wsgi"], tmp_path, {"DATABASE_URL": DATABASE})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("print(secrets.token_urlsafe(50))'")
    assert "ImproperlyConfigured: SECRET_KEY is not set" in done.stderr


def test_a_default_currency_that_is_none_is_said_at_the_start(tmp_path: Path) -> None:
    done = _python(["manage.py", "check"], tmp_path, {"DEFAULT_CURRENCY": "EURO"})
    assert done.returncode == 1
    assert "(catalog.E001) DEFAULT_CURRENCY is 'EURO', which is no currency." in done.stderr
    assert "HINT: Set it to a code of ISO 4217" in done.stderr
    assert _python(["manage.py", "check"], tmp_path, {"DEFAULT_CURRENCY": "eur"}).returncode == 0


def test_without_any_variable_the_platform_is_closed_and_on_its_own_services(tmp_path: Path) -> None:
    found = _settings(tmp_path)
    assert found["DEBUG"] is False
    assert found["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert (found["EMBEDDED_DATABASE"], found["EMBEDDED_AWS"]) == (True, True)
    assert found["DATABASES"]["default"]["HOST"] == "127.0.0.1"
    assert found["CELERY_BROKER_URL"].startswith("redis://:")
    assert found["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert found["EMAIL_BACKEND"].endswith("filebased.EmailBackend")


def test_the_secret_key_of_this_machine_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first, second = _settings(tmp_path)["SECRET_KEY"], _settings(tmp_path)["SECRET_KEY"]
    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_variables_that_are_set_to_nothing_count_as_not_set(tmp_path: Path) -> None:
    names = (
        "DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL", "AWS_STORAGE_BUCKET_NAME", "SECRET_KEY", "EMAIL_URL", "DEBUG",
        "HTTPS", "MAX_FILE_BYTES", "ALLOWED_HOSTS",
    )  # fmt: skip
    empty = _settings(tmp_path, **dict.fromkeys(names, ""))
    assert empty == _settings(tmp_path)


def test_each_url_says_where_that_service_is(tmp_path: Path) -> None:
    found = _settings(
        tmp_path, SECRET_KEY=KEY, DATABASE_URL=DATABASE, REDIS_URL="redis://broker:6379/2",
        AWS_STORAGE_BUCKET_NAME="their-bucket", EMAIL_URL="smtp://mail.example:25", MAX_FILE_BYTES="1000",
    )  # fmt: skip
    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"], database["USER"]) == (
        "db.example", 5433, "catalog", "shop",
    )  # fmt: skip
    assert found["CELERY_BROKER_URL"] == "redis://broker:6379/2"
    assert (found["UPLOAD_BUCKET"], found["AWS_ENDPOINT_URL"], found["EMBEDDED_AWS"]) == ("their-bucket", None, False)
    assert found["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert found["MAX_FILE_BYTES"] == 1000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("files_at", ["http://files:4566", ""])
def test_the_table_and_its_stream_can_be_elsewhere_than_the_files(tmp_path: Path, files_at: str) -> None:
    found = _settings(
        tmp_path, AWS_ENDPOINT_URL=files_at, AWS_ENDPOINT_URL_DYNAMODB="http://table:8000",
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS="http://stream:8000",
    )  # fmt: skip
    assert found["AWS_ENDPOINT_URL_DYNAMODB"] == "http://table:8000"
    assert found["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] == "http://stream:8000"
    assert found["AWS_ENDPOINT_URL"] == (files_at or _settings(tmp_path)["AWS_ENDPOINT_URL"])
    assert found["EMBEDDED_AWS"] is not bool(files_at)


@pytest.mark.parametrize("streams", ["AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_DYNAMODBSTREAMS"])
def test_each_of_the_three_services_can_be_somewhere_else(tmp_path: Path, streams: str) -> None:
    found = _settings(
        tmp_path, AWS_STORAGE_BUCKET_NAME="theirs", AWS_ENDPOINT_URL_S3="http://files:9000",
        AWS_ENDPOINT_URL_DYNAMODB="http://table:8000", **{streams: "http://stream:8000"},
    )  # fmt: skip
    assert found["AWS_ENDPOINT_URL_DYNAMODB"] == "http://table:8000"
    assert found["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] == "http://stream:8000"
    assert found["AWS_ENDPOINT_URL_S3"] == "http://files:9000"
    assert found["AWS_ENDPOINT_URL"] is None


def test_they_are_where_the_files_are_unless_something_else_is_said(tmp_path: Path) -> None:
    for variables in ({}, {"AWS_ENDPOINT_URL": "http://all:4566"}, {"AWS_STORAGE_BUCKET_NAME": "theirs"}):
        found = _settings(tmp_path, **variables)
        assert found["AWS_ENDPOINT_URL_DYNAMODB"] == found["AWS_ENDPOINT_URL"]
        assert found["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] == found["AWS_ENDPOINT_URL"]
        assert found["AWS_ENDPOINT_URL_S3"] == found["AWS_ENDPOINT_URL"]


@pytest.mark.parametrize(("https", "secure"), [("1", True), ("0", False)])
def test_https_turns_on_secure_cookies_and_all_that_goes_with_them(tmp_path: Path, https: str, secure: bool) -> None:
    found = _settings(tmp_path, HTTPS=https)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert found[name] is secure
    assert (found["SECURE_HSTS_SECONDS"] > 0) is secure
    assert found["SECURE_PROXY_SSL_HEADER"] == (["HTTP_X_FORWARDED_PROTO", "https"] if secure else None)


def test_debug_is_turned_on_by_its_variable_only(tmp_path: Path) -> None:
    assert _settings(tmp_path, DEBUG="1")["DEBUG"] is True
    assert _settings(tmp_path, DEBUG="false")["DEBUG"] is False


@pytest.mark.parametrize(
    ("variables", "needed"),
    [
        ({}, False),
        ({"SECRET_KEY": KEY, "DATABASE_URL": DATABASE}, True),
        ({"SECRET_KEY": KEY, "DATABASE_URL": DATABASE, "STAFF_NEEDS_TOTP": "0"}, False),
        ({"STAFF_NEEDS_TOTP": "1"}, True),
    ],
)
def test_staff_of_a_deployment_need_a_second_factor_unless_it_is_turned_off(
    tmp_path: Path, variables: dict[str, str], needed: bool
) -> None:
    assert _settings(tmp_path, **variables)["STAFF_NEEDS_TOTP"] is needed


@pytest.mark.parametrize(
    ("variables", "proxies"), [({}, 0), ({"HTTPS": "1"}, 1), ({"HTTPS": "1", "TRUSTED_PROXIES": "2"}, 2)]
)
def test_what_a_visitor_says_of_its_address_is_believed_from_a_proxy_only(
    tmp_path: Path, variables: dict[str, str], proxies: int
) -> None:
    assert _settings(tmp_path, **variables)["ALLAUTH_TRUSTED_PROXY_COUNT"] == proxies


def _check(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return _python(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], folder, variables)


def test_djangos_checks_and_ours_find_nothing_in_a_deployment_that_says_what_it_must(tmp_path: Path) -> None:
    done = _check(tmp_path, **DEPLOYED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("System check identified no issues")
    assert list(tmp_path.iterdir()) == []


def test_a_deployment_is_behind_tls_unless_it_says_otherwise(tmp_path: Path) -> None:
    found = _settings(tmp_path, **DEPLOYED)
    assert (found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"], found["SECURE_SSL_REDIRECT"]) == (True,) * 3
    assert not _settings(tmp_path, **DEPLOYED, HTTPS="0")["SESSION_COOKIE_SECURE"]
    assert not _settings(tmp_path, **DEPLOYED, PRODUCTION="0")["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HTTPS": "0"}, "(security.W101) HTTPS is off: passwords and sessions travel"),
        ({"EMAIL_URL": ""}, "(security.W102) EMAIL_URL is not set: mails are written to files of this machine"),
        ({"ALLOWED_HOSTS": "other.example.com"}, "which ALLOWED_HOSTS lacks: all pages there answer 400."),
        ({"SITE_URL": ""}, "(security.W103) SITE_URL is not set: links in mails lead to http://127.0.0.1:8000."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_deployment_would_miss_without_noticing_is_said(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    done = _check(tmp_path, **{**DEPLOYED, **variables})
    assert (done.returncode, said in done.stderr) == (1, True)
    assert "HINT: " in done.stderr
    assert said in _python(["manage.py", "check"], tmp_path, {**DEPLOYED, **variables}).stderr, "not only when asked"
    tried = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, **variables, "PRODUCTION": "0"})
    assert (tried.returncode, tried.stderr) == (0, "")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://app:pa/ss#hunter2@db.example.com/onboarding", "DATABASE_URL can't be read."),
        ("hello", "DATABASE_URL must be like postgresql://"),
        ("mysql://app:hunter2@db.example.com/onboarding", "DATABASE_URL must be like postgresql://"),
    ],
)
def test_a_database_that_can_t_be_understood_is_one_sentence(tmp_path: Path, url: str, said: str) -> None:
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, "DATABASE_URL": url})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"The configuration can't be used: {said}")
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("key", ["x", "a-short-one", "x" * 60, "abcabcabc" * 8, f"django-insecure-{KEY}"])
def test_a_deployment_with_a_key_that_can_be_guessed_does_not_start(tmp_path: Path, key: str) -> None:
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, "SECRET_KEY": key})
    assert done.returncode == 1
    assert done.stderr.startswith("The configuration can't be used: SECRET_KEY is too easy to guess")
    assert key == "x" or key not in done.stderr
    assert _python(["-c", "import config.wsgi"], tmp_path, {**DEPLOYED, "SECRET_KEY": key}).returncode == 1


def test_nor_does_one_with_a_token_for_its_figures_that_can_be_guessed(tmp_path: Path) -> None:
    done = _python(["manage.py", "check"], tmp_path, {**DEPLOYED, "METRICS_TOKEN": "guess"})
    assert done.returncode == 1
    assert done.stderr.startswith("The configuration can't be used: METRICS_TOKEN is too easy to guess.")
    assert _python(["manage.py", "check"], tmp_path, {**DEPLOYED, "METRICS_TOKEN": KEY}).returncode == 0


@pytest.mark.parametrize("command", [["seed_demo"], ["prepare", "--demo"]], ids=" ".join)
def test_a_deployment_gets_no_demo_logins(tmp_path: Path, command: list[str]) -> None:
    done = _python(["manage.py", *command], tmp_path, {**DEPLOYED, "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/n"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: Nothing was ")
    assert "PRODUCTION=0" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_tls_to_postgresql_and_redis_is_asked_for_in_their_urls(tmp_path: Path) -> None:
    found = _settings(
        tmp_path,
        **DEPLOYED,
        REDIS_URL="rediss://:pass@broker.example:6380/0?ssl_cert_reqs=required",
    )
    options = found["DATABASES"]["default"]["OPTIONS"]
    assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/etc/ssl/db.pem")
    assert Connection(found["CELERY_BROKER_URL"]).ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}


# --- what runs it -------------------------------------------------------------------------------------------------

UNITS = sorted((processes.ROOT / "deploy").glob("*.service"))


def test_the_procfile_listens_where_only_a_proxy_of_this_machine_reaches_it() -> None:
    (web,) = [line for line in (processes.ROOT / "Procfile").read_text().splitlines() if line.startswith("web:")]
    assert "${BIND:-127.0.0.1}:${PORT:-8000}" in web


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze isn't there")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_may_do_little_beside_its_work(unit: Path) -> None:
    """0 is shut, 10 is open; below 3 systemd calls OK."""
    analyse = ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(unit)]
    done = subprocess.run(analyse, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze is too old")
    assert done.returncode == 0, done.stdout.splitlines()[-1]

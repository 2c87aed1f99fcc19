"""A service that isn't there: one sentence at the terminal, with how to start it, and exit status 1."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import kombu.exceptions
import psycopg
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from config import outages
from config.embedded import processes
from config.outages import explain

START = "Start the services with: make up"
FEED = str(processes.ROOT / "uploads" / "fixtures" / "demo_vend002.csv")
COMMANDS = {
    "import_feed": (["import_feed", FEED, "--vendor", "VEND001"], "PostgreSQL isn't reachable.", "DATABASE_URL"),
    "seed_categories": (["seed_categories"], "PostgreSQL isn't reachable.", "DATABASE_URL"),
    "migrate": (["migrate"], "PostgreSQL isn't reachable.", "DATABASE_URL"),
    "dynamodb create": (["dynamodb", "create"], "The AWS endpoint isn't reachable.", "AWS_ENDPOINT_URL"),
}
AWAY = ("import_feed", "dynamodb create")  # one for each of the two services that a command needs first
NOWHERE = {
    "DATABASE_URL": "postgresql://app:secret@127.0.0.1:1/onboarding",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "SECRET_KEY": "test",
    "PRODUCTION": "0",
}
Runs = Mapping[tuple[str, str], "Future[subprocess.CompletedProcess[str]]"]


def _manage(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` as somebody runs it whose services are all away. Where storage is tried, it is tried once."""
    clean = {name: value for name, value in os.environ.items() if name not in NOWHERE}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=processes.ROOT, env={**clean, "EMBEDDED_DIR": str(folder), "AWS_MAX_ATTEMPTS": "1", **variables},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Each command with services that never started, and with URLs where nobody listens; all under way at once."""
    commands = {name: arguments for name, (arguments, _, _) in COMMANDS.items()} | {"verify_setup": ["verify_setup"]}
    asked = [(name, "never started") for name in commands] + [(name, "elsewhere") for name in (*AWAY, "verify_setup")]
    folder = tmp_path_factory.mktemp("never-started")
    with ThreadPoolExecutor(4) as pool:
        yield {
            (name, where): pool.submit(_manage, commands[name], folder, **(NOWHERE if where == "elsewhere" else {}))
            for name, where in asked
        }


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_whose_service_was_never_started_says_how_to_start_it(runs: Runs, name: str) -> None:
    done = runs[name, "never started"].result()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.removeprefix("CommandError: ") == f"{COMMANDS[name][1]} {START}\n"


@pytest.mark.parametrize("name", AWAY)
def test_a_command_whose_service_is_elsewhere_and_away_names_the_variable(runs: Runs, name: str) -> None:
    done = runs[name, "elsewhere"].result()
    _, sentence, variable = COMMANDS[name]
    assert (done.returncode, done.stdout) == (1, "")
    sentence = sentence.replace(
        "PostgreSQL isn't reachable.", "PostgreSQL isn't reachable: Connection refused (127.0.0.1:1)."
    )
    assert done.stderr.removeprefix("CommandError: ") == f"{sentence} Check {variable}.\n"


@pytest.mark.parametrize(
    ("where", "remedies"),
    [
        ("never started", {START}),
        ("elsewhere", {"Check DATABASE_URL.", "Check REDIS_URL.", "Check AWS_ENDPOINT_URL."}),
    ],
)
def test_verify_setup_puts_a_cross_with_the_remedy_at_everything(runs: Runs, where: str, remedies: set[str]) -> None:
    done = runs["verify_setup", where].result()
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * 21
    assert all(
        line.startswith("✗ ") and re.search(r" isn't reachable(: Connection refused \(127.0.0.1:1\))?$", line)
        for line in lines[::2]
    )
    assert {line.strip() for line in lines[1::2]} == remedies


# --- what each library's refusal means -------------------------------------------------------------------------


def test_the_reason_is_found_behind_other_exceptions() -> None:
    error, wrapper = RuntimeError("the step failed"), RuntimeError("the task failed")
    error.__cause__ = psycopg.OperationalError("connection refused")
    wrapper.__context__ = error
    assert (explain(wrapper) or "").startswith("PostgreSQL isn't reachable.")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (kombu.exceptions.OperationalError("refused"), "Redis isn't reachable."),
        (EndpointConnectionError(endpoint_url="http://x", error="refused"), "The AWS endpoint isn't reachable."),
        (ReadTimeoutError(endpoint_url="http://x"), "The AWS endpoint isn't reachable."),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "Expired.\nLong ago."}}, "GetObject"),
            "The AWS endpoint refuses the credentials: Expired. Renew AWS_ACCESS_KEY_ID",
        ),
        (
            ClientError(
                {
                    "Error": {
                        "Code": "InvalidSignatureException",
                        "Message": "Signature expired: 1 is now earlier than 2",
                    }
                },
                "DescribeTable",
            ),
            "The AWS endpoint finds that this machine's clock is wrong: Signature expired: 1 is now",
        ),
        (
            PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "There are no AWS credentials that work: Partial credentials found in env",
        ),
        (NoCredentialsError(), "There are no AWS credentials."),
        (
            psycopg.OperationalError("failed: FATAL:  no such role\n"),
            "PostgreSQL refuses the connection: no such role.",
        ),
    ],
)
def test_each_service_is_named(error: Exception, sentence: str) -> None:
    assert (explain(error) or "").startswith(sentence)


def test_of_several_endpoints_the_one_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://files")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://table")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://own-files")
    for url, variable in (
        ("http://files", "AWS_ENDPOINT_URL"), ("http://table", "AWS_ENDPOINT_URL_DYNAMODB"),
        ("http://own-files", "AWS_ENDPOINT_URL_S3"),
    ):  # fmt: skip
        error = EndpointConnectionError(endpoint_url=f"{url}/", error="refused")
        assert explain(error) == f"The AWS endpoint isn't reachable. Check {variable}."


AT = 'connection failed: connection to server at "{}", port 5432 failed: '
FATAL = AT.format("10.0.0.5") + "FATAL:  "
REASONS: list[tuple[str, Exception, str, str]] = [
    (
        "DATABASE_URL", psycopg.OperationalError(AT.format("10.0.0.5") + "Connection refused\n\tIs the server"),
        "PostgreSQL isn't reachable: Connection refused (10.0.0.5:5432).", "Check DATABASE_URL.",
    ),
    (
        "DATABASE_URL", psycopg.errors.ConnectionTimeout("connection timeout expired"),
        "PostgreSQL isn't reachable: connection timeout expired.", "security groups",
    ),
    (
        "DATABASE_URL", psycopg.OperationalError("failed to resolve host 'db.x': [Errno -2] Name or service not known"),
        "PostgreSQL isn't reachable: failed to resolve host 'db.x'", "Check the host in DATABASE_URL",
    ),
    (
        "DATABASE_URL", psycopg.OperationalError(FATAL + 'password authentication failed for user "app"\n'),
        'PostgreSQL refuses the connection: password authentication failed for user "app".', "%40",
    ),
    (
        "DATABASE_URL", psycopg.OperationalError(FATAL + 'no pg_hba.conf entry for host "10.0.0.9", no encryption'),
        "PostgreSQL refuses the connection: no pg_hba.conf entry", "sslmode=verify-full",
    ),
    (
        "DATABASE_URL", psycopg.OperationalError(AT.format("db.x") + 'root certificate file "/x" does not exist\nOr'),
        'PostgreSQL isn\'t reachable: root certificate file "/x" does not exist (db.x:5432).', "sslrootcert",
    ),
    (
        "DATABASE_URL", psycopg.OperationalError(FATAL + "sorry, too many clients already"),
        "PostgreSQL refuses the connection: sorry, too many clients already.", "fewer processes",
    ),
    (
        "REDIS_URL", kombu.exceptions.OperationalError("invalid username-password pair or user is disabled."),
        "Redis refuses the connection: invalid username-password pair or user is disabled.", "Check the password",
    ),
    (
        "REDIS_URL", kombu.exceptions.OperationalError("Authentication required."),
        "Redis refuses the connection: Authentication required.", "redis://:password@host",
    ),
    (
        "REDIS_URL", kombu.exceptions.OperationalError("Error 111 connecting to cache:6379. Connection refused."),
        "Redis isn't reachable: Connection refused (cache:6379).", "Check REDIS_URL.",
    ),
    ("REDIS_URL", kombu.exceptions.OperationalError("Timeout connecting to server"), "Redis isn't", "rediss:"),
    ("REDIS_URL", kombu.exceptions.OperationalError(""), "Redis isn't reachable: no reason was given.", "REDIS_URL"),
]  # fmt: skip


@pytest.mark.parametrize(("variable", "error", "sentence", "remedy"), REASONS)
def test_the_reason_is_said_with_what_to_do_about_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, error: Exception, sentence: str, remedy: str
) -> None:
    monkeypatch.setenv(variable, "somewhere")
    told = explain(error) or ""
    assert told.startswith(sentence)
    assert remedy in told.removeprefix(sentence)
    assert told.count("\n") == 0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (psycopg.errors.DuplicateTable('relation "vendors" already exists'), "PostgreSQL has something already that"),
        (psycopg.errors.InsufficientPrivilege("permission denied for schema public\nLINE 1"), "PostgreSQL denies the"),
    ],
)
def test_tables_that_stand_in_a_migrations_way_are_no_traceback(error: Exception, sentence: str) -> None:
    assert (explain(error) or "").startswith(sentence)


@pytest.mark.parametrize("missing", [True, False])
def test_a_table_that_is_missing_is_explained_only_where_a_migration_is_missing_too(
    monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    monkeypatch.setattr(outages, "_migrations_are_missing", lambda: missing)
    told = explain(psycopg.errors.UndefinedTable('relation "vendors" does not exist')) or ""
    assert told.endswith("Run: manage.py migrate") is missing


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), psycopg.errors.DeadlockDetected("x")])
def test_an_error_of_another_kind_is_not_explained_away(error: Exception) -> None:
    assert explain(error) is None

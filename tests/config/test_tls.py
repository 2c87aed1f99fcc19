"""With TLS asked for in their URLs, PostgreSQL and Redis are talked to if they prove who they are, and else not.

The servers are the tests' own, behind something that ends TLS, since those that come from pip have none.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.config.test_settings import DEPLOYED, _python
from tests.config.tls import Authority, in_front

# What every process does: ask PostgreSQL, wake a worker, and look at the queues.
ASK = """
import json, django
django.setup()
from django.db import connection
from config.celery import app
from uploads.insight import metrics

def outcome(ask):
    try:
        return ask()
    except Exception as error:
        return " ".join(str(error).split()) or repr(error)

def postgresql():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'answered'")
        return cursor.fetchone()[0] + " by TLS" * connection.connection.pgconn.ssl_in_use

def broker():
    with app.connection_for_write() as asked:
        asked.ensure_connection(max_retries=0, timeout=5)
        asked.default_channel.client.ping()
        return "answered"

def queues():
    return "answered" if (metrics.REDIS, (), 1.0) in metrics._of_redis() else "no answer"

print(json.dumps([outcome(ask) for ask in (postgresql, broker, queues)]))
"""
# Who signed the certificate, for which host, and whom the URLs believe.
CASES: list[tuple[str, str, bool]] = [
    ("ours", "localhost", True),
    ("ours", "elsewhere.example", False),
    ("another's", "localhost", False),
]


@pytest.fixture
def asked(tmp_path: Path, transactional_db: None, broker: None, settings: Any) -> Callable[[str, str], list[str]]:
    """What a process of a deployment gets from services whose certificate is by that authority, for that host."""

    def ask(authority: str, host: str) -> list[str]:
        ours, certificate = Authority(tmp_path, "ours"), Authority(tmp_path, "another's").signed(host)
        if authority == "ours":
            certificate = ours.signed(host)
        known, redis = connection.settings_dict, urlsplit(settings.REDIS_URL)
        with ExitStack() as fronts:
            database = fronts.enter_context(in_front(known["HOST"], int(known["PORT"]), certificate, postgresql=True))
            broker = fronts.enter_context(in_front(str(redis.hostname), redis.port or 6379, certificate))
            variables = DEPLOYED | {
                "DATABASE_URL": f"postgresql://{known['USER']}:{known['PASSWORD']}@localhost:{database}/{known['NAME']}"
                f"?sslmode=verify-full&sslrootcert={ours.path}",
                "REDIS_URL": f"rediss://:{redis.password}@localhost:{broker}/0"
                f"?ssl_cert_reqs=required&ssl_ca_certs={ours.path}",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
            done = _python(["-c", ASK], tmp_path, variables)
        assert done.returncode == 0, done.stderr
        found: list[str] = json.loads(done.stdout)
        return found

    return ask


@pytest.mark.usefixtures("real_processes")
@pytest.mark.parametrize(("authority", "host", "believed"), CASES)
def test_only_who_shows_a_certificate_of_its_name_by_the_authority_is_believed(
    asked: Callable[[str, str], list[str]], authority: str, host: str, believed: bool
) -> None:
    postgresql, broker, queues = asked(authority, host)
    if believed:
        assert (postgresql, broker, queues) == ("answered by TLS", "answered", "answered")
    else:
        assert "certificate" in postgresql
        assert "certificate" in broker.lower()
        assert queues == "no answer"

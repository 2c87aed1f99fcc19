"""The image: its Dockerfile is in order, each of its steps works for an ordinary user, and each role runs on a file
system that is read-only but for /tmp, and ends when it is told to.
"""

import http.client
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from config.embedded.processes import ROOT, first_free
from tests.deploy import dockerfile
from tests.deploy.room import PYTHON, NoRoom, Room
from tests.live import Platform, eventually

GRACE_SECONDS: Final = 60  # of compose.yaml and deploy/cloudformation.yaml
STAGES: Final = ("installer", "installed", "code")
OFFLINE: Final = re.compile(r"error sending request|dns error|Temporary failure in name resolution|Failed to fetch")


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/hadolint", "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_last_stage_is_the_platform_of_an_ordinary_user_with_a_health_check() -> None:
    last = {step.instruction: step.said for step in dockerfile.STEPS if step.stage == dockerfile.STEPS[-1].stage}
    assert dockerfile.STEPS[-1].stage == "platform"
    assert last["USER"] == "10001:10001"
    assert last["HEALTHCHECK"].endswith('CMD ["onboarding", "healthy"]')
    assert (last["ENTRYPOINT"], last["CMD"], last["STOPSIGNAL"]) == ('["onboarding"]', '["web"]', "SIGTERM")


def test_images_are_named_plainly_and_nothing_is_taken_along_that_is_not_needed() -> None:
    bases = {step.said.split()[0] for step in dockerfile.STEPS if step.instruction == "FROM"}
    assert bases - {step.stage for step in dockerfile.STEPS} == {"python:3.13-slim"}
    kept = dockerfile.taken_along()
    assert {"manage.py", "gunicorn.conf.py", "deploy/onboarding.sh", "requirements/prod.txt"} <= set(kept)
    assert not [name for name in kept if re.match(r"tests/|docs/|\.|var/|requirements/.*\.in$", name)]
    assert not {"Dockerfile", "compose.env", ".env"} & set(kept)


# --- built without an engine -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Room:
    """What the Dockerfile's steps leave in /srv and /opt, each run by an ordinary user."""
    try:
        room = Room(tmp_path_factory.mktemp("image"))
    except NoRoom as reason:
        pytest.skip(f"nothing can be shut in here: {reason}")
    for name in dockerfile.taken_along():
        target = room.path("srv/onboarding") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    room.take_in()
    variables = dockerfile.environment("base", "installer") | {"PATH": f"/opt/venv/bin:{os.environ['PATH']}"}
    for said in dockerfile.commands(*STAGES):
        command = said.replace("python -m venv", f"{PYTHON} -m venv").replace("/usr/local/bin/", "/opt/venv/bin/")
        done = room.run(["sh", "-euc", command], variables, shut=False)
        if done.returncode and OFFLINE.search(done.stderr):
            pytest.skip("packages can't be fetched here")
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return room


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Iterator[Platform]:
    """PostgreSQL, Redis and the AWS endpoint, with an empty database."""
    platform = Platform(tmp_path_factory.mktemp("services"))
    started = platform.python("-c", "from config.embedded import services; services.start_backing()")
    assert started.returncode == 0, started.stderr
    with psycopg.connect(platform.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE first")
    yield platform
    platform.end()


@pytest.fixture(scope="module")
def variables(services: Platform) -> dict[str, str]:
    """Of a deployment's containers; the database in parts, as ECS hands it out."""
    postgres, redis, aws = (services.state[name] for name in ("postgres", "redis", "aws"))
    return dockerfile.environment("base") | {
        "PATH": f"/opt/venv/bin:{os.environ['PATH']}",
        "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(postgres["port"]), "DATABASE_NAME": "first",
        "DATABASE_USER": "app", "DATABASE_PASSWORD": postgres["password"], "DATABASE_CA": "none",
        "REDIS_URL": f"redis://:{redis['password']}@127.0.0.1:{redis['port']}/1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws['port']}",
        "AWS_ACCESS_KEY_ID": aws["key"], "AWS_SECRET_ACCESS_KEY": aws["key"],
        "SECRET_KEY": secrets.token_urlsafe(50), "DOMAIN_NAME": "onboarding.example.com",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
        "BIND": "127.0.0.1", "PORT": str(first_free(0)), "CONCURRENCY": "2",
    }  # fmt: skip


def test_what_browsers_fetch_is_laid_out_at_build(built: Room) -> None:
    assert (built.path("srv/onboarding/staticfiles/admin/css/base.css")).exists()


def test_a_first_start_is_prepared_by_one_command_twice(built: Room, variables: dict[str, str]) -> None:
    for said in ("Table UploadRecords created.", "Table UploadRecords is there."):
        done = built.run(["onboarding", "prepare"], variables)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


@pytest.fixture
def role(
    request: pytest.FixtureRequest, built: Room, variables: dict[str, str], tmp_path: Path
) -> Iterator[tuple[str, "subprocess.Popen[str]", Path]]:
    for name in ("heartbeat", "onboarding-role"):  # each container has a /tmp of its own
        built.path(f"tmp/{name}").unlink(missing_ok=True)
    with (tmp_path / "log").open("w") as log:
        process = built.start(["onboarding", request.param], variables, log=log)
    yield request.param, process, tmp_path / "log"
    process.kill()
    process.wait()


@pytest.mark.parametrize("role", ["web", "worker", "beat"], indirect=True)
def test_each_role_runs_where_only_tmp_can_be_written_to_says_that_it_is_well_and_ends_when_told(
    role: tuple[str, "subprocess.Popen[str]", Path], built: Room, variables: dict[str, str]
) -> None:
    name, process, log = role
    assert built.run(["sh", "-c", "touch /srv/onboarding/x"]).returncode
    eventually(
        lambda: process.poll() is not None or built.run(["onboarding", "healthy"], variables).returncode == 0,
        f"the {name} says that it is well",
    )
    assert process.poll() is None, log.read_text()
    if name == "web":
        _serves(int(variables["PORT"]))
    process.send_signal(signal.SIGTERM)
    assert process.wait(GRACE_SECONDS) == 0, log.read_text()
    assert "Read-only file system" not in log.read_text()
    assert "Traceback" not in log.read_text()


def _serves(port: int) -> None:
    of_the_proxy = {"Host": "onboarding.example.com", "X-Forwarded-Proto": "https"}
    for path, headers in (("/readyz", {}), ("/healthz", {}), ("/static/admin/css/base.css", of_the_proxy)):
        asked = http.client.HTTPConnection("127.0.0.1", port)
        asked.request("GET", path, headers=headers)
        assert asked.getresponse().status == 200, path
        asked.close()


@pytest.mark.parametrize("role_file", ["web", "worker", "none"])
def test_a_container_that_is_not_well_says_so(built: Room, variables: dict[str, str], role_file: str) -> None:
    shown = built.path("tmp/onboarding-role")
    shown.unlink(missing_ok=True)
    if role_file != "none":
        shown.write_text(role_file)
    old = {"HEARTBEAT_FILE": "/tmp/never"}  # noqa: S108 - the room's own
    done = built.run(["onboarding", "healthy"], variables | old | {"PORT": str(first_free(0))})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"DATABASE_CA": "rds"}, {
            "DATABASE_URL": "postgresql://onboarding:secret@db.example:5432/onboarding?sslmode=verify-full"
                            "&sslrootcert=/srv/onboarding/deploy/certificates/rds.pem",
        }),
        ({"DATABASE_CA": "none", "DATABASE_URL": "postgresql://theirs"}, {"DATABASE_URL": "postgresql://theirs"}),
        ({"DATABASE_CA": "none", "REDIS_HOST": "redis.example", "REDIS_PASSWORD": "word"}, {
            "REDIS_URL": "rediss://:word@redis.example:6379/0?ssl_cert_reqs=required",
        }),
        ({"DATABASE_CA": "none", "DOMAIN_NAME": "shop.example"}, {
            "SITE_URL": "https://shop.example", "ALLOWED_HOSTS": "shop.example",
            "CSRF_TRUSTED_ORIGINS": "https://shop.example",
            "DEFAULT_FROM_EMAIL": "Vendor onboarding <onboarding@shop.example>",
        }),
    ],
)  # fmt: skip
def test_urls_are_made_of_parts_where_parts_are_given(given: dict[str, str], made: dict[str, str]) -> None:
    done = _started("env", given)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {name: told.get(name) for name in made} == made


def test_a_database_without_a_word_about_its_certificate_is_refused() -> None:
    done = _started("env", {})
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_CA must say whose certificate DATABASE_HOST has")


def _started(command: str, given: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], "DATABASE_HOST": "db.example", "DATABASE_PASSWORD": "secret"} | given
    return subprocess.run(
        [ROOT / "deploy" / "onboarding.sh", command], env=env, capture_output=True, text=True, check=False
    )

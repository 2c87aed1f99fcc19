"""Processes that outlive the command which starts them: remembered, found again, stopped without leftovers.

What is known of each (pid and start time, port, password) stands in one file of the data folder, for its owner only.
Who changes it, or starts and stops what it names, holds a lock: commands that begin at once take turns.
"""

import fcntl
import importlib.util
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from config.embedded.logs import bound_logs

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_SECONDS = 60
PRIVATE_UMASK = 0o077  # of all that runs here: what it writes is for its owner only
TURN_SECONDS = 300  # how long to wait for another command: longer than a first start takes
_ELSEWHERE = (
    "Set DATABASE_URL, REDIS_URL and AWS_STORAGE_BUCKET_NAME, run as the owner of the folder, or name another one in "
    "EMBEDDED_DIR."
)


class StartError(Exception):
    """A service didn't start; the message says which, why and where its log is."""


def data_dir() -> Path:
    """Where all embedded data lives."""
    return Path(os.environ.get("EMBEDDED_DIR") or ROOT / "var").resolve()


def private(folder: Path) -> Path:
    """The folder, made if it isn't there, and for its owner only, also if it was there for others: it holds files and
    mails of people. As root, PostgreSQL's user may pass through it (postgres.py). Raises StartError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except PermissionError:
        raise StartError(f"{folder} can't be made. {_ELSEWHERE}") from None
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_ISVTX:
        raise StartError(f"{folder} is shared by all users of this machine; name a folder of its own in EMBEDDED_DIR.")
    if mode & ~0o710:
        try:
            folder.chmod(0o700)
        except PermissionError:
            raise StartError(f"{folder} is another user's, and open to others; run as its owner.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StartError(f"{folder} is another user's. {_ELSEWHERE}")
    return folder


def close_folders() -> None:
    """What stands in the data folder is its owner's, also where an earlier version left it open."""
    folder = private(data_dir())
    for name in ("aws", "log", "mail", "redis"):
        if (folder / name).exists():
            private(folder / name)


def state() -> dict[str, Any]:
    """What is remembered, by the name of the process. Raises StartError where it is another user's."""
    try:
        known: dict[str, Any] = json.loads((data_dir() / "services.json").read_text())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise StartError(f"{data_dir()} is another user's. {_ELSEWHERE}") from None
    return known


def remember(name: str, **facts: Any) -> None:
    """Write facts of one service; the file holds passwords, so it is for its owner only. Raises StartError."""
    with locked():
        known = state()
        known[name] = {**known.get(name, {}), **facts}
        draft = data_dir() / "services.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(known, indent=1))
        draft.replace(data_dir() / "services.json")


@contextmanager
def locked() -> Iterator[None]:
    """Inside, no other process starts, stops or remembers services of this data folder.

    The kernel ends the lock with the process that holds it, however that ends, so nothing is ever left locked: what
    is started inside isn't given the open file (Python's files aren't inherited), or it would hold on to the lock.
    A function that holds it may call others that ask for it; threads are not kept apart. Raises StartError when it
    isn't our turn after TURN_SECONDS.
    """
    folder = data_dir()
    if folder in _locked:
        yield
        return
    private(folder)
    with (folder / "services.lock").open("a") as file:
        _await_turn(file, folder)
        _locked.add(folder)
        try:
            yield
        finally:
            _locked.remove(folder)


_locked: set[Path] = set()  # the data folders whose lock this process holds


def _await_turn(file: IO[str], folder: Path) -> None:
    deadline = time.monotonic() + TURN_SECONDS
    told = False
    while not _took(file):
        if time.monotonic() > deadline:
            raise StartError(
                f"Another command has been starting or stopping services in {folder} for {TURN_SECONDS} seconds; "
                "end it, or try again when it is done."
            )
        if not told:
            print(f"Waiting for another command that starts or stops services in {folder}.", file=sys.stderr)  # noqa: T201
            told = True
        time.sleep(0.05)


def _took(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_port(name: str) -> int:
    """The remembered port where it is still free, otherwise a new one."""
    return first_free(state().get(name, {}).get("port", 0), 0)


def first_free(*ports: int) -> int:
    """The first of these ports of 127.0.0.1 that is free; 0 stands for any. Raises StartError."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartError("No free port on 127.0.0.1.")


def running_process(name: str) -> "Any | None":
    """The process we started under this name, if it lives: a pid alone may have been given to another since."""
    import psutil  # only where the embedded services run

    known = state().get(name, {})
    try:
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, psutil.NoSuchProcess):
        return None
    return process if same else None


def log_dir() -> Path:
    """Where the logs of this data folder lie."""
    return private(data_dir() / "log")


def log_file(name: str) -> Path:
    return log_dir() / f"{name}.log"


def spawn(name: str, command: list[str], env: Mapping[str, str] | None = None, **facts: Any) -> None:
    """Start a process in a session of its own, so that a Ctrl-C here doesn't reach it, and remember it."""
    import psutil  # only where the embedded services run

    bound_logs(log_dir())
    with log_file(name).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - the commands are ours
            command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True, umask=PRIVATE_UMASK,
        )  # fmt: skip
    remember(name, pid=process.pid, started=psutil.Process(process.pid).create_time(), **facts)
    # A child that we don't wait for would stay as a zombie and look alive.
    _children[name] = process


_children: dict[str, "subprocess.Popen[bytes]"] = {}


def wait_until(name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not ready():
        child = _children.get(name)
        if (child is not None and child.poll() is not None) or time.monotonic() > deadline:
            raise StartError(f"{name} did not start; its log is {log_file(name)}:\n{_tail(log_file(name))}")
        time.sleep(0.05)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-10:]) if path.exists() else ""


def stop_process(name: str, stop_signal: int = signal.SIGTERM) -> None:
    """Ask the process to stop, wait, and end whatever of its family is left."""
    process = running_process(name)
    if process is None:
        return
    family = [process, *process.children(recursive=True)]
    process.send_signal(stop_signal)
    await_end([process], DEADLINE_SECONDS)
    alive = await_end(family, 5)
    for straggler in alive:
        straggler.kill()
    await_end(alive, 5)
    if name in _children:
        _children[name].poll()


def await_end(processes: list[Any], seconds: float) -> list[Any]:
    """Wait until the processes have ended; returns those that haven't by then.

    One that has ended may stay listed until its parent asks for its exit status, and in a container whose first
    process never asks that is for ever. So what counts is that it ended, not that it disappeared.
    """
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def lives(process: Any) -> bool:
    import psutil  # only where the embedded services run

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def package(name: str) -> Path:
    """Where a package lies. It isn't imported: we want the server binaries inside, not what importing does."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise StartError(f"The package {name} isn't installed. Run: make")
    return Path(found.origin).parent

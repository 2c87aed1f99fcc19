"""A container's view of this machine, without an engine: its own /srv, /opt and /tmp, and nothing else to write to.

It is a mount namespace, entered by root or where the kernel lets an ordinary user have one. What runs inside is an
ordinary user in any case, reaches the services on loopback, and can be told to find all but /tmp read-only.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

PATHS: Final = ("srv", "opt", "tmp")
PYTHON: Final = str(Path(sys.executable).resolve())
# Of root's rights that of reading is kept: this Python may lie in root's home. Nothing can be written by it.
AS_NOBODY: Final = [
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup",
]  # fmt: skip
ENTER: Final = """
set -e
mount --make-rprivate /
for place in srv opt tmp; do mount --bind "$ROOM/$place" "/$place"; done
if [ -n "$SHUT" ]; then for place in / /srv /opt; do mount -o remount,bind,ro "$place"; done; fi
cd /srv/onboarding
unset ROOM SHUT
exec "$@"
"""


class NoRoom(Exception):
    """This machine gives no mount namespace; the message says why."""


class Room:
    def __init__(self, folder: Path) -> None:
        """In an empty folder. Raises NoRoom."""
        self._folder = folder
        for name in (*PATHS, "srv/onboarding"):
            (folder / name).mkdir()
        (folder / "tmp").chmod(0o1777)
        self._as_user = AS_NOBODY if os.geteuid() == 0 else []
        self._enter = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        if PYTHON.startswith(tuple(f"/{name}/" for name in PATHS)):
            raise NoRoom(f"{PYTHON} would be hidden in it")
        for name in ("unshare", "mount", "setpriv"):
            if shutil.which(name) is None:
                raise NoRoom(f"there is no {name}")
        tried = self.run(["true"])
        if tried.returncode:
            raise NoRoom(tried.stderr.strip())

    def path(self, inside: str) -> Path:
        """Where a path of the room is outside of it."""
        return self._folder / inside.lstrip("/")

    def take_in(self) -> None:
        """Give all that lies in it to the user inside."""
        if self._as_user:
            for path in [self.path("srv"), self.path("opt"), *self.path("srv").rglob("*")]:
                os.chown(path, 65534, 65534, follow_symlinks=False)

    def start(
        self, command: list[str], variables: Mapping[str, str] | None = None, *, shut: bool = True, log: IO[str]
    ) -> "subprocess.Popen[str]":
        """The process is the command's own: what enters becomes it."""
        return subprocess.Popen(
            self._entered(command), env=self._environment(variables or {}, shut), text=True, stdout=log, stderr=log
        )

    def run(
        self, command: list[str], variables: Mapping[str, str] | None = None, *, shut: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._entered(command), env=self._environment(variables or {}, shut), text=True, capture_output=True,
            check=False,
        )  # fmt: skip

    def _entered(self, command: list[str]) -> list[str]:
        return [*self._enter, "sh", "-c", ENTER, "sh", *self._as_user, *command]

    def _environment(self, variables: Mapping[str, str], shut: bool) -> dict[str, str]:
        known = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_"))}
        own = {"PATH": f"/opt/venv/bin:{os.environ['PATH']}", "HOME": "/tmp"}  # noqa: S108 - the room's own
        return {**known, **own, "ROOM": str(self._folder), "SHUT": "1" if shut else "", **variables}

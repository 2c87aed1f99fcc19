"""The files in which the processes of one server or worker count, and what is kept of those that died.

prometheus-client's way for several processes: each has files of its own in PROMETHEUS_MULTIPROC_DIR, and who is asked
adds them up. Here the main process makes that folder, anew at every start, before anything imports the library, and
only where somebody can ask (METRICS_TOKEN or METRICS_PORT). Celery replaces its processes often: whoever is born, and
whoever is asked, adds what the dead counted to one file and removes theirs, so that files stay few and no sum falls.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
OURS: Final = "onboarding-"
OF_THE_DEAD: Final = "gone"  # in the place of a process's ID


def wanted() -> bool:
    """Whether somebody can ask for what is counted."""
    return bool(os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_PORT"))


def open_folder(role: str) -> Path | None:
    """Make the folder for this process and those that it will fork; None where nobody asks. `role`: web, worker.

    A folder that was named holds it, else the machine's one for temporary files; those of processes that are gone are
    removed.
    """
    if not wanted():
        return None
    above = Path(os.environ.get(FOLDER) or tempfile.gettempdir())
    above.mkdir(parents=True, exist_ok=True)
    prefix, mine = f"{OURS}{role}-", str(os.getpid())
    for path in above.glob(f"{prefix}*-*"):
        pid = path.name.removeprefix(prefix).partition("-")[0]
        if pid == mine or not _lives(pid):  # in a container all have the same
            shutil.rmtree(path, ignore_errors=True)
    found = Path(tempfile.mkdtemp(prefix=f"{prefix}{mine}-", dir=above))  # for its owner only
    os.environ[FOLDER] = str(found)
    return found


def leave_others() -> None:
    """Count in this process's memory alone unless a folder was opened for it: a command has none, whoever names one."""
    if not Path(os.environ.get(FOLDER, "")).name.startswith(OURS):
        os.environ.pop(FOLDER, None)


def registry() -> "CollectorRegistry":
    """What all processes of this server or worker counted; of this process alone where there is no folder."""
    from prometheus_client import REGISTRY, CollectorRegistry  # only who is asked needs it
    from prometheus_client.multiprocess import MultiProcessCollector  # the same

    folder = Path(os.environ.get(FOLDER) or "none")
    if not folder.is_dir():  # whoever tidies up may have taken it away
        return REGISTRY

    class Begun(MultiProcessCollector):
        """Without the files that a process is making just now: those are empty for a moment, and can't be read."""

        def collect(self) -> Any:
            files = [str(path) for path in folder.glob("*.db") if path.stat().st_size]
            return self.merge(files, accumulate=True)  # type: ignore[no-untyped-call] # it has no annotations

    found = CollectorRegistry()
    Begun(found)  # type: ignore[no-untyped-call] # as above
    return found


@contextmanager
def still() -> Iterator[None]:
    """Nobody moves what the dead counted meanwhile; first it is moved."""
    folder = os.environ.get(FOLDER)
    if not folder or not Path(folder).is_dir():
        yield
        return
    with (Path(folder) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _bury(Path(folder))
            yield
        finally:
            # A process that is forked meanwhile has the open file too: closing ours alone would leave it locked, and
            # that process waiting for itself.
            fcntl.flock(lock, fcntl.LOCK_UN)


def bury() -> None:
    """Move what the dead counted."""
    with still():
        pass


def _bury(folder: Path) -> None:
    """For each kind of file: add those of the dead to the one that is kept, in a new file that takes its place."""
    dead: dict[str, list[Path]] = {}
    for path in folder.glob("*_*.db"):
        kind, _, pid = path.stem.rpartition("_")
        if pid != OF_THE_DEAD and not _lives(pid):
            dead.setdefault(kind, []).append(path)
    for kind, paths in dead.items():
        kept = folder / f"{kind}_{OF_THE_DEAD}.db"
        draft = folder / f"{kind}.draft"
        draft.unlink(missing_ok=True)
        _add_up([kept, *paths], draft)
        draft.replace(kept)
        for path in paths:
            path.unlink(missing_ok=True)


def _add_up(paths: list[Path], into: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict  # only where processes died

    sums: dict[str, float] = {}
    for path in paths:
        if path.exists() and path.stat().st_size:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
                sums[key] = sums.get(key, 0.0) + value
    written = MmapedDict(str(into))  # type: ignore[no-untyped-call] # it has no annotations
    for key, value in sums.items():
        written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call] # as above
    written.close()  # type: ignore[no-untyped-call] # as above


def _lives(pid: str) -> bool:
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

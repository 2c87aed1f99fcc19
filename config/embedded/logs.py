"""The logs of the embedded services, kept small.

Each stays at LOG_BYTES and what is written between two looks at it; as much of what stood before is kept beside it, in
NAME.log.1. All logs are looked at whenever a service is started, and by the embedded worker while it runs, every two
seconds. Without a worker (tests and measurements start services alone) they grow until the next start.
"""

import fcntl
import os
from pathlib import Path

LOG_BYTES = 10 * 1024 * 1024


def bound_logs(folder: Path) -> None:
    """Empty every log of the folder that has more than LOG_BYTES, and keep its end, in place of what was kept before.

    Not renamed: services that run go on writing to the file that they have open, at its end, wherever that is by then.
    What one writes in the instant between keeping and emptying is lost.
    """
    for path in folder.glob("*.log"):
        _bound(path)


def _bound(path: Path) -> None:
    with path.open("r+b") as log:
        fcntl.flock(log, fcntl.LOCK_EX)  # a start and the worker may look at once; the second would keep nothing
        if log.seek(0, os.SEEK_END) <= LOG_BYTES:
            return
        log.seek(-LOG_BYTES, os.SEEK_END)
        path.with_suffix(".log.1").write_bytes(log.read(LOG_BYTES))
        log.truncate(0)

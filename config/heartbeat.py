"""The sign of life of a process that nobody can ask over HTTP: the file that HEARTBEAT_FILE names, touched again and
again by a worker's main process and by the schedule (config/celery.py, config/watch/schedule.py).

A container's health check is `python config/heartbeat.py`: exit status 0 for a file that was touched in the last
HEARTBEAT_SECONDS (60), else 1 with a sentence. It asks no broker, so a Redis that is away restarts no worker, and it
imports nothing of the project, since it runs every few seconds.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

SECONDS: Final = 60.0  # without one; a process beats every few seconds


def touch() -> None:
    """Say that this process is alive, where somebody wants to know."""
    if path := os.environ.get("HEARTBEAT_FILE"):
        Path(path).touch()


def complaint() -> str:
    """What is wrong with the heartbeat; "" for nothing."""
    path = os.environ.get("HEARTBEAT_FILE")
    if not path:
        return "HEARTBEAT_FILE is not set: name a file that the process may write, the same for both."
    try:
        age = time.time() - Path(path).stat().st_mtime
    except OSError as error:
        return f"{path} can't be read: {error.strerror}. The process hasn't started, or writes to another file."
    most = float(os.environ.get("HEARTBEAT_SECONDS") or SECONDS)
    return f"No sign of life for {age:.0f} seconds." if age > most else ""


if __name__ == "__main__":
    sys.exit(complaint() or 0)

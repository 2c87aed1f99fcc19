"""A worker that is killed at one exact point of its work: `python -m tests.faults.dying POINT [COUNT] ID`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from uploads.aws import dynamo  # noqa: E402 - Django has to be ready first
from uploads.pipeline import commit, stage, stream  # noqa: E402

NO_LIMIT = float("inf")  # a slow machine would end its turn before it comes to the point where it is to die


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after(calls: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with which the process dies after that many calls went through."""
    left = [calls]

    def fatal(*arguments: Any) -> Any:
        if left[0] == 0:
            _die()
        left[0] -= 1
        return real(*arguments)

    return fatal


def main(point: str, upload_id: str, calls: int) -> None:
    if point == "before the commit":  # all has been written, in a transaction that is still open
        commit._done = _die  # type: ignore[assignment]
        stream.consume()
    elif point == "before the write-back":
        stream._send = _die  # type: ignore[assignment]
        stream.consume()
    elif point == "while staging":
        dynamo.put_records = _die_after(calls, dynamo.put_records)
        stage.stage(upload_id, NO_LIMIT)
    elif point == "before staging is noted":
        stage._note_progress = _die_after(calls, stage._note_progress)
        stage.stage(upload_id, NO_LIMIT)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""Workers that are killed at one exact point of their work.

Each is forked from this process, which has started Django and nothing else: starting it for each takes longer than
what they do. A line of standard input is a JSON list of the point, the upload's id, after how many calls, and the
table; the answer is the worker's exit status.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django has to be ready first

from uploads.aws import dynamo  # noqa: E402
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


def work(point: str, upload_id: str, calls: int) -> None:
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


def fork(point: str, upload_id: str, calls: int, table: str) -> int:
    """A worker's exit status: what kills it as a negative number, 0 where it came to its end."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        settings.UPLOAD_RECORDS_TABLE = table
        work(point, upload_id, calls)
    except BaseException:
        traceback.print_exc()
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        print(fork(*json.loads(line)), flush=True)  # noqa: T201 - the answer

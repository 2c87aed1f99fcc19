"""Workers that are killed, or stopped for a while, at one exact point of their work.

Each is forked from this process, which has started Django and nothing else: starting it for each takes longer than
what they do. A line of standard input is a JSON list of the signal, the point, an id (of the upload, or of the job),
after how many calls, and the table; the answer is the worker's process id and exit status, null for one that is
stopped. A list of SIGCONT and a process id lets a stopped one go on to its end.
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

from uploads import tasks  # noqa: E402
from uploads.aws import dynamo  # noqa: E402
from uploads.pipeline import commit, stage, stream, writeback  # noqa: E402
from uploads.pipeline.holding import release  # noqa: E402
from uploads.pipeline.understood import heads  # noqa: E402
from uploads.work import jobs, outages  # noqa: E402
from vendors import mails  # noqa: E402

PATIENCE = 60.0  # seconds: a pause takes part of its turn
AWAY = 3  # the exit status of a worker that found a service away
NO_LIMIT = float("inf")  # a slow machine would end its turn before it comes to the point where it is to die


def _at(by: int, calls: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with which the process gets the signal when that many calls went through; once."""
    left = [calls]

    def signalled(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            os.kill(os.getpid(), by)
        return real(*arguments)

    return signalled


def work(by: int, point: str, about: str, calls: int) -> None:
    if point == "before the commit":  # all has been written, in a transaction that is still open
        commit._done = _at(by, calls, commit._done)
        stream.consume(PATIENCE)
    elif point == "before the write-back":
        stream._send = _at(by, calls, stream._send)
        stream.consume(PATIENCE)
    elif point == "in the write-back":  # on a thread of its own
        writeback.send = _at(by, calls, writeback.send)
        stream.consume(PATIENCE)
    elif point == "while staging":
        dynamo.put_records = _at(by, calls, dynamo.put_records)
        stage.stage(about, NO_LIMIT)
    elif point == "before first rows are noted":  # in a transaction that is still open
        heads._write = _at(by, calls, heads._write)
        stage.stage(about, NO_LIMIT)
    elif point == "before staging is noted":
        stage._note_progress = _at(by, calls, stage._note_progress)
        stage.stage(about, NO_LIMIT)
    elif point == "before a released chunk's mark is moved":  # what it holds is committed by then
        release._move = _at(by, calls, release._move)
        release.release(about, NO_LIMIT)
    elif point == "in a released chunk's commit":  # in a transaction that is still open
        commit._done = _at(by, calls, commit._done)
        release.release(about, NO_LIMIT)
    elif point == "before the end of a release is noted":
        release._end = _at(by, calls, release._end)
        release.release(about, NO_LIMIT)
    elif point == "between two slices of a job":
        writeback.write = _at(by, calls, writeback.write)
        jobs.run(int(about), tasks.STEPS)
    elif point == "before a mail that is owed is sent":  # what it tells of is committed by then
        mails._send_at_once = _at(by, calls, mails._send_at_once)
        jobs.run(int(about), tasks.STEPS)


def fork(by: int, point: str, about: str, calls: int, table: str) -> tuple[int, int | None]:
    """A worker's process id and exit status: what kills it as a negative number, 0 where it came to its end."""
    pid = os.fork()
    if pid:
        return pid, _status(pid)
    try:
        settings.UPLOAD_RECORDS_TABLE = table
        work(by, point, about, calls)
    except outages.AWAY:  # what the tasks say in one line
        os._exit(AWAY)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def go_on(pid: int) -> tuple[int, int | None]:
    os.kill(pid, signal.SIGCONT)
    return pid, _status(pid)


def _status(pid: int) -> int | None:
    """None for a process that is stopped."""
    status = os.waitpid(pid, os.WUNTRACED)[1]
    return None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    for line in sys.stdin:
        by, *asked = json.loads(line)
        answer = go_on(*asked) if by == signal.SIGCONT else fork(by, *asked)
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer

"""What a file may cost: reading it in a process of its own, with limits of memory and CPU time (reader.py).

A file is sent by a stranger, and read while somebody waits for a page. So it is read where it can't hold up anybody
else: whatever it makes the reader do, that process is ended when it passes a limit, and its sender gets a sentence. It
has nothing of the site's but the file: no connection, no key, no environment.

Only what is small and plain is read where it is asked for (`is_small`): starting a process takes a fifth of a second.
"""

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from catalog.rules.problems import ngettext
from uploads.feed.lines import FeedError

logger = logging.getLogger(__name__)

MEMORY: Final = 150 * 1024 * 1024  # bytes beside what Python and its modules take
SECONDS: Final = 20  # of CPU time
BYTES_A_SECOND: Final = 4 * 1024 * 1024  # each so many bytes of a file may take one more
# What a row of a known format means takes about 50 µs, twice that on a busy machine, and a row may have 60 bytes.
BYTES_A_SECOND_WHOLE: Final = 512 * 1024
# The worst that is known takes 9 µs a byte (tests/uploads/feed/costs counts the steps), so this half a second.
SMALL: Final = 64 * 1024
ROOT: Final = Path(__file__).resolve().parents[3]
HANDED_ON: Final = ("TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT")
REMEDY: Final = "Save the table alone in a new file, or as CSV, and upload that one. If it is very large, split it."


# Called every second while a reader is at work, with how many bytes it has read of the first file; whatever it raises
# ends the reader.
Watch = Callable[[int], None]
EACH: Final = 1.0  # seconds between two calls


class Cost(NamedTuple):
    """What a reader may take: bytes of memory beside Python's own, seconds of CPU time, and seconds on the clock where
    these are fewer than a busy machine might need."""

    memory: int = MEMORY
    seconds: int = SECONDS
    on_the_clock: float | None = None


class ReaderFailed(Exception):
    """The reader itself is at fault, not the file: what it said on its way out."""


def cost_of(size: int) -> Cost:
    """What a file of so many bytes may take."""
    return Cost(MEMORY, SECONDS + size // BYTES_A_SECOND)


def cost_of_whole(size: int) -> Cost:
    """The same where all its rows may be looked at for what they mean."""
    return Cost(MEMORY, SECONDS + size // BYTES_A_SECOND_WHOLE)


def longest(cost: Cost) -> int:
    """Seconds after which a reader is ended in any case, also where it waits for something instead of working."""
    return 10 + 4 * cost.seconds


def _time_for(cost: Cost) -> float:
    return longest(cost) if cost.on_the_clock is None else cost.on_the_clock


def is_small(size: int, beginning: bytes) -> bool:
    """Whether a file can be read where it is asked for: text of so few bytes, no archive."""
    return size <= SMALL and not beginning.startswith(b"PK")


def read(task: str, files: Sequence[BinaryIO], asked: Mapping[str, Any], cost: Cost, watch: Watch | None = None) -> Any:
    """What the reader's `task` says about the files, which it alone moves meanwhile; `asked` and the answer go through
    JSON.

    Raises the FeedError that it raises, one of code "too_costly" where it passes a limit, ReaderFailed, and what
    `watch` raises.
    """
    with ExitStack() as opened:
        descriptors = [_descriptor(file, opened) for file in files]
        told = opened.enter_context(tempfile.TemporaryFile())
        asked_of = {"task": task, "files": descriptors, "told": told.fileno(), "cost": cost, "asked": asked}
        ended = _run(json.dumps(asked_of), [*descriptors, told.fileno()], cost, _watching(told, watch))
    if ended.returncode < 0:
        logger.warning("A reader of %s was ended by signal %d.", task, -ended.returncode)
        raise _too_costly(ended.returncode, cost)
    if ended.returncode or not ended.stdout:
        raise ReaderFailed(ended.stderr[-4000:].decode(errors="replace"))
    answer = json.loads(ended.stdout)
    if "refused" in answer:
        raise FeedError(*answer["refused"])
    if "memory" in answer:
        raise _too_costly(0, cost)
    return answer["found"]


def _watching(told: BinaryIO, watch: Watch | None) -> Callable[[], None]:
    """What is done every second: hand on how far the reader is, as it notes it in the file `told`."""

    def look() -> None:
        if watch:
            watch(int(os.pread(told.fileno(), 20, 0) or b"0"))

    return look


def _run(
    request: str, descriptors: Sequence[int], cost: Cost, every_second: Callable[[], None]
) -> "subprocess.CompletedProcess[bytes]":
    """The reader, run to its end."""
    environment = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    command = [sys.executable, "-m", "uploads.feed.apart.reader"]
    until = time.monotonic() + _time_for(cost)
    with tempfile.TemporaryFile() as given:  # through a pipe, what isn't sent within the first second would never be
        given.write(request.encode())
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment,
            pass_fds=descriptors,
        ) as reader:  # fmt: skip
            try:
                return _ended(reader, until, cost, every_second)
            except BaseException:
                reader.kill()
                raise


def _ended(
    reader: "subprocess.Popen[bytes]", until: float, cost: Cost, every_second: Callable[[], None]
) -> "subprocess.CompletedProcess[bytes]":
    while True:
        try:
            out, err = reader.communicate(timeout=min(EACH, max(0.0, until - time.monotonic())))
        except subprocess.TimeoutExpired as error:
            if time.monotonic() >= until:
                raise _too_costly(-signal.SIGXCPU, cost) from error
            every_second()
        else:
            return subprocess.CompletedProcess(reader.args, reader.returncode, out, err)


def _too_costly(code: int, cost: Cost) -> FeedError:
    """By how the reader ended: SIGXCPU is the kernel's word for CPU time. Libraries in C that get no memory abort."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        seconds = int(min(cost.seconds, _time_for(cost)))
        limit = ngettext("{:,} second", "{:,} seconds", seconds).format(seconds)
    else:
        limit = f"{cost.memory // (1024 * 1024):,} MB of memory"
    return FeedError(
        "too_costly", f"This file takes more than {limit} to read, so it was not read to its end. {REMEDY}"
    )


def _descriptor(file: BinaryIO, opened: ExitStack) -> int:
    """A descriptor of the file, or of a copy on disk where it has none: it is in memory, or in storage."""
    try:
        file.flush()
        return file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `opened`
        opened.callback(copy.close)
        file.seek(0)
        shutil.copyfileobj(file, copy, 1024 * 1024)
        copy.flush()
        return copy.fileno()

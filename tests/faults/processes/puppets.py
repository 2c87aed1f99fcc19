"""Workers in processes of their own, on the test's database and table, that a signal meets at one exact point."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from config.embedded import processes


class Puppets:
    """They are forked by tests/faults/processes/dying.py, which has started Django once for all of them."""

    def __init__(self, process: "Popen[str]") -> None:
        self._process = process

    def ask(self, by: int, point: str, about: str, calls: int = 0) -> tuple[int, int | None]:
        """Let one work until the signal meets it; its process id and exit status, None for one that is stopped."""
        return self._answer(by, point, about, calls, settings.UPLOAD_RECORDS_TABLE)

    def go_on(self, by: int, pid: int) -> int | None:
        """Let one that is stopped go on; its exit status."""
        return self._answer(by, pid)[1]

    def _answer(self, *asked: object) -> tuple[int, int | None]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        pid, status = json.loads(self._process.stdout.readline())
        return pid, status


@contextmanager
def started() -> Iterator[Puppets]:
    known = connection.settings_dict
    address = f"{known['HOST']}:{known['PORT']}/{known['NAME']}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgresql://{quote(known['USER'])}:{quote(known['PASSWORD'])}@{address}",
        "SECRET_KEY": "of a test",
        "PRODUCTION": "0",
    }
    command = [sys.executable, "-m", "tests.faults.processes.dying"]
    with Popen(
        command, cwd=processes.ROOT, env=environment, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True
    ) as process:
        yield Puppets(process)
        os.killpg(process.pid, signal.SIGKILL)  # whoever a failed test left stopped would be waited for

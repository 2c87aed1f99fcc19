"""A task whose process was killed, or ran out of time: it can't say so any more, so the worker's main process does.

Celery tells of it in a line without the task's name, and no signal that we count by (working.py) is sent.
"""

import logging
import time
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.worker.request import Request

from config.watch import ids, meters, working

logger = logging.getLogger(__name__)


class Watched(Request):
    """Celery's own picture, in the main process, of a task that one of its processes is at."""

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        super().on_failure(exc_info, send_failed_event, return_ok)
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, WorkerLostError):
            self._say("its process died")

    def on_timeout(self, soft: bool, timeout: float) -> None:
        super().on_timeout(soft, timeout)
        if not soft:
            self._say(f"it took longer than {timeout:g} s")

    def _say(self, why: str) -> None:
        began = self.time_start or time.time()
        meters.took(meters.TASKS, max(0.0, time.time() - began), self.name, working.FAILED)
        with ids.of({**working.about(self.task, self.args, self.kwargs), ids.TASK: self.name}):
            logger.error("%s was ended in the middle: %s", self.name, why)

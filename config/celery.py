"""The Celery application: `celery -A config worker`, `celery -A config beat`.

Redis only wakes workers. What there is to do stands in PostgreSQL, so losing every message loses nothing: the
schedule below finds it again.
"""

import gc
import os
import threading
import time
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery.signals import (
    beat_init,
    celeryd_init,
    heartbeat_sent,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from django.utils.module_loading import import_string

from config.embedded.logs import bound_logs
from config.heartbeat import touch
from config.stopping import ask
from config.watch import counted, meters, traces, working

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("onboarding")
app.Task.Request = "config.watch.lost:Watched"  # by its name: only a worker's main process needs it
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
working.connect()


class Heartbeat(bootsteps.StartStopStep):
    """A sign of life of the worker's main process, every few seconds while its loop turns, and while it has no broker
    to listen to: it tries again by itself, and a restart would not help."""

    requires = ("celery.worker.components:Timer",)
    every, most = 5.0, 60.0  # seconds: between two signs, and of a loop that doesn't turn

    def start(self, worker: Any) -> None:
        self._turned, self._stopped = time.monotonic(), threading.Event()
        worker.timer.call_repeatedly(self.every, self._turn)
        threading.Thread(target=self._beat, args=[worker], name="heartbeat", daemon=True).start()

    def stop(self, worker: Any) -> None:
        self._stopped.set()

    def _turn(self) -> None:
        self._turned = time.monotonic()

    def _beat(self, worker: Any) -> None:
        while not self._stopped.wait(self.every):
            if self.is_alive(worker, time.monotonic()):
                touch()

    def is_alive(self, worker: Any, now: float) -> bool:
        """`now` is a time of time.monotonic()."""
        has_broker = getattr(worker.consumer, "connection", None) is not None
        return not has_broker or now - self._turned < self.most


app.steps["worker"].add(Heartbeat)


class Metrics(bootsteps.StartStopStep):
    """/metrics on METRICS_PORT, while the worker lives; without a broker too."""

    requires = ("celery.worker.components:Pool",)
    server: Any = None

    def start(self, worker: Any) -> None:
        # By its name, since it knows everybody above this.
        Metrics.server = import_string("config.metrics.serve")()

    def stop(self, worker: Any) -> None:
        if Metrics.server is not None:
            Metrics.server.shutdown()
            Metrics.server.server_close()


app.steps["worker"].add(Metrics)


@celeryd_init.connect
def _watch(**_: Any) -> None:
    """Before any process is forked: the folder that all of them count in, and what they talk to Redis by."""
    traces.start()
    import_string("config.watch.channel.use")()  # by its name: only workers need it
    if counted.open_folder("worker") is not None:
        meters.prepare()


@beat_init.connect
def _watch_schedule(**_: Any) -> None:
    traces.start()
    import_string("uploads.insight.cloudwatch.start")()  # by its name, as above


@worker_process_init.connect
def _leave_port(**_: Any) -> None:
    """The port is the main process's."""
    if Metrics.server is not None:
        Metrics.server.server_close()


@worker_ready.connect
def _say_ready(**_: Any) -> None:
    """Tell whoever started this worker, by the file it named, that tasks are taken from now on."""
    if path := os.environ.get("WORKER_READY_FILE"):
        Path(path).touch()


@worker_shutting_down.connect
def _end_turns(**_: Any) -> None:
    """Let what is under way end its turn early, and give back what it holds."""
    ask()


@heartbeat_sent.connect
def _bound_logs(**_: Any) -> None:
    """Keep the logs in the folder small that whoever started this worker named: it runs as long as those who write."""
    if folder := os.environ.get("WORKER_BOUNDS_LOGS"):
        bound_logs(Path(folder))


@worker_process_init.connect
def spare_what_stays(**_: Any) -> None:
    """Where Python looks for cyclic garbage, seldom as it does (config/__init__.py), leave out what Django brought."""
    gc.freeze()

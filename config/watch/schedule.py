"""The schedule's own process, with a sign of life: `celery -A config beat`."""

import logging
from typing import Any

from celery.beat import PersistentScheduler

from config.heartbeat import touch

logger = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """Celery's own. It beats whenever it looks for what is due, at least every few seconds, and while it waits for the
    broker: it tries again by itself, and a restart would not help."""

    max_interval = 5

    def tick(self, *args: Any, **kwargs: Any) -> float:
        touch()
        return float(super().tick(*args, **kwargs))

    def _ensure_connected(self) -> Any:
        def say(error: Exception, seconds: float) -> None:
            logger.error("The broker isn't reachable: %s. Trying again in %s seconds.", error, seconds)

        retries = self.app.conf.broker_connection_max_retries
        return self.connection.ensure_connection(say, retries, callback=touch)

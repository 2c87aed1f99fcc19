"""How a worker takes it that its connection to Redis is lost.

Celery closes the lost connection twice. The second time, kombu may want to give back messages that weren't
acknowledged through a connection that has no address any more: an AttributeError, at which the whole worker would
stop. Nothing need be given back, since what there is to do stands in PostgreSQL.
"""

import logging

from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)


class Persistent(Consumer):
    """Connects anew, however the old connection ended."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError:
            if self.connection is not None:  # it isn't by the closing, which comes last
                raise
            logger.debug("The lost connection could not be closed a second time", exc_info=True)

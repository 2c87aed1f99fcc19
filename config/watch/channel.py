"""Channels of a connection to Redis that was lost, in a worker.

What is left of the old connection is still told things when the worker has a new one: to give back messages that
weren't acknowledged, or to acknowledge one whose task has ended since. Its channels have no address then, at which
kombu fails with an AttributeError, and Celery stops the whole worker. Here it is what it means: the connection is lost,
which both know. Nothing is lost with the message, since what there is to do stands in PostgreSQL.
"""

from typing import Any

from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as Lost


class Channel(transport.Channel):
    """A channel that says that its connection is gone."""

    def _connparams(self, *arguments: Any, **rest: Any) -> Any:
        if self.connection is None or self.connection.client is None:
            raise Lost("The connection of this channel was closed.")
        return super()._connparams(*arguments, **rest)  # type: ignore[misc] # kombu's types lack it


def use() -> None:
    """Have all connections of this process use it; before the first is made."""
    transport.Transport.Channel = Channel

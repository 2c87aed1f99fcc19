"""A worker whose connection to Redis is lost while it has messages that it hasn't acknowledged."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu.common import ignore_errors
from kombu.transport.redis import Transport

from config.celery import app
from config.watch import channel

pytestmark = pytest.mark.usefixtures("broker")
LOST = redis.exceptions.ConnectionError("Connection closed by server.")


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A worker's, of which both channels wait for messages."""
    monkeypatch.setattr(Transport, "Channel", Transport.Channel)
    channel.use()
    connection = app.connection_for_read()
    for one in (connection.default_channel, connection.channel()):
        _waits(one)
    yield connection
    connection.close()


def test_the_old_connection_is_closed_and_told_of_tasks_that_end_behind_that_without_stopping_the_worker(
    connection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    message, errors = _delivered(connection.default_channel), connection.connection_errors
    # As Celery does before it connects anew.
    connection.collect()
    ignore_errors(connection, connection.close)
    message.ack_log_error(logging.getLogger(__name__), errors)
    assert "The connection of this channel was closed." in caplog.text


def _delivered(one: Any) -> Any:
    """A message that isn't acknowledged yet."""
    properties = {"delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "nowhere"}}
    message = one.Message({"body": "x", "properties": properties, "headers": {}}, channel=one)
    one.qos.append(message, "t")
    return message


def _waits(one: Any) -> None:
    """As when Redis dies meanwhile: it can't be closed at first."""

    def lost(**_: Any) -> None:
        one._in_poll = False
        raise LOST

    one._in_poll, one._brpop_read = True, lost

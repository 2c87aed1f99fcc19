"""A worker whose connection to Redis is lost."""

from typing import Any

import pytest
import redis

from config.celery import app
from config.watch.consumer import Persistent

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def consumer() -> Persistent:
    """A worker's, without the worker."""
    found: Persistent = Persistent.__new__(Persistent)
    found.app, found.connection = app, app.connection_for_read()
    return found


def test_a_message_that_was_not_acknowledged_does_not_stop_the_worker_when_redis_is_lost(consumer: Persistent) -> None:
    connection: Any = consumer.connection
    channel = connection.default_channel
    _holds_a_message(channel)
    # As when Redis dies while both wait for messages: neither can be closed at first.
    for one in (channel, connection.channel()):
        _waits(one)
    consumer.on_connection_error_after_connected(redis.exceptions.ConnectionError("Connection closed by server."))
    assert consumer.connection is None, "it connects anew"


def test_a_fault_of_our_own_is_not_taken_for_it(consumer: Persistent, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise AttributeError("x")

    monkeypatch.setattr("celery.worker.consumer.consumer.bound_open_broker_sockets", fails)
    connection = consumer.connection
    with pytest.raises(AttributeError):
        consumer.on_connection_error_after_connected(redis.exceptions.ConnectionError("x"))
    assert consumer.connection is connection


def _holds_a_message(channel: Any) -> None:
    properties = {"delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "nowhere"}}
    channel.qos.append(channel.Message({"body": "x", "properties": properties, "headers": {}}, channel=channel), "t")


def _waits(channel: Any) -> None:
    def lost(**_: Any) -> None:
        channel._in_poll = False
        raise redis.exceptions.ConnectionError("Connection closed by server.")

    channel._in_poll, channel._brpop_read = True, lost

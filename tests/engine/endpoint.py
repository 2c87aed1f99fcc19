"""Where the product's DynamoDB is during a test: DynamoDB Local, a real account, or the embedded endpoint again.

S3 stays on the embedded endpoint: django-storages has its address of its own (STORAGES).
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.test import override_settings

from uploads.aws import client

# "": tests in this folder use DynamoDB Local; "local": all that have a table do; "aws": they use the account that boto3
# finds, which is used, and billed, only by who says so, since credentials lie around in many a shell.
ENGINE = os.environ.get("ENGINE", "")
EMBEDDED = {"AWS_ENDPOINT_URL": settings.AWS_ENDPOINT_URL, "AWS_CREDENTIALS": settings.AWS_CREDENTIALS}


@dataclass(frozen=True)
class Engine:
    """An endpoint for DynamoDB and its streams; without an address it is AWS.

    An access key of DynamoDB Local has a database to itself, so that time passes for one test alone.
    """

    url: str | None
    access_key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Inside, the product's clients talk to it."""
        keys = {"aws_access_key_id": self.access_key, "aws_secret_access_key": "local"} if self.url else {}
        with _used({"AWS_ENDPOINT_URL": self.url, "AWS_CREDENTIALS": keys}):
            yield

    def roll_shards(self) -> None:
        """Close every open shard and open its child, as AWS does about every four hours."""
        self._control(ACTION="ROLLOVER")

    def let_pass(self, hours: int) -> None:
        """All that is in the streams becomes so much older: iterators expire, shards roll, records are trimmed."""
        self._control(ACTION="DILATE_TIME", HOURS=str(hours))

    def _control(self, **request: str) -> None:
        """How DynamoDB Local is told such things: its makers' own test control, which the launcher turns on."""
        assert self.url, "nobody can tell AWS's clock"
        item = {name: {"S": value} for name, value in request.items()}
        client.dynamodb().put_item(TableName="[TEST_CONTROL]", Item=item)


@contextmanager
def embedded() -> Iterator[None]:
    """Inside, the product's clients talk to the embedded endpoint, whatever they talked to before."""
    with _used(EMBEDDED):
        yield


@contextmanager
def _used(where: dict[str, object]) -> Iterator[None]:
    try:
        with override_settings(**where):
            _forget_clients()
            yield
    finally:
        _forget_clients()


def _forget_clients() -> None:
    for made in (client._dynamodb, client._streams, client._line):
        made.cache_clear()

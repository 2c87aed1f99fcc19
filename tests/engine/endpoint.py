"""Where the product's DynamoDB is during a test: DynamoDB Local, a real account, or the embedded endpoint again.

S3 stays on the embedded endpoint: django-storages has its address of its own (STORAGES).
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import override_settings

from tests.engine import local
from uploads.aws import client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# "": tests in this folder use DynamoDB Local; "local": all that have a table do; "aws": they use the account that boto3
# finds, which is used, and billed, only by who says so, since credentials lie around in many a shell.
ENGINE = os.environ.get("ENGINE", "")
EMBEDDED = {
    name: getattr(settings, name)
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_CREDENTIALS")
}


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
        with _used(dict(zip(EMBEDDED, (self.url, self.url, keys), strict=True))):
            yield

    def roll_shards(self) -> None:
        """Close every open shard and open its child, as AWS does about every four hours."""
        local.roll_shards(self._client())

    def let_pass(self, hours: int) -> None:
        """All that is in the streams becomes so much older: iterators expire, shards roll, records are trimmed."""
        local.let_pass(self._client(), hours)

    def _client(self) -> "DynamoDBClient":
        assert self.url, "nobody can tell AWS's clock"
        return client.dynamodb()


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

"""A scripted stream, for what the real endpoint can't be made to do: splits, late children, expiry, trimming.

It stands in for the four stream functions of uploads.aws.dynamo and keeps to the service's rules: an iterator names a
position, a closed shard's last page comes with no next iterator, a child is listed with its parent's id.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from uploads.aws import dynamo
from uploads.aws.dynamo import Page, Shard

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/UploadRecords/stream/scripted"
WRITTEN_AT = 1_790_000_000  # a second before the first record was written


@dataclass
class ScriptedShard:
    """One shard: its records, and what is to happen to it."""

    parent: str = ""
    records: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    listed: bool = True
    gone: bool = False
    trimmed: int = 0  # that many of its first records are older than 24 hours
    empty_pages: int = 0  # pages without records that come first, as real shards give them
    broken: int = 0  # answers of GetRecords without records and without a next iterator, that come before the others
    # What GetRecords raises, one after the other, where it should read from this position.
    fails: dict[int, list[dynamo.DynamoError]] = field(default_factory=dict)

    @property
    def ending(self) -> str:
        """The last number; of a closed shard without records one that was before all."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.records]
        return (numbers[-1] if numbers else f"{0:021d}") if self.closed else ""


@dataclass
class ScriptedStream:
    """A stream of scripted shards. `reads` notes the shard of every GetRecords, `asked` the one of every iterator and
    the checkpoint behind which it was asked for, as a number.
    """

    shards: dict[str, ScriptedShard] = field(default_factory=dict)
    arn: str = ARN
    reads: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    page_size: int = 1000
    throttled_listings: int = 0
    on: bool = True

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("current_stream", "list_shards", "shard_iterator", "get_records"):
            monkeypatch.setattr(dynamo, name, getattr(self, name))

    def put(self, shard: str, *images: dict[str, Any], event: str = "INSERT") -> None:
        """Append records with these new images; one without, as of an item that was removed, has {}."""
        records = self.shards.setdefault(shard, ScriptedShard()).records
        for image in images:
            number = sum(len(other.records) for other in self.shards.values()) + 1
            change = {"SequenceNumber": f"{number:021d}", "ApproximateCreationDateTime": WRITTEN_AT + number}
            records.append({"eventName": event, "dynamodb": change | ({"NewImage": image} if image else {})})

    def current_stream(self) -> tuple[str, bool]:
        return self.arn, self.on

    def list_shards(self, arn: str) -> list[Shard]:
        if self.throttled_listings:
            self.throttled_listings -= 1
            raise dynamo.Unavailable("DescribeStream: Rate exceeded")
        return [Shard(name, s.parent, s.ending) for name, s in self.shards.items() if s.listed and not s.gone]

    def shard_iterator(self, arn: str, shard_id: str, checkpoint: str) -> str | None:
        shard = self._shard(shard_id)
        self.asked.append((shard_id, int(checkpoint or 0)))
        numbers = [record["dynamodb"]["SequenceNumber"] for record in shard.records]
        position = sum(number <= checkpoint for number in numbers) if checkpoint else shard.trimmed
        if position < shard.trimmed:
            raise dynamo.PositionTrimmed("the position has been trimmed")
        return f"{shard_id}:{position}"

    def get_records(self, iterator: str, limit: int) -> Page:
        shard_id, _, position = iterator.rpartition(":")
        shard = self._shard(shard_id)
        self.reads.append(shard_id)
        start = int(position)
        if shard.fails.get(start):
            raise shard.fails[start].pop(0)
        if shard.broken:
            shard.broken -= 1
            return Page([], None)
        if shard.empty_pages:
            shard.empty_pages -= 1
            return Page([], iterator)
        records = shard.records[start : start + min(limit, self.page_size)]
        end = start + len(records)
        return Page(records, None if shard.closed and end == len(shard.records) else f"{shard_id}:{end}")

    def _shard(self, shard_id: str) -> ScriptedShard:
        shard = self.shards.get(shard_id)
        if shard is None or shard.gone:
            raise dynamo.StreamGone(f"Shard {shard_id} does not exist")
        return shard


def image(number: int, upload_id: str = "UP-1", vendor_id: str = "VEND001", **changes: str) -> dict[str, Any]:
    """The new image of a valid record, as another program would put it."""
    cells = {
        "vendor_product_id": f"P-{number}", "product_name": f"Product {number}", "category": "Books",
        "sku": f"SKU-{number}", "price": "9.99", "stock_quantity": "5",
    } | changes  # fmt: skip
    return {
        "upload_id": {"S": upload_id},
        "record_id": {"S": f"REC_{number:07d}"},
        "vendor_id": {"S": vendor_id},
        "row_number": {"N": str(number)},
        "product_data": {"M": {name: {"S": cell} for name, cell in cells.items()}},
        "status": {"S": "pending_validation"},
    }

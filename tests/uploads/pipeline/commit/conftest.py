"""Two vendors and two categories, and counters that tell what the ledger says at the end of each test."""

from collections.abc import Iterator

import pytest

from catalog.models import ProductCategory
from tests.uploads.pipeline.commit.records import assert_counters_tell_what_the_ledger_says
from uploads.models import StreamShard
from uploads.pipeline.guard import thresholds
from vendors.models import Vendor


@pytest.fixture(autouse=True)
def _ground(vendor: Vendor, other_vendor: Vendor) -> Iterator[None]:
    for name in ("Electronics", "Books"):
        ProductCategory.objects.create(category_name=name)
    yield
    assert_counters_tell_what_the_ledger_says()


@pytest.fixture
def shard(db: None) -> StreamShard:
    return StreamShard.objects.create(stream_arn="arn", shard_id="shard-1", lease_epoch=3, checkpoint="100")


@pytest.fixture(autouse=True)
def whatever_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much programs may change within an hour is another matter (tests/uploads/pipeline/holding/)."""
    monkeypatch.setattr(thresholds, "DEFAULTS", ())

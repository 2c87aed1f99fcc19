"""A vendor's server as a script: what it answers to each fetch, and who asked."""

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO

from uploads.models import Source
from uploads.sources.fetch import Fetched, FetchFailed, Unchanged
from vendors.models import Vendor

Answer = bytes | FetchFailed | Unchanged | Exception | Callable[[], Any]
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+0"
ROWS = b"vendor_product_id,product_name,sku,price,category,stock\nP-1,Kettle,K-1,19.90,Kitchen & Dining,3\n"


def add_source(vendor: Vendor, **facts: Any) -> Source:
    """A source that is due, every day at 3:00 in UTC unless said otherwise."""
    return Source.objects.create(
        **{"vendor": vendor, "name": "Night feed", "url": "https://shop.example/feed.csv",
           "next_at": "2026-01-01T03:00Z", "slot_at": "2026-01-01T03:00Z"} | facts
    )  # fmt: skip


class Site:
    """Stands where uploads.sources.fetch.fetched does; the last answer is given again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [ROWS]
        self.asked: list[Source] = []

    def fetched(self, source: Source, into: BinaryIO) -> Fetched | Unchanged:
        self.asked.append(source)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer) and not isinstance(answer, type):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Unchanged):
            return answer
        assert isinstance(answer, bytes)
        into.write(answer)
        sha256 = hashlib.sha256(answer).hexdigest()
        return Fetched(
            size=len(answer), sha256=sha256, etag=f'"{sha256[:8]}"', last_modified="", remote_size=None,
            remote_time=None, file_name="feed.csv",
        )  # fmt: skip

"""A feed as its bytes, and what the parser makes of it."""

import io
from collections.abc import Iterable
from typing import Any

import pytest

from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Limits, Row, inspect, rows

HEADER = "vendor_product_id,product_name,category,sku,price,stock_quantity"
GOOD = "P1,Lamp,Home,S1,9.99,5"
WIDTH = 6


class Counted(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    served = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.served += len(piece)
        return piece


def feed(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *lines)).encode()


def read(data: bytes, limits: Limits | None = None) -> list[Row]:
    file = io.BytesIO(data)
    limits = limits or Limits()
    return list(rows(file, inspect(file, limits), limits=limits))


def layout_of(data: bytes, **kwargs: Any) -> Layout:
    return inspect(io.BytesIO(data), **kwargs)


def codes(found: Iterable[Row]) -> list[str]:
    """ "" for a readable row."""
    return [row.problem.code.value if row.problem else "" for row in found]


def cells(data: bytes) -> list[list[str]]:
    found = read(data)
    assert codes(found) == [""] * len(found)
    return [list(row.cells.values()) for row in found]


def refusal(data: bytes, limits: Limits | None = None) -> FeedError:
    with pytest.raises(FeedError) as caught:
        layout_of(data, limits=limits or Limits())
    return caught.value

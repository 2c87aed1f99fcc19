"""Heads on disk are those in memory, however little of them memory has room for."""

import random

import pytest

from uploads.feed.apart import kept_heads
from uploads.feed.apart.kept_heads import OnDisk
from uploads.feed.formats.groups import Head, InMemory


@pytest.mark.parametrize("room", [1, 2_000, 8_000_000])
@pytest.mark.parametrize("above", [False, True], ids=["by their keys", "by the nearest row above"])
def test_what_was_put_is_found_again(room: int, above: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_heads, "MOST_CHARS", room)
    chance, memory = random.Random(1), InMemory()
    with OnDisk() as disk:
        for row in range(1, 400):
            key, at = ("", row) if above else (f"k{chance.randrange(40)}", 0)
            before = disk.get(key, row if above else 0)
            assert before == memory.get(key, row if above else 0)
            if above and before and chance.random() < 0.5:  # a variant that joins
                at, head = before.row, Head(before.row, before.cells, variants=before.variants + 1)
            else:
                head = Head(row, {"Title": "x" * chance.randrange(300)})
            for kept in (disk, memory):
                kept.put(key, at, head)
        for _ in range(400):
            row = chance.randrange(1, 420)
            place = ("", row) if above else (f"k{row % 50}", 0)
            assert disk.get(*place) == memory.get(*place)

"""How processes begin."""

import gc


def test_whatever_begins_looks_for_garbage_as_seldom_as_workers_do() -> None:
    assert gc.get_threshold() == (50_000, 20, 20)

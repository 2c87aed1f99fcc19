"""Which of the workers of a run (`-n`) does what: files of tests that wait beside files that need the processor.

Begun last, tests that wait for processes and browsers would keep one worker busy after the others are done. So they are
begun first, but never by all workers at once: then there would be nothing that uses the time in which they wait.
"""

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # no types of its own

# What waits for processes and browsers, the longest first.
LONG: Final = (
    "tests/journey/test_torture.py",
    "tests/browser/programs/",
    "tests/faults/",
    "tests/journey/",
    "tests/deploy/",
    "tests/config/",
    "tests/browser/",
    "tests/bench/load/",
    "tests/site/test_outages.py",
)


def rank(name: str) -> int:
    """Where a test stands among those that take long; behind them all where it doesn't."""
    return next((n for n, start in enumerate(LONG) if name.startswith(start)), len(LONG))


def is_long(name: str) -> bool:
    return rank(name) < len(LONG)


class Sharing(LoadFileScheduling):  # type: ignore[misc] # the same
    """As with `--dist loadfile`, a worker takes a file at a time: the next that takes long, unless all others are at
    such files already. When there is one kind alone left, all take that.
    """

    def _assign_work_unit(self, node: Any) -> None:
        others = [one for one in self.nodes if one is not node]
        waiting = sum(self._is_at_long(one) for one in others)
        name = choose(list(self.workqueue), waiting < max(1, len(others)))
        self.workqueue.move_to_end(name, last=False)
        super()._assign_work_unit(node)

    def _is_at_long(self, node: Any) -> bool:
        return any(is_long(name) and not all(tests.values()) for name, tests in self.assigned_work[node].items())


def choose(names: list[str], long: bool) -> str:
    """The first that takes long, or that doesn't; where there is none, the first of the others."""
    return next((name for name in names if is_long(name) is long), names[0])


def scheduling(config: pytest.Config, log: Any) -> Sharing | None:
    """For `--dist loadfile`; other ways are xdist's own."""
    return Sharing(config, log) if config.getvalue("dist") == "loadfile" else None

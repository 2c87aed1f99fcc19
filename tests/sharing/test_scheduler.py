"""Of the workers of a run one is always left for what needs the processor, while there is some."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.sharing.scheduler import Sharing, is_long, scheduling

LONG = [f"tests/journey/test_{name}.py" for name in "abc"]
SHORT = [f"tests/catalog/test_{name}.py" for name in "defg"]


class Worker:
    """Notes what it is sent."""

    shutting_down = False

    def __init__(self) -> None:
        self.gateway = SimpleNamespace(id="gw")
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def shared(files: list[str], workers: int, tests: int = 4) -> tuple[Sharing, list[Worker]]:
    """The first files that so many workers take, in each of which are so many tests."""
    values = {"tx": ["popen"] * workers, "dist": "loadfile"}
    config: Any = SimpleNamespace(getvalue=values.get, option=SimpleNamespace(loadscopereorder=False))
    made = scheduling(config, None)
    assert isinstance(made, Sharing)
    nodes = [Worker() for _ in range(workers)]
    names = [f"{name}::test_{number}" for name in files for number in range(tests)]
    for node in nodes:
        made.add_node(node)
        made.add_node_collection(node, names)
    made.schedule()
    return made, nodes


def taken(made: Sharing, nodes: list[Worker]) -> list[list[str]]:
    return [list(made.assigned_work[node]) for node in nodes]


def do(made: Sharing, node: Worker, tests: int) -> None:
    for _ in range(tests):
        made.mark_test_complete(node, node.sent.pop(0))


@pytest.mark.parametrize("workers", [2, 3])
def test_one_worker_has_what_does_not_wait(workers: int) -> None:
    found = taken(*shared([*LONG, *SHORT], workers))
    assert sum(is_long(name) for names in found for name in names) == workers - 1


def test_who_is_done_with_what_takes_long_goes_on_with_it() -> None:
    made, nodes = shared([*LONG, *SHORT], 3)
    do(made, nodes[0], 2)
    assert taken(made, nodes) == [[LONG[0], LONG[2]], [LONG[1]], [SHORT[0]]]


def test_who_is_done_with_what_does_not_goes_on_with_that() -> None:
    made, nodes = shared([*LONG, *SHORT], 3)
    do(made, nodes[2], 2)
    assert taken(made, nodes)[2] == SHORT[:2]


@pytest.mark.parametrize("files", [LONG, SHORT])
def test_where_there_is_one_kind_alone_all_take_it(files: list[str]) -> None:
    made, nodes = shared(files, 3)
    assert taken(made, nodes) == [[name] for name in files[:3]]


def test_every_test_is_sent_once() -> None:
    made, nodes = shared([*LONG, *SHORT], 3)
    done: list[int] = []
    while any(node.sent for node in nodes):
        for node in nodes:
            if node.sent:
                done.append(node.sent[0])
                do(made, node, 1)
    assert sorted(done) == list(range(28))


def test_one_worker_begins_with_what_takes_long() -> None:
    assert taken(*shared([*LONG, *SHORT], 1)) == [[LONG[0]]]


def test_other_ways_to_share_are_those_of_xdist() -> None:
    config: Any = SimpleNamespace(getvalue={"dist": "load"}.get)
    assert scheduling(config, None) is None

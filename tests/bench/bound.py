"""What a figure is bound by: a profile in one line."""

import cProfile
import pstats
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from config.embedded.processes import ROOT

TOP_MODULES = 6
TOP_FUNCTIONS = 4

Function = tuple[str, int, str]  # file, line, name, as pstats has them


def profile(run: Callable[[], object], *elsewhere: tuple[object, str]) -> str:
    """Where the CPU time of one run goes: shares by module, and the functions that take most. Waiting doesn't count.

    cProfile sees the thread that starts it only; `elsewhere` names functions (module, name) that run in others. Its own
    cost falls on small functions, so shares are to be read as such, and never as times.
    """
    profiles = [_profiler()]
    with ExitStack() as stack:
        for module, name in elsewhere:
            stack.enter_context(_profiled(module, name, profiles))
        profiles[0].runcall(run)
    stats = pstats.Stats(*profiles)
    return summary(stats.stats)  # type: ignore[attr-defined] # the documented use of Stats, not in its stubs


def _profiler() -> cProfile.Profile:
    return cProfile.Profile(time.thread_time)


@contextmanager
def _profiled(module: object, name: str, profiles: list[cProfile.Profile]) -> Iterator[None]:
    """Each call of module.name gets a profile of its own."""
    function = getattr(module, name)

    def wrapper(*arguments: Any) -> Any:
        own = _profiler()
        try:
            own.enable()
        except ValueError:  # from Python 3.12 on there is one profiler at a time, which sees all threads
            return function(*arguments)
        try:
            return function(*arguments)
        finally:
            own.disable()
            profiles.append(own)

    with patch.object(module, name, wrapper):
        yield


def summary(stats: dict[Function, Any]) -> str:
    """One line: the modules by share of the time, then the functions."""
    modules: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for function, (_, _, own_time, _, callers) in stats.items():
        if "_lsprof" in function[2]:  # the profiler itself
            continue
        # What is written in C has no file: its time counts for whoever calls it.
        parts = (
            [(caller[0], facts[2]) for caller, facts in callers.items()]
            if function[0] == "~"
            else [(function[0], own_time)]
        )
        for file, seconds in parts:
            modules[_module(file)] += seconds
        functions[_function(function)] += own_time
    total = sum(functions.values()) or 1.0
    return f"{_top(modules, total, TOP_MODULES)}; most of all {_top(functions, total, TOP_FUNCTIONS)}"


def _top(times: Counter[str], total: float, count: int) -> str:
    return ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in times.most_common(count))


def _module(file: str) -> str:
    """`uploads/pipeline/stage.py` for ours, the package's name for others, the module's for Python's own."""
    if file == "<string>":
        return "named tuples"
    path = Path(file)
    if "site-packages" in path.parts:
        return Path(*path.parts[path.parts.index("site-packages") + 1 :][:1]).stem
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).as_posix()
    return path.parent.name if path.stem == "__init__" else path.stem


def _function(function: Function) -> str:
    file, _, name = function
    return name if file == "~" else f"{name} ({_module(file)})"

"""Tasks, watched: which request woke one, what it is about, how long it took, and whether it raised.

The IDs travel in a header of the message. A task of an upload or a job is known by its arguments, whoever woke it.
Celery's signals call these; `connect` is called where the application is made (config/celery.py).
"""

import inspect
import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Final

from celery import signals

from config.watch import counted, ids, meters, traces

HEADER: Final = "onboarding"
TRAVELLING: Final = (ids.REQUEST, ids.UPLOAD, ids.VENDOR, ids.JOB)
OK, FAILED = "ok", "failed"
NAMED: Final = {"upload_id": ids.UPLOAD, "job_id": ids.JOB}

_under_way: dict[str, tuple[ExitStack, float, Any]] = {}  # by the task's ID: one at a time in each process


def connect() -> None:
    signals.before_task_publish.connect(_sent, dispatch_uid="watch")
    signals.task_prerun.connect(_begins, dispatch_uid="watch")
    signals.task_postrun.connect(_ended, dispatch_uid="watch")
    signals.worker_process_init.connect(_born, dispatch_uid="watch")
    signals.after_setup_logger.connect(_dressed, dispatch_uid="watch")
    signals.after_setup_task_logger.connect(_dressed, dispatch_uid="watch")


def _dressed(**_: Any) -> None:
    """Celery's loggers that have handlers of their own write as all others do."""
    formatter = next((handler.formatter for handler in logging.getLogger().handlers), None)
    for name in ("multiprocessing", "celery.task"):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(formatter)


def _sent(headers: Any = None, **_: Any) -> None:
    if isinstance(headers, dict):
        known = {name: value for name, value in ids.known().items() if name in TRAVELLING}
        headers[HEADER] = {**known, **traces.carried()}


def _begins(task_id: str = "", task: Any = None, args: Any = (), kwargs: Any = None, **_: Any) -> None:
    carried = getattr(task.request, HEADER, None)
    carried = carried if isinstance(carried, Mapping) else {}
    stack = ExitStack()
    stack.enter_context(ids.of({**carried, **about(task, args, kwargs or {}), ids.TASK: task.name}))
    span = stack.enter_context(traces.span(f"task {task.name}", carried))
    _under_way[task_id] = (stack, time.perf_counter(), span)


def _ended(task_id: str = "", task: Any = None, state: Any = None, **_: Any) -> None:
    if task_id not in _under_way:
        return
    stack, began, span = _under_way.pop(task_id)
    result = OK if state == "SUCCESS" else FAILED
    span.named(f"task {task.name}", result=result)
    meters.took(meters.TASKS, time.perf_counter() - began, task.name, result)
    stack.close()


def _born(**_: Any) -> None:
    counted.bury()


def about(task: Any, args: Any, kwargs: Mapping[str, Any]) -> dict[str, object]:
    """What the arguments name. What can't be passed is for the task itself to say."""
    try:
        passed = inspect.signature(task.run).bind(*args, **kwargs).arguments
    except TypeError:
        return {}
    return {NAMED[name]: value for name, value in passed.items() if name in NAMED}

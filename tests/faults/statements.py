"""Let something happen when PostgreSQL is sent a statement: an error, a lost connection, somebody else's work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

# What moves the counters is the last statement of a batch but for the checkpoint.
COUNTERS = "UPDATE upload_history u"


@contextmanager
def before_statements(text: str, happen: Callable[[], None]) -> Iterator[None]:
    """Call this before each statement with the text in it; what it raises is raised in the statement's place."""

    def around(execute: Callable[..., Any], statement: Any, *arguments: Any) -> Any:
        if text in str(statement):
            happen()
        return execute(statement, *arguments)

    with connection.execute_wrapper(around):
        yield


def failing(error: Exception) -> Callable[[], None]:
    """Something that raises this."""

    def fail() -> None:
        raise error

    return fail

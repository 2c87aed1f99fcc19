"""All tests in this folder have their table on AWS's own engine, and everything else where it always is."""

import pytest

from tests.engine.endpoint import Engine


@pytest.fixture
def table(aws_engine: Engine, table: str) -> str:
    """A table of the test's own, made by the product on that engine."""
    return table

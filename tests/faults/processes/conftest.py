"""Workers in processes of their own."""

from collections.abc import Iterator

import pytest

from tests.faults.processes import puppets


@pytest.fixture(scope="module", name="puppets")
def _puppets(django_db_setup: None) -> Iterator[puppets.Puppets]:
    """Workers on the test's database, for one signal each."""
    with puppets.started() as made:
        yield made

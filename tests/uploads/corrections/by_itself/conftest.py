"""What the tests of rows that are retried by themselves begin with."""

import pytest

from tests.conftest import Pipeline
from uploads.models import Happening
from vendors.models import Vendor


@pytest.fixture
def wanted(pipeline: Pipeline) -> None:
    """VEND001 wants its rows retried by themselves, and what the other fixtures did is over."""
    Vendor.objects.filter(pk="VEND001").update(retries_by_itself=True)
    Happening.objects.all().delete()

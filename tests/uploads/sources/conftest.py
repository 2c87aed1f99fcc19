"""A site that is fetched from, by a script; what talks to real servers has tests of its own."""

from typing import Any

import pytest

from tests.uploads.sources.sites import Site, add_source
from uploads.models import Source
from uploads.sources import fetch
from uploads.work import wakeups
from vendors.models import Vendor


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The tasks that were woken, which nobody does here."""
    tasks: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda task, *arguments, **_: tasks.append((task, *arguments)))
    return tasks


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, bucket: None, woken: list[Any]) -> Site:
    """The server of every source."""
    site = Site()
    monkeypatch.setattr(fetch, "fetched", site.fetched)
    return site


@pytest.fixture
def source(vendor: Vendor) -> Source:
    """A source of VEND001 that is due."""
    return add_source(vendor)

"""Of a vendor's files one is read at a time, whoever else sends some."""

import pytest
from django.core.cache import cache

from uploads.work import turns
from uploads.work.turns import Busy, turn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.0)


def test_a_vendor_has_one_turn_at_a_time_and_another_vendor_its_own() -> None:
    with turn("VEND001", 60):
        with pytest.raises(Busy), turn("VEND001", 60):
            pass
        with turn("VEND002", 60):
            pass
    with turn("VEND001", 60):
        pass


def test_a_turn_ends_with_its_work_however_that_ends() -> None:
    with pytest.raises(ZeroDivisionError), turn("VEND001", 60):
        _ = 1 / 0
    with turn("VEND001", 60):
        pass


def test_who_waits_has_the_turn_as_soon_as_the_one_before_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 60.0)
    before = turn("VEND001", 60)
    before.__enter__()
    monkeypatch.setattr("time.sleep", lambda _: before.__exit__(None, None, None))
    with turn("VEND001", 60):
        pass


def test_a_turn_that_took_longer_than_it_may_leaves_the_next_one_alone() -> None:
    late = turn("VEND001", 60)
    late.__enter__()
    cache.clear()  # as when its time is over
    with turn("VEND001", 60):
        late.__exit__(None, None, None)
        with pytest.raises(Busy), turn("VEND001", 60):
            pass

"""When a source is fetched: by the clock on the wall of its time zone, whatever is done to that clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploads.sources.schedule import Schedule, try_again_at


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(every: str = "day", hour: int = 3, minute: int = 0, zone: str = "UTC", weekday: int = 0) -> Schedule:
    return Schedule(every, weekday, hour, minute, zone)


@pytest.mark.parametrize(
    ("plan", "moment", "comes"),
    [
        (schedule("hour", minute=15), "2026-11-26T10:14:59", "2026-11-26T10:15:00"),
        (schedule("hour", minute=15), "2026-11-26T10:15:00", "2026-11-26T11:15:00"),
        (schedule("hour", minute=15, zone="Asia/Kolkata"), "2026-11-26T10:00:00", "2026-11-26T10:45:00"),
        (schedule("day", 3), "2026-11-26T03:00:00", "2026-11-27T03:00:00"),
        (schedule("day", 3, 30, "Europe/Berlin"), "2026-11-26T00:00:00", "2026-11-26T02:30:00"),
        (schedule("day", 3, 30, "Europe/Berlin"), "2026-07-01T00:00:00", "2026-07-01T01:30:00"),
        (schedule("day", 0, 0, "Pacific/Kiritimati"), "2026-11-26T09:00:00", "2026-11-26T10:00:00"),
        # The evening of Sunday in UTC is Monday in Auckland.
        (schedule("week", 6, 0, "Pacific/Auckland", 0), "2026-11-26T00:00:00", "2026-11-29T17:00:00"),
        (schedule("week", 6, 0, "UTC", 3), "2026-11-26T06:00:00", "2026-12-03T06:00:00"),
    ],
)
def test_the_next_slot_is_the_first_after_the_moment(plan: Schedule, moment: str, comes: str) -> None:
    assert plan.after(utc(moment)) == utc(comes)


@pytest.mark.parametrize(
    ("plan", "moment", "comes"),
    [
        # Berlin puts 2:00 forward to 3:00 on 29 March 2026, at 1:00 UTC.
        (schedule("day", 2, 30, "Europe/Berlin"), "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        (schedule("day", 2, 0, "Europe/Berlin"), "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        (schedule("week", 2, 30, "Europe/Berlin", 6), "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        (schedule("hour", minute=30, zone="Europe/Berlin"), "2026-03-29T00:30:00", "2026-03-29T01:00:00"),
        (schedule("hour", minute=0, zone="Europe/Berlin"), "2026-03-29T01:00:00", "2026-03-29T02:00:00"),
        # Lord Howe puts 2:00 forward to 2:30 on 4 October 2026, at 15:30 UTC of the day before.
        (schedule("day", 2, 10, "Australia/Lord_Howe"), "2026-10-03T00:00:00", "2026-10-03T15:30:00"),
        (schedule("day", 2, 30, "Australia/Lord_Howe"), "2026-10-03T00:00:00", "2026-10-03T15:30:00"),
        # Samoa left out the whole of 30 December 2011.
        (schedule("day", 6, 0, "Pacific/Apia"), "2011-12-29T16:00:00", "2011-12-30T10:00:00"),
    ],
)
def test_a_time_that_is_left_out_comes_at_the_end_of_the_gap(plan: Schedule, moment: str, comes: str) -> None:
    assert plan.after(utc(moment)) == utc(comes)


@pytest.mark.parametrize(
    ("plan", "first", "then"),
    [
        # Berlin puts 3:00 back to 2:00 on 25 October 2026, at 1:00 UTC.
        (schedule("day", 2, 30, "Europe/Berlin"), "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
        (schedule("hour", minute=30, zone="Europe/Berlin"), "2026-10-25T00:30:00", "2026-10-25T02:30:00"),
        # Lord Howe puts 2:00 back to 1:30 on 5 April 2026.
        (schedule("day", 1, 45, "Australia/Lord_Howe"), "2026-04-04T14:45:00", "2026-04-05T15:15:00"),
    ],
)
def test_a_time_that_comes_twice_is_one_slot(plan: Schedule, first: str, then: str) -> None:
    assert plan.after(utc(first) - timedelta(seconds=1)) == utc(first)
    assert plan.after(utc(first)) == utc(then)


@given(
    st.integers(1_300_000_000, 2_100_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.builds(
        Schedule, st.sampled_from(["hour", "day", "week"]), st.integers(0, 6), st.integers(0, 23), st.integers(0, 59),
        st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
                         "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns", "Antarctica/Troll"]),
    ),
)  # fmt: skip
def test_slots_follow_each_other_and_none_is_between_the_latest_and_the_next(moment: datetime, plan: Schedule) -> None:
    latest, comes = plan.latest(moment), plan.after(moment)
    assert latest <= moment < comes
    assert plan.after(latest) == comes
    assert plan.latest(comes - timedelta(microseconds=1)) == latest
    most = {"hour": timedelta(hours=2), "day": timedelta(hours=50), "week": timedelta(days=8, hours=2)}[plan.every]
    assert timedelta() < comes - latest <= most
    shown = comes.astimezone(ZoneInfo(plan.time_zone))
    assert shown.minute == plan.minute or shown.minute in (0, 30)  # the end of a gap


def test_a_slot_is_tried_again_after_longer_and_longer_but_never_into_the_next() -> None:
    now, tomorrow = utc("2026-11-26T03:00:00"), utc("2026-11-27T03:00:00")
    minutes = [(again - now).seconds // 60 if (again := try_again_at(now, n, tomorrow)) else None for n in (1, 2, 3, 4)]
    assert minutes == [1, 5, 15, None]
    assert try_again_at(now, 3, now + timedelta(minutes=15)) is None
    assert try_again_at(now, 3, now + timedelta(minutes=16)) == now + timedelta(minutes=15)

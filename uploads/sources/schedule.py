"""When a source is fetched: slots by the clock on the wall of a time zone. Pure.

A slot whose time is left out, as the clock is put forward, comes at the first moment after the gap. One whose time
comes twice, as the clock is put back, comes once, at the first of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOUR, DAY, WEEK = "hour", "day", "week"  # as in Source.Every
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# How far around a moment slots are looked for: more than the longest time between two, and than any clock was moved.
_AROUND: Final = {HOUR: timedelta(hours=28), DAY: timedelta(days=3), WEEK: timedelta(days=10)}
# How long after a failed try the next one comes, within the same slot.
BACKOFF: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
TRIES: Final = 1 + len(BACKOFF)


@dataclass(frozen=True)
class Schedule:
    """Every hour at `minute`; every day at `hour` too; every week on `weekday` too, of which Monday is 0."""

    every: str
    weekday: int
    hour: int
    minute: int
    time_zone: str

    @property
    def said(self) -> str:
        """In words: `every Monday at 03:00`, by the clock of the time zone."""
        if self.every == HOUR:
            return f"every hour at minute {self.minute:02d}"
        return f"every {WEEKDAYS[self.weekday] if self.every == WEEK else 'day'} at {self.hour:02d}:{self.minute:02d}"

    def after(self, moment: datetime) -> datetime:
        """The first slot after an aware moment, in UTC."""
        return min(slot for slot in self._around(moment) if slot > moment)

    def latest(self, moment: datetime) -> datetime:
        """The last slot that isn't after an aware moment, in UTC."""
        return max(slot for slot in self._around(moment) if slot <= moment)

    def _around(self, moment: datetime) -> Iterator[datetime]:
        zone = ZoneInfo(self.time_zone)
        middle = moment.astimezone(zone).replace(tzinfo=None, minute=self.minute, second=0, microsecond=0)
        if self.every != HOUR:
            middle = middle.replace(hour=self.hour)
        step = timedelta(hours=1) if self.every == HOUR else timedelta(days=1)
        wall, end = middle - _AROUND[self.every], middle + _AROUND[self.every]
        while wall <= end:
            if self.every != WEEK or wall.weekday() == self.weekday:
                yield _at(wall, zone)
            wall += step


def _at(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock on the wall first shows this; if it never does, when it was put forward over it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # By the offset before the gap the moment is after it, by the one behind the gap before it: between them it lies.
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    behind = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == behind:
            late = middle
        else:
            early = middle
    return late


def try_again_at(now: datetime, tries: int, next_slot: datetime) -> datetime | None:
    """When a slot that failed so often is tried again; None where it is given up, at the next slot at the latest."""
    if tries >= TRIES:
        return None
    again = now + BACKOFF[tries - 1]
    return again if again < next_slot else None

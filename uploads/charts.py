"""Charts as the admin shows them: a table, which uploads/static/uploads/charts.js draws as bars above it.

The table is the data: it is what is shown without JavaScript, and what screen readers read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import intcomma

from config.admin import visible
from uploads.dashboard import Day, Kind, start_of
from uploads.feed.problems import label_of

# Leads to one of the admin's lists under filters; "" for those who may not see it.
Way = Callable[..., str]


@dataclass(frozen=True)
class Bar:
    """One line of the table. `url` leads to what it counts, "" leads nowhere."""

    name: str
    url: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Chart:
    """`kind` is "days" (bars over time, stacked) or "kinds" (the longest bar on top)."""

    key: str
    kind: str
    title: str
    summary: str
    columns: tuple[str, ...]
    bars: tuple[Bar, ...]


def of_days(days: Sequence[Day], way: Way, **filters: object) -> Chart:
    """Valid rows and rows with errors per day; a day leads to its uploads."""
    valid, errors = sum(day.valid for day in days), sum(day.errors for day in days)
    return Chart(
        "days",
        "days",
        f"Rows per day, last {len(days)} days",
        f"{intcomma(valid)} rows valid, {intcomma(errors)} with errors.",
        ("Day", "Valid", "With errors"),
        tuple(
            Bar(f"{day.day:%Y-%m-%d}", _of_day(day, way, filters) if day.uploads else "", (day.valid, day.errors))
            for day in days
        ),
    )


def _of_day(day: Day, way: Way, filters: dict[str, object]) -> str:
    since, until = start_of(day.day).isoformat(), start_of(day.day + timedelta(days=1)).isoformat()
    return way("uploads_uploadhistory", **filters, created_at__gte=since, created_at__lt=until)


def of_kinds(kinds: Sequence[Kind], days: int, way: Way, **filters: object) -> Chart:
    """The most frequent types of error; a type leads to its errors."""
    return Chart(
        "kinds",
        "kinds",
        f"Most frequent errors, last {days} days",
        "; ".join(f"{visible(label_of(kind.code))}: {intcomma(kind.problems)}" for kind in kinds[:3]) + ".",
        ("Type", "Problems"),
        tuple(
            Bar(
                visible(label_of(kind.code)),
                way("uploads_validationerror", **filters, error_type=kind.code),
                (kind.problems,),
            )
            for kind in kinds
        ),
    )

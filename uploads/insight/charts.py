"""Charts as the admin shows them: a table, which uploads/static/uploads/charts.js draws as bars above it.

The table is the data: it is what is shown without JavaScript, and what screen readers read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma

from catalog.rules.problems import label_of
from config.web.text import visible
from uploads.insight.operations import Day, FrequentKind, start_of

# Leads to one of the admin's lists under filters; "" for those who may not see it.
Way = Callable[..., str]


@dataclass(frozen=True)
class Bar:
    """One line of the table. `url` leads to what it counts, "" leads nowhere."""

    name: str
    url: str
    numbers: tuple[int | float, ...]


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


def _of_day(day: Day, way: Way, filters: dict[str, object], length: int = 1, first: date = date.min) -> str:
    """The uploads that were counted: none of before the `first` day of a chart."""
    since = start_of(max(day.day, first)).isoformat()
    until = start_of(day.day + timedelta(days=length)).isoformat()
    return way("uploads_uploadhistory", **filters, created_at__gte=since, created_at__lt=until)


def of_kinds(kinds: Sequence[FrequentKind], days: int, way: Way, **filters: object) -> Chart:
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
                way("uploads_validationerror", **filters, error_type=kind.code, state="all"),
                (kind.problems,),
            )
            for kind in kinds
        ),
    )


def of_rates(days: Sequence[Day], way: Way, **filters: object) -> Chart:
    """The share of rows with errors, in percent, week by week; single days say little of vendors who send weekly.

    A week without rows is left out: it has no rate, and 0 would look like a good one.
    """
    weeks: dict[date, list[Day]] = {}
    for day in days:
        weeks.setdefault(day.day - timedelta(days=day.day.weekday()), []).append(day)
    summed = [Day(monday, sum(d.uploads for d in week), sum(d.valid for d in week), sum(d.errors for d in week))
              for monday, week in weeks.items()]  # fmt: skip
    rates = [(week, 100 * week.error_rate) for week in summed if week.error_rate is not None]
    newest = f"{rates[-1][1]:.1f}% in the last week with rows" if rates else "No rows were sent"
    return Chart(
        "rates",
        "days",
        f"Rows with errors in percent, by week, last {len(days)} days",
        f"{newest}{f', {rates[-2][1]:.1f}% in the one before' if len(rates) > 1 else ''}.",
        ("Week from", "With errors, %"),
        tuple(
            Bar(f"{week.day:%Y-%m-%d}", _of_day(week, way, filters, 7, days[0].day), (round(rate, 1),))
            for week, rate in rates
        ),
    )

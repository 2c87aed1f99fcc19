"""Dates look the same on the pages of staff and of vendors, and as in files."""

from datetime import datetime

from django.template import Context, Template
from django.utils.timezone import get_current_timezone


def test_dates_are_written_as_iso_8601_has_them() -> None:
    moment = Context({"moment": datetime(2026, 3, 9, 21, 5, tzinfo=get_current_timezone()), "number": 1234567})
    shown = '{{ moment }} | {{ moment|date:"DATE_FORMAT" }} | {{ moment|date:"TIME_FORMAT" }} | {{ number }}'
    assert Template(shown).render(moment) == "2026-03-09 21:05 | 2026-03-09 | 21:05 | 1,234,567"

"""The form of failed rows, as vendors and staff send it: `n-error` names a row by one of its problems, `n-attempt` is
the attempt that they saw, `n-ignore` sets it aside, and `n-price` is what its price should be.

What is done is the same on both faces, and what is said of it; who may, and where it stands, is theirs.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.messages import ERROR, INFO, SUCCESS, WARNING

from catalog.rules.fields import READ
from config.web.admin_log import log_change
from config.web.text import counted
from uploads.aws.records import storable
from uploads.corrections import correct, error_rows, failed_rows, ignoring
from uploads.corrections.correct import Change
from uploads.corrections.retry import NotRetriable
from uploads.models import UploadHistory

Said = list[tuple[int, str]]  # (level of a message, sentence)


def save(upload: UploadHistory, posted: Mapping[str, str], user: Any, why_not: str, about: str) -> Said:
    """Ignore the rows that are to be ignored, retry those in which something was changed, and say what became of them.

    `why_not` says why nothing of the upload can be retried, or "": rows can be ignored all the same. `about` stands in
    the admin's log.
    """
    changes, aside = _changes(upload, posted)
    said: Said = []
    if aside:
        ignored = ignoring.set_aside([row.key for row in failed_rows.of(upload.pk, aside)], user)
        said.append((SUCCESS, f"{rows_are(ignored)} ignored. They stand under “Ignored”, to be taken back."))
        log_change(user, upload, f"Ignored {ignored:,} rows {about}.")
    if why_not:
        return said or [(ERROR, why_not)]
    try:
        tried = correct.correct_rows(upload.pk, changes, user)
    except NotRetriable as error:
        return [*said, (ERROR, str(error))]
    if tried.outcomes:
        log_change(user, upload, f"Corrected {len(tried.outcomes):,} rows {about}.")
    return [*said, *_told(tried)] or [(INFO, "Nothing was changed, so nothing was retried.")]


def _changes(upload: UploadHistory, posted: Mapping[str, str]) -> tuple[list[Change], list[str]]:
    """The rows of the form with their cells, whether changed or not, and the records of those to be ignored."""
    asked = {number: _number(posted.get(f"{number}-error", "")) for number in range(correct.PAGE_ROWS)}
    known = error_rows.records(upload, asked.values())
    rows = {number: known[error_id] for number, error_id in asked.items() if error_id in known}
    aside = [number for number in rows if f"{number}-ignore" in posted]
    changes = [
        Change(record_id, _number(posted.get(f"{number}-attempt", "")), _cells(posted, number))
        for number, record_id in rows.items()
        if number not in aside
    ]
    return changes, [rows[number] for number in aside]


def _number(text: str) -> int:
    """What a hidden field says; 0, which nothing has, for what isn't of our making."""
    return min(int(text), 2**31 - 1) if text.isdecimal() and len(text) <= 10 else 0


def _cells(posted: Mapping[str, str], number: int) -> dict[str, str]:
    return {field: storable(posted[name]) for field in READ if (name := f"{number}-{field}") in posted}


def _told(tried: correct.Tried) -> Said:
    failed = sum(outcome.outcome == "error" for outcome in tried.outcomes)
    right = len(tried.outcomes) - failed
    sentences = [
        (SUCCESS, right, f"{rows_are(right)} right now."),
        (WARNING, failed, f"{rows_are(failed)} still wrong. What is wrong now stands beside the cells."),
        (WARNING, tried.overtaken, f"{rows_are(tried.overtaken)} left alone: somebody else tried them meanwhile."),
    ]
    return [(level, sentence) for level, rows, sentence in sentences if rows]


def rows_are(number: int) -> str:
    """`2 rows are`."""
    return counted(number, "{} row is", "{} rows are")

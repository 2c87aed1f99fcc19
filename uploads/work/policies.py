"""How long what is kept: one table. What is older than its setting says is deleted (uploads.keeping); 0 is for ever.

docs/operations.md has the same table for people; a test compares the two.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error

from config.web.text import counted
from uploads.models import Kept

FILES: Final = "files"
REPORTS: Final = "reports"
RECORDS: Final = "records"
ROWS: Final = "rows"
ERRORS: Final = "errors"
PREVIEWS: Final = "previews"
JOBS: Final = "jobs"
ADMIN_LOG: Final = "admin_log"
SESSIONS: Final = "sessions"
OUTAGES: Final = "outages"
SECURITY_LOG: Final = "security_log"
WORK: Final = "work"
NOTES: Final = "notes"
CALLS: Final = "calls"
SOURCE_RUNS: Final = "source_runs"
FEEDS: Final = "feeds"
DELIVERIES: Final = "deliveries"
MAILS: Final = "mails"


@dataclass(frozen=True)
class Policy:
    """One kind: what is deleted, by which setting, counted from when, and what stays. `least` is what a setting says at
    least, where it isn't 0; "" is a kind that nobody sets."""

    says: str
    setting: str
    since: str
    stays: str
    least: int = 1

    @property
    def days(self) -> int:
        return int(getattr(settings, self.setting)) if self.setting else 0

    @property
    def kept(self) -> str:
        """For how long, in words."""
        if not self.setting:
            return self.since
        return f"{span(self.days)} {self.since}" if self.days else "for ever"


# A record that comes late, or again, must still find its row: the stream keeps a day, and a table is read within days.
LEAST_ROWS: Final = 30
# What is done with an upload that failed must be known as long as that one waits.
LEAST_WORK: Final = 31
POLICIES: Final[dict[str, Policy]] = {
    FILES: Policy(
        "Original files", "KEEP_FILES_DAYS", "after the end of their upload", "name, size and fingerprint of the file"
    ),
    REPORTS: Policy(
        "Stored error reports", "KEEP_REPORTS_DAYS", "after the end of their upload",
        "the errors: a report is made of them when it is asked for",
    ),
    RECORDS: Policy(
        "Records in DynamoDB", "KEEP_RECORDS_DAYS", "after their last status", "what has no status yet"
    ),
    ROWS: Policy(
        "Rows in the ledger", "KEEP_ROWS_DAYS", "after the end of their upload",
        "all counters; of each product its newest row; rows with errors, and with statuses that are owed or refused",
        LEAST_ROWS,
    ),
    ERRORS: Policy(
        "Errors and warnings of rows", "KEEP_ROWS_DAYS", "after the end of their upload",
        "open errors; those that an undo may open again", LEAST_ROWS,
    ),
    PREVIEWS: Policy("Files that were previewed and not sent", "", "a day", "nothing"),
    JOBS: Policy(
        "Jobs that have ended", "KEEP_JOBS_DAYS", "after their end",
        "what they did; tests of changes that count for chosen vendors, without examples",
    ),
    ADMIN_LOG: Policy("The admin's history", "KEEP_ADMIN_LOG_DAYS", "after the change", "a product's timeline"),
    WORK: Policy("Work that was done", "KEEP_WORK_DAYS", "after it was done", "the admin's history", LEAST_WORK),
    SOURCE_RUNS: Policy("What came of fetching sources", "", "90 days", "feeds and uploads"),
    FEEDS: Policy("Feeds of programs that became no upload", "", "90 days after their end", "nothing"),
    NOTES: Policy("Notes of work that is over", "", "a day", "nothing"),
    CALLS: Policy("Answers that programs may ask for again", "", "a day", "nothing"),
    DELIVERIES: Policy("Deliveries of webhooks, with their tries", "", "30 days", "nothing"),
    MAILS: Policy("Mails to owners that are owed", "", "until they are sent, three days at most", "nothing"),
    SESSIONS: Policy("Sessions", "", "until they end", "nothing"),
    OUTAGES: Policy("Outages of services", "KEEP_OUTAGES_DAYS", "after their end", "nothing"),
    SECURITY_LOG: Policy("The security log", "SECURITY_LOG_DAYS", "after the event", "nothing", 90),
}  # fmt: skip


def span(days: int) -> str:
    return counted(days, "{} day", "{} days")


def known() -> dict[str, Kept]:
    """What is known of each kind, in the order above; one that nobody was at yet knows nothing."""
    rows = {row.kind: row for row in Kept.objects.filter(kind__in=POLICIES)}
    return {kind: rows.get(kind) or Kept(kind=kind) for kind in POLICIES}


def days_are_possible(**kwargs: Any) -> list[CheckMessage]:
    """A check at start-up (uploads/apps.py): whether each setting is a number of days that can be kept to. That of the
    security log is held by its database, which knows no 0.
    """
    wrong = {
        policy.setting: policy
        for kind, policy in POLICIES.items()
        if policy.setting and kind != SECURITY_LOG and policy.days and policy.days < policy.least
    }
    return [
        Error(
            f"{name} is {policy.days}.",
            hint=f"Set it to at least {span(policy.least)}, or to 0 to delete nothing.",
            id="uploads.E001",
        )
        for name, policy in wrong.items()
    ]

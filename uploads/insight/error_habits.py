"""Which kinds of error a vendor makes most, and of warning."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from catalog.rules.explained import explained
from catalog.rules.problems import label_of
from config.web.text import visible
from uploads.insight import operations

SHOWN_KINDS = 10
LOOKED_AT = 100_000  # of the newest warnings: any row may have one


@dataclass(frozen=True)
class Habit:
    """A kind of error that a vendor makes: how often, in how many rows it is open, and the newest upload with such."""

    code: str
    problems: int
    still_open: int
    upload_id: str

    @property
    def label(self) -> str:
        return visible(label_of(self.code))

    @property
    def explained(self) -> str:
        return explained(self.code)


def habits(vendor_id: str, days: int) -> list[Habit]:
    """The kinds of error of the last days, most frequent first (idx_validation_errors_vendor)."""
    since = operations.start_of(operations.today() - timedelta(days=days - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.error_type, k.problems, k.still_open, coalesce(e.upload_id, '')
              FROM (SELECT error_type, sum(problems)::int AS problems, count(newest) AS still_open,
                           max(newest) AS newest
                      FROM (SELECT error_type, count(*) AS problems,
                                   max(error_id) FILTER (WHERE resolved_at IS NULL) AS newest
                              FROM validation_errors
                             WHERE vendor_id = %s AND severity = 'error' AND created_at >= %s
                             GROUP BY error_type, upload_id, row_number, record_id) in_row
                     GROUP BY error_type ORDER BY 2 DESC, 1 LIMIT %s) k
              LEFT JOIN validation_errors e ON e.error_id = k.newest
             ORDER BY k.problems DESC, k.error_type
            """,
            [vendor_id, since, SHOWN_KINDS],
        )
        return [Habit(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Warned:
    """A kind of warning: how often it came, and the newest upload with one."""

    code: str
    problems: int
    upload_id: str

    @property
    def label(self) -> str:
        return visible(label_of(self.code))

    @property
    def explained(self) -> str:
        return explained(self.code)


def warned(vendor_id: str, days: int) -> list[Warned]:
    """The kinds of warning of the last days, most frequent first, by the newest LOOKED_AT
    (idx_validation_errors_vendor)."""
    since = operations.start_of(operations.today() - timedelta(days=days - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.error_type, k.problems, e.upload_id
              FROM (SELECT error_type, count(*) AS problems, max(error_id) AS newest
                      FROM (SELECT error_type, error_id FROM validation_errors
                             WHERE vendor_id = %s AND severity = 'warning' AND created_at >= %s
                             ORDER BY created_at DESC LIMIT %s) looked_at
                     GROUP BY error_type ORDER BY 2 DESC, 1 LIMIT %s) k
              JOIN validation_errors e ON e.error_id = k.newest AND e.severity = 'warning'
             ORDER BY k.problems DESC, k.error_type
            """,
            [vendor_id, since, LOOKED_AT, SHOWN_KINDS],
        )
        return [Warned(*row) for row in cursor.fetchall()]

"""Rows that failed only because their category was not on the list, and it is by now."""

from dataclasses import dataclass, replace

from django.db import connection

from catalog.models import ProductCategory
from catalog.rules.problems import Code
from catalog.rules.values.category import category_key
from uploads.corrections import failed_rows
from uploads.corrections.failed_rows import Selection

CODES = (Code.UNKNOWN_CATEGORY, Code.INACTIVE_CATEGORY)
REFUSED = Selection(field="category", codes=tuple(code.value for code in CODES), alone=True)


@dataclass(frozen=True)
class Waiting:
    """Rows whose category is on the list now, and was their only problem."""

    category: ProductCategory
    selection: Selection
    rows: int


def waiting() -> list[Waiting]:
    """What waits, by category in the order of their names."""
    spellings: dict[str, list[str]] = {}
    for value in _refused_values():
        spellings.setdefault(category_key(value), []).append(value)
    active = ProductCategory.objects.filter(is_active=True) if spellings else ()
    wanted = [(one, tuple(spellings.get(category_key(one.category_name), ()))) for one in active]
    wanted = [(category, values) for category, values in wanted if values]
    if not wanted:
        return []
    counts = failed_rows.count_by_value(
        replace(REFUSED, wrong_values=tuple(value for _, values in wanted for value in values))
    )
    found = [
        Waiting(category, replace(REFUSED, wrong_values=values), sum(counts.get(value, 0) for value in values))
        for category, values in wanted
    ]
    return [one for one in found if one.rows]


def _refused_values() -> list[str]:
    """Each category that open problems refuse, as it was written (by idx_validation_errors_value)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT wrong_value FROM validation_errors
             WHERE field = 'category' AND severity = 'error' AND resolved_at IS NULL AND error_type = ANY (%s)
            """,
            [list(REFUSED.codes)],
        )
        return [row[0] for row in cursor.fetchall()]

"""What became of the rows of past uploads: by the ledger's first attempts, and by what they changed in products."""

import json
from typing import Final, NamedTuple

from django.db import connection

from uploads.pipeline.replace import absent

ABSENT: Final = absent.RECORD.partition("{")[0]


class Effect(NamedTuple):
    """What became of a row at its first attempt, and of its product as it stands now; "" where that is gone."""

    record_id: str
    number: int
    line: int | None
    outcome: str
    reason: str
    category: str
    name: str
    sku: str
    changes: dict[str, list[object]] | None

    @property
    def is_absent(self) -> bool:
        """Whether it is no row, but a product that a whole catalog lacked (uploads/pipeline/replace)."""
        return self.number == 0 and self.record_id.startswith(ABSENT)


# By record_outcomes_key, products_pkey and idx_product_changes_product.
_EFFECTS: Final = """
SELECT o.record_id, o.row_number, o.line_number, o.outcome, o.error_reason, p.category, p.product_name, p.sku, c.changes
  FROM record_outcomes o
  LEFT JOIN products p ON p.product_id = o.product_id
  LEFT JOIN LATERAL (SELECT changes FROM product_changes
                      WHERE product_id = o.product_id AND upload_id = o.upload_id AND record_id = o.record_id
                        AND kind = 'updated' LIMIT 1) c ON o.outcome = 'updated'
 WHERE o.upload_id = %s AND o.record_id > %s AND o.attempt = 1
 ORDER BY o.record_id LIMIT %s
"""


def read(upload_id: str, behind: str, most: int) -> list[Effect]:
    """Up to `most` of an upload, behind a record, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_EFFECTS, [upload_id, behind, most])
        return [_effect(*row) for row in cursor.fetchall()]


def _effect(record_id: str, number: int, line: int | None, outcome: str, reason: str, *rest: str | None) -> Effect:
    category, name, sku, changed = rest
    made = json.loads(changed) if changed else None
    return Effect(record_id, number, line, outcome, reason, category or "", name or "", sku or "", made)

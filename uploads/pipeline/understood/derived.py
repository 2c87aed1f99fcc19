"""What is derived in rows of an upload, found anew from what is kept of it: its plan, and the first rows of its groups.

What a value is derived from stays as it was: upload_heads are kept as long as their upload. Where the vendor's rules or
our categories have changed since, what is shown is what a row would mean today.
"""

from collections.abc import Mapping, Sequence

from uploads.feed.columns import map_headers
from uploads.feed.formats import derived
from uploads.feed.formats.derived import Derived
from uploads.feed.formats.groups import Head
from uploads.feed.formats.model import Plan
from uploads.feed.formats.ruled import ValueRules
from uploads.feed.parser import Layout
from uploads.pipeline.understood import categories, heads

NOTHING: tuple[Derived, ...] = ()


def of_rows(
    upload_id: str,
    layout: Layout | None,
    rules: ValueRules | None,
    rows: Sequence[tuple[int, Mapping[str, str | None]]],
    found: Sequence[Head | None] | None = None,
) -> list[tuple[Derived, ...]]:
    """Of each row (number, cells), in the order of the fields. `found` are their heads, for who has them."""
    plan = layout.plan if layout else None
    if not derived.can_derive(plan, rules):
        return [NOTHING] * len(rows)
    if plan is None:  # cells as they stand, and rules
        seen = list(rows[0][1]) if rows else []
        fields = layout.mapping.fields if layout else map_headers(seen).fields
        plan = Plan(ours=True, columns={field: (header,) for field, header in fields.items()})
    found = heads.of_rows(upload_id, plan, rows) if found is None else found
    derives = derived.derives(plan, categories.ours(), rules)
    return [derives(data, number, head) for (number, data), head in zip(rows, found, strict=True)]

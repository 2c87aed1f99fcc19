"""The whitelist as a tree, and how many products each of its categories has.

A category names its parent by a plain text, which may be a category or not, and by mistake even one below itself.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from catalog.models import ProductCategory

COUNTED = 1000  # products of a category; beyond it "1,000+" says enough


def active_categories() -> list[str]:
    """Those that take products, by name."""
    active = ProductCategory.objects.filter(is_active=True).order_by("category_name")
    return list(active.values_list("category_name", flat=True))


def in_order(categories: Iterable[tuple[int, str, str | None]]) -> dict[int, int]:
    """(id, name, parent's name) → id → depth, in the order of the tree: each category before its children, by name.

    Who has a parent that isn't among them stands at the top. A circle has no top: its first by name is taken for one.
    """
    rows = sorted(categories, key=lambda row: row[1])
    names = {name for _, name, _ in rows}
    children = defaultdict(list)
    for row in rows:
        children[row[2] if row[2] in names else None].append(row)
    depths: dict[int, int] = {}
    for top in [*children[None], *rows]:
        waiting = [(top, 0)]
        while waiting:
            (pk, name, _), depth = waiting.pop()
            if pk not in depths:
                depths[pk] = depth
                waiting.extend((child, depth + 1) for child in reversed(children[name]))
    return depths


def product_counts(names: Iterable[str]) -> dict[str, int]:
    """How many products carry each of these categories, in one query; at most one more than COUNTED.

    Through idx_products_category; what is counted is limited, since a category of a million takes its time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.name, n.count
              FROM unnest(%s::text[]) AS c (name)
             CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM products WHERE category = c.name LIMIT %s) AS p
                                ) AS n
            """,
            [list(names), COUNTED + 1],
        )
        return dict(cursor.fetchall())


def in_words(count: int) -> str:
    """A count of products as `product_counts` has it: 1,000+."""
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"

"""Pages of lists that may have millions of rows: counted up to a cap, and cut out without reading the rest.

A list says exactly how many rows it has up to CAP, and "more than 10,000" beyond; its pages reach the first CAP of
them. Nobody turns 10,000 rows over page by page, but counting a million of them for each page takes seconds.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.functional import cached_property

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
    AnyPage = Page[Any]
else:
    AnyPaginator, AnyPage = Paginator, Page

CAP = 10_000

# A query that is to be cut off invites the planner to walk the whole table, in the hope of finding what fits on its
# way: for a common word that is a text to be taken apart per row. Behind this fence it plans as if all were wanted,
# through an index, and still stops when it has enough.
_FENCE = "WITH found AS MATERIALIZED ({}) SELECT * FROM (SELECT * FROM found LIMIT %s) AS few {}"

# The planner believes that taking a text apart costs a tenth of what it does, and would rather do that to all of a
# vendor's products than ask idx_products_search. Its other means only pay where queries take seconds.
_FOR_SEARCHES = """
SET LOCAL cpu_operator_cost = 0.025;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
"""


class CappedPaginator(AnyPaginator):
    """A paginator that counts up to CAP. `searched`: no index has the matches in the order of the list.

    The matches of a search come from an index that knows no order. Up to CAP of them are sorted exactly; of more, CAP
    are taken as they come and sorted. The page says so (templates/admin/pagination.html).
    """

    searched = False

    @property
    def rows(self) -> "QuerySet[Any]":
        return cast("QuerySet[Any]", self.object_list)

    @cached_property
    def count(self) -> int:
        return min(self._counted, CAP)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than `count` says."""
        return self._counted > CAP

    @cached_property
    def _counted(self) -> int:
        rows = self.rows
        return len(self._keys) if rows.query.where else rows.order_by().values("pk")[: CAP + 1].count()

    @cached_property
    def _keys(self) -> list[Any]:
        """The keys of up to CAP + 1 rows, in the order of the list where that is one of columns."""
        rows = self.rows
        order = _columns(rows) or []
        try:
            inner = rows.order_by().values_list("pk", *(name for name, _ in order))
            sql, params = inner.query.sql_with_params()
        except EmptyResultSet:  # conditions that nothing can meet; Django doesn't ask the database then
            return []
        by = ", ".join(f"{place} {direction}" for place, (_, direction) in enumerate(order, start=2))
        with transaction.atomic() if self.searched else nullcontext(), connection.cursor() as cursor:
            if self.searched:
                cursor.execute(_FOR_SEARCHES)
            cursor.execute(_FENCE.format(sql, by and f"ORDER BY {by}"), (*params, CAP + 1))
            return [row[0] for row in cursor.fetchall()]

    def page(self, number: int | str) -> AnyPage:
        """Where conditions choose the rows: those with the keys that stand on it."""
        rows = self.rows
        if not rows.query.where or (self.capped and not self.searched) or _columns(rows) is None:
            return super().page(number)
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self._keys[start : min(start + self.per_page, CAP)]
        return Page(rows.filter(pk__in=keys), number, self)


def _columns(rows: "QuerySet[Any]") -> list[tuple[str, str]] | None:
    """The columns of its own table that a list is ordered by, each with its direction; None if it is by others too."""
    fields = rows.model._meta.concrete_fields
    known = {
        name: field.attname
        for field in fields
        for name in (field.attname, *([] if field.is_relation else [field.name]))
    }
    known["pk"] = rows.model._meta.pk.attname
    order = [name for name in rows.query.order_by or rows.model._meta.ordering or () if isinstance(name, str)]
    if len(order) < len(rows.query.order_by) or not known.keys() >= {name.lstrip("-") for name in order}:
        return None
    return [(known[name.lstrip("-")], "DESC" if name.startswith("-") else "ASC") for name in order]

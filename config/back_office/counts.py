"""How many rows each choice of a filter has, with the other filters as they are: asked when its menu is opened.

Bounded, whatever the table: each choice is counted up to MOST, at most CHOICES of them, all within SECONDS. What isn't
counted by then has no figure.
"""

import copy
import time
from collections.abc import Iterator
from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import prepare_lookup_value
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, QueryDict
from psycopg.errors import QueryCanceled

MOST: Final = 1_000
CHOICES: Final = 60
SECONDS: Final = 1.0


def of_filter(model_admin: Any, request: HttpRequest, name: str) -> list[str]:
    """The figure of each choice of the filter `name`, in their order: "12", "1,000+", or "" where there is none.

    Raises Http404 where the list has no such filter, and IncorrectLookupParameters as the list does.
    """
    request.only_filters = True  # type: ignore[attr-defined] # for the list of site.py, which leaves its rows out
    changelist = model_admin.get_changelist_instance(request)
    spec = next((one for one in changelist.filter_specs if name in (one.expected_parameters() or ())), None)
    if spec is None:
        raise Http404("The list has no such filter.")
    choices = list(spec.choices(changelist))
    others = changelist.get_queryset(request, exclude_parameters=spec.expected_parameters())
    until = time.monotonic() + SECONDS
    figures = [_figure(rows, until) for rows in _rows(spec, request, others, choices[:CHOICES])]
    return figures + [""] * (len(choices) - len(figures))


def _rows(spec: Any, request: HttpRequest, rows: "QuerySet[Any]", choices: Any) -> Iterator["QuerySet[Any]"]:
    """What each choice leaves of the rows: the filter is asked as if its link had been followed."""
    for choice in choices:
        asked = QueryDict(choice["query_string"].lstrip("?"))
        one = copy.copy(spec)
        names = [name for name in spec.expected_parameters() if name in asked]
        if isinstance(spec, SimpleListFilter):
            one.used_parameters = {name: asked[name] for name in names}
        else:
            one.used_parameters = {name: prepare_lookup_value(name, asked.getlist(name)) for name in names}
            one.lookup_val = asked.get(getattr(spec, "lookup_kwarg", ""))  # some of Django's ask this instead
        found = one.queryset(request, rows)
        yield rows if found is None else found


def _figure(rows: "QuerySet[Any]", until: float) -> str:
    left = int(1000 * (until - time.monotonic()))
    if left <= 0:
        return ""
    try:
        found = _counted(rows, left)
    except EmptyResultSet:  # conditions that nothing can meet
        return "0"
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):  # it took too long
            return ""
        raise
    return f"{found:,}" if found <= MOST else f"{MOST:,}+"


def _counted(rows: "QuerySet[Any]", milliseconds: int) -> int:
    """Up to MOST and one more; behind the fence of config.web.paging, so that an index is asked."""
    sql, params = rows.order_by().values_list("pk").query.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        cursor.execute(
            f"WITH found AS MATERIALIZED ({sql}) SELECT count(*) FROM (SELECT FROM found LIMIT %s) AS few",  # noqa: S608
            (*params, MOST + 1),
        )
        counted: int = cursor.fetchone()[0]
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")  # for who counts inside of a transaction
        return counted

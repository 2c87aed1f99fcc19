"""Filters of the admin's lists that stay cheap on millions of rows."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest


class ValueFilter(admin.SimpleListFilter):
    """Rows with one value in one column. Shown only while it is set: links lead here, nobody picks from millions."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, value)] if value else []

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        try:
            return queryset.filter(**{self.column: self.value()}) if self.value() else queryset
        except ValueError as error:  # text where the column has a number
            raise IncorrectLookupParameters from error


def choice_filter(name: str, options: list[tuple[str, str]]) -> type[admin.SimpleListFilter]:
    """A filter by one column with known values, for tables too long to ask for them."""
    members = {"title": name.replace("_", " "), "parameter_name": name, "column": name}
    return type("ChoiceFilter", (ValueFilter,), members | {"lookups": lambda *_: options})


def made_filter(name: str, options: list[tuple[str, str]]) -> type[admin.SimpleListFilter]:
    """The same by what is no column, but what the list's own query makes of some (`get_queryset`)."""

    def chosen(self: Any, request: HttpRequest, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        return rows.filter(**{name: self.value()}) if self.value() else rows

    members = {"title": name.replace("_", " "), "parameter_name": name}
    return type("MadeFilter", (admin.SimpleListFilter,), members | {"lookups": lambda *_: options, "queryset": chosen})


class OpenedOn(admin.SimpleListFilter):
    """One that has a choice made where a list is opened: `opens_on`. All rows are shown where ALL is asked for."""

    ALL = "all"
    opens_on = ""

    @property
    def chosen(self) -> str:
        """The choice that is in force. Raises IncorrectLookupParameters where there is no such choice."""
        value = str(self.value() or self.opens_on)
        if value not in {self.ALL, *(str(key) for key, _ in self.lookup_choices)}:
            raise IncorrectLookupParameters
        return value

    def choices(self, changelist: Any) -> Any:
        for key, name in [(self.ALL, "Any"), *self.lookup_choices]:
            query = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": str(key) == self.chosen, "query_string": query, "display": name}


class TypedFilter(ValueFilter):
    """One whose value is typed. `kind` is that of the input, `hint` what to type."""

    kind, hint = "text", ""
    template = "config/web/typed_filter.html"

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Any:
        """Also notes what else the list was asked for, which the input has to keep."""
        self.kept = {k: value for k, value in changelist.params.items() if k not in (self.parameter_name, "p")}
        return super().choices(changelist)

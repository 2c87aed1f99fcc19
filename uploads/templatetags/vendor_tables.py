"""What the vendors' tables need of a template: the cell of a row that stands in a column."""

from collections.abc import Mapping

from django import template

from uploads.corrections.error_rows import Cell

register = template.Library()


@register.filter
def cell(cells: Mapping[str, Cell], field: str) -> Cell | None:
    """The row's cell for this field; None where the row has none."""
    return cells.get(field)

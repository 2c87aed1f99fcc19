"""What a feed is made of: its columns, the categories there are, and what each code means."""

from typing import Any, Final

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from catalog.models import ProductCategory
from catalog.rules.explained import explained
from catalog.rules.fields import LIMITS, MAX_STOCK
from catalog.rules.problems import Code, kind_of
from uploads.api.shapes import PROBLEMS, Answered, Sent
from uploads.insight import guide

router = Router(tags=["reference"])
MOST_CATEGORIES: Final = 10_000


class CategoryOut(Answered):
    name: str
    parent: str | None


class CategoriesOut(Answered):
    """The categories that take products, by name."""

    categories: list[CategoryOut]


class CodesAsked(Sent):
    code: str = Field("", max_length=50, description="One of them alone.")


class CodeOut(Answered):
    """One kind of problem: an error keeps a row out, a warning doesn't."""

    code: str
    label: str
    severity: str
    explained: str


class CodesOut(Answered):
    codes: list[CodeOut]


class SchemaOut(Answered):
    """JSON Schema 2020-12 of a row, by the names of the columns; `x-also` has other names that are understood."""

    model_config = {"extra": "allow"}

    type: str
    properties: dict[str, Any]
    required: list[str]


@router.get("schema", response={200: SchemaOut, **PROBLEMS}, summary="The columns of a feed, as JSON Schema")
def schema(request: HttpRequest) -> dict[str, Any]:
    """Cells are texts: a price may be written as 24.90, 24,90 or $24.90."""
    columns = guide.explained()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of a feed",
        "type": "object",
        "properties": {
            column.name: {
                "type": "string", "title": column.label, "description": column.about, "examples": [column.example],
                "x-also": list(column.other_names), **_limits(column.name),
            }
            for column in columns
        },
        "required": [column.name for column in columns if column.required],
        "additionalProperties": True,
    }  # fmt: skip


def _limits(field: str) -> dict[str, Any]:
    if field in LIMITS:
        return {"maxLength": LIMITS[field]}
    if field == "stock_quantity":
        return {"x-maximum": MAX_STOCK}
    return {"x-maximum": "99999999.99"} if field == "price" else {}


@router.get("categories", response={200: CategoriesOut, **PROBLEMS}, summary="The categories that take products")
def categories(request: HttpRequest) -> CategoriesOut:
    """A product's category has to be one of these, however it is capitalised."""
    active = ProductCategory.objects.filter(is_active=True).order_by("category_name")
    found = active.values_list("category_name", "parent_category")[:MOST_CATEGORIES]
    return CategoriesOut(categories=[CategoryOut(name=name, parent=parent) for name, parent in found])


@router.get("error-codes", response={200: CodesOut, **PROBLEMS}, summary="Every code, with what it means")
def error_codes(request: HttpRequest, asked: Query[CodesAsked]) -> CodesOut:
    """The codes are stable: count and filter by them."""
    return CodesOut(
        codes=[
            CodeOut(
                code=code.value, label=code.label, severity=kind_of(code).severity,
                explained=explained(code),
            )
            for code in Code if asked.code in ("", code.value)
        ]
    )  # fmt: skip

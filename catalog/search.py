"""Finding products by what people type, quickly on a million rows."""

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func, Q, QuerySet

from catalog.models import Product
from vendors.models import Vendor

FEW = 1_000


def search(rows: "QuerySet[Any]", typed: str) -> "QuerySet[Any]":
    """The products, or rows of their view, with these words in name or description, or this start of a SKU, or
    this vendor's product ID.

    Words are found through idx_products_search. What else fits is looked up first and taken by its keys: as a part of
    the same condition it would have each text found be taken apart once more, to see which part it was found by.
    """
    typed = typed.strip()
    if not typed:
        return rows
    rows = rows.alias(text=_TEXT)
    found = Q(text=SearchQuery(typed, config="english", search_type="websearch"))
    if len(typed.split()) == 1:  # neither a SKU nor, as a rule, a product ID has spaces
        starts = Q(sku__startswith=typed) | Q(sku__startswith=typed.upper())
        keys = _keys(starts)
        # Of more, whoever starts like that is the likelier reason, so it stands first.
        found = starts | found if len(keys) > FEW else found if not keys else Q(pk__in=keys) | found
        if ids := with_id(typed):
            found |= Q(pk__in=ids)
    return rows.filter(found)


def _keys(starts: Q) -> list[int]:
    """Up to FEW + 1 products whose SKU starts like that (through idx_products_sku)."""
    return list(Product.objects.order_by().filter(starts).values_list("pk", flat=True)[: FEW + 1])


def with_id(typed: str) -> list[int]:
    """The products with this ID, one a vendor at most (through products_vendor_id_vendor_product_id_key)."""
    products = Product.objects.order_by().filter(vendor_id__in=Vendor.objects.values("pk"), vendor_product_id=typed)
    return list(products.values_list("pk", flat=True))


# Letter for letter the expression of idx_products_search.
_TEXT = Func(
    F("product_name"),
    Func(F("description"), template="coalesce(%(expressions)s, '')"),
    template="to_tsvector('english', %(expressions)s)",
    arg_joiner=" || ' ' || ",
    output_field=SearchVectorField(),
)

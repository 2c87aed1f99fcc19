"""Finding products by what people type, quickly on a million rows."""

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func, Q, QuerySet

from catalog.models import Product
from vendors.models import Vendor


def search(rows: "QuerySet[Any]", typed: str) -> "QuerySet[Any]":
    """The products, or rows of their view, with these words in name or description, or this start of a SKU, or
    this vendor's product ID.

    Each alternative has an index of its own, which an OR between them would keep PostgreSQL from using:
    idx_products_search, products_sku_key, products_vendor_id_vendor_product_id_key.
    """
    typed = typed.strip()
    if not typed:
        return rows
    products = Product.objects.order_by()
    found = products.annotate(text=_TEXT).filter(
        text=SearchQuery(typed, config="english", search_type="websearch")
    ).values("pk")  # fmt: skip
    if len(typed.split()) == 1:  # neither a SKU nor, as a rule, a product ID has spaces
        skus = products.filter(Q(sku__startswith=typed) | Q(sku__startswith=typed.upper()))
        keys = products.filter(vendor_id__in=Vendor.objects.values("vendor_id"), vendor_product_id=typed)
        found = found.union(skus.values("pk"), keys.values("pk"))
    return rows.filter(pk__in=found)


# Letter for letter the expression of idx_products_search.
_TEXT = Func(
    F("product_name"),
    Func(F("description"), template="coalesce(%(expressions)s, '')"),
    template="to_tsvector('english', %(expressions)s)",
    arg_joiner=" || ' ' || ",
    output_field=SearchVectorField(),
)

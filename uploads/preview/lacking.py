"""What a whole catalog lacks: how many of the vendor's products would be retired, and some of them, or why none.

As the step after the last row finds them (pipeline/replace/), so that what is shown is what happens.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from catalog.models import Product
from catalog.rules.cells import identifier
from catalog.rules.fields import LIMITS
from catalog.rules.problems import Code, Problem
from uploads.pipeline.replace import why_not
from uploads.pipeline.settling.identity import BY_ID, BY_SKU
from uploads.preview.accepted import Accepted
from uploads.preview.verdicts import ValidatedRow
from vendors.models import Vendor

PAGE_PRODUCTS: Final = 5_000
SHOWN: Final = 10


def named_by(judged: ValidatedRow, problems: Iterable[Problem], headers: Mapping[str, str]) -> list[str]:
    """What a wrong row is about, as far as it says: its product ID, else its SKU (settling/identity.py), and a SKU that
    another product has. `headers` are those of the fields."""
    if judged.row.problem is not None:
        return []
    said = {
        field: identifier(
            (judged.values.get(field) or judged.row.cells.get(headers.get(field, "")) or "").strip(), field
        )
        for field in ("vendor_product_id", "sku")
    }
    by = [(BY_ID, "vendor_product_id"), (BY_SKU, "sku")]
    named = [sign + said[field] for sign, field in by if 0 < len(said[field]) <= LIMITS[field]][:1]
    return [*named, *(BY_SKU + said["sku"] for one in problems if one.code == Code.SKU_TAKEN)]


def found(vendor_id: str, accepted: Accepted, wrong: int, rows: int, *, cut_off: bool) -> dict[str, Any]:
    """`absent`: how many, and `absent_some` the first of them by their IDs, with name and SKU (along
    products_vendor_id_vendor_product_id_key); `absent_why`, only where nothing would be done to them, says why.
    `cut_off`: the last row is wrong and has no line end."""
    count, some, behind = 0, list[dict[str, str]](), ""
    products = Product.objects.filter(vendor=vendor_id, status=Product.Status.ACTIVE).order_by("vendor_product_id")
    if Vendor.objects.get(pk=vendor_id).absent_products == Vendor.Absent.ZERO_STOCK:
        products = products.filter(stock_quantity__gt=0)
    while True:
        page = list(
            products.filter(vendor_product_id__gt=behind).values_list("vendor_product_id", "sku", "product_name")[
                :PAGE_PRODUCTS
            ]
        )
        lacking = [page[place] for place in accepted.lacks([(key, BY_ID + key, BY_SKU + sku) for key, sku, _ in page])]
        count += len(lacking)
        some += [{"sku": sku, "name": name[:100]} for _, sku, name in lacking[: SHOWN - len(some)]]
        if len(page) < PAGE_PRODUCTS:
            break
        behind = page[-1][0]
    why = why_not.by_rows(rows, wrong, accepted.of_nobody, cut_off=cut_off)
    return {"absent": count, "absent_some": some} | ({"absent_why": why} if why and count else {})

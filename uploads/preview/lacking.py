"""What a whole catalog lacks: how many of the vendor's products would be retired, and some of them."""

from typing import Any, Final

from catalog.models import Product
from catalog.rules.cells import identifier
from uploads.preview.accepted import Accepted
from uploads.preview.verdicts import ValidatedRow

PAGE_PRODUCTS: Final = 5_000
SHOWN: Final = 10


def named_by(judged: ValidatedRow) -> list[str]:
    """What a wrong row says that it is about, as far as it does."""
    values = judged.values
    named = [identifier((values.get(field) or "").strip(), field) for field in ("vendor_product_id", "sku")]
    return [one for one in named if one]


def found(vendor_id: str, accepted: Accepted) -> dict[str, Any]:
    """`absent`: how many, and `absent_some` the first of them by their IDs, with name and SKU (along
    products_vendor_id_vendor_product_id_key)."""
    count, some, behind = 0, list[dict[str, str]](), ""
    products = Product.objects.filter(vendor=vendor_id, status=Product.Status.ACTIVE).order_by("vendor_product_id")
    while True:
        page = list(
            products.filter(vendor_product_id__gt=behind).values_list("vendor_product_id", "sku", "product_name")[
                :PAGE_PRODUCTS
            ]
        )
        lacking = [page[place] for place in accepted.lacks([(key, sku) for key, sku, _ in page])]
        count += len(lacking)
        some += [{"sku": sku, "name": name[:100]} for _, sku, name in lacking[: SHOWN - len(some)]]
        if len(page) < PAGE_PRODUCTS:
            return {"absent": count, "absent_some": some}
        behind = page[-1][0]

"""Which product a failed row is about: the errors of a row keep it, and close when that product comes right.

The product ID counts as its row means it, also where the file derived it. Where the row has none, its SKU does; never
both: a row whose SKU is another product's says nothing of that product.
"""

from typing import Final

from catalog.rules import cells
from catalog.rules.fields import LIMITS
from uploads.pipeline.judge import Judged, cell_of

BY_ID: Final = " id:"
BY_SKU: Final = " sku:"


def identity_of(item: Judged) -> str:
    """The vendor's ID with " id:…" or " sku:…"; "" for a row that says neither, can't be read, or isn't its upload's
    vendor's. One text, so that it is found by one column.
    """
    if item.upload is None or item.record.problem is not None or item.record.vendor_id != item.upload.vendor_id:
        return ""
    for prefix, field in ((BY_ID, "vendor_product_id"), (BY_SKU, "sku")):
        value = cells.identifier(cell_of(item, field), field)
        if 0 < len(value) <= LIMITS[field]:
            return item.upload.vendor_id + prefix + value
    return ""

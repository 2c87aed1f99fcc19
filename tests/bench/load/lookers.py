"""People who look at pages while files come in: at vendors and among staff, one page after the other.

Whoever adds a way in for programs adds what they ask for here.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from tests.bench.load.browsers import Browser

THOUGHT_SECONDS: Final = 1.0  # between a page and the next one

OF_VENDORS: Final = {
    "home": "", "history": "history/", "products": "catalog/", "a search among them": "catalog/?q=steel",
    "where is my SKU": "find/?q={sku}", "quality": "quality/", "an upload": "uploads/{upload}/",
    "its errors": "uploads/{upload}/errors/", "choose a file": "upload/",
}  # fmt: skip
OF_STAFF: Final = {
    "work": "", "figures": "figures/", "their live part": "figures/live/", "uploads": "uploads/uploadhistory/",
    "an upload": "uploads/uploadhistory/{upload}/change/", "products": "catalog/product/",
    "a search among them": "catalog/product/?q=steel", "errors": "uploads/validationerror/",
    "vendors": "vendors/vendor/", "a vendor": "vendors/vendor/{vendor}/change/",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    name: str
    path: str


def pages_of(vendor: str, *, staff: bool) -> list[Page]:
    """With an upload and a product of that vendor, which it has by now."""
    from catalog.models import Product
    from uploads.models import UploadHistory

    upload = UploadHistory.objects.filter(vendor_id=vendor).latest("sequence").pk
    product = Product.objects.filter(vendor_id=vendor).order_by("pk").first()
    known = {"vendor": vendor, "upload": upload, "sku": product.sku if product else ""}
    kind, base, paths = ("staff", "/admin/", OF_STAFF) if staff else ("vendor", f"/vendor/{vendor}/", OF_VENDORS)
    return [Page(f"{kind}: {name}", base + path.format(**known)) for name, path in paths.items()]


def keep_looking(browser: Browser, pages: list[Page], over: threading.Event) -> None:
    """Page after page until it is over."""
    asked: Iterator[Page] = cycle(pages)
    while not over.wait(THOUGHT_SECONDS):
        page = next(asked)
        browser.get(page.path, page.name)

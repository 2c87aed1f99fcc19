"""What each address takes: the one place where it is stated. deploy/nginx.conf says the same, and a test compares.

An address that isn't listed takes a form of FORM bytes, from anybody, and no file. What stands here is taken from who
may only; to everybody else these addresses are like all others.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

MB: Final = 1024 * 1024
FORM: Final = 1 * MB  # all fields of a form with what is around them; the preview of 500 columns has about 0.1 MB
RECEIVING: Final = 4  # bodies larger than a form at once, in one process: far fewer than it has threads


@dataclass(frozen=True)
class Takes:
    """`size` bytes as a whole, files or fields; `permissions` of staff, or
    a token's `scope`. On vendors' pages the role of the page."""

    size: int = FORM
    files: bool = False
    permissions: tuple[str, ...] = ()
    scope: str = ""


ANY: Final = Takes()

FEEDS = ("uploads.add_uploadhistory",)
RETRIES = ("uploads.replay_uploadhistory",)
CATEGORIES = ("catalog.add_productcategory", "catalog.change_productcategory")


def table() -> dict[str, Takes]:
    """The addresses that take more, by their names in urls.py. Beside a file there is room for a form."""
    feed = settings.MAX_FILE_BYTES + FORM
    rows = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # 25 rows of at most MAX_ROW_CHARS each, of which Django takes so much
    return {
        "vendor:choose": Takes(feed, files=True),
        "api:feeds": Takes(settings.API_FILE_BYTES + FORM, files=True, scope="feeds:write"),
        "vendor:correct_rows": Takes(rows),
        "api:target": Takes(feed, files=True),
        "admin:catalog_product_import": Takes(feed, files=True, permissions=FEEDS),
        "admin:catalog_productcategory_import": Takes(1 * MB + FORM, files=True, permissions=CATEGORIES),
        # The file, which the preview has put into the page: a third longer in base64, and signed.
        "admin:catalog_productcategory_process_import": Takes(2 * MB + FORM, permissions=CATEGORIES),
        "admin:uploads_validationerror_correct": Takes(rows, permissions=RETRIES),
        "admin:uploads_validationerror_rows": Takes(rows, permissions=RETRIES),
    }

"""What staff look for by a few letters: vendors, products, uploads, categories and work that was done, each as far as
the user may view it.

Each question is bounded, whatever was typed and however much there is: SKUs are found by their start and product IDs as
a whole (idx_products_sku, products_vendor_id_vendor_product_id_key), uploads by their whole ID or by a part of ID or
file name among the newest NEWEST (idx_upload_history_created), work among the newest NEWEST that was done
(idx_work_items_done), vendors and categories by any part among the first MOST.
Words of products' names are for the products' own list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from catalog.models import Product, ProductCategory
from catalog.search import with_id
from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.models import SEEN_WITH, UploadHistory, WorkItem, results
from vendors import access
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

SHOWN = 8
LONGEST = 200  # no name or ID that is looked for is longer
NEWEST = 5_000
MOST = 20_000
WORDS = 8  # of what is typed, that are looked for in work that was done


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is called, what else tells it apart, where it is shown."""

    name: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind. `more_url` leads to the list of all that fit, where there are more than are shown."""

    name: str
    hits: tuple[Hit, ...]
    more_url: str = ""


def find(user: "Viewer", typed: str) -> list[Group]:
    """Up to SHOWN of each kind that the user may view."""
    typed = typed.strip()[:LONGEST]
    if not typed or "\0" in typed:
        return []
    found = [question(user, typed) for permission, question in _QUESTIONS if user.has_perm(permission)]
    found.append(_done(user, typed))
    return [group for group in found if group.hits]


def _group(name: str, page: str, typed: str, hits: Iterator[Hit]) -> Group:
    found = tuple(hits)
    return Group(name, found[:SHOWN], list_url(page, q=typed) if len(found) > SHOWN else "")


def _vendors(user: "Viewer", typed: str) -> Group:
    few = access.vendors_of(user).order_by("pk").values("pk")[:MOST]
    fits = Q(pk__icontains=typed) | Q(vendor_name__icontains=typed) | Q(business_name__icontains=typed)
    rows = Vendor.objects.filter(fits, pk__in=few).order_by("vendor_name")[: SHOWN + 1]
    hits = (Hit(visible(v.vendor_name), f"{visible(v.pk)}, {v.status}", page_url("vendors_vendor", v.pk)) for v in rows)
    return _group("Vendors", "vendors_vendor", typed, hits)


def _products(user: "Viewer", typed: str) -> Group:
    own = access.visible(Product.objects.all(), user)
    fits = [own.filter(pk__in=with_id(typed)), *(own.filter(sku__startswith=one) for one in {typed, typed.upper()})]
    rows = {row.pk: row for one in fits for row in one.order_by("sku")[: SHOWN + 1]} if len(typed.split()) == 1 else {}
    hits = (
        Hit(visible(row.sku), visible(f"{row.product_name}, {row.vendor_id}"), page_url("catalog_product", pk))
        for pk, row in rows.items()
    )
    return _group("Products", "catalog_product", typed, hits)


def _uploads(user: "Viewer", typed: str) -> Group:
    own = access.visible(UploadHistory.objects.all(), user)
    newest = own.order_by("-created_at").values("pk")[:NEWEST]
    fits = Q(pk__icontains=typed) | Q(file_name__icontains=typed)
    rows: QuerySet[Any] = own.filter(Q(pk=typed) | Q(fits, pk__in=newest)).order_by("-created_at")[: SHOWN + 1]
    hits = (Hit(visible(row.file_name), _of_upload(row), page_url("uploads_uploadhistory", row.pk)) for row in rows)
    return _group("Uploads", "uploads_uploadhistory", typed, hits)


def _of_upload(upload: UploadHistory) -> str:
    when = date_format(localtime(upload.created_at), "DATETIME_FORMAT")
    return f"{visible(upload.vendor_id)}, {when}, {results.result(upload).words}, {visible(upload.pk)}"


def _categories(user: "Viewer", typed: str) -> Group:
    few = ProductCategory.objects.order_by("pk").values("pk")[:MOST]
    rows = ProductCategory.objects.filter(category_name__icontains=typed, pk__in=few)
    hits = (
        Hit(
            visible(row.category_name), "" if row.is_active else "inactive", page_url("catalog_productcategory", row.pk)
        )
        for row in rows.order_by("category_name")[: SHOWN + 1]
    )
    return _group("Categories", "catalog_productcategory", typed, hits)


def _done(user: "Viewer", typed: str) -> Group:
    kinds = [kind for kind, permission in SEEN_WITH.items() if user.has_perm(permission)]
    newest = WorkItem.objects.filter(done_at__isnull=False).order_by("-done_at").values("pk")[:NEWEST]
    rows = WorkItem.objects.filter(fits(typed), kind__in=kinds, pk__in=newest).select_related("done_by")
    listed = f"{reverse('admin:index')}?{urlencode({'tab': 'done', 'q': typed})}"
    found = tuple(
        Hit(visible(row.title or row.key), _of_work(row), listed)
        for row in rows.order_by("-done_at", "-pk")[: SHOWN + 1]
    )
    return Group("Work that was done", found[:SHOWN], listed if len(found) > SHOWN else "")


def _of_work(item: WorkItem) -> str:
    who = f" by {visible(item.done_by.get_username())}" if item.done_by else ""
    when = date_format(localtime(item.done_at), "DATETIME_FORMAT") if item.done_at else ""
    return f"done{who}, {when}: {visible(item.outcome)}"


def fits(typed: str) -> Q:
    """Each word somewhere in what is known of work that was done."""
    wanted = Q()
    for word in typed.split()[:WORDS]:
        where = (
            "title", "outcome", "key", "vendor__vendor_name", "vendor__vendor_id", "done_by__username",
            "done_by__email",
        )  # fmt: skip
        wanted &= reduce(or_, (Q(**{f"{name}__icontains": word}) for name in where))
    return wanted


_QUESTIONS: tuple[tuple[str, Callable[["Viewer", str], Group]], ...] = (
    ("vendors.view_vendor", _vendors),
    ("catalog.view_product", _products),
    ("uploads.view_uploadhistory", _uploads),
    ("catalog.view_productcategory", _categories),
)

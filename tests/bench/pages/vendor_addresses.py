"""Every page of a vendor's own, read from uploads/vendor_urls.py and asked for as a member of the largest vendor: with
its upload that has most open errors, by each kind of error, with searches and filters.

What can't be asked for is named in LEFT_OUT, with the reason.
"""

from collections.abc import Callable, Iterator
from itertools import product as combined
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import reverse

from catalog.models import Product
from tests.bench.pages.addresses import COMMON, MISSING, Address, largest_of
from tests.companies import patterns
from uploads.models import Feed, Job, RememberedReading, Source, SourceRun, UploadHistory, ValidationError
from vendors.models import ApiToken, Invitation, Vendor, VendorMember, Webhook, WebhookDelivery

LEFT_OUT = {
    "preview": "takes POST only",
    "confirm": "takes POST only",
    "notify": "takes POST only",
    "release": "takes POST only",
    "correct_rows": "takes POST only",
    "retry_rows": "takes POST only",
    "ignore_rows": "takes POST only",
    "take_back": "takes POST only",
    "act_on_source": "takes POST only",
    "file": "a download from file storage",
    "report": "a download, as long as its file",
    "failed_rows": "a download, as long as its file",
    "catalog_export": "a download, as long as the catalog",
}


def member() -> VendorMember:
    """An owner of the largest vendor, who is no staff."""
    user, _ = User.objects.get_or_create(username="pages-of-vendors")
    vendor = Vendor.objects.get(pk=largest_of(Vendor))
    return VendorMember.objects.get_or_create(vendor=vendor, user=user, defaults={"role": "owner"})[0]


def upload_of(vendor_id: str) -> UploadHistory | None:
    """The vendor's upload with most rows that failed."""
    return UploadHistory.objects.filter(vendor_id=vendor_id).order_by("-error_records", "-sequence").first()


def codes_of(vendor_id: str) -> list[str]:
    problems = ValidationError.objects.filter(upload=upload_of(vendor_id), resolved_at=None).order_by("error_type")
    return list(problems.values_list("error_type", flat=True).distinct())


def _ids(model: type[Model], **chosen: Any) -> Callable[[str], list[Any]]:
    """One of the vendor's rows."""

    def ids(vendor_id: str) -> list[Any]:
        return list(model._default_manager.filter(vendor_id=vendor_id, **chosen).values_list("pk", flat=True)[:1])

    return ids


def _deliveries(vendor_id: str) -> list[Any]:
    """One of the webhook above."""
    webhooks = Webhook.objects.filter(vendor_id=vendor_id)[:1]
    return list(WebhookDelivery.objects.filter(webhook__in=webhooks.values("pk")).values_list("pk", flat=True)[:1])


ARGUMENTS: dict[str, Callable[[str], list[Any]]] = {
    "upload_id": lambda vendor_id: [upload.pk] if (upload := upload_of(vendor_id)) else [],
    "code": codes_of,
    "field": lambda _: ["category", "price", "sku"],
    "state": lambda _: ["ignored", "closed"],
    "job_id": _ids(Job),
    "member_id": _ids(VendorMember),
    "invitation_id": _ids(Invitation),
    "feed_id": _ids(Feed),
    "token_id": _ids(ApiToken),
    "webhook_id": _ids(Webhook),
    "delivery_id": _deliveries,
    "remembered_id": _ids(RememberedReading),
    "source_id": _ids(Source),
    "run_id": lambda vendor_id: list(
        SourceRun.objects.filter(source__in=_ids(Source)(vendor_id)).values_list("pk", flat=True)[:1]
    ),
}


def _catalog(vendor_id: str) -> list[dict[str, Any]]:
    product = Product.objects.filter(vendor_id=vendor_id).order_by("pk").first()
    own = [{"q": product.sku}, {"q": product.sku[:4]}, {"category": product.category}] if product else []
    common = [{"q": COMMON}, {"q": COMMON, "stock": "in"}, {"q": MISSING}]
    return [{}, {"stock": "in"}, {"stock": "out"}, {"p": 100}, *common, *own]


def _find(vendor_id: str) -> list[dict[str, Any]]:
    product = Product.objects.filter(vendor_id=vendor_id).order_by("pk").first()
    return [{}, {"q": MISSING}, *([{"q": product.sku}, {"q": product.vendor_product_id}] if product else [])]


def _nothing(vendor_id: str) -> list[dict[str, Any]]:
    return [{}]


QUERIES: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "catalog": _catalog,
    "find": _find,
    "values": lambda _: [{}, {"from": "200"}, {"fill": "1"}],
    "settled": lambda _: [{}, {"after": "1000-"}],
    "history": lambda _: [{}, {"p": 100}, {"since": "2020-01-01"}],
    "error_rows": lambda _: [{}, {"fill": "1"}, {"after": "1000-"}],
}


def every_page(vendor_id: str) -> Iterator[Address]:
    """All of them, as far as the vendor has what they are about."""
    for _, address in patterns():
        if address.name in LEFT_OUT:
            continue
        for values in combined(*(ARGUMENTS[name](vendor_id) for name in address.arguments)):
            own = dict(zip(address.arguments, values, strict=True))
            url = reverse(f"vendor:{address.name}", kwargs={"vendor_id": vendor_id, **own})
            for query in QUERIES.get(address.name, _nothing)(vendor_id):
                asked = " ".join(map(str, [own.get("code", ""), *query]))
                yield Address(f"vendor:{address.name} {asked}".strip(), f"{url}?{urlencode(query)}" if query else url)

"""Every call of the HTTP API that only reads, from its own document, asked for by a program of the largest vendor: with
its upload that has most rows, from the first page of rows and from deep within."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.utils import timezone

from catalog.models import Product
from tests.bench.pages.addresses import Address, largest_of
from tests.bench.pages.vendor_addresses import upload_of
from uploads.api import cursors
from uploads.api.document import document
from uploads.models import RecordOutcome, ValidationError
from vendors.models import ApiToken, Vendor
from vendors.tokens import texts

LEFT_OUT = {
    "/api/v1/feeds/{feed_id}/report.{format}": "leads to a download, as long as its file",
    "/api/v1/webhooks/{webhook_id}": "of a vendor that has one",
    "/api/v1/webhooks/deliveries/{delivery_id}": "of a vendor that has one",
}


def program() -> tuple[str, str]:
    """The largest vendor, and the text of a token of it with all scopes."""
    vendor_id, text = str(largest_of(Vendor)), texts.new()
    ApiToken.objects.create(
        vendor_id=vendor_id, name="pages", token_hash=texts.hashed(text), scopes=ApiToken.Scope.values,
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return vendor_id, text


def every_call(vendor_id: str) -> Iterator[Address]:
    """All of them, as far as the vendor has what they are about."""
    upload = upload_of(vendor_id)
    product = Product.objects.filter(vendor_id=vendor_id).order_by("pk").first()
    own: dict[str, Any] = {
        "feed_id": upload and upload.pk, "vendor_product_id": product and product.vendor_product_id,
    }  # fmt: skip
    for path, methods in document()["paths"].items():
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        if "get" not in methods or path in LEFT_OUT or any(own.get(name) is None for name in names):
            continue
        url = path.format(**{name: quote(str(own[name]), safe="") for name in names})
        for query in _queries(path, vendor_id):
            asked = " ".join(f"{name}={value}"[:30] for name, value in query.items())
            yield Address(f"api:{path} {asked}".strip(), f"{url}?{urlencode(query)}" if query else url)


def _queries(path: str, vendor_id: str) -> list[dict[str, Any]]:
    if path.endswith("/rows"):
        return [
            {"limit": 500}, {"limit": 500, "cursor": cursors.encode([_record(vendor_id)])}, {"outcome": "error"},
            {"outcome": "superseded"}, {"code": _code(vendor_id)}, {"severity": "warning"},
        ]  # fmt: skip
    if path.endswith("/products"):
        product = Product.objects.filter(vendor_id=vendor_id).order_by("-pk").first()
        deep = cursors.encode([product.vendor_product_id]) if product else ""
        few = {"sku": product.sku} if product else {}
        return [{"limit": 500}, {"limit": 500, "cursor": deep}, few]
    return [{}, {"limit": 500}] if path.endswith("/feeds") else [{}]


def _record(vendor_id: str) -> str:
    """The record in the middle of the upload with most rows."""
    upload = upload_of(vendor_id)
    if upload is None:
        return "R"
    rows = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("record_id").values_list("record_id", flat=True)
    return next(iter(rows[upload.total_records // 2 :][:1]), "R")


def _code(vendor_id: str) -> str:
    problem = ValidationError.objects.filter(upload=upload_of(vendor_id)).first()
    return problem.error_type if problem else "invalid_price"

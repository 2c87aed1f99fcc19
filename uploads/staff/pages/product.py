"""What the page of one product shows: its offer, where it came from, which rows about it are wrong, its timeline."""

from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from catalog.models import Product
from catalog.rules.problems import label_of
from catalog.rules.values import image
from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.insight import timeline
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline.settling.identity import BY_ID, BY_SKU

ERRORS = 20


def whole(request: HttpRequest, product: Product) -> dict[str, Any]:
    """All that the page shows above the form."""
    user = request.user
    may_see_uploads = user.has_perm("uploads.view_uploadhistory")
    vendor = product.vendor
    shown = {
        "title": visible(f"{product.product_name} · {product.sku}"),
        "subtitle": None,
        "product": product,
        "picture": image.to_open(product.image_url),
        "company": vendor.vendor_name,
        "company_url": page_url("vendors_vendor", vendor.pk) if user.has_perm("vendors.view_vendor") else "",
        "for_shops": vendor.is_active,
        "errors_of_it": errors_of(product) if user.has_perm("uploads.view_validationerror") else None,
        "ledger_url": list_url("uploads_recordoutcome", product=product.pk)
        if user.has_perm("uploads.view_recordoutcome") else "",
    }  # fmt: skip
    sources = came_from(product.pk) if may_see_uploads else []
    return shown | {"came_from": sources, "may_see_uploads": may_see_uploads} | timeline_of(request, product.pk)


def errors_of(product: Product) -> list[tuple[ValidationError, str, str, str]]:
    """The open errors of rows about the product, each with its kind, its file and its page
    (idx_validation_errors_identity)."""
    keys = [f"{product.vendor_id}{BY_ID}{product.vendor_product_id}", f"{product.vendor_id}{BY_SKU}{product.sku}"]
    found = ValidationError.objects.errors().filter(identity__in=keys, resolved_at=None).exclude(identity="")
    errors = list(found.select_related("upload").order_by("-error_id")[:ERRORS])
    return [
        (one, visible(label_of(one.error_type)), one.upload.file_name, page_url("uploads_validationerror", one.pk))
        for one in errors
    ]


def came_from(product_id: int) -> list[tuple[str, str, str]]:
    """The upload that touched the product first and the one that did last: in words, its file, its page
    (idx_record_outcomes_product)."""
    touched = RecordOutcome.objects.filter(product_id=product_id, upload_sequence__isnull=False)
    ends = [touched.order_by("upload_sequence").first(), touched.order_by("-upload_sequence").first()]
    rows = [row for row in ends if row]
    files = UploadHistory.objects.in_bulk({row.upload_id for row in rows})
    words = ("First in", "Last in") if len(files) > 1 else ("Came with",)
    uploads = [files[row.upload_id] for row in rows[: len(words)] if row.upload_id in files]
    return [
        (word, upload.file_name, page_url("uploads_uploadhistory", upload.pk))
        for word, upload in zip(words, uploads, strict=False)
    ]


def timeline_of(request: HttpRequest, product_id: int) -> dict[str, Any]:
    """The newest lines of its timeline, or those before the moment that was asked for."""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:  # like a moment, but on a day that never was
        before = None
    try:  # a moment outside of the calendar in UTC is none that PostgreSQL knows
        before = before and (make_aware(before) if is_naive(before) else before).astimezone(UTC)
    except OverflowError:
        before = None
    found = timeline.of(product_id, before)
    return {
        "timeline": found,
        "timeline_before": before,
        "timeline_older": found.older and urlencode({"before": found.older.isoformat()}),
    }

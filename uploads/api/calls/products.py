"""The vendor's catalog, and how a product came to be what it is."""

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from catalog.models import Product
from uploads.api import cursors
from uploads.api.base import Token, token_of
from uploads.api.problems import Problem
from uploads.api.shapes import PROBLEMS, Answered, Price, ProblemOut, Sent
from uploads.insight import timeline
from uploads.insight.timeline import TimelineEntry
from vendors.models import ApiToken

router = Router(tags=["products"])
READ: Final = Token(ApiToken.Scope.PRODUCTS_READ)


class ProductsAsked(Sent):
    """Which products, and where to go on."""

    sku: str = Field("", max_length=100)
    category: str = Field("", max_length=100)
    status: Product.Status | None = Field(None, description="Those that are active, or those that are retired.")
    cursor: str = Field("", max_length=cursors.CURSOR_CHARS, description="`next_cursor` of the page before.")
    limit: int = Field(cursors.USUAL, ge=1, le=cursors.MOST)


class ProductOut(Answered):
    """One product, as it is live."""

    vendor_product_id: str
    product_name: str
    category: str
    sku: str
    brand: str | None
    description: str | None
    price: Price
    currency: str
    stock_quantity: int
    status: str = Field(description="active, or retired: kept, and not shown to others.")
    gtin: str | None = Field(description="The number of its bar code.")
    image_url: str | None = Field(description="Where a picture of it is.")
    created_at: datetime
    updated_at: datetime


class ProductsOut(Answered):
    """A page of products, in the order of their IDs."""

    products: list[ProductOut]
    next_cursor: str | None


class ChangeOut(Answered):
    field: str
    before: str | None
    after: str | None


class EntryOut(Answered):
    """What happened to a product, from `since` to `at`: several of the same kind may be one."""

    at: datetime
    since: datetime
    kind: str
    words: str
    feed_id: str | None
    place: str | None
    changes: list[ChangeOut]


class TimelineAsked(Sent):
    cursor: str = Field("", max_length=cursors.CURSOR_CHARS, description="`next_cursor` of the page before.")


class TimelineOut(Answered):
    """A page of it, newest first."""

    entries: list[EntryOut]
    next_cursor: str | None


@router.get("products", auth=READ, response={200: ProductsOut, **PROBLEMS}, summary="The catalog")
def listing(request: HttpRequest, asked: Query[ProductsAsked]) -> ProductsOut:
    """All of it, retired products too; or with a SKU, a category or a status."""
    products = _own(request).order_by("vendor_product_id")
    if asked.sku:
        products = products.filter(sku=asked.sku)
    if asked.category:
        products = products.filter(category=asked.category)
    if asked.status:
        products = products.filter(status=asked.status)
    if asked.cursor:
        products = products.filter(vendor_product_id__gt=cursors.decode(asked.cursor, (str,))[0])
    found = list(products[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return ProductsOut(
        products=[_out(one) for one in shown],
        next_cursor=cursors.encode([shown[-1].vendor_product_id]) if more else None,
    )


@router.get(
    "products/{path:vendor_product_id}/timeline", auth=READ, response={200: TimelineOut, 404: ProblemOut, **PROBLEMS},
    summary="How a product came to be what it is", url_name="timeline",
)  # fmt: skip
def history(request: HttpRequest, vendor_product_id: str, asked: Query[TimelineAsked]) -> TimelineOut:
    """Which feeds and rows set what, and what people changed by hand."""
    before = cursors.moment(asked.cursor) if asked.cursor else None
    found = timeline.of(_one(request, vendor_product_id).pk, before)
    return TimelineOut(
        entries=[_entry(one) for one in found.entries],
        next_cursor=cursors.encode([found.older.isoformat()]) if found.older else None,
    )


@router.get(
    "products/{path:vendor_product_id}", auth=READ, response={200: ProductOut, 404: ProblemOut, **PROBLEMS},
    summary="One product", url_name="product",
)  # fmt: skip
def one(request: HttpRequest, vendor_product_id: str) -> ProductOut:
    """By the ID that it has in your system."""
    return _out(_one(request, vendor_product_id))


def _own(request: HttpRequest) -> "QuerySet[Any]":
    return Product.objects.filter(vendor_id=token_of(request).vendor_id)


def _one(request: HttpRequest, vendor_product_id: str) -> Product:
    found: Product | None = _own(request).filter(vendor_product_id=vendor_product_id).first()
    if found is None:
        raise Problem("not-found", "There is no such product.")
    return found


def _out(product: Product) -> ProductOut:
    return ProductOut(
        vendor_product_id=product.vendor_product_id, product_name=product.product_name, category=product.category,
        sku=product.sku, brand=product.brand, description=product.description, price=f"{product.price:.2f}",
        currency=product.currency, stock_quantity=product.stock_quantity, status=product.status, gtin=product.gtin,
        image_url=product.image_url, created_at=product.created_at,
        updated_at=product.updated_at,
    )  # fmt: skip


def _entry(entry: TimelineEntry) -> EntryOut:
    changes = [ChangeOut(field=one.field, before=one.before, after=one.after) for one in entry.changes]
    words = f"{entry.words} (retried by itself, since {entry.because})" if entry.because else entry.words
    return EntryOut(
        at=entry.at, since=entry.since, kind=entry.kind, words=words, feed_id=entry.upload_id or None,
        place=entry.place or None, changes=changes,
    )  # fmt: skip

"""Products that staff add, edit and delete: each change is written to the product's history, in its own transaction.

What stands before a change is read after the vendor's lock, which batches of its feeds take too (catalog.committer):
so the history has what was really there, and no feed writes on top of an edit that it hasn't seen.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from catalog.committer import lock_vendors
from catalog.models import Product, ProductChange
from catalog.rules.fields import FIELDS, OPTIONAL

Kind = ProductChange.Kind
_FIELDS = ("vendor_id", *FIELDS, "status")


def locked(product: Product) -> Product:
    """The product as it stands now, kept from feeds and others until the transaction ends. Raises DoesNotExist.

    `product` is as it shall be: when that is with another vendor, both are locked.
    """
    stored = Product.objects.values_list("vendor_id", flat=True).get(pk=product.pk)
    lock_vendors({stored, product.vendor_id})
    return Product.objects.select_for_update().get(pk=product.pk)


def note_creation(product: Product, user: Any) -> None:
    """Write down that somebody entered this product."""
    product.refresh_from_db()
    changes = {field: [None, value] for field, value in _values(product).items()}
    ProductChange.objects.create(product_id=product.pk, kind=Kind.CREATED, changes=changes, changed_by=user)


def note_edit(before: Product, user: Any) -> bool:
    """Write down what differs from the product as it stood before; False, and nothing, where nothing does."""
    old, new = _values(before), _values(Product.objects.get(pk=before.pk))
    changes = {field: [old[field], new[field]] for field in _FIELDS if old[field] != new[field]}
    if changes:
        ProductChange.objects.create(product_id=before.pk, kind=Kind.EDITED, changes=changes, changed_by=user)
    return bool(changes)


@transaction.atomic
def delete(product_ids: Iterable[int], user: Any) -> None:
    """Delete these products, and write down what each was."""
    rows = Product.objects.filter(pk__in=list(product_ids))
    lock_vendors(set(rows.order_by().values_list("vendor_id", flat=True)))
    products = list(rows.select_for_update())
    ProductChange.objects.bulk_create(
        ProductChange(
            product_id=product.pk,
            kind=Kind.DELETED,
            changes={field: [value, None] for field, value in _values(product).items()},
            changed_by=user,
        )
        for product in products
    )
    Product.objects.filter(pk__in=[product.pk for product in products]).delete()


def _values(product: Product) -> dict[str, object]:
    """As catalog.committer's changes have them: a price is a text, and nothing is an empty one."""
    values = {field: getattr(product, field) for field in _FIELDS}
    empty = {field: "" for field in OPTIONAL if values[field] is None}
    return values | empty | {"price": str(product.price)}

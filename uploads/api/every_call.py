"""The API with all its calls: each module of them has a router, or adds to another's."""

from uploads.api.base import api
from uploads.api.calls import corrections, listing, me, products, reference, webhooks

__all__ = ["api"]

# Those with more behind the ID come first, since a feed's ID may have slashes.
api.add_router("", corrections.router)  # that of rows.py, with what corrections.py adds
api.add_router("", listing.router)  # that of feeds.py, with the list
api.add_router("", products.router)
api.add_router("", reference.router)
api.add_router("", webhooks.router)
api.add_router("", me.router)

"""Vendors, the people who work for them, and the programs that do.

companies.py  a vendor, its members, its invitations
tokens.py     what its programs prove themselves with
webhooks.py   what its programs are told
holds.py      why nothing that comes for it takes effect just now
"""

from vendors.models.companies import (
    CURRENCY_HELP,
    CurrencyField,
    Invitation,
    Vendor,
    VendorMember,
    default_currency,
)
from vendors.models.holds import REASON_CHARS, VendorHold
from vendors.models.tokens import ApiToken
from vendors.models.webhooks import URL_CHARS, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "CURRENCY_HELP",
    "REASON_CHARS",
    "URL_CHARS",
    "ApiToken",
    "CurrencyField",
    "Invitation",
    "Vendor",
    "VendorHold",
    "VendorMember",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "default_currency",
]

"""Vendors, the people who work for them, and the programs that do.

companies.py  a vendor, its members, its invitations
tokens.py     what its programs prove themselves with
webhooks.py   what its programs are told
holds.py      why nothing that comes for it takes effect just now
mails.py      mails to its owners that are still to be sent
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
from vendors.models.mails import OwedMail
from vendors.models.tokens import ApiToken
from vendors.models.webhooks import URL_CHARS, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "CURRENCY_HELP",
    "REASON_CHARS",
    "URL_CHARS",
    "ApiToken",
    "CurrencyField",
    "Invitation",
    "OwedMail",
    "Vendor",
    "VendorHold",
    "VendorMember",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "default_currency",
]

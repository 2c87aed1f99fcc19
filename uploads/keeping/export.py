"""All that is known of one vendor as a folder in a zip file: a table each, and its people's sign-ins.

For the vendor, when it leaves or asks. Cells are harmless in a spreadsheet. Nothing that opens anything is in it,
neither passwords nor second factors, sessions or tokens.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from catalog.models import Product
from config.web.exports import csv_lines, resource_of
from security.models import SecurityEvent
from uploads.models import Comment, Correction, RememberedReading, SelfRetry, UploadHistory, ValidationError, ValueRule
from vendors import leaving
from vendors.models import Invitation, Vendor, VendorMember

SECRET: Final = (
    "password", "token_hash", "storage_key", "original_key", "error_report_key", "previewed_key", "layout",
)  # fmt: skip


def tables(vendor: Vendor) -> Iterator[tuple[str, QuerySet[Any]]]:
    """The name of each table, and the vendor's rows of it."""
    yield "vendor", Vendor.objects.filter(pk=vendor.pk)
    yield "products", Product.objects.filter(vendor=vendor)
    yield "uploads", UploadHistory.objects.filter(vendor=vendor)
    yield "errors", ValidationError.objects.filter(vendor=vendor)
    yield "corrections", Correction.objects.filter(upload__vendor=vendor)
    yield "rows-retried-by-themselves", SelfRetry.objects.filter(upload__vendor=vendor)
    yield "value-rules", ValueRule.objects.filter(vendor=vendor)
    yield "remembered-columns", RememberedReading.objects.filter(vendor=vendor)
    yield "messages", Comment.objects.filter(vendor=vendor, audience=Comment.Audience.VENDOR)
    yield "members", VendorMember.objects.filter(vendor=vendor)
    yield "invitations", Invitation.objects.filter(vendor=vendor)
    yield "people", User.objects.filter(memberships__vendor=vendor)
    yield "what-its-people-did", _done(vendor)


def _done(vendor: Vendor) -> QuerySet[SecurityEvent]:
    """What the vendor's people did: of who works elsewhere too, or is of the staff, only what was about this vendor."""
    members = leaving.members(vendor)
    everybody = [str(member.user_id) for member in members]
    only_here = [str(member.user_id) for member in members.filter(alone=True)]  # type: ignore[misc] # annotated there
    return SecurityEvent.objects.filter(Q(account__in=only_here) | Q(account__in=everybody, vendor_id=vendor.pk))


def write(vendor: Vendor, path: Path) -> dict[str, int]:
    """Write the file; how many rows each table has. It has its name only when it is whole."""
    draft, rows = path.with_name(f"{path.name}.part"), {}
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)  # people's data
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, found in tables(vendor):
            rows[name] = -1  # the header
            with archive.open(f"{vendor.pk}/{name}.csv", "w", force_zip64=True) as table:
                for line in csv_lines(resource_of(found.model, SECRET)(), found):
                    table.write(line.encode())
                    rows[name] += 1
    draft.rename(path)
    return rows

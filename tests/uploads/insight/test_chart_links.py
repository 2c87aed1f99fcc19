"""Every bar of a chart leads to the rows that it counted: who follows it and counts comes to the same number."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from uploads.insight import operations
from uploads.insight.charts import Bar, Chart
from uploads.models import UploadHistory, ValidationError
from uploads.portal import quality
from uploads.staff.pages import vendor as vendor_page
from uploads.staff.start import figures
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(vendor: Vendor, other_vendor: Vendor) -> None:
    """Uploads of two vendors over a hundred days, with errors that are open, ignored and settled, and warnings."""
    midnight = operations.start_of(operations.today())
    number = 0
    for days in (0, 1, 6, 7, 29, 30, 85, 89, 90, 100):
        for owner in (vendor, other_vendor):
            number += 1
            upload = UploadHistory.objects.create(
                upload_id=f"U{number}", vendor=owner, file_name="f.csv", total_records=10, valid_records=10 - days % 4,
                error_records=days % 4, status="completed",
            )  # fmt: skip
            UploadHistory.objects.filter(pk=upload.pk).update(created_at=midnight - timedelta(days=days))
            for row, (code, how) in enumerate([("invalid_price", ""), ("invalid_price", "ignored"),
                                               ("missing_value", "by_hand"), ("price_read", "warning")]):  # fmt: skip
                error = ValidationError.objects.create(
                    upload=upload, vendor=owner, row_number=row, error_type=code, error_message="x",
                    record_id=f"REC_{row}", severity="warning" if how == "warning" else "error",
                    resolution=how if how in ("ignored", "by_hand") else "",
                    resolved_at=timezone.now() if how in ("ignored", "by_hand") else None,
                )  # fmt: skip
                at = midnight - timedelta(days=days)
                ValidationError.objects.filter(pk=error.pk).update(created_at=at)


def bars(charts: list[Chart]) -> Iterator[tuple[str, Bar]]:
    for chart in charts:
        yield from ((chart.key, bar) for bar in chart.bars if bar.url or any(bar.numbers))


def counted(client: Client, key: str, bar: Bar) -> tuple[int | float, ...]:
    """What the list says that the bar leads to."""
    shown: Any = client.get(bar.url).context
    uploads = list(shown["cl"].queryset) if "cl" in shown else [line[0] for line in shown["uploads"]]
    if key == "kinds":
        return (len(uploads),)
    valid, errors = sum(one.valid_records for one in uploads), sum(one.error_records for one in uploads)
    return (valid, errors) if key == "days" else (round(100 * errors / (valid + errors), 1),)


def wrong(client: Client, charts: list[Chart]) -> dict[tuple[str, str], Any]:
    found = {(key, bar.name): (bar.numbers, counted(client, key, bar)) for key, bar in bars(charts)}
    assert len(found) > 5
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def test_the_charts_of_the_platform_lead_to_what_they_counted(
    admin_client: Client, admin_user: User, sent: None
) -> None:
    assert wrong(admin_client, figures.whole(admin_user)["charts"]) == {}


def test_the_charts_of_a_vendor_lead_to_what_they_counted_of_it(
    admin_client: Client, admin_user: User, sent: None
) -> None:
    assert wrong(admin_client, vendor_page.charts_of("VEND001", admin_user)) == {}


def test_what_a_vendor_sees_of_itself_leads_to_what_was_counted(client: Client, sent: None, vendor: Vendor) -> None:
    user = User.objects.create_user("owner")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    client.force_login(user)
    shown: Any = client.get(f"/vendor/{vendor.pk}/quality/").context
    assert {chart.key for chart in shown["charts"]} == {"rates", "days"}
    assert quality.DAYS == 90
    assert wrong(client, shown["charts"]) == {}

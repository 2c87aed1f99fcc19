"""A vendor sees its uploads with their results, how its error rate develops, and the errors it makes most."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from uploads.insight import charts, operations
from uploads.insight.operations import Day
from uploads.models import UploadHistory, ValidationError
from vendors.models import Vendor

BASE = "/vendor/VEND001/"


def upload(number: int, valid: int, errors: int, days_ago: int = 0, vendor_id: str = "VEND001", **facts: Any) -> None:
    made = UploadHistory.objects.create(
        upload_id=f"UP_{number}", vendor_id=vendor_id, file_name=f"file-{number}.csv", status="completed",
        valid_records=valid, error_records=errors, total_records=valid + errors, **facts,
    )  # fmt: skip
    at = timezone.now() - timedelta(days=days_ago)
    UploadHistory.objects.filter(pk=made.pk).update(created_at=at)
    for row in range(errors):
        problem = ValidationError.objects.create(
            upload=made, vendor_id=vendor_id, row_number=row + 1, record_id=f"REC_{row + 1:07}",
            error_type="invalid_price", error_message="no price",
        )  # fmt: skip
        ValidationError.objects.filter(pk=problem.pk).update(created_at=at)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_uploads_are_listed_with_their_results_and_lead_to_their_errors(member: Client, other_vendor: Vendor) -> None:
    staff = User.objects.create_superuser("boss")
    upload(1, 90, 10, inserted_records=80, uploaded_by=User.objects.get(username="ada"))
    upload(2, 5, 0, uploaded_by=staff)
    upload(4, 5, 0, uploaded_by=User.objects.create_user("ada2", "ada@northwind.example"))
    upload(3, 5, 5, vendor_id="VEND002")
    shown = text(member.get(f"{BASE}history/"))
    assert 'href="/vendor/VEND001/uploads/UP_1/errors/"' in shown
    assert "10.0%" in shown
    assert '<td class="sender">ada</td>' in shown
    assert '<td class="sender">ada@northwind.example</td>' in shown, (
        "as on the page of members; the username was made up for them"
    )
    assert '<td class="sender">our staff</td>' in shown
    assert "boss" not in shown
    assert "file-3.csv" not in shown
    assert "UP_2/errors" not in shown


def test_uploads_come_in_pages_and_of_some_days(member: Client) -> None:
    for number in range(30):
        upload(number, 1, 0, days_ago=number)
    assert "30 uploads, page 1 of 2" in text(member.get(f"{BASE}history/"))
    assert "file-29.csv" in text(member.get(f"{BASE}history/", {"p": 2}))
    today = operations.today()
    asked = {"since": f"{today - timedelta(days=3)}", "until": f"{today - timedelta(days=1)}"}
    some = text(member.get(f"{BASE}history/", asked))
    assert "2 uploads" in some
    assert "file-2.csv" in some
    assert "file-3.csv" in some
    for nonsense in ("x", "0001-01-01", "9999-12-31", "\0"):
        assert "30 uploads" in text(member.get(f"{BASE}history/", {"since": nonsense, "until": nonsense}))


def test_a_longer_history_costs_no_more_queries(member: Client) -> None:
    counts = []
    for number in range(3):
        upload(number, 1, 1)
        with CaptureQueriesContext(connection) as captured:
            member.get(f"{BASE}history/")
        counts.append(len(captured))
    assert counts[1] == counts[2]


def test_the_error_rate_is_told_by_week_and_weeks_without_rows_have_none() -> None:
    monday = operations.today() - timedelta(days=operations.today().weekday(), weeks=2)
    days = [Day(monday + timedelta(days=n)) for n in range(21)]
    days[0] = Day(days[0].day, 1, 90, 10)
    days[2] = Day(days[2].day, 1, 300, 0)
    days[15] = Day(days[15].day, 1, 997, 3)
    chart = charts.of_rates(days, lambda page, **filters: str(filters["created_at__gte"])[:10])
    assert [(bar.name, bar.numbers) for bar in chart.bars] == [
        (f"{monday}", (2.5,)),
        (f"{monday + timedelta(weeks=2)}", (0.3,)),
    ]
    assert chart.summary == "0.3% in the last week with rows, 2.5% in the one before."


def test_the_quality_page_has_both_charts_and_the_errors_made_most(member: Client, other_vendor: Vendor) -> None:
    upload(1, 90, 10, days_ago=20)
    upload(2, 99, 1)
    upload(3, 0, 7, vendor_id="VEND002")
    upload(4, 0, 5, days_ago=200)
    ValidationError.objects.filter(upload_id="UP_1").update(resolved_at=timezone.now())
    response = member.get(f"{BASE}quality/")
    shown = text(response)
    assert [chart.key for chart in response.context["charts"]] == ["rates", "days"]
    assert 'data-value="10.0"' in shown
    assert 'data-value="99"' in shown
    assert [(h.code, h.problems, h.still_open) for h in response.context["habits"]] == [("invalid_price", 11, 1)]
    assert 'href="/vendor/VEND001/uploads/UP_2/errors/invalid_price/"' in shown
    today = operations.today()
    assert f"{BASE}history/?since={today}&amp;until={today + timedelta(days=1)}" in shown


def test_a_vendor_that_sent_nothing_reads_that(member: Client) -> None:
    assert "Nothing was sent in the last 90 days." in text(member.get(f"{BASE}quality/"))
    assert "Nothing has been sent yet." in text(member.get(f"{BASE}history/"))


def test_another_vendors_pages_are_not_there(member: Client, other_vendor: Vendor) -> None:
    for page in ("history/", "quality/", "find/", "catalog/", "catalog/export.xlsx"):
        assert member.get(f"/vendor/VEND002/{page}").status_code == 404

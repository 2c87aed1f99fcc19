"""The figures of the platform, and 'Quality' on a vendor's page: who sees them, and where they lead."""

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from uploads.models import (
    Job,
    Kept,
    RecordOutcome,
    ServiceOutage,
    StreamShard,
    TableStream,
    UpkeepStep,
    UploadHistory,
    ValidationError,
)
from uploads.work import policies, steps
from vendors.models import Vendor

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
PAGE = "/admin/figures/"
LIVE = "/admin/figures/live/"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def ways(text: str) -> set[str]:
    """The addresses that a part of a page leads to."""
    return {way.replace("&amp;", "&") for way in re.findall(r'href="([^"]+)"', text)}


def fill(numbers: range) -> None:
    """A vendor of each kind for each number, with an upload on its way, one that failed, errors, and all troubles."""
    now = timezone.now()
    for n in numbers:
        vendor = Vendor.objects.create(
            vendor_id=f"V{n}", vendor_name=f"{SCRIPT} {n}", email=f"v{n}@example.com",
            status=["active", "pending", "suspended"][n % 3],
        )  # fmt: skip
        for status in ("failed", "processing"):
            upload = UploadHistory.objects.create(
                upload_id=f"U/{n} {status} <b>", vendor=vendor, file_name="f.csv", status=status, file_rows=200,
                staged_rows=200, total_records=100, valid_records=60, error_records=40,
                created_at=now - timedelta(hours=2),  # of one day, also shortly after midnight
            )  # fmt: skip
            UploadHistory.objects.filter(pk=upload.pk).update(reconciled_to="REC_1")
            ValidationError.objects.create(
                upload=upload, vendor=vendor, row_number=n, error_type=f"<i>{n}", error_message=SCRIPT
            )
        RecordOutcome.objects.create(
            upload_id=upload.pk, record_id="REC_1", outcome="error", created_at=now - timedelta(minutes=5)
        )
        RecordOutcome.objects.create(
            upload_id=upload.pk, record_id="REC_X", outcome="error", created_at=now - timedelta(minutes=5),
            written_back_at=now, write_back_failure=SCRIPT,
        )  # fmt: skip
        StreamShard.objects.create(stream_arn="arn", shard_id=f"s{n}", gap_found_at=now)
        TableStream.objects.create(stream_arn=f"arn{n}", doubted_at=now, doubt=SCRIPT, scan_from=now, scan_examined=12)
        Job.objects.create(kind="undo", upload=upload, vendor=vendor, state="failed", failure=SCRIPT, ended_at=now)


@pytest.fixture
def looking(client: Client) -> Client:
    """Somebody of the staff who may view uploads and nothing else."""
    user = User.objects.create_user("looking", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_uploadhistory"))
    client.force_login(user)
    return client


# --- who sees it -----------------------------------------------------------------------------------------------


def test_staff_without_permission_to_view_uploads_are_neither_offered_nor_shown_the_figures(client: Client) -> None:
    user = User.objects.create_user("newcomer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    client.force_login(user)
    fill(range(1))
    text = page(client, "/admin/")
    assert "/admin/vendors/vendor/" in ways(text)
    assert PAGE not in ways(text)
    assert client.get(PAGE).status_code == 403
    assert client.get(LIVE).status_code == 403


@pytest.mark.parametrize("address", [PAGE, LIVE])
def test_the_figures_need_a_login_of_staff(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("vendor"))
    assert client.get(address).headers["Location"].startswith("/admin/login/")


def test_what_one_may_not_view_is_left_out_or_leads_nowhere(looking: Client) -> None:
    fill(range(3))
    text = page(looking, PAGE)
    assert "On their way" in text
    for heading in ("Vendors that need attention", "Most frequent errors", "Upkeep", "What is kept"):
        assert heading not in text
    for table in ("validationerror", "recordoutcome", "streamshard", "recentupload"):
        assert f"/admin/uploads/{table}/" not in text
    assert not re.search(r"/admin/(vendors|catalog)/", text)


# --- what it shows ---------------------------------------------------------------------------------------------


def test_an_empty_platform_shows_no_charts(admin_client: Client) -> None:
    text = page(admin_client, PAGE)
    assert "<canvas" not in text
    assert "No upload is being processed." in text


def test_everything_it_shows_leads_to_a_page_that_opens(admin_client: Client) -> None:
    fill(range(3))
    text = page(admin_client, PAGE)
    board = text[text.index('class="board"') : text.index("</main>")]
    assert len(ways(board)) > 15
    for way in ways(board):
        assert admin_client.get(way).status_code == 200, way


def test_what_is_kept_is_there_with_how_long_how_much_and_how_much_was_deleted(
    admin_client: Client, settings: Any
) -> None:
    settings.KEEP_JOBS_DAYS = 0
    Kept.objects.create(
        kind="files",
        standing=1234,
        removed=56,
        removed_on=date(2026, 3, 1),
        removed_that_day=7,
        counted_at=timezone.now(),
    )
    text = page(admin_client, PAGE)
    shown = text[text.index('id="kept"') : text.index("</main>")]
    rows = {row[0]: row[1:] for row in re.findall(r"<tr>\s*<th.*?>(.*?)</th>" + r"\s*<td.*?>(.*?)</td>" * 3, shown)}
    assert list(rows) == [escape(policy.says) for policy in policies.POLICIES.values()]
    assert rows["Original files"] == ("400 days after the end of their upload", "1,234", "7 on 2026-03-01, 56 in all")
    assert rows["Jobs that have ended"] == ("for ever", "–", "none yet")


def test_each_step_of_the_schedule_is_there_with_when_it_went_well_and_since_when_it_fails_with_what(
    admin_client: Client,
) -> None:
    now = timezone.now()
    UpkeepStep.objects.create(
        name=steps.FINISH, well_at="2026-03-01T12:30:00Z", failing_since="2026-03-01T12:34:00Z", failed_at=now,
        failure=SCRIPT,
    )  # fmt: skip
    UpkeepStep.objects.create(
        name=steps.RECONCILE, failing_since=now, failed_at=now, failure="DynamoDB isn't reachable.", waits=True
    )
    UpkeepStep.objects.create(name=steps.STAGE, well_at=now - timedelta(hours=1))
    text = page(admin_client, PAGE)
    shown = text[text.index('id="upkeep"') : text.index('id="kept"')]
    rows = {row[0]: row[1:] for row in re.findall(r"<tr>\s*<th.*?>(.*?)</th>" + r"\s*<td.*?>(.*?)</td>" * 3, shown)}
    assert list(rows) == [escape(name) for name in steps.EVERY]
    assert rows[steps.FINISH] == ("2026-03-01 12:30", "2026-03-01 12:34", escape(SCRIPT))
    assert rows[steps.WRITE_BACK] == ("not yet", "", "")


def test_what_is_not_in_order_is_counted_and_leads_to_the_list_of_work(looking: Client) -> None:
    outage = ServiceOutage.objects.create(service="DynamoDB", reason="Renew the credentials.")
    said = '<a href="/admin/#troubles">1 thing isn’t in order</a>'
    assert said in page(looking, LIVE)
    outage.answered_at = timezone.now()
    outage.save()
    assert "in order" not in page(looking, LIVE)


def test_links_lead_to_what_they_count(admin_client: Client) -> None:
    fill(range(3))
    ways_of_page = ways(page(admin_client, LIVE))

    def count(path: str, part: str) -> int:
        found = [way for way in ways_of_page if urlsplit(way).path == path and part in way]
        assert len(found) == 1, (part, found)
        return int(admin_client.get(found[0]).context["cl"].result_count)

    assert count("/admin/uploads/uploadhistory/", "vendor=V0&") == 1  # failed
    assert count("/admin/uploads/validationerror/", "vendor=V0&") == 2


def test_vendors_that_need_attention_are_listed_with_the_reasons(admin_client: Client) -> None:
    fill(range(3))
    text = page(admin_client, LIVE)
    for reason in (
        "suspended, 2 uploads since",
        "1 upload failed",
        "40.0% of 200 rows with errors",
    ):
        assert reason in text


def test_uploads_on_their_way_have_a_progress_bar_and_their_pace(admin_client: Client) -> None:
    fill(range(1))
    RecordOutcome.objects.create(upload_id="U/0 processing <b>", record_id="REC_2", outcome="inserted")
    text = page(admin_client, LIVE)
    assert '<progress max="1" value="0.500" aria-label="U/0 processing &lt;b&gt;">' in text
    assert "100 of 200" in text
    assert re.search(r'100 of 200</td>\s*<td class="number">1</td>', text)


@pytest.mark.parametrize(("minutes", "age"), [(0.5, "under a minute"), (2.5, "2\xa0minutes"), (150, "2\xa0hours")])
def test_the_age_of_the_oldest_pending_record_is_said_in_words(admin_client: Client, minutes: float, age: str) -> None:
    fill(range(1))
    UploadHistory.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
    assert re.search(rf"Oldest row on its way</dt>\s*<dd><a [^>]+>{age}</a>", page(admin_client, LIVE))


@pytest.mark.parametrize(
    ("seconds", "said", "bad"), [(5, "caught up", False), (100, "100 s behind", True), (4000, "4,000 s behind", True)]
)
def test_a_stream_that_falls_behind_is_marked(admin_client: Client, seconds: int, said: str, bad: bool) -> None:
    then = timezone.now() - timedelta(seconds=seconds)
    StreamShard.objects.create(stream_arn="arn", shard_id="s", caught_up_at=then, created_at=then)
    text = page(admin_client, LIVE)
    found = re.search(r'<div( class="bad")?>\s*<dt>Incoming records</dt>\s*<dd><a [^>]+>([^<]+)</a>', text)
    assert found
    assert found[2] == said or found[2] == said.replace("0 s", "1 s")
    assert bool(found[1]) is bad


def test_an_error_rate_that_rises_over_yesterdays_is_marked(admin_client: Client, vendor: Vendor) -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for n, (valid, errors) in enumerate([(90, 10), (95, 5)]):
        UploadHistory.objects.create(
            upload_id=f"U{n}", vendor=vendor, file_name="f", status="completed", total_records=100,
            valid_records=valid, error_records=errors, created_at=midnight - timedelta(days=n),
        )  # fmt: skip
    rate = re.compile(
        r'<div( class="bad")?>\s*<dt>Error rate today</dt>\s*<dd><a [^>]+>([^<]+)</a></dd>\s*<dd[^>]*>([^<]+)<'
    )
    assert rate.findall(page(admin_client, LIVE)) == [(' class="bad"', "10.0%", "yesterday 5.0%")]
    UploadHistory.objects.filter(pk="U1").update(valid_records=80, error_records=20)
    assert rate.findall(page(admin_client, LIVE)) == [("", "10.0%", "yesterday 20.0%")]


def test_names_from_outside_are_shown_as_text(admin_client: Client) -> None:
    fill(range(3))
    for url in (PAGE, LIVE, "/admin/vendors/vendor/V0/change/"):
        text = page(admin_client, url)
        assert SCRIPT not in text
        assert "<i>0" not in text
        assert "<b>" not in text
        assert escape(SCRIPT) in text


def test_figures_have_their_numbers_in_a_table_that_needs_no_script(admin_client: Client) -> None:
    fill(range(1))
    text = page(admin_client, PAGE)
    assert "<details open>" in text
    assert re.search(
        r'<canvas role="img" aria-label="Rows per day, last 30 days: 120 rows valid, 80 with errors.">', text
    )
    assert '<td class="number" data-value="120">120</td>' in text
    assert '<noscript><meta http-equiv="refresh"' in text


def test_pages_have_no_script_or_style_of_their_own_inline(admin_client: Client) -> None:
    fill(range(1))
    for url in (PAGE, LIVE, "/admin/vendors/vendor/V0/change/"):
        text = page(admin_client, url)
        assert not re.search(r"<style|\sstyle=|\son\w+=", text), url
        assert not [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag and "json" not in tag], url
        for file in re.findall(r'(?:src|href)="/static/((?:uploads|vendor)/[^"]+)"', text):
            assert finders.find(file), file


# --- what it costs ---------------------------------------------------------------------------------------------


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(client, url)
    return len(captured)


@pytest.mark.parametrize(("url", "at_most"), [(PAGE, 24), (LIVE, 20), ("/admin/vendors/vendor/V0/change/", 29)])
def test_the_number_of_queries_does_not_grow_with_the_rows(admin_client: Client, url: str, at_most: int) -> None:
    fill(range(1))
    page(admin_client, url)
    few = queries(admin_client, url)
    fill(range(1, 20))
    assert queries(admin_client, url) == few <= at_most


# --- a vendor's page -------------------------------------------------------------------------------------------


def test_a_vendors_page_shows_its_own_rows_and_errors(admin_client: Client, vendor: Vendor) -> None:
    fill(range(2))
    mended = ValidationError.objects.filter(vendor_id="V0")[:1].get()
    ValidationError.objects.filter(pk=mended.pk).update(resolved_at=timezone.now(), resolution="retried")
    text = page(admin_client, "/admin/vendors/vendor/V0/change/")
    assert "120 rows valid, 80 with errors." in text
    assert "&lt;i&gt;0: 2." in text
    assert "&lt;i&gt;1" not in text
    found = [way for way in ways(text) if way.startswith("/admin/uploads/validationerror/") and "error_type" in way]
    assert [admin_client.get(way).context["cl"].result_count for way in found] == [2]
    assert "Nothing was sent in the last 90 days." in page(admin_client, "/admin/vendors/vendor/VEND001/change/")


def test_quality_needs_the_permission_to_view_uploads(client: Client) -> None:
    fill(range(1))
    user = User.objects.create_user("sales", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    client.force_login(user)
    url = "/admin/vendors/vendor/V0/change/"
    assert "Quality" not in page(client, url)
    user.user_permissions.add(Permission.objects.get(codename="view_uploadhistory"))
    text = page(client, url)
    assert "Rows per day" in text
    assert "Most frequent errors" not in text


def test_a_new_vendor_has_no_quality_yet(admin_client: Client) -> None:
    assert "Quality" not in page(admin_client, "/admin/vendors/vendor/add/")


def test_a_new_vendor_begins_with_the_currency_of_the_platform(admin_client: Client, settings: Any) -> None:
    settings.DEFAULT_CURRENCY = "SEK"
    assert re.search(r'<option value="SEK" selected>', page(admin_client, "/admin/vendors/vendor/add/"))


# --- scripts of others -----------------------------------------------------------------------------------------


def test_scripts_of_others_are_what_their_list_says() -> None:
    folder = Path(finders.find("third_party/README.md") or "").parent
    listed = dict(
        re.findall(r"^\| (\S+\.js) .*\| ([0-9a-f]{64}) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    )
    found = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in folder.rglob("*.js")}  # fmt: skip
    assert found == listed
    assert all(list(path.parent.glob("LICENSE*")) for path in folder.rglob("*.js"))

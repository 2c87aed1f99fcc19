"""The one page of an upload: what stands on it, that it is mended there, and that nothing on it leads to a refusal."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import text
from uploads.models import Job, UploadHistory, ValidationError
from uploads.staff.pages import history, work
from vendors.models import Vendor

ROWS = [
    line(1), line(2), line(3, category="Elektro"), line(4, category="ELEKTRO"), line(5, category="Kleider"),
    line(6, price="x"), line(7, sku="SKU-1"),
]  # fmt: skip


def address(upload: UploadHistory, page: str = "change") -> str:
    return f"/admin/uploads/uploadhistory/{quote(upload.pk)}/{page}/"


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*ROWS))


@pytest.fixture
def as_one_of(client: Client) -> Callable[..., Client]:
    """Somebody of a group, or with these permissions alone."""

    def login(*groups: str, permissions: tuple[str, ...] = ()) -> Client:
        user = User.objects.create_user("grace", is_staff=True)
        user.groups.set(Group.objects.filter(name__in=groups))
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return login


def ways(page: str) -> set[str]:
    """Where links and forms of a page's main part lead, within the admin."""
    main = page[page.index('id="content-start"') :]
    found = re.findall(r'(?:href|action|hx-get)="(/admin/[^"]*)"', main)
    return {one.replace("&amp;", "&") for one in found}


# --- what stands on it -------------------------------------------------------------------------------------------


def test_it_is_called_by_its_file_and_company_and_has_its_id_beneath(
    admin_client: Client, upload: UploadHistory
) -> None:
    page = admin_client.get(address(upload)).content.decode()
    assert "<h1>feed.csv from Northwind</h1>" in page
    assert f'<code class="key">{upload.pk}</code>' in page
    assert f"<h1>{upload.pk}" not in page


def test_what_became_of_it_is_one_bar_whose_numbers_lead_to_the_rows(
    admin_client: Client, upload: UploadHistory
) -> None:
    shares = admin_client.get(address(upload)).context["shares"]
    assert [(share.name, share.count) for share in shares] == [("New", 2), ("Need you", 5)]
    assert sum(float(share.width) for share in shares) == pytest.approx(100, abs=0.01)
    for share in shares:
        rows = admin_client.get(share.url).context["cl"].result_list
        assert len({row.record_id for row in rows}) == share.count, share.name


def test_a_running_upload_shows_the_rows_that_are_on_their_way(admin_client: Client, vendor: Vendor) -> None:
    running = UploadHistory.objects.create(
        upload_id="U", vendor=vendor, file_name="f.csv", file_rows=10, staged_rows=10, total_records=4, valid_records=4,
        inserted_records=4,
    )  # fmt: skip
    response = admin_client.get(address(running))
    assert [(share.name, share.count) for share in response.context["shares"]] == [("New", 4), ("On their way", 6)]
    assert response.context["main_actions"][0][0] == "Cancel"


def test_it_says_who_sent_what_how_it_was_read_and_what_happened(admin_client: Client, pipeline: Pipeline) -> None:
    mia = User.objects.create_user("mia")
    upload = pipeline.run(feed(*ROWS))
    UploadHistory.objects.update(uploaded_by=mia)
    shown = text(admin_client.get(address(upload)))
    for words in ("By mia", "To add new products and update existing ones", "Encoding UTF-8", "Price from “price”",
                  "mia Sent.", "Completed."):  # fmt: skip
        assert words in shown


def test_a_file_that_is_gone_is_not_offered(admin_client: Client, upload: UploadHistory) -> None:
    assert address(upload, "file") in ways(admin_client.get(address(upload)).content.decode())
    UploadHistory.objects.update(storage_key="", file_deleted_at="2026-01-01T00:00:00Z")
    page = admin_client.get(address(upload)).content.decode()
    assert address(upload, "file") not in ways(page)
    assert "The file was deleted on 2026-01-01" in page


def test_its_history_is_bounded_newest_first_and_leads_to_the_rest(admin_client: Client, upload: UploadHistory) -> None:
    admin = User.objects.get(username="admin")
    for number in range(30):
        LogEntry.objects.log_actions(admin.pk, [upload], 2, f"Thing {number}.", single_object=True)
    response = admin_client.get(address(upload))
    shown = [entry.what for entry in response.context["history"].entries]
    assert shown == [f"Thing {number}." for number in range(29, 29 - history.SHOWN, -1)]
    assert address(upload, "history") in ways(response.content.decode())


def test_what_only_engineers_know_is_shown_to_who_may_see_system(
    as_one_of: Callable[..., Client], upload: UploadHistory
) -> None:
    assert "For engineers" in text(as_one_of("Read-only").get(address(upload)))
    User.objects.all().delete()
    views = ("view_uploadhistory", "view_validationerror", "view_vendor")
    shown = text(as_one_of(permissions=views).get(address(upload)))
    for word in ("For engineers", "DynamoDB", "Ledger", "SHA-256", "stream", "staged", "outcome", "reconcile"):
        assert word not in shown, word


# --- mended on the spot ------------------------------------------------------------------------------------------


def forms(response: Any) -> dict[str, Any]:
    return {form["portion"].field: form for form in response.context["forms"]}


def test_wrong_values_are_mended_on_the_page_and_the_work_is_a_line_of_it(
    admin_client: Client, upload: UploadHistory
) -> None:
    shown = admin_client.get(address(upload))
    found = forms(shown)
    assert [*found] == ["category", "price"], "the field with most rows first"
    values = [(one.value, one.rows) for one in found["category"]["portion"].values]
    assert values == [("ELEKTRO", 2), ("Kleider", 1)]
    assert f'action="{escape(found["category"]["url"])}"' in shown.content.decode()

    sent = {"value-0": "ELEKTRO", "right-0": "Electronics", "value-1": "Kleider", "ignore-1": "yes"}
    answer = admin_client.post(found["category"]["url"], sent)
    assert answer.headers["Location"] == f"{address(upload)}#jobs"
    assert "Waiting for its turn" in text(admin_client.get(address(upload, "jobs")))
    run_jobs()

    after = admin_client.get(address(upload))
    assert "Done: 2 rows are right now, 0 still wrong, 1 ignored." in text(after)
    assert [*forms(after)] == ["price"]
    assert {share.key: share.count for share in after.context["shares"]} == {"new": 4, "open": 2, "ignored": 1}
    assert Product.objects.filter(category="Electronics", sku__in=["SKU-3", "SKU-4"]).count() == 2
    assert "Category: 1 corrected, 1 ignored of its wrong values, 3 rows." in text(after)
    assert "Row 3: category: Elektro → Electronics" in text(after)


def test_ten_values_of_a_field_stand_there_and_the_rest_is_a_click_away(
    admin_client: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(*(line(n, category=f"Kind {n}") for n in range(1, 15))))
    shown = admin_client.get(address(upload))
    form = forms(shown)["category"]
    assert (len(form["lines"]), form["portion"].values_in_all, form["portion"].behind) == (10, 14, 4)
    assert f'<a href="{escape(form["url"])}">All 14 values of category</a>' in shown.content.decode()


def test_rows_that_clash_lead_to_the_table(admin_client: Client, upload: UploadHistory) -> None:
    page = admin_client.get(address(upload)).content.decode()
    assert f"/admin/uploads/validationerror/rows/?upload={upload.pk}&code=duplicate_in_file" in ways(page)


def test_why_nothing_can_be_mended_now_is_said(admin_client: Client, upload: UploadHistory) -> None:
    Vendor.objects.update(status="suspended")
    page = admin_client.get(address(upload))
    assert "VEND001 is suspended: rows can be retried once it is active." in text(page)
    assert "Save and retry" not in page.content.decode()


# --- work on it --------------------------------------------------------------------------------------------------


def test_jobs_are_lines_newest_first_and_bounded(admin_client: Client, upload: UploadHistory, vendor: Vendor) -> None:
    made = [Job.objects.create(kind="replay", upload=upload, vendor=vendor, state="done") for _ in range(20)]
    Job.objects.create(kind="dry_run", vendor=vendor, upload=upload)
    shown = admin_client.get(address(upload)).context
    assert [one.job for one in shown["job_lines"]] == made[::-1][: work.SHOWN]
    assert shown["more_jobs"]
    assert not shown["jobs_running"]


def test_the_line_of_a_look_at_undoing_offers_to_do_it_until_it_is_done(
    admin_client: Client, upload: UploadHistory
) -> None:
    assert admin_client.post(address(upload, "undo"), {"confirmed": "yes"}).headers["Location"].endswith("#jobs")
    looked = run_jobs()
    page = admin_client.get(address(upload)).content.decode()
    assert (
        f'<button type="submit" class="button default" name="dry_job" value="{looked.pk}">Undo 2 rows</button>' in page
    )
    admin_client.post(address(upload, "undo"), {"dry_job": looked.pk})
    run_jobs()
    page = admin_client.get(address(upload)).content.decode()
    assert "dry_job" not in page
    assert "Undid the upload." in page
    assert not Product.objects.exists()


def test_a_part_that_keeps_itself_up_to_date_asks_less_often_as_it_grows_old(
    admin_client: Client, upload: UploadHistory, vendor: Vendor
) -> None:
    Job.objects.create(kind="replay", upload=upload, vendor=vendor, total=5)
    UploadHistory.objects.update(status="processing", completed_at=None)
    assert admin_client.get(address(upload)).content.decode().count('hx-trigger="every 1s, back"') == 2
    Job.objects.update(created_at="2026-01-01T00:00:00Z")
    UploadHistory.objects.update(created_at="2026-01-01T00:00:00Z")
    page = admin_client.get(address(upload)).content.decode()
    assert page.count('hx-trigger="every 5s, back"') == 2
    assert "every 1s" not in page


# --- who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "permissions"),
    [
        (("Read-only",), ()),
        (("Operations",), ()),
        (("Operations lead",), ()),
        ((), ("view_uploadhistory",)),
        ((), ("view_uploadhistory", "view_validationerror")),
        ((), ("view_uploadhistory", "replay_uploadhistory")),
        ((), ("view_uploadhistory", "add_uploadhistory", "undo_uploadhistory", "download_uploadhistory")),
    ],
)
def test_nothing_on_it_leads_anybody_to_a_refusal(
    as_one_of: Callable[..., Client],
    upload: UploadHistory,
    vendor: Vendor,
    groups: tuple[str, ...],
    permissions: tuple[str, ...],
) -> None:
    Job.objects.create(kind="replay", upload=upload, vendor=vendor, state="done", result={"why": {"invalid_price": 1}})
    ValidationError.objects.filter(error_type="invalid_price").update(severity="warning")
    client = as_one_of(*groups, permissions=permissions)
    found = ways(client.get(address(upload)).content.decode()) - {"/admin/comments/"}  # which takes a form
    assert found
    refused = {way: status for way in found if (status := client.get(way).status_code) not in (200, 302)}
    assert refused == {}


def test_the_lines_of_work_need_the_permission_to_see_the_upload(client: Client, upload: UploadHistory) -> None:
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    assert client.get(address(upload, "jobs")).status_code == 403
    assert client.get(address(upload).replace("UPLOAD", "NOBODYS").replace("change", "jobs")).status_code == 403


# --- what it costs -----------------------------------------------------------------------------------------------


def test_its_queries_do_not_grow_with_jobs_errors_or_history(
    admin_client: Client, upload: UploadHistory, vendor: Vendor
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(address(upload)).status_code == 200
        return len(captured)

    def more() -> None:
        admin = User.objects.get(username="admin")
        result = {"why": {"x": 1}, "came": {"inserted": 1}}
        Job.objects.create(
            kind="replay", upload=upload, vendor=vendor, state="done", requested_by=admin, result=result
        )  # fmt: skip
        LogEntry.objects.log_actions(admin.pk, [upload], 2, "Thing.", single_object=True)
        for n in range(10):
            ValidationError.objects.create(
                upload=upload, vendor=vendor, row_number=n, error_type="unknown_category", field="category",
                wrong_value=f"V{ValidationError.objects.count()}", record_id=f"R{n}",
            )  # fmt: skip

    more()
    queries()
    before = queries()
    for _ in range(5):
        more()
    assert queries() == before


def test_each_of_its_lists_goes_by_an_index_of_its_own(vendor: Vendor, admin_user: User) -> None:
    """In tables with rows: in those that are next to empty, going through all by number costs as little."""
    others = "FROM generate_series(1, 2000) n"
    goes = {
        "SELECT * FROM jobs WHERE upload_id = 'U' ORDER BY id DESC LIMIT 9": "idx_jobs_upload",
        "SELECT * FROM jobs WHERE upload_id IS NULL AND vendor_id = 'V' AND NOT (kind = 'dry_run')"
        " ORDER BY id DESC LIMIT 9": "idx_jobs_vendor",
        "SELECT * FROM corrections WHERE upload_id = 'U' ORDER BY id DESC LIMIT 12": "idx_corrections_newest",
        "SELECT * FROM django_admin_log WHERE content_type_id = 1 AND object_id = 'U'"
        " ORDER BY id DESC LIMIT 13": "idx_admin_log_object",
    }
    with connection.cursor() as cursor:
        for statement in (
            f"INSERT INTO upload_history (upload_id, vendor_id, file_name) SELECT 'U' || n, 'VEND001', 'f' {others}",
            "INSERT INTO jobs (kind, vendor_id, parameters, result, upload_id)"
            f" SELECT 'replay', 'VEND001', '{{}}', '{{}}', CASE WHEN n % 2 = 0 THEN 'U' || n END {others}",
            "INSERT INTO corrections (upload_id, record_id, attempt, row_number, changes)"
            f" SELECT 'U' || n, 'R', 1, 1, '{{}}' {others}",
            "INSERT INTO django_admin_log (action_time, user_id, content_type_id, object_id, object_repr, action_flag,"
            f" change_message) SELECT now(), {admin_user.pk}, 1, 'U' || n, '', 2, '' {others}",
            "ANALYZE jobs, corrections, django_admin_log",
            "SET LOCAL enable_seqscan = off",
            "SET LOCAL enable_sort = off",
        ):
            cursor.execute(statement)
        for query, index in goes.items():
            cursor.execute(f"EXPLAIN {query}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert index in plan, plan


@pytest.mark.parametrize("written", ["UPLOAD_20261126_221530_abcdef", "UPLOAD_5F20261126_5F221530_5Fabcdef"])
def test_an_upload_is_found_by_its_id_as_people_read_it_and_as_the_admin_writes_it(
    admin_client: Client, vendor: Vendor, written: str
) -> None:
    UploadHistory.objects.create(upload_id="UPLOAD_20261126_221530_abcdef", vendor=vendor, file_name="late.csv")
    answer = admin_client.get(f"/admin/uploads/uploadhistory/{written}/change/")
    assert answer.status_code == 200
    assert "late.csv" in answer.content.decode()

"""What staff do to uploads in the admin: asked with the number of rows, done once confirmed, logged, by permission."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import escape

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import Job, UploadHistory

LIST = "/admin/uploads/uploadhistory/"


def address(upload: UploadHistory, name: str) -> str:
    return f"{LIST}{upload.pk.replace('_', '_5F')}/{name}/"


@pytest.fixture
def staff(client: Client, db: None) -> Callable[..., Client]:
    """A member of staff who may view everything, and what is named beside."""

    def login(*permissions: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        views = Permission.objects.filter(codename__startswith="view_")
        user.user_permissions.set([*views, *Permission.objects.filter(codename__in=permissions)])
        client.force_login(user)
        return client

    return login


def logged() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


def test_cancelling_says_how_many_rows_and_cancels_once_confirmed(admin_client: Client, vendor: Any) -> None:
    upload = UploadHistory.objects.create(
        upload_id="UPLOAD_1", vendor=vendor, file_name="f.csv", file_rows=1500, staged_rows=1500, total_records=500,
        valid_records=500,
    )  # fmt: skip
    text = admin_client.get(address(upload, "cancel")).content.decode()
    assert "Cancel 1,000 rows" in text
    upload.refresh_from_db()
    assert upload.status == "processing"

    admin_client.post(address(upload, "cancel"), {"confirmed": "yes"})

    upload.refresh_from_db()
    assert upload.status == "cancelled"
    assert logged() == ["Cancelled."]
    assert "There is nothing to do" in admin_client.get(address(upload, "cancel")).content.decode()


def test_failed_rows_are_retried_as_a_job_that_the_uploads_page_follows(
    admin_client: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(line(1, category="Drones"), line(2, price="x")))
    assert "Retry 2 rows" in admin_client.get(address(upload, "retry")).content.decode()
    ProductCategory.objects.create(category_name="Drones")

    response = admin_client.post(address(upload, "retry"), {"confirmed": "yes"}, follow=True)
    assert response.redirect_chain == [(f"{address(upload, 'change')}#jobs", 302)]
    assert "Waiting for its turn" in response.content.decode()
    asks = f'hx-get="{address(upload, "jobs")}"'
    assert asks in response.content.decode()
    job = run_jobs()

    text = admin_client.get(address(upload, "jobs")).content.decode()
    assert "Done: 1 row is right now, 1 still wrong." in text
    assert "<strong>1</strong> new products" in text
    assert asks not in text, "it has ended"
    assert f'hx-get="{address(upload, "progress")}" hx-trigger="load"' in text, "what is left is fetched"
    assert (
        "1 row</strong> of feed.csv waits" in admin_client.get(f"/admin/uploads/job/{job.pk}/change/").content.decode()
    )
    assert job.requested_by == User.objects.get(username="admin")
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (1, 1)


def test_several_uploads_are_retried_from_the_list(admin_client: Client, pipeline: Pipeline) -> None:
    uploads = [pipeline.run(feed(line(number, price="x"))) for number in (1, 2)]
    good = pipeline.run(feed(line(3)))
    chosen = {"action": "retry", "_selected_action": [upload.pk for upload in [*uploads, good]]}

    text = admin_client.post(LIST, chosen).content.decode()
    assert "Retry 2 rows" in text
    assert f"{good.pk}: It has no failed rows" in text
    assert Job.objects.count() == 0
    admin_client.post(LIST, chosen | {"confirmed": "yes"})

    assert set(Job.objects.values_list("upload_id", flat=True)) == {upload.pk for upload in uploads}


def test_a_reconcile_is_a_job_that_mends_what_the_stream_lost(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1), line(2)))
    pipeline.stage(upload)
    admin_client.post(address(upload, "reconcile"), {"confirmed": "yes"})
    assert run_jobs().state == "done"

    upload.refresh_from_db()
    assert (upload.status, upload.valid_records) == ("completed", 2)
    assert logged() == ["Looked for lost rows."]


def test_undoing_shows_first_and_does_then(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    pipeline.run(feed(line(2, price="1.00")))
    assert "Look at what undoing 2 rows would do" in admin_client.get(address(upload, "undo")).content.decode()

    admin_client.post(address(upload, "undo"), {"confirmed": "yes"})
    looked = run_jobs()
    text = admin_client.get(address(upload, "change")).content.decode()
    assert "Undo 1 row</button>" in text
    assert escape("The product was changed or confirmed since.") in text
    assert Product.objects.count() == 2
    admin_client.post(address(upload, "undo"), {"dry_job": looked.pk})
    done = run_jobs()

    assert done.result["reversed"] == 1
    assert list(Product.objects.values_list("sku", flat=True)) == ["SKU-2"]
    text = admin_client.get(address(upload, "jobs")).content.decode()
    assert "<li>Taken back <b>1</b></li>" in text
    assert "<button" not in text, "it is done"
    assert (
        "<dt>Taken back</dt><dd>1</dd>" in admin_client.get(f"/admin/uploads/job/{done.pk}/progress/").content.decode()
    )
    assert logged() == ["Looked at what undoing it would do.", "Undid the upload."]


@pytest.mark.parametrize("name", ["cancel", "retry", "reconcile", "undo"])
def test_each_action_has_a_permission_of_its_own(pipeline: Pipeline, staff: Callable[..., Client], name: str) -> None:
    others = {"cancel", "replay", "reconcile", "undo", "download"} - {{"retry": "replay"}.get(name, name)}
    client = staff(*(f"{other}_uploadhistory" for other in others))
    upload = pipeline.run(feed(line(1), line(2, price="x")))

    assert client.get(address(upload, name)).status_code == 403
    assert client.post(address(upload, name), {"confirmed": "yes", "dry_job": "1"}).status_code == 403
    assert f"/{name}/" not in client.get(address(upload, "change")).content.decode()
    client.post(LIST, {"action": name, "_selected_action": [upload.pk], "confirmed": "yes"})
    assert Job.objects.count() == 0


def test_the_page_offers_only_what_can_be_done(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)))
    text = admin_client.get(address(upload, "change")).content.decode()
    assert address(upload, "undo") in text
    assert address(upload, "reconcile") in text
    assert address(upload, "cancel") not in text
    assert address(upload, "retry") not in text


# --- records ---------------------------------------------------------------------------------------------------


def test_the_records_in_dynamodb_are_paged_by_status(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.staff.records.PAGE_ROWS", 2)
    upload = pipeline.run(feed(*(line(n, price="x") for n in range(1, 4)), line(4)))

    seen, url = [], "?status=error"
    while url:
        response = admin_client.get(address(upload, "records") + url)
        seen += [record["record_id"] for record in response.context["records"]]
        url = response.context["next_url"]

    assert sorted(seen) == ["REC_0000001", "REC_0000002", "REC_0000003"]
    all_of_them = admin_client.get(address(upload, "records"))
    assert [record["record_id"] for record in all_of_them.context["records"]] == ["REC_0000001", "REC_0000002"]


def test_a_record_is_shown_as_the_table_has_it_beside_the_ledger(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="cheap")))
    text = admin_client.get(address(upload, "records/REC_5F0000001")).content.decode()

    assert "cheap" in text
    assert "Status written back" in text
    assert admin_client.get(address(upload, "records/REC_5F0000009")).status_code == 404


def test_a_table_that_is_away_is_said_in_a_sentence(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1)))
    from uploads.aws import dynamo

    def away(*_: Any) -> None:
        raise dynamo.Unavailable("connection refused")

    monkeypatch.setattr(dynamo, "upload_page", away)
    monkeypatch.setattr(dynamo, "get_record", away)
    for name in ("records", "records/REC_5F0000001"):
        response = admin_client.get(address(upload, name))
        assert response.status_code == 200
        assert escape("DynamoDB isn't reachable.") in response.content.decode()


def test_an_upload_that_only_confirmed_can_be_withdrawn(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    again = pipeline.run(feed(line(1)))
    assert "Look at what undoing 1 row would do" in admin_client.get(address(again, "undo")).content.decode()
    admin_client.post(address(again, "undo"), {"confirmed": "yes"})
    looked = run_jobs()

    text = admin_client.get(address(again, "jobs")).content.decode()
    assert "Withdraw what it confirmed</button>" in text
    admin_client.post(address(again, "undo"), {"dry_job": looked.pk})
    run_jobs()
    again.refresh_from_db()
    assert again.undone_at is not None
    assert Product.objects.count() == 1


NO_JOBS = ("view_uploadhistory", "view_validationerror", "view_productcategory", "replay_uploadhistory")
STARTED = "The work has been started."


@pytest.mark.parametrize(
    ("asked", "sent", "led_to", "said"),
    [
        ("{upload}", {"confirmed": "yes"}, "{page}#jobs", "Waiting for its turn"),
        (LIST, {"action": "retry", "_selected_action": "{key}", "confirmed": "yes"}, "{page}#jobs", "Waiting for its"),
        (
            "/admin/uploads/validationerror/values/?vendor=VEND001&field=category",
            {"value-0": "Drones", "right-0": "Electronics"},
            "/admin/uploads/validationerror/waiting/?vendor=VEND001",
            STARTED,
        ),
        ("/admin/catalog/productcategory/waiting/", {}, "/admin/catalog/productcategory/", STARTED),
    ],
    ids=["upload", "list", "value", "category"],
)
def test_who_may_not_see_the_table_of_jobs_follows_them_where_what_they_are_about_is_shown(
    client: Client, pipeline: Pipeline, asked: str, sent: dict[str, str], led_to: str, said: str
) -> None:
    upload = pipeline.run(feed(line(1, category="Drones")))
    ProductCategory.objects.create(category_name="Drones")
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=NO_JOBS))
    client.force_login(user)
    page = f"{LIST}{upload.pk.replace('_', '_5F')}/change/"
    facts = {"upload": address(upload, "retry"), "page": page}
    sent = {name: value.replace("{key}", upload.pk) for name, value in sent.items()}

    response = client.post(asked.format(**facts), sent, follow=True)

    assert Job.objects.count() == 1
    assert response.redirect_chain == [(led_to.format(**facts), 302)]
    assert response.status_code == 200
    assert said in response.content.decode()


def test_who_starts_several_is_led_back_to_the_list(client: Client, pipeline: Pipeline) -> None:
    uploads = [pipeline.run(feed(line(number, price="x"))) for number in (1, 2)]
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=NO_JOBS))
    client.force_login(user)
    chosen = {"action": "retry", "_selected_action": [upload.pk for upload in uploads], "confirmed": "yes"}

    response = client.post(LIST, chosen, follow=True)

    assert Job.objects.count() == 2
    assert response.status_code == 200
    assert response.redirect_chain[-1][0].startswith(LIST)
    assert "2 jobs have been started." in response.content.decode()

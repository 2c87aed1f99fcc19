"""No vendor sees or changes anything of another by other ways than its own pages: the public addresses, the admin's,
what tasks are told to do, and the names of stored files.

Addresses and tasks are read from the URL configuration and from Celery: what is added fails here until it is listed.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core import mail, signing
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from catalog.models import Product, ProductCategory
from tests.bench.pages.addresses import named_patterns
from tests.companies import Company, everything_of
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.site.test_isolation import body, browser_of
from tests.uploads.keeping.aging import age
from uploads import tasks
from uploads.aws import dynamo, storage
from uploads.corrections import correct
from uploads.corrections.failed_rows import Selection
from uploads.feed.parser import Layout
from uploads.models import (
    Comment,
    Feed,
    Job,
    RecordOutcome,
    Source,
    SourceRun,
    TableStream,
    UploadHistory,
    ValidationError,
)
from uploads.pipeline import examine
from uploads.pipeline.table import continuity
from uploads.preview import kept_files
from vendors.models import ApiToken, OwedMail, Vendor, VendorMember, Webhook, WebhookDelivery
from vendors.webhooks.announce import announce

NOBODYS = "ZZZZ"
# Every address outside /vendor/ and /admin/, and what its arguments are of somebody else, guessed at or forged. A token
# that is right is the right to what it opens: tests/vendors/test_invitations.py and tests/config/test_accounts.py.
ELSEWHERE: dict[str, Callable[[Company], dict[str, Any]]] = {
    **dict.fromkeys(
        [
            "start", "apply", "prove", "usersessions_list", "account_login", "account_logout", "account_inactive",
            "account_signup", "account_reauthenticate", "account_email", "account_email_verification_sent",
            "account_change_password", "account_set_password", "account_reset_password", "account_confirm_login_code",
            "account_reset_password_from_key_done", "account_reset_password_done", "mfa_index", "mfa_authenticate",
            "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
            "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
        ],
        lambda theirs: {},
    ),
    "invitation": lambda theirs: {"token": theirs.invitation.token_hash},
    "account_reset_password_from_key": lambda theirs: {
        "uidb36": str(theirs.members["owner"].user_id),
        "key": default_token_generator.make_token(theirs.members["viewer"].user),
    },
}  # fmt: skip


# --- other addresses -------------------------------------------------------------------------------------------


def outside(resolver: Any = None, before: str = "") -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and not path.startswith(("vendor/", "admin/", "api/v1/")):
            yield from outside(pattern, path)
        elif isinstance(pattern, URLPattern) and not path.startswith(("vendor/", "admin/", "api/v1/")):
            yield pattern


def test_every_address_outside_of_the_vendors_pages_and_the_admin_is_listed() -> None:
    names = {pattern.name for pattern in outside()} - {None}  # None: allauth's own sign-up, which leads to ours
    assert names == set(ELSEWHERE), "Say in ELSEWHERE what its arguments are of somebody else"


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_other_address_shows_or_changes_anything_of_another_vendor(
    ours: Company, theirs: Company, name: str, method: str
) -> None:
    before, address = everything_of(theirs), reverse(name, kwargs=ELSEWHERE[name](theirs))
    given = {"vendor_id": theirs.vendor.pk, "vendor": theirs.vendor.pk, "user": theirs.members["owner"].user_id}
    for browser in (browser_of(ours, "owner"), Client()):
        response = getattr(browser, method)(address, given)
        assert response.status_code < 500
        assert theirs.word not in body(response)
    assert everything_of(theirs) == before
    assert not VendorMember.objects.filter(vendor=theirs.vendor, user__in=[m.user for m in ours.members.values()])


@pytest.mark.parametrize("role", VendorMember.Role.values)
def test_no_page_of_the_admin_opens_for_a_vendors_people(ours: Company, theirs: Company, role: str) -> None:
    browser = browser_of(ours, role)
    browser.get("/admin/")  # loads the last of the registry
    keys: dict[str, str | int] = {
        "upload": theirs.upload.pk, "product": theirs.product.pk, "vendor": theirs.vendor.pk, "job": theirs.job.pk
    }  # fmt: skip
    wrong, asked = {}, 0
    for name, arguments in named_patterns():
        if "(" in name or "<" in name:
            continue
        model = name.rpartition("_")[0].rpartition("_")[2]
        key = keys.get(model.removesuffix("history"), theirs.error.pk)
        path = reverse(name, kwargs=dict.fromkeys(arguments, quote(key)) | _particular(arguments))
        for response in (browser.get(path), browser.post(path)):
            asked += 1
            shown = response.status_code not in (302, 403, 404, 405) or theirs.word in body(response)
            if shown and name not in ("admin:login", "admin:logout", "admin:jsi18n"):
                wrong[path] = response.status_code
    assert asked > 2 * len(admin.site._registry)
    assert wrong == {}


def _particular(arguments: list[str]) -> dict[str, str]:
    return {"app_label": "uploads"} if "app_label" in arguments else {}


# --- tasks -----------------------------------------------------------------------------------------------------


class Both:
    """Two vendors with uploads that were processed, each with a row that failed."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.ours = pipeline.run(feed(line(1), line(2, price="free")))
        rows = feed(line(3, brand="beckerish"), line(4, price="beckerish", sku="THEIRS-4"))
        upload = pipeline.send(rows, "VEND002")
        pipeline.stage(upload)
        pipeline.settle()
        upload.refresh_from_db()
        self.theirs = upload

    def of_theirs(self) -> list[Any]:
        mine, of_upload = {"vendor_id": "VEND002"}, {"upload_id": self.theirs.pk}
        kept: list[tuple[Any, dict[str, str]]] = [
            (Product, mine), (UploadHistory, mine), (ValidationError, mine), (RecordOutcome, of_upload)
        ]  # fmt: skip
        return [list(model.objects.filter(**of_whom).order_by("pk").values()) for model, of_whom in kept]

    def ours_say(self) -> str:
        """All that is kept of VEND001."""
        kept: list[Any] = [Product, UploadHistory, ValidationError, Job]
        return str([list(model.objects.filter(vendor_id="VEND001").values()) for model in kept])


@pytest.fixture
def both(pipeline: Pipeline, other_vendor: Vendor) -> Both:
    return Both(pipeline)


def _with_their_file(both: Both) -> UploadHistory:
    """An upload of ours that says that its file is theirs, about to be read."""
    upload = both.pipeline.send(feed(line(5)))
    UploadHistory.objects.filter(pk=upload.pk).update(
        storage_key=both.theirs.storage_key, error_report_key=both.theirs.error_report_key, original_key=""
    )
    return upload


def stage_upload(both: Both) -> None:
    tasks.stage_upload(_with_their_file(both).pk)
    both.pipeline.settle()


def finish_upload(both: Both) -> None:
    """Its report is stored as ours, wherever its file is said to be."""
    upload = both.pipeline.send(feed(line(5, price="free")))
    both.pipeline.stage(upload)
    UploadHistory.objects.filter(pk=upload.pk).update(storage_key=both.theirs.storage_key)
    both.pipeline.settle()
    tasks.finish_upload(upload.pk)
    upload.refresh_from_db()
    assert upload.error_report_key.startswith("reports/VEND001/")


def _put_into_ours_as_theirs(both: Both, record_id: str, product_id: str) -> None:
    """A record of another program that is of our upload, and says to be theirs."""
    data = {"vendor_product_id": {"S": product_id}, "product_name": {"S": "taken over"}, "sku": {"S": "SKU-3"}}
    dynamo.put_records([
        {"upload_id": {"S": both.ours.pk}, "record_id": {"S": record_id}, "vendor_id": {"S": "VEND002"},
         "product_data": {"M": data}}
    ])  # fmt: skip


def consume_stream(both: Both) -> None:
    _put_into_ours_as_theirs(both, "REC_X", "P-3")
    tasks.consume_stream()
    both.pipeline.settle()


def scan_table(both: Both) -> None:
    """The same, which no stream has shown."""
    _put_into_ours_as_theirs(both, "REC_Y", "P-4")
    continuity.see(*dynamo.current_stream())
    continuity.doubt(dynamo.stream_arn(), "Asked for.")
    TableStream.objects.update(scan_ended_at=None)
    tasks.scan_table()
    assert [item["status"]["S"] for item in dynamo.query_upload(both.ours.pk) if item["record_id"]["S"] == "REC_Y"] == [
        "error"
    ]


def upkeep(both: Both) -> None:
    _with_their_file(both)
    tasks.upkeep()
    both.pipeline.settle()


def run_job(both: Both) -> None:
    everything = Selection(upload_id=both.theirs.pk)
    selections = [everything, replace(everything, vendor_id="VEND001"), Selection(vendor_id="VEND002"), Selection()]
    layout = Layout.from_json(both.theirs.layout or {}).to_json()
    kept = kept_files.keep(examine.FeedFile(io.BytesIO(feed(line(9, brand="beckerish")).encode())), "f.csv", "VEND002",
                         browserless_user())  # fmt: skip
    key = kept_files.from_token(kept, browserless_user()).key
    jobs = [
        *(Job(kind="replay", parameters={"selection": asdict(one), "right_value": "9.99"}) for one in selections),
        *(Job(kind="ignore", parameters={"selection": asdict(one), "back": False}) for one in selections),
        *(Job(kind=kind, upload=both.theirs, parameters={"dry": False})
          for kind in ("undo", "reconcile", "replay", "ignore", "guard")),
        *(Job(kind="dry_run", parameters={"key": one, "layout": layout}) for one in (both.theirs.storage_key, key)),
        *(Job(kind="dry_run", parameters={"key": f"incoming/20260101/VEND001.x/../{one}", "layout": layout})
          for one in (both.theirs.storage_key, key)),
    ]  # fmt: skip
    # Staff alone test changes, of all vendors' rows, and nothing is written by it.
    assert {job.kind for job in jobs} == set(Job.Kind.values) - {"shadow"}, (
        "Say what a job of a new kind must not touch"
    )
    for job in jobs:
        job.vendor_id = "VEND001"
        job.save()
        tasks.run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.done) == ("failed", 0), (job.kind, job.parameters)


def browserless_user() -> Any:
    return User.objects.get_or_create(username="becker")[0]


def forget_sessions(both: Both) -> None:
    tasks.forget_sessions()


def purge_security_log(both: Both) -> None:
    tasks.purge_security_log()


def delete_old(both: Both) -> None:
    """Our upload is old, and says that its files are theirs; so is a job of ours about theirs."""
    age(_with_their_file(both))
    UploadHistory.objects.filter(vendor_id="VEND001").update(status="completed")
    Job.objects.create(kind="undo", vendor_id="VEND001", upload=both.theirs, state="done", ended_at="2020-01-01T00:00Z")
    tasks.delete_old()
    assert UploadHistory.objects.get(storage_key="", vendor_id="VEND001", original_key="").file_deleted_at


def mail_comments(both: Both) -> None:
    """Said to us, it is mailed to nobody of theirs, whoever sent the file that it is about."""
    them = User.objects.create_user("becker-owner", "owner@becker.example")
    VendorMember.objects.create(vendor_id="VEND002", user=them, role="owner")
    UploadHistory.objects.filter(pk=both.ours.pk).update(uploaded_by=them)
    Comment.objects.create(vendor_id="VEND001", upload=both.ours, audience="vendor", body="For us")
    tasks.mail_comments()
    assert "owner@becker.example" not in [address for sent in mail.outbox for address in sent.recipients()]


def take_feed(both: Both) -> None:
    """A feed of ours that says it has their file."""
    made = Feed.objects.create(
        feed_id="UPLOAD_OURS", vendor_id="VEND001", file_name="f.csv", key=both.theirs.storage_key, state="submitted"
    )
    tasks.take_feed(made.pk)
    made.refresh_from_db()
    assert (made.state, made.failure_code) == ("failed", "file_missing")


def take_feeds(both: Both) -> None:
    """One that nobody answered, whose file is theirs: it isn't deleted."""
    facts = {"vendor_id": "VEND001", "file_name": "f.csv", "key": both.theirs.storage_key, "state": "held"}
    Feed.objects.create(feed_id="UPLOAD_HELD", expires_at="2020-01-01T00:00Z", **facts)
    tasks.take_feeds()
    assert Feed.objects.get(pk="UPLOAD_HELD").state == "cancelled"


def mail_expiry(both: Both) -> None:
    """A token of ours expires: none of theirs hears of it, not even who made it."""
    them = User.objects.create_user("becker-owner", "owner@becker.example")
    VendorMember.objects.create(vendor_id="VEND002", user=them, role="owner")
    VendorMember.objects.create(
        vendor_id="VEND001", user=User.objects.create_user("mia", "mia@northwind.example"), role="owner"
    )
    ApiToken.objects.create(
        vendor_id="VEND001", name="ERP", token_hash="0" * 64, scopes=[], created_by=them,
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    mail.outbox.clear()
    tasks.mail_expiry()
    assert [address for sent in mail.outbox for address in sent.recipients()] == ["mia@northwind.example"]


def mail_owed(both: Both) -> None:
    """A mail of ours to somebody who is an owner of theirs, and none of ours."""
    them = User.objects.create_user("becker-owner", "owner@becker.example")
    VendorMember.objects.create(vendor_id="VEND002", user=them, role="owner")
    OwedMail.objects.create(vendor_id="VEND001", user=them, subject="For us", body="For us")
    mail.outbox.clear()
    tasks.mail_owed()
    assert mail.outbox == []
    assert not OwedMail.objects.exists()


def fetch_sources(both: Both) -> None:
    """Only our source is due, whatever its address says: theirs isn't fetched with it."""
    theirs = Source.objects.create(vendor_id="VEND002", name="theirs", url="https://127.0.0.1/", next_at=None)
    ours = Source.objects.create(
        vendor_id="VEND001", name="ours", url=f"https://127.0.0.1/{theirs.pk}", next_at=timezone.now()
    )
    tasks.fetch_sources()
    assert list(SourceRun.objects.values_list("source", "outcome")) == [(ours.pk, "failed")]
    Source.objects.all().delete()


def deliver_webhooks(both: Both) -> None:
    """One of ours whose address doesn't work: nothing of theirs is sent to it."""
    ours, theirs = (
        Webhook.objects.create(vendor_id=vendor_id, url="https://127.0.0.1/", events=["feed.completed"], secret="")
        for vendor_id in ("VEND001", "VEND002")
    )
    with transaction.atomic():
        announce("VEND001", "feed.completed", {"feed_id": both.ours.pk})
    tasks.deliver_webhooks()
    assert WebhookDelivery.objects.get(webhook=ours).tries == 1
    assert not theirs.deliveries.exists()


def retry_waiting(both: Both) -> None:
    """A row of ours says that it waits for a category in an upload of theirs, whose rows nobody wants retried."""
    Vendor.objects.filter(pk="VEND001").update(retries_by_itself=True)
    ValidationError.objects.filter(upload=both.ours).update(
        field="category", error_type="unknown_category", wrong_value="Toy Trains"
    )
    because = {"kind": "category", "whats": {"toy trains": "Toy Trains"}, "since": "2026-01-01T00:00:00Z"}
    crossed = Selection(both.theirs.pk, "VEND001", "category", wrong_values=("toy trains",))
    Job.objects.create(
        kind="replay", vendor_id="VEND001", upload=both.theirs,
        parameters={"selection": asdict(crossed), "because": because},
    )  # fmt: skip
    ProductCategory.objects.create(category_name="Toy Trains")
    tasks.retry_waiting()
    made = Job.objects.filter(parameters__because__kind="category").order_by("pk")
    assert [job.upload_id for job in made] == [both.theirs.pk, both.ours.pk]
    for job in made:
        tasks.run_job(job.pk)
    assert [job.state for job in made.all()] == ["failed", "done"]


CROSSED = {
    task.__name__: task
    for task in (
        stage_upload, finish_upload, consume_stream, scan_table, upkeep, run_job, forget_sessions, purge_security_log,
        delete_old, mail_comments, take_feed, take_feeds, mail_expiry, mail_owed,
        fetch_sources,
        deliver_webhooks, retry_waiting,
    )
}  # fmt: skip


def test_every_task_is_asked_to_mix_vendors() -> None:
    names = {name.removeprefix("uploads.tasks.") for name in current_app.tasks if not name.startswith("celery.")}
    assert names == set(CROSSED), "Say in CROSSED how the task could be made to touch another vendor's things"


@pytest.mark.parametrize("name", CROSSED)
def test_no_task_reads_or_changes_anything_of_another_vendor_whatever_it_is_told(both: Both, name: str) -> None:
    before = both.of_theirs()
    CROSSED[name](both)
    assert both.of_theirs() == before
    assert "beckerish" not in both.ours_say().replace(both.theirs.storage_key, "")
    with storage.opened(both.theirs.storage_key) as file:
        assert b"beckerish" in file.read()
    with storage.opened(both.theirs.error_report_key) as file:
        assert b"beckerish" in file.read()


# --- stored files ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bucket", "categories")
def test_a_form_opens_no_file_that_was_kept_for_somebody_else(ours: Company, theirs: Company) -> None:
    our_user, their_user = ours.members["owner"].user, theirs.members["owner"].user
    content = feed(line(1, brand="beckerish")).encode()
    token = kept_files.keep(examine.FeedFile(io.BytesIO(content)), "beckerish.csv", "VEND002", their_user)
    key = kept_files.from_token(token, their_user).key
    storage.save("feeds/VEND002/file.csv", io.BytesIO(content))
    signed = [
        [our_user.pk, key, "f.csv", "VEND002", "", ""],
        [our_user.pk, key, "f.csv", "VEND001", "", ""],
        [their_user.pk, key, "f.csv", "VEND001", "", ""],
        [our_user.pk, "feeds/VEND002/file.csv", "f.csv", "VEND001", "", ""],
        [our_user.pk, "incoming/20260101/VEND001.x/../../../feeds/VEND002/file.csv", "f.csv", "VEND001", "", ""],
        [our_user.pk, key.replace("VEND002", "VEND001"), "f.csv", "VEND001", key + ".workbook", ""],
    ]
    forged = [token, "", "x", key, "../" + key, "feeds/VEND002/file.csv", signing.dumps(signed[0], salt="other")]
    uploads = UploadHistory.objects.count()
    for name, sent in [(n, t) for n in ("preview", "confirm") for t in [*forged, *(_sign(one) for one in signed)]]:
        response = browser_of(ours, "owner").post(reverse(f"vendor:{name}", args=["VEND001"]), {"token": sent})
        assert response.status_code == 200
        assert "The preview is too old. Choose the file again." in body(response), sent
        assert theirs.word not in body(response)
    assert UploadHistory.objects.count() == uploads


def _sign(values: list[Any]) -> str:
    return signing.dumps(values, salt=kept_files.SALT)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("key", ["feeds/VEND002/f.csv", "feeds/VEND001/../VEND002/f.csv", "reports/VEND002/f.csv"])
def test_no_download_hands_out_a_file_of_another_vendor(ours: Company, theirs: Company, key: str) -> None:
    storage.save("feeds/VEND002/f.csv", io.BytesIO(b"beckerish"))
    storage.save("reports/VEND002/f.csv", io.BytesIO(b"beckerish"))
    browser, upload = browser_of(ours, "viewer"), ours.upload
    for changes in ({"storage_key": key}, {"original_key": key}, {"error_report_key": key}):
        UploadHistory.objects.filter(pk=upload.pk).update(**changes)
        for name in ("file", "failed_rows"):
            more = ["csv"] if name == "failed_rows" else []
            response = browser.get(reverse(f"vendor:{name}", args=["VEND001", upload.pk, *more]), follow=True)
            assert theirs.word not in body(response)


def test_trying_rows_again_deletes_no_report_of_another_vendor(both: Both) -> None:
    key = both.theirs.error_report_key
    UploadHistory.objects.filter(pk=both.ours.pk).update(error_report_key=key)
    error = ValidationError.objects.get(upload=both.ours)
    correct.correct(both.ours.pk, error.record_id, error.attempt, {"price": "9.99"}, None)
    with storage.opened(key) as file:
        assert b"beckerish" in file.read()

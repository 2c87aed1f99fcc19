"""A vendor leaves: its data is handed out, what names its people is deleted, what the books need stays."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from catalog.models import Product
from config.web.admin_log import log_change
from security import log
from security.models import Kind, SecurityEvent
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.keeping.aging import counters
from tests.uploads.keeping.test_stored import in_storage
from tests.uploads.sources.sites import add_source
from uploads.aws import dynamo
from uploads.keeping import offboarding
from uploads.models import Comment, Feed, IdempotentCall, Job, RecordOutcome, UploadHistory, ValidationError, WorkItem
from vendors.models import ApiToken, Invitation, OwedMail, Vendor, VendorMember, Webhook

MARKS = ("ada@northwind.example", "new@colleague.example", "feeds@northwind.example", "Lovelace", "198.51.100.7")


def person(name: str, vendor: Vendor, *, role: str = "owner", **facts: Any) -> User:
    user = User.objects.create_user(name, f"{name}@northwind.example", **facts)
    VendorMember.objects.create(vendor=vendor, user=user, role=role)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def company(pipeline: Pipeline, vendor: Vendor, other_vendor: Vendor) -> UploadHistory:
    """A company with two people, of whom one works elsewhere too, an invitation, and two uploads."""
    ada = person("ada", vendor, first_name="Ada", last_name="Lovelace")
    both = person("both", vendor, role="viewer")
    VendorMember.objects.create(vendor=other_vendor, user=both, role="viewer")
    Authenticator.objects.create(user=ada, type="totp", data={"secret": "x"})
    Client(REMOTE_ADDR="198.51.100.7").force_login(ada)
    Invitation.objects.create(
        vendor=vendor, email="new@colleague.example", role="viewer", token_hash="x", invited_by=ada,
        expires_at="2030-01-01T00:00Z",
    )  # fmt: skip
    log.note(Kind.SIGNED_IN, user=ada)
    log.note(Kind.INVITATION_CHANGED, user=ada, vendor_id=vendor.pk, about="invitation of new@colleague.example")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO security_log (what, login, account, address) VALUES ('signed_in', %s, %s, %s)",
            [ada.email, str(ada.pk), "198.51.100.7"],
        )
    Vendor.objects.filter(pk=vendor.pk).update(phone="198.51.100.7", address="Lovelace Street 1")
    ApiToken.objects.create(
        vendor=vendor, name="ERP of Ada Lovelace", token_hash="0" * 64, scopes=[], expires_at=timezone.now()
    )
    IdempotentCall.objects.create(vendor=vendor, key="1", fingerprint="0" * 64)
    log_change(ada, vendor, "Member ada@northwind.example: viewer → owner.")
    Webhook.objects.create(vendor=vendor, url="https://x.example/", description="Lovelace", events=Webhook.Event.values)
    OwedMail.objects.create(vendor=vendor, user=both, subject="f.csv is held", body="Lovelace lamps: 5 → 0")
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    Comment.objects.create(
        vendor=vendor, upload=upload, by_vendor=True, audience="vendor", author=ada, body="I am Ada Lovelace"
    )
    job = Job.objects.create(kind="retry", vendor=vendor, state="failed")
    for about in ({"item_kind": "claim", "item_key": "VEND001:sku-1"}, {"item_kind": "job", "item_key": str(job.pk)}):
        Comment.objects.create(author=ada, body="Lovelace is wrong", **about)
    Comment.objects.create(item_kind="claim", item_key="VEND0011:sku-1", body="of another one")
    WorkItem.objects.create(kind="vendor", key=vendor.pk, vendor=vendor, outcome="Declined: Lovelace sent no tax ID.")
    log_change(ada, vendor, "Declined: Lovelace sent no tax ID.")
    add_source(vendor, user_name=ada.email, secret="Lovelace")
    Feed.objects.create(feed_id="F", vendor=vendor, file_name="f.csv", metadata={"by": "Lovelace"}, state="cancelled")
    pipeline.run(feed(line(1, price="5.00")))
    pipeline.run(feed(line(8), line(9, price="free")), "VEND002")
    return upload


def offboard(*more: str) -> str:
    out = io.StringIO()
    call_command("offboard_vendor", "VEND001", *more, stdout=out)
    return out.getvalue()


def everything() -> str:
    """All of PostgreSQL that names people, as text."""
    tables = (
        "auth_user", "account_emailaddress", "mfa_authenticator", "usersessions_usersession", "vendors",
        "vendor_invitations", "api_tokens", "sources", "comments", "work_items", "security_log",
        "django_admin_log", "vendor_members", "feeds", "owed_mails", "webhooks", "webhook_deliveries",
    )  # fmt: skip
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t")
            found.append(cursor.fetchone()[0])
    return "".join(found)


def test_a_dry_run_says_in_counts_what_would_be_done_and_changes_nothing(company: UploadHistory) -> None:
    before = everything()
    said = offboard("--dry-run")
    assert [line.split(maxsplit=1) for line in said.splitlines()[1:16]] == [
        ["1", "accounts of people who are nowhere else"], ["1", "memberships of people who are elsewhere, too"],
        ["1", "invitations"], ["2", "tokens of programs, and answers kept for them"],
        ["1", "sources with their credentials"],
        ["2", "uploads with their files and reports"], ["1", "feeds of programs"],
        ["3", "records in DynamoDB"],
        ["1", "errors, corrections and first rows of groups"], ["3", "comments"],
        ["0", "examples in tests of changes"], ["1", "notes of work"],
        ["1", "mails that are owed"], ["1", "webhooks with their deliveries"],
        ["1", "addresses of the vendor itself"],
    ]  # fmt: skip
    assert "Nothing was changed." in said
    assert everything() == before


def test_who_they_were_is_gone_and_what_the_books_need_stays(company: UploadHistory, tmp_path: Path) -> None:
    keys = company.storage_key, company.error_report_key
    theirs = UploadHistory.objects.get(vendor_id="VEND002")
    before, products = counters(company), list(Product.objects.values())
    events, ledger = SecurityEvent.objects.count(), RecordOutcome.objects.count()
    assert all(mark in everything() for mark in MARKS)

    offboard("--yes", "--export", str(tmp_path / "data.zip"))

    left = everything()
    assert [mark for mark in MARKS if mark in left] == []
    ada = User.objects.get(username__startswith="deleted-")
    assert (ada.is_active, ada.has_usable_password(), ada.email) == (False, False, "")
    assert not UserSession.objects.filter(user=ada).exists()
    logged = LogEntry.objects.filter(user=ada, object_id="VEND001", change_message__contains="(deleted)")
    assert set(logged.values_list("change_message", flat=True)) == {
        "Member (deleted): viewer → owner.", "Declined: (deleted)",
    }  # fmt: skip
    assert [one.body for one in Comment.objects.all()] == ["of another one"]
    assert User.objects.get(username="both").memberships.get().vendor_id == "VEND002"
    assert not VendorMember.objects.filter(vendor_id="VEND001").exists()
    assert Vendor.objects.get(pk="VEND001").status == "suspended"
    assert SecurityEvent.objects.count() > events, "what happened is still there"

    assert in_storage(*keys) == [False, False]
    assert list(dynamo.query_vendor("VEND001")) == []
    assert not ValidationError.objects.filter(vendor_id="VEND001").exists()
    assert counters(company) == before
    assert company.file_deleted_at
    assert list(Product.objects.values()) == products
    assert RecordOutcome.objects.count() == ledger
    # Nothing of the other vendor is touched.
    assert in_storage(theirs.storage_key, theirs.error_report_key) == [True, True]
    assert len(list(dynamo.query_vendor("VEND002"))) == 2
    assert ValidationError.objects.filter(vendor_id="VEND002").count() == 1
    assert set(offboarding.still_there(Vendor.objects.get(pk="VEND001")).values()) == {0}


def test_the_export_has_all_tables_with_the_vendors_rows_alone_and_no_secret(
    company: UploadHistory, tmp_path: Path
) -> None:
    path = tmp_path / "data.zip"
    offboard("--yes", "--export", str(path))
    assert path.stat().st_mode & 0o077 == 0, "it is for nobody else on the machine"
    with zipfile.ZipFile(path) as archive:
        found = {
            name.removeprefix("VEND001/").removesuffix(".csv"): list(
                csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
            )
            for name in archive.namelist()
        }
    assert [row["sku"] for row in found["products"]] == ["SKU-1"]
    assert len(found["uploads"]) == 2
    assert json.loads(found["errors"][0]["original_data"])["price"] == "free"
    assert {row["email"] for row in found["people"]} == {"ada@northwind.example", "both@northwind.example"}
    assert "new@colleague.example" in found["invitations"][0]["email"]
    assert "198.51.100.7" in {row["address"] for row in found["what-its-people-did"]}
    columns = {column for rows in found.values() for row in rows for column in row}
    assert not columns & {"password", "token_hash", "storage_key", "error_report_key"}


@pytest.mark.parametrize("part", range(len(offboarding.PARTS)))
def test_who_is_stopped_in_any_step_goes_on_when_called_again(
    company: UploadHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    path, parts = tmp_path / "data.zip", list(offboarding.PARTS)
    with monkeypatch.context() as patch:
        patch.setattr(offboarding, "PARTS", [*parts[:part], parts[part]._replace(delete=lambda _: 1 // 0)])
        with pytest.raises(ZeroDivisionError):
            offboard("--yes", "--export", str(path))
    exported = path.read_bytes()

    assert f"{path} is there and stays as it is." in offboard("--yes", "--export", str(path))

    assert path.read_bytes() == exported
    assert [mark for mark in MARKS if mark in everything()] == []
    assert set(offboarding.still_there(Vendor.objects.get(pk="VEND001")).values()) == {0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "name a file for the vendor's data with --export FILE.zip"),
        (("--export", "/nowhere/data.zip", "--yes"), "can't be written"),
        (("--export", "data.zip"), "Nothing was deleted."),
    ],
)
def test_without_a_file_or_a_yes_nothing_is_deleted(
    company: UploadHistory, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    before = everything()
    with pytest.raises(CommandError, match=said):
        offboard(*options)
    assert everything() == before


def test_a_vendor_with_uploads_under_way_or_that_isnt_there_is_refused(pipeline: Pipeline) -> None:
    pipeline.send(feed(line(1)))
    with pytest.raises(CommandError, match="VEND001 has uploads under way"):
        offboard("--dry-run")
    with pytest.raises(CommandError, match="There is no vendor VEND999"):
        call_command("offboard_vendor", "VEND999")


def test_staff_who_are_members_keep_their_account(vendor: Vendor, bucket: None, table: str, tmp_path: Path) -> None:
    person("staff", vendor, is_staff=True)
    offboard("--yes", "--export", str(tmp_path / "x.zip"))
    assert User.objects.get(username="staff").is_active


def test_the_log_forgets_nobody_who_is_still_here_and_nothing_but_names(vendor: Vendor) -> None:
    ada = person("ada", vendor)
    log.note(Kind.SIGNED_IN, user=ada)
    for who in ({"account": str(ada.pk)}, {"email": "Ada@northwind.example"}, {}):
        with pytest.raises(IntegrityError, match="only who has left is forgotten"), transaction.atomic():
            log.forget(**who)
    before = list(SecurityEvent.objects.values())
    changes = (
        "at = now() - interval '1 day'",
        "what = 'x'",
        "login = 'somebody else'",
        "about = 'else'",
        "account = ''",
    )
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL security_log.forgetting = 'on'; UPDATE security_log SET {change}")
    assert list(SecurityEvent.objects.values()) == before


def test_an_upload_that_came_while_the_answer_was_typed_is_waited_for(
    company: UploadHistory, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: str) -> str:
        pipeline.send(feed(line(5)))
        return "VEND001"

    monkeypatch.setattr("builtins.input", answer)
    with pytest.raises(CommandError, match="Nothing was deleted, and nothing more is accepted: VEND001 has uploads"):
        offboard("--export", str(tmp_path / "data.zip"))
    assert User.objects.get(username="ada").is_active
    assert in_storage(company.storage_key) == [True]
    assert Vendor.objects.get(pk="VEND001").status == "suspended"


def test_the_export_has_nothing_that_people_did_at_other_vendors(
    company: UploadHistory, other_vendor: Vendor, tmp_path: Path
) -> None:
    both = User.objects.get(username="both")
    log.note(Kind.DOWNLOADED, user=both, vendor_id=other_vendor.pk, about="file of another vendor")
    log.note(Kind.DOWNLOADED, user=both, vendor_id="VEND001", about="file of this one")
    path = tmp_path / "data.zip"
    offboard("--yes", "--export", str(path))
    with zipfile.ZipFile(path) as archive:
        told = archive.read("VEND001/what-its-people-did.csv").decode()
    assert "file of this one" in told
    assert "file of another vendor" not in told


def test_who_stays_keeps_an_address_that_ends_or_begins_like_one_that_goes(
    company: UploadHistory, other_vendor: Vendor, tmp_path: Path
) -> None:
    theirs = ["nada@northwind.example", "x-ada@northwind.example", "ada@northwind.example.org"]
    for number, email in enumerate(theirs):
        log.note(Kind.ACCOUNT_CHANGED, about=f"user {email} (account 9{number})", detail=f"email: {email}")
    log_change(User.objects.get(username="both"), other_vendor, f"Members {', '.join(theirs)}.")
    log_change(User.objects.get(username="both"), other_vendor, "Member ADA@northwind.example. Gone.")
    log.note(Kind.ACCOUNT_CHANGED, about="Ada@Northwind.example", detail="of ada@northwind.example.")

    offboard("--yes", "--export", str(tmp_path / "data.zip"))

    left = everything()
    assert [left.count(email) for email in theirs] == [3, 3, 3]
    for email in theirs:
        left = left.replace(email, "")
    assert "ada@northwind.example" not in left.lower()


def test_names_and_former_addresses_are_forgotten_too(vendor: Vendor, bucket: None, table: str, tmp_path: Path) -> None:
    made = User.objects.create_user("grace.hopper", first_name="Grace")
    member = VendorMember.objects.create(vendor=vendor, user=made, role="owner")
    LogEntry.objects.create(user=made, object_id="1", object_repr=str(member), action_flag=1, change_message="")
    address = EmailAddress.objects.create(user=made, email="hopper@old.example", verified=True, primary=True)
    address.email = "hopper@new.example"
    address.save()
    vendor.email = "formerly@northwind.example"
    vendor.save()
    vendor.email = "feeds@northwind.example"
    vendor.save()
    marks = ("grace.hopper", "hopper@old", "hopper@new", "formerly@")
    assert all(mark in everything() for mark in marks)

    offboard("--yes", "--export", str(tmp_path / "data.zip"))

    left = everything()
    assert [mark for mark in marks if mark in left] == []


def test_a_batch_reads_no_other_vendors_errors(company: UploadHistory) -> None:
    """However large the table is: what is read is found by the uploads."""
    columns = "vendor_id, record_id, severity, error_type, error_message, original_data"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO validation_errors (upload_id, row_number, {columns}) SELECT upload_id, n, {columns}"
            " FROM validation_errors, generate_series(10, 20000) n WHERE vendor_id = 'VEND002'"
        )
        cursor.execute("ANALYZE validation_errors")
        query = offboarding._DELETE_SENT.format(table=Identifier("validation_errors"), key=Identifier("error_id"))
        cursor.execute(SQL("EXPLAIN {}").format(query), [company.pk, 1000])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on validation_errors" not in plan, plan

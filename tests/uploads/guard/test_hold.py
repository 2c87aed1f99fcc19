"""Files that are held: when the check is made, what it does, and that nothing of a held one is written."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.aws import storage
from uploads.corrections import undo
from uploads.keeping import offboarding
from uploads.models import GuardThreshold, Job, RecordOutcome, UploadHistory
from uploads.pipeline import finish, reconcile, stage, upkeep
from uploads.pipeline.examine import Refused
from uploads.pipeline.guard import facts, hold, thresholds
from uploads.pipeline.guard.check import check
from uploads.pipeline.guard.hold import NotReleased
from uploads.pipeline.guard.measured import Measured, Part
from uploads.preview import dry_run
from uploads.work import leases
from vendors.models import Vendor, VendorMember

ROWS = 30


def listed(rows: int = ROWS, **changes: str) -> str:
    return feed(*(line(number, **changes) for number in range(1, rows + 1)))


NIGHTLY, ZEROED, HALVED = listed(), listed(stock_quantity="0"), listed(price="4.99")


@pytest.fixture
def stocked(pipeline: Pipeline) -> Pipeline:
    """A catalog of ROWS products."""
    assert pipeline.run(NIGHTLY).guard == ""  # nothing was there that it could harm
    return pipeline


@pytest.fixture
def owner(vendor: Vendor) -> User:
    user = User.objects.create_user("owner", "owner@acme.example")
    VendorMember.objects.create(vendor=vendor, user=user, role=VendorMember.Role.OWNER)
    return user


def stocks() -> set[int]:
    return set(Product.objects.values_list("stock_quantity", flat=True))


def test_a_nightly_file_that_zeroes_stocks_is_held_and_nothing_of_it_is_written(
    stocked: Pipeline, owner: User, mailoutbox: list[mail.EmailMessage]
) -> None:
    upload = stocked.run(ZEROED)
    assert (upload.status, upload.guard, upload.staged_rows, upload.total_records) == ("held", "held", 0, 0)
    assert stocks() == {5}
    assert not RecordOutcome.objects.filter(upload_id=upload.pk).exists()
    (finding,) = hold.findings_of(upload)
    assert (finding.kind, finding.found, finding.of, finding.owners_may) == ("zero_stock", ROWS, ROWS, False)
    assert finding.examples[0]["before"] == "5"
    assert finding.examples[0]["after"] == "0"
    told = mailoutbox[-1]
    assert told.to == ["owner@acme.example"]
    assert "30 stocks would fall to 0" in told.body
    assert "Product 1 (SKU-1): 5 → 0" in told.body
    assert upload.held_until is not None


def test_a_file_like_the_last_one_passes_the_check(stocked: Pipeline) -> None:
    upload = stocked.run(listed(price="9.49"))
    assert (upload.status, upload.guard, upload.updated_records) == ("completed", "passed", ROWS)


def test_a_short_file_needs_no_check(stocked: Pipeline) -> None:
    GuardThreshold.objects.create(kind="fewer_rows", limit_percent=50, owner_percent=90, is_on=False)
    upload = stocked.run(feed(*(line(number, stock_quantity="0") for number in range(1, 10))))
    assert (upload.status, upload.guard) == ("completed", "")


@pytest.mark.parametrize(("rows", "status"), [(19, "completed"), (20, "held")])
def test_a_file_is_held_from_the_least_number_of_products_on(stocked: Pipeline, rows: int, status: str) -> None:
    assert stocked.run(listed(rows, stock_quantity="0")).status == status


def test_nothing_is_staged_before_the_check_has_ended(stocked: Pipeline) -> None:
    upload = stocked.send(NIGHTLY)
    assert upload.guard == "due"
    assert stage.stage(upload.pk) is None
    assert upload.pk not in upkeep._unstaged()
    stocked.guard(upload)
    assert upload.pk in upkeep._unstaged()


def test_the_database_refuses_staged_rows_of_what_is_held(stocked: Pipeline) -> None:
    upload = stocked.run(ZEROED)
    with pytest.raises(IntegrityError), transaction.atomic():
        UploadHistory.objects.filter(pk=upload.pk).update(staged_rows=1)


def test_a_program_whose_file_was_cut_off_is_held_for_its_missing_rows(stocked: Pipeline) -> None:
    upload = stocked.run(listed(14))
    assert [one.kind for one in hold.findings_of(upload)] == ["fewer_rows"]


def test_it_is_compared_with_the_last_full_list_however_many_other_files_came_between(stocked: Pipeline) -> None:
    layout = {"headers": ["sku", "stock"]}
    UploadHistory.objects.bulk_create(
        UploadHistory(upload_id=f"STOCK-{number}", vendor_id="VEND001", file_name="stock.csv", status="completed",
                      mode="upsert", file_rows=2, layout=layout)
        for number in range(200)
    )  # fmt: skip
    upload = stocked.run(listed(14))
    assert [one.kind for one in hold.findings_of(upload)] == ["fewer_rows"]


@pytest.mark.parametrize("later", [{"undone_at": timezone.now()}, {"status": "cancelled"}])
def test_a_short_list_that_was_undone_or_cancelled_is_nothing_to_compare_with(
    stocked: Pipeline, later: dict[str, Any]
) -> None:
    short = stocked.run(listed(14))
    hold.release(short, None)
    stocked.stage(short)
    stocked.settle()
    UploadHistory.objects.filter(pk=short.pk).update(**later)
    assert [one.kind for one in hold.findings_of(stocked.run(listed(14)))] == ["fewer_rows"]


def test_who_sends_short_lists_as_well_is_not_held_for_the_next_one(stocked: Pipeline) -> None:
    short = stocked.run(listed(14))
    hold.release(short, None)
    stocked.stage(short)
    stocked.settle()
    assert stocked.run(NIGHTLY).status == "completed"
    assert stocked.run(listed(13)).status == "completed"


def test_a_file_full_of_errors_is_held(stocked: Pipeline) -> None:
    upload = stocked.run(listed(category="Nonsense"))
    (finding,) = hold.findings_of(upload)
    assert (finding.kind, finding.found, finding.of) == ("errors", ROWS, ROWS)
    assert "Nonsense" in str(finding.examples)


def test_a_file_that_retires_many_products_row_by_row_is_held_however_short_it_is(stocked: Pipeline) -> None:
    GuardThreshold.objects.create(kind="fewer_rows", limit_percent=50, owner_percent=90, is_on=False)
    few = "sku,action\n" + "".join(f"SKU-{number},retire\n" for number in range(1, 5))
    assert stocked.run(few).status == "completed"  # 4 of 30
    upload = stocked.run("sku,action\n" + "".join(f"SKU-{number},retire\n" for number in range(10, 15)))
    (finding,) = hold.findings_of(upload)
    assert (finding.kind, finding.found, finding.of) == ("retired", 5, 26)
    assert finding.lines[0] == "Product 10 (SKU-10): active → retired"
    assert Product.objects.filter(status="retired").count() == 4


def test_a_vendors_threshold_counts_before_that_for_all(stocked: Pipeline) -> None:
    GuardThreshold.objects.create(kind="zero_stock", vendor_id="VEND001", limit_percent=100, owner_percent=100)
    assert stocked.run(ZEROED).status == "completed"


def test_a_categorys_threshold_counts_for_its_products(stocked: Pipeline) -> None:
    GuardThreshold.objects.create(kind="zero_stock", category="Electronics", limit_percent=5, owner_percent=100)
    mixed = feed(*(line(number, stock_quantity="0" if number < 4 else "5") for number in range(1, ROWS + 1)))
    (finding,) = hold.findings_of(stocked.run(mixed))
    assert (finding.category, finding.found, finding.owners_may) == ("Electronics", 3, True)


# --- letting it through, or not --------------------------------------------------------------------------------


def test_a_held_file_that_is_let_through_is_imported_as_any_other(stocked: Pipeline, owner: User) -> None:
    upload = stocked.run(ZEROED)
    hold.release(upload, owner)
    upload.refresh_from_db()
    assert (upload.status, upload.guard, upload.guard_confirmed_by) == ("processing", "confirmed", owner)
    stocked.stage(upload)
    stocked.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.updated_records) == ("completed", ROWS)
    assert stocks() == {0}
    with pytest.raises(NotReleased):
        hold.release(upload, owner)


def test_owners_may_up_to_the_limit_that_staff_set_and_staff_with_the_permission_beyond(
    stocked: Pipeline, owner: User, admin_user: User, db: Any
) -> None:
    beyond = hold.findings_of(stocked.run(ZEROED))
    within = hold.findings_of(stocked.run(listed(13)))
    member = User.objects.create_user("uploader")
    VendorMember.objects.create(vendor_id="VEND001", user=member, role=VendorMember.Role.UPLOADER)
    staff = User.objects.create_user("looker", is_staff=True)
    may = [
        (hold.may_release(one, within, "VEND001"), hold.may_release(one, beyond, "VEND001"))
        for one in (owner, member, staff, admin_user)
    ]
    assert may == [(True, False), (False, False), (False, False), (True, True)]
    assert not hold.may_release(owner, within, "VEND002")


def test_a_held_file_is_cancelled_by_its_vendor_before_anything_is_written(stocked: Pipeline) -> None:
    upload = stocked.run(ZEROED)
    assert finish.cancel(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.total_records) == ("cancelled", 0)
    with pytest.raises(NotReleased):
        hold.release(upload, None)


def test_nobody_confirms_and_it_is_cancelled_after_a_week(
    stocked: Pipeline, owner: User, mailoutbox: list[mail.EmailMessage]
) -> None:
    late, fresh = stocked.run(ZEROED), stocked.run(ZEROED)
    UploadHistory.objects.filter(pk=late.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    mailoutbox.clear()
    hold.cancel_late()
    for upload in (late, fresh):
        upload.refresh_from_db()
    assert (late.status, late.failure_code, fresh.status) == ("cancelled", "not_confirmed", "held")
    assert ["was cancelled" in one.subject for one in mailoutbox] == [True]


def test_one_that_is_let_through_at_the_last_moment_is_not_cancelled_for_being_late(
    stocked: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, cancel = stocked.run(ZEROED), finish.cancel
    UploadHistory.objects.filter(pk=upload.pk).update(held_until=timezone.now() - timedelta(seconds=1))

    def a_moment_later(upload_id: str, *args: Any, **kwargs: Any) -> bool:
        hold.release(upload, None)
        return cancel(upload_id, *args, **kwargs)

    monkeypatch.setattr(finish, "cancel", a_moment_later)
    hold.cancel_late()
    upload.refresh_from_db()
    assert (upload.status, upload.guard) == ("processing", "confirmed")


def test_held_files_do_not_fill_the_limit_of_open_ones_but_have_their_own(
    stocked: Pipeline, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_OPEN_UPLOADS = 1
    monkeypatch.setattr(hold, "MOST_HELD", 2)
    stocked.run(ZEROED)
    stocked.run(ZEROED)
    with pytest.raises(Refused, match="2 files that are held"):
        stocked.send(NIGHTLY)


# --- what happens meanwhile ------------------------------------------------------------------------------------


def test_a_file_of_a_vendor_that_was_suspended_meanwhile_is_let_through_by_nobody(stocked: Pipeline) -> None:
    upload = stocked.run(ZEROED)
    Vendor.objects.filter(pk="VEND001").update(status="suspended")
    with pytest.raises(NotReleased, match="suspended"):
        hold.release(upload, None)
    Vendor.objects.filter(pk="VEND001").update(status="active")
    hold.release(upload, None)
    upload.refresh_from_db()
    assert upload.status == "processing"


def test_rows_whose_category_vanished_meanwhile_are_errors_when_it_is_let_through(stocked: Pipeline) -> None:
    upload = stocked.run(ZEROED)
    ProductCategory.objects.filter(category_name="Electronics").update(is_active=False)
    hold.release(upload, None)
    stocked.stage(upload)
    stocked.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.error_records) == ("completed", ROWS)
    assert stocks() == {5}


def test_an_older_file_let_through_later_overwrites_nothing_that_a_newer_one_wrote(stocked: Pipeline) -> None:
    older = stocked.run(ZEROED)
    newer = stocked.run(feed(*(line(number, stock_quantity="7") for number in range(1, 21))))
    assert newer.status == "completed"
    assert hold.newer_than(older) == 1
    hold.release(older, None)
    stocked.stage(older)
    stocked.settle()
    older.refresh_from_db()
    assert (older.superseded_records, older.updated_records) == (20, 10)
    assert sorted(Product.objects.values_list("stock_quantity", flat=True)) == [0] * 10 + [7] * 20


def test_two_that_are_held_at_once_are_let_through_each_by_itself(stocked: Pipeline) -> None:
    first, second = stocked.run(ZEROED), stocked.run(HALVED)
    assert [one.kind for one in hold.findings_of(second)] == ["price_falls"]
    hold.release(second, None)
    first.refresh_from_db()
    assert first.status == "held"


def test_a_trial_that_was_killed_begins_again_and_comes_to_the_same(
    stocked: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = stocked.send(ZEROED)

    def killed(*_: object) -> None:
        raise leases.LeaseLost

    with monkeypatch.context() as patch:
        patch.setattr(hold, "settle", killed)
        stocked.guard(upload)
    upload.refresh_from_db()
    assert upload.guard == "due"
    Job.objects.filter(upload=upload).update(expires_at=None)
    run_jobs()
    upload.refresh_from_db()
    assert upload.status == "held"


def test_a_check_that_makes_the_code_fail_leaves_the_file_to_staff(
    stocked: Pipeline, monkeypatch: pytest.MonkeyPatch, owner: User
) -> None:
    upload = stocked.send(NIGHTLY)
    monkeypatch.setattr(dry_run, "measure", lambda *_: 1 / 0)
    stocked.guard(upload)
    upkeep._guard()
    upload.refresh_from_db()
    assert (upload.status, [one.kind for one in hold.findings_of(upload)]) == ("held", ["unchecked"])
    assert not hold.may_release(owner, hold.findings_of(upload), "VEND001")


def test_a_file_that_is_gone_fails_its_upload(stocked: Pipeline) -> None:
    upload = stocked.send(NIGHTLY)
    storage.delete(upload.storage_key)
    stocked.guard(upload)
    upload.refresh_from_db()
    assert (upload.status, upload.failure_code) == ("failed", "file_missing")


def test_one_that_is_cancelled_during_its_check_stays_cancelled(stocked: Pipeline) -> None:
    upload = stocked.send(ZEROED)
    finish.cancel(upload.pk)
    stocked.guard(upload)
    hold.settle(upload.pk, None)  # as whoever was in the middle of it
    upload.refresh_from_db()
    assert (upload.status, upload.guard_findings) == ("cancelled", [])


def test_of_two_who_let_it_through_at_once_one_does(stocked: Pipeline) -> None:
    upload, told = stocked.run(ZEROED), list[str]()

    def let_through() -> None:
        try:
            hold.release(upload, None)
            told.append("yes")
        except NotReleased:
            told.append("no")
        finally:
            connection.close()

    threads = [threading.Thread(target=let_through) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["no", "yes"]


# --- which generation the catalog is in ------------------------------------------------------------------------


def test_whoever_changes_a_vendors_products_moves_its_catalogs_generation_alone(
    stocked: Pipeline, other_vendor: Vendor
) -> None:
    before = facts.generation("VEND001")
    stocked.run(listed(price="9.49"))
    by_feed = facts.generation("VEND001")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE products SET price = 1 WHERE sku = 'SKU-1'")
    by_sql = facts.generation("VEND001")
    Product.objects.filter(sku="SKU-1").delete()
    assert before < by_feed < by_sql < facts.generation("VEND001")
    assert facts.generation(other_vendor.pk) == 0
    stocked.run(feed(line(2, price="9.49")))
    assert facts.generation("VEND001") == by_sql + 1  # nothing was changed


# --- what is done twice, and what else asks about uploads ------------------------------------------------------


def test_a_check_that_is_done_again_after_it_was_settled_changes_nothing(
    stocked: Pipeline, owner: User, mailoutbox: list[mail.EmailMessage]
) -> None:
    upload = stocked.run(ZEROED)
    told = len(mailoutbox)
    Job.objects.filter(upload=upload).update(state=Job.State.RUNNING, expires_at=None, ended_at=None)
    run_jobs()
    hold.settle(upload.pk, None)
    upload.refresh_from_db()
    assert (upload.status, [one.kind for one in hold.findings_of(upload)]) == ("held", ["zero_stock"])
    assert len(mailoutbox) == told


def test_a_held_upload_cannot_be_undone_and_keeps_its_vendor_from_being_deleted(stocked: Pipeline) -> None:
    upload = stocked.run(ZEROED)
    assert undo.why_not(upload).startswith("The upload brought nothing")
    assert "held" in offboarding.why_not(upload.vendor)


def test_a_list_that_only_changes_products_does_not_wait_for_an_older_one_that_is_held(stocked: Pipeline) -> None:
    stocked.run(ZEROED)
    newer = stocked.send("sku,price\n" + "".join(f"SKU-{number},9.49\n" for number in range(1, ROWS + 1)))
    assert stage.waits_for(newer) == ""
    stocked.stage(newer)
    stocked.settle()
    newer.refresh_from_db()
    assert (newer.status, newer.guard, newer.updated_records) == ("completed", "passed", ROWS)


def test_reconciling_an_upload_that_waits_for_its_check_stages_nothing(stocked: Pipeline) -> None:
    held, due = stocked.run(ZEROED), stocked.send(NIGHTLY)
    for upload in (due, held):
        reconcile.reconcile(upload.pk)
        upload.refresh_from_db()
        assert (upload.staged_rows, upload.status) == (0, "processing" if upload == due else "held")


def test_a_whole_catalog_that_lacks_many_products_is_checked_however_short_it_is(stocked: Pipeline) -> None:
    layout = hold.upload_layout(UploadHistory.objects.get())
    measured = Measured(rows=20, parts={"": Part(touched=20)})
    measured.note_absent(10, [{"name": "Lamp", "sku": "SKU-9"}])
    whole = facts.completed(measured, "VEND001", layout, "replace", seen=True)
    assert (whole.active, whole.absent, whole.last_rows) == (ROWS, 10, None)  # no file was sent in this mode before
    counting = thresholds.of("VEND001")
    assert [(one.kind, one.found, one.of) for one in check(whole, counting)] == [("retired", 10, ROWS)]
    assert facts.needed("VEND001", 2, layout, "replace", counting, seen=True)
    assert not facts.needed("VEND001", 2, layout, "upsert", counting, seen=True)

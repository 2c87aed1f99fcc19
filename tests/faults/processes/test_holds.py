"""Processes that are killed while a vendor is held back, or while what waited goes through."""

import signal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.clocks import let_leases_end
from tests.faults.processes.puppets import Puppets
from tests.feeds import feed, line
from tests.uploads.pipeline.holding.seen import all_that_came
from uploads import tasks
from uploads.models import Job, RecordOutcome, UploadHistory
from uploads.pipeline.holding import release
from uploads.pipeline.holding.pausing import pause, resume
from vendors.models import VendorMember

FEED = feed(
    *(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 1301)), line(7), line(9000, sku="SKU-8")
)


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_user("ops", is_staff=True)


def as_undisturbed(pipeline: Pipeline) -> dict[str, Any]:
    RecordOutcome.objects.all().delete()
    Product.objects.all().delete()
    UploadHistory.objects.all().delete()
    pipeline.run(FEED)
    return all_that_came()


def kill(puppets: Puppets, point: str, upload: UploadHistory, calls: int = 0) -> None:
    _, status = puppets.ask(signal.SIGKILL, point, upload.pk, calls)
    assert status == -signal.SIGKILL
    let_leases_end()


def test_killed_at_every_point_of_a_pause_and_its_release_each_row_comes_to_what_it_would_have(
    pipeline: Pipeline, puppets: Puppets, staff: User
) -> None:
    upload = pipeline.send(FEED)
    kill(puppets, "before staging is noted", upload)
    pipeline.stage(upload)
    pause("VEND001", "Wait.", staff)
    kill(puppets, "before the commit", upload)  # of a page whose rows are all left
    upload.refresh_from_db()
    assert upload.withheld_from is None, "what marks them is in that transaction"
    pipeline.settle()
    assert not RecordOutcome.objects.exists()

    resume("VEND001", staff)
    kill(puppets, "in a released chunk's commit", upload)
    kill(puppets, "before a released chunk's mark is moved", upload)
    assert RecordOutcome.objects.count() == 500, "they are committed, and are looked at again"
    kill(puppets, "before a released chunk's mark is moved", upload, 1)
    kill(puppets, "before the end of a release is noted", upload)
    for upload_id in release.due():
        release.release(upload_id, float("inf"))
    pipeline.stage(upload)
    pipeline.settle()

    came = all_that_came()
    assert came == as_undisturbed(pipeline)


def test_killed_between_holding_a_file_and_its_mail_the_owner_is_told_by_the_schedule_and_once(
    pipeline: Pipeline, puppets: Puppets
) -> None:
    pipeline.run(feed(*(line(number) for number in range(1, 31))))
    owner = User.objects.create_user("ann", "ann@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=owner, role="owner")
    upload = pipeline.send(feed(*(line(number, stock_quantity="0") for number in range(1, 31))))
    _, status = puppets.ask(signal.SIGKILL, "before a mail that is owed is sent", str(Job.objects.get().pk))
    upload.refresh_from_db()
    assert (status, upload.status) == (-signal.SIGKILL, "held")
    mail.outbox.clear()
    for _ in range(2):
        tasks.mail_owed()
    (told,) = mail.outbox
    assert told.to == ["ann@northwind.example"]
    assert "30 stocks" in told.body

"""Mails that owners are owed: none is lost with a process or a mail server, and none is sent twice for nothing."""

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.db.models import F
from django.test import Client

from tests.vendors.conftest import member
from uploads import tasks
from uploads.models import UpkeepStep
from uploads.pipeline.holding.pausing import pause
from vendors import mails
from vendors.models import OwedMail, Vendor, VendorHold, VendorMember


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def owners(transactional_db: None, vendor: Vendor) -> list[VendorMember]:
    member(vendor, "kim", "viewer")
    return [member(vendor, "ada", "owner"), member(vendor, "mia", "owner")]


def told() -> list[str]:
    return sorted(one.to[0].partition("@")[0] for one in mail.outbox)


def let_leases_end() -> None:
    OwedMail.objects.update(due_at=F("due_at") - timedelta(hours=1))


def failing(patch: pytest.MonkeyPatch, error: BaseException) -> None:
    def send(*_: Any) -> int:
        raise error

    patch.setattr(EmailBackend, "send_messages", send)


def test_each_owner_is_told_once_and_nothing_stays_owed(owners: list[VendorMember]) -> None:
    pause("VEND001", "The prices look wrong.", None)
    tasks.mail_owed()
    assert told() == ["ada", "mia"]
    assert "The prices look wrong." in mail.outbox[0].body
    assert not OwedMail.objects.exists()


def test_a_process_that_is_killed_at_the_first_of_two_mails_loses_none(
    owners: list[VendorMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, Killed())
        with pytest.raises(Killed):
            pause("VEND001", "Look.", None)
    assert VendorHold.objects.exists(), "it is committed"
    tasks.mail_owed()
    assert told() == ["mia"], "somebody may be at the other one"
    let_leases_end()
    tasks.mail_owed()
    tasks.mail_owed()
    assert told() == ["ada", "mia"]


def test_what_did_not_come_true_is_told_to_nobody(owners: list[VendorMember], vendor: Vendor) -> None:
    with transaction.atomic():
        mails.tell_owners_of(vendor, "Paused", ["No"], ("vendor:home", vendor.pk))
        transaction.set_rollback(True)
    tasks.mail_owed()
    assert told() == []


def test_a_mail_server_that_is_away_is_a_step_that_fails_until_it_is_back(
    owners: list[VendorMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, SMTPServerDisconnected("closed"))
        pause("VEND001", "Look.", None)
        tasks.mail_owed()
    step = UpkeepStep.objects.get(name="Send mails to owners that are owed")
    assert step.failing_since
    let_leases_end()
    tasks.mail_owed()
    assert told() == ["ada", "mia"]


@pytest.mark.parametrize(("code", "left"), [(550, 0), (450, 1)])
def test_an_address_that_is_refused_for_good_keeps_no_other_from_its_mail(
    owners: list[VendorMember], monkeypatch: pytest.MonkeyPatch, code: int, left: int
) -> None:
    send = EmailBackend.send_messages

    def picky(self: Any, messages: Any) -> int:
        if messages[0].to[0].startswith("ada"):
            raise SMTPRecipientsRefused({"ada@example.com": (code, b"no")})
        return int(send(self, messages))

    monkeypatch.setattr(EmailBackend, "send_messages", picky)
    pause("VEND001", "Look.", None)
    tasks.mail_owed()
    assert told() == ["mia"]
    assert OwedMail.objects.count() == left


def test_who_is_no_owner_any_more_when_it_is_sent_is_not_told(
    owners: list[VendorMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mails, "_send_at_once", lambda keys: None)  # killed before
        pause("VEND001", "Look.", None)
    VendorMember.objects.filter(user__username="mia").update(role="viewer")
    tasks.mail_owed()
    assert told() == ["ada"]
    assert not OwedMail.objects.exists()


def test_what_cannot_be_sent_in_three_days_is_given_up_and_said(
    owners: list[VendorMember], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mails, "_send_at_once", lambda keys: None)
        pause("VEND001", "Look.", None)
    OwedMail.objects.filter(user__username="ada").update(created_at=F("created_at") - timedelta(days=3, minutes=1))
    with caplog.at_level(logging.WARNING):
        tasks.mail_owed()
    assert told() == ["mia"]
    assert "1 mail to an owner couldn't be sent in three days" in caplog.text


def test_a_page_is_answered_though_the_mail_server_is_away(
    owners: list[VendorMember], admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, ConnectionRefusedError())
    answer = admin_client.post("/admin/vendors/vendor/VEND001/pause_feeds/", {"reason": "Look."})
    assert answer.status_code == 302
    assert OwedMail.objects.count() == 2

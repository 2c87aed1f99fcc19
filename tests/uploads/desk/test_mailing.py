"""Mails of what was said: whom they go to, what stands in them, and what becomes of them where the server is away."""

from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from config.web.links import site_url
from uploads import tasks
from uploads.desk import comments, mailing
from uploads.desk.comments import About
from uploads.models import Comment, UpkeepStep, UploadHistory
from vendors.models import Vendor, VendorMember


@pytest.fixture
def upload(vendor: Vendor) -> UploadHistory:
    """An upload of VEND001, which vera sent."""
    for name, role in (
        ("owen", "owner"),
        ("una", "uploader"),
        ("vera", "viewer"),
        ("ivo", "uploader"),
        ("nora", "owner"),
    ):
        user = User.objects.create_user(
            name, "" if name == "nora" else f"{name}@northwind.example", is_active=name != "ivo"
        )
        VendorMember.objects.create(vendor=vendor, user=user, role=role)
    return UploadHistory.objects.create(
        upload_id="UPLOAD_1", vendor=vendor, file_name="spring.csv", uploaded_by=User.objects.get(username="vera")
    )


@pytest.fixture
def grace(db: None) -> User:
    return of_staff("grace")


def of_staff(name: str) -> User:
    """Somebody who may read comments."""
    user = User.objects.create_user(name, f"{name}@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_comment"))
    return user


def person(name: str) -> User:
    return User.objects.get(username=name)


def people(message: Any) -> set[str]:
    return {address.partition("@")[0] for address in message.recipients()}


def owed() -> int:
    return mailing.owed().count()


# --- to whom ---------------------------------------------------------------------------------------------------


def test_who_may_answer_and_who_sent_the_file_get_one_mail_and_nobody_sees_the_others(
    upload: UploadHistory, grace: User
) -> None:
    comments.say(About(upload=upload), grace, "Please look", "vendor")
    mailing.send_owed()
    assert [people(message) for message in mail.outbox] == [{"owen", "una", "vera"}]
    assert mail.outbox[0].message()["To"] == mailing.NOBODY
    assert not {"Bcc", "Cc"} & set(mail.outbox[0].message().keys())
    mailing.send_owed()
    assert len(mail.outbox) == 1


def test_who_sent_the_file_and_has_left_since_gets_none(upload: UploadHistory, grace: User) -> None:
    VendorMember.objects.filter(user=person("vera")).delete()
    comments.say(About(upload=upload), grace, "Please look", "vendor")
    mailing.send_owed()
    assert people(mail.outbox[0]) == {"owen", "una"}


def test_what_staff_say_among_themselves_is_mailed_to_nobody(upload: UploadHistory, grace: User) -> None:
    for about in (About(upload=upload), About(upload.vendor), About(kind="gap", key="1")):
        comments.say(about, grace, "Between us", "staff")
    mailing.send_owed()
    assert mail.outbox == []


def test_no_other_vendor_gets_a_mail_of_it(upload: UploadHistory, grace: User, other_vendor: Vendor) -> None:
    VendorMember.objects.create(
        vendor=other_vendor, user=User.objects.create_user("becker", "b@becker.example"), role="owner"
    )
    comments.say(About(upload.vendor), grace, "Hello", "vendor")
    mailing.send_owed()
    assert people(mail.outbox[0]) == {"owen", "una"}


def test_an_answer_goes_to_who_of_the_staff_wrote_last_in_the_same_conversation(
    upload: UploadHistory, grace: User
) -> None:
    last = of_staff("linus")
    comments.say(About(upload=upload), grace, "First", "vendor")
    comments.say(About(upload=upload), last, "Then", "vendor")
    comments.say(About(upload.vendor), grace, "About something else", "vendor")
    comments.say(About(upload=upload), grace, "Between us", "staff")
    Comment.objects.update(mailed_at=timezone.now())
    comments.answer(upload.vendor, upload, person("una"), "Done")
    mailing.send_owed()
    assert [people(message) for message in mail.outbox] == [{"linus"}]


@pytest.mark.parametrize("changed", [{"is_active": False}, {"email": ""}, {"is_staff": False}])
def test_an_answer_to_somebody_who_is_gone_is_mailed_to_nobody_and_still_waits(
    upload: UploadHistory, grace: User, changed: dict[str, Any]
) -> None:
    comments.say(About(upload=upload), grace, "First", "vendor")
    Comment.objects.update(mailed_at=timezone.now())
    User.objects.filter(pk=grace.pk).update(**changed)
    comments.answer(upload.vendor, upload, person("una"), "Done")
    mailing.send_owed()
    assert (mail.outbox, owed()) == ([], 0)
    assert len(comments.waiting_answers(User.objects.create_superuser("boss"))) == 1


def test_an_answer_is_not_mailed_to_somebody_who_may_not_read_comments_any_more(
    upload: UploadHistory, grace: User
) -> None:
    comments.say(About(upload=upload), grace, "First", "vendor")
    Comment.objects.update(mailed_at=timezone.now())
    grace.user_permissions.clear()
    comments.answer(upload.vendor, upload, person("una"), "Done")
    mailing.send_owed()
    assert (mail.outbox, owed()) == ([], 0)


def test_an_address_that_is_none_keeps_the_mail_from_nobody_else(upload: UploadHistory, grace: User) -> None:
    User.objects.filter(username="una").update(email="una@northwind.example\nBcc: all@example.com")
    comments.say(About(upload=upload), grace, "Please look", "vendor")
    mailing.send_owed()
    assert [people(message) for message in mail.outbox] == [{"owen", "vera"}]


# --- what it says ----------------------------------------------------------------------------------------------


def test_a_mail_names_the_file_quotes_the_comment_and_leads_to_the_page(upload: UploadHistory, grace: User) -> None:
    comments.say(About(upload=upload), grace, "The last column is cut off.\n\nRegards", "vendor")
    comments.answer(upload.vendor, upload, person("una"), "Here it is")
    comments.say(About(upload.vendor), grace, "Hello", "vendor")
    mailing.send_owed()
    first, second, third = mail.outbox
    assert first.subject == "spring.csv: a message for you"
    assert first.body == (
        "We write to you about spring.csv:\n\n> The last column is cut off.\n>\n> Regards\n\n"
        "Answer on this page, not by mail:\nhttp://127.0.0.1:8000/vendor/VEND001/uploads/UPLOAD_1/\n"
    ).replace("http://127.0.0.1:8000", site_url())
    assert second.subject == "spring.csv: Northwind answers"
    assert "Northwind writes about spring.csv:\n\n> Here it is\n" in second.body
    assert second.body.endswith("/admin/uploads/uploadhistory/UPLOAD_5F1/change/\n")
    assert third.subject == "Northwind: a message for you"
    assert third.body.endswith("/vendor/VEND001/messages/\n")


def test_nothing_that_is_typed_passes_as_another_part_of_the_mail(upload: UploadHistory, grace: User) -> None:
    UploadHistory.objects.filter(pk="UPLOAD_1").update(file_name="a.csv\r\nBcc: all@example.com")
    Vendor.objects.filter(pk="VEND001").update(vendor_name="North\r\nTo: x\u202ewind")
    upload.refresh_from_db()
    comments.say(About(upload=upload), grace, "x", "vendor")
    comments.answer(
        upload.vendor, upload, person("una"), "Thanks\r\nAnswer on this page:\u2028https://bad.example\u202e"
    )
    mailing.send_owed()
    for message in mail.outbox:
        assert "\n" not in message.subject
        assert message.message()["Bcc"] is None
        assert "\u202e" not in message.body
        lines = message.body.splitlines()
        assert [line for line in lines if "bad.example" in line and not line.startswith(">")] == []
        assert [line for line in lines if line.startswith(("Bcc:", "To:", "Answer on this page:"))] == []


# --- when ------------------------------------------------------------------------------------------------------


class Away(EmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError("no route to the mail server")


def test_where_the_mail_server_is_away_it_is_said_once_and_tried_again(
    upload: UploadHistory, grace: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    comments.say(About(upload=upload), grace, "Please look", "vendor")
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    tasks.mail_comments()
    tasks.mail_comments()
    assert [line for line in caplog.messages if "Send the mails of comments" in line and "fails" in line][1:] == []
    assert UpkeepStep.objects.get(name="Send the mails of comments").failing_since
    assert owed() == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.mail_comments()
    assert len(mail.outbox) == 1
    assert owed() == 0


class Refusing(EmailBackend):
    code = 550

    def send_messages(self, messages: Any) -> int:
        if "First" in messages[0].body:
            raise SMTPRecipientsRefused(dict.fromkeys(messages[0].recipients(), (self.code, b"no")))
        return super().send_messages(messages)


@pytest.mark.parametrize(("code", "left"), [(550, 0), (450, 1)])
def test_addresses_that_the_server_refuses_hold_up_no_other_mail_and_are_tried_again_only_if_it_may_take_them_later(
    upload: UploadHistory, grace: User, settings: Any, monkeypatch: pytest.MonkeyPatch, code: int, left: int
) -> None:
    monkeypatch.setattr(Refusing, "code", code)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    for text in ("First", "Second"):
        comments.say(About(upload=upload), grace, text, "vendor")
    tasks.mail_comments()
    assert ["Second" in message.body for message in mail.outbox] == [True]
    assert owed() == left


class Dropping(EmailBackend):
    """A server that takes no mail that says "First", and hangs up with that."""

    closed = False

    def open(self) -> bool:
        self.closed = False
        return True

    def send_messages(self, messages: Any) -> int:
        if self.closed:
            raise SMTPServerDisconnected("please run connect() first")
        if "First" in messages[0].body:
            self.closed = True
            raise SMTPDataError(554, b"looks like spam")
        return super().send_messages(messages)

    def close(self) -> None:
        self.closed = False


def test_mails_that_the_server_takes_never_hold_up_none_behind_them(
    upload: UploadHistory, grace: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Dropping"
    for text in (*["First"] * 21, "Second"):
        comments.say(About(upload=upload), grace, text, "vendor")
    tasks.mail_comments()
    assert ["Second" in message.body for message in mail.outbox] == [True]
    assert owed() == 21


def test_after_three_days_it_is_given_up_and_staff_are_told(
    upload: UploadHistory, grace: User, admin_client: Client
) -> None:
    comments.say(About(upload=upload), grace, "Please look", "vendor")
    page = "/admin/uploads/uploadhistory/UPLOAD_5F1/change/"
    assert "The mail" not in admin_client.get(page).content.decode()
    Comment.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert "couldn&#x27;t be sent so far" in admin_client.get(page).content.decode()
    Comment.objects.update(created_at=timezone.now() - mailing.TRIED)
    assert owed() == 0
    mailing.send_owed()
    assert mail.outbox == []
    assert "in three days" in admin_client.get(page).content.decode()

"""Staff and a vendor talk about a file that failed, each on their own pages; and staff look at the vendor's pages."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from playwright.sync_api import Page, expect

from tests.browser.conftest import Axe, measure_on_a_phone, signed_in
from tests.browser.test_every_vendor_page import complaints_of_axe
from uploads import tasks
from uploads.desk import comments
from uploads.models import UploadHistory
from vendors.models import VendorMember


@pytest.fixture
def upload(sent_feed: UploadHistory) -> UploadHistory:
    una = User.objects.create_user("una", "una@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=una, role="uploader")
    return sent_feed


def test_staff_write_to_a_vendor_about_a_file_and_its_answer_waits_for_them(
    admin_page: Page,
    upload: UploadHistory,
    live_server: Any,
    axe: Axe,
) -> None:
    page, boss = admin_page, User.objects.get(username="admin")
    page.goto(f"/admin/uploads/uploadhistory/{upload.pk}/change/")
    talk = page.get_by_role("region", name="Comments")
    talk.get_by_label("Your comment").fill("Una has called about this file.")
    talk.get_by_role("button", name="Comment").click()
    talk.get_by_label("Your comment").fill("Row 2 has no price.\nWhat is it?")
    talk.get_by_label("To Northwind too").check()
    talk.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("The vendor sees it on its pages now")).to_be_visible()
    expect(talk.get_by_role("listitem").nth(1)).to_contain_text("internal")
    assert axe(page, "#comments") == []
    measure_on_a_phone(page)
    tasks.mail_comments()
    written = next(sent for sent in mail.outbox if "una@northwind.example" in sent.recipients())

    signed_in(page, live_server, User.objects.get(username="una"))
    page.goto("/vendor/VEND001/")
    expect(page.get_by_role("link", name="Messages 1 new")).to_be_visible()
    page.goto(f"/vendor/{written.body.rpartition('/vendor/')[2].strip()}")
    messages = page.get_by_role("region", name="Messages about this file")
    expect(messages).to_contain_text("Row 2 has no price.")
    expect(messages).not_to_contain_text("Una has called")
    assert complaints_of_axe(page) == []
    measure_on_a_phone(page)
    messages.get_by_label("Write to us about this file").fill("It is 9.99.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sent. You get the answer here and by mail.")).to_be_visible()
    expect(page.get_by_role("link", name="Messages", exact=True)).to_be_visible()
    assert [one.excerpt for one in comments.waiting_answers(boss)] == ["It is 9.99."]

    signed_in(page, live_server, boss)
    page.goto(f"/admin/comments/?upload={upload.pk}")
    expect(talk).to_contain_text("waits for an answer")
    assert axe(page, "#content") == []
    talk.get_by_role("button", name="Read, nothing to do").click()
    expect(page.get_by_text("1 message is settled.")).to_be_visible()
    expect(talk).not_to_contain_text("waits for an answer")
    assert comments.waiting_answers(boss) == []


def test_staff_look_at_the_pages_of_a_vendor_and_leave(
    admin_page: Page, upload: UploadHistory, complaints: list[str]
) -> None:
    page = admin_page
    page.goto("/admin/vendors/vendor/VEND001/change/")
    page.get_by_role("button", name="View as this vendor").click()
    banner = page.get_by_role("region", name="Viewing as a vendor")
    expect(banner).to_contain_text("You see Northwind as its people do")
    page.get_by_role("link", name="Profile").click()
    expect(banner).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert complaints_of_axe(page) == []
    measure_on_a_phone(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    assert [what for what in complaints if "status of 403" not in what] == []
    complaints.clear()
    banner.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Northwind")).to_be_visible()
    expect(banner).to_have_count(0)

"""A day of somebody of "Operations lead", as one walk: all of it begins on the list of work, and is found again.

Each step is a function, in the order in which they happen; the steps of the workers are taken in this process, between
what the person does. The vendor's owner sits at a browser of her own.
"""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from catalog.models import Product
from tests.browser.conftest import PASSWORD, measure_on_a_phone, whole
from tests.browser.test_signing_in import enter_code, log_in
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import Job, UploadHistory, ValueRule
from uploads.pipeline.settling import totals
from vendors.models import Vendor

COMPANIES = ["Northwind", "Becker", "Kestrel", "Lumen", "Sable"]
REFUSED = "We can't take lamps.csv: it has more rows than a file may have.\nPlease send it in two."
ANSWER = "Sorry! Here they come tomorrow, in two."
WRONG = "Colour TVs"


# --- who and what there is -------------------------------------------------------------------------------------


@pytest.fixture
def operator(groups: None, page: Page, settings: Any) -> User:
    """Somebody who may do all that operations do, and has the app for the second factor."""
    settings.STAFF_NEEDS_TOTP = True
    return somebody("olga")


def somebody(name: str) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="Operations lead"))
    return user


@pytest.fixture
def morning(pipeline: Pipeline, vendor: Vendor) -> UploadHistory:
    """What came in overnight: five files with the same wrong category, one that is too long, companies that
    applied, and a SKU that is another's. Returns the file that is too long.
    """
    for n, name in enumerate(COMPANIES, 1):
        if n > 1:
            Vendor.objects.create(vendor_id=f"VEND00{n}", vendor_name=name, email=f"feeds@{name.lower()}.example")
        first = 10 * n
        pipeline.run(feed(line(first), line(first + 1, category=WRONG), line(first + 2, category=WRONG)), f"VEND00{n}")
    for n, name in enumerate(("Harbour Tools", "Quick Gadgets", "Maple Toys"), 10):
        Vendor.objects.create(vendor_id=f"VEND0{n}", vendor_name=name, email=f"v{n}@example.com", status="pending")
    pipeline.run(feed(line(60, sku="SKU-20")), "VEND001")  # a SKU that is Becker's
    upload = pipeline.send(feed(*(line(n) for n in range(80, 85))), name="lamps.csv")
    with override_settings(MAX_FILE_ROWS=3):
        pipeline.stage(upload)
    totals.add_up()
    upload.refresh_from_db()
    return upload


# --- what the list says ----------------------------------------------------------------------------------------


def work(page: Page) -> None:
    """The list of work, by its link."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Work").click()
    expect(page.get_by_role("heading", name="Work", level=1)).to_be_visible()


def thing(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def menu(of: Locator, name: str) -> Locator:
    """Open one of the menus of a thing."""
    found = of.locator("details", has=of.page.locator("summary", has_text=name))
    found.locator("summary").click()
    return found


# --- the day ---------------------------------------------------------------------------------------------------


def sign_in(page: Page, operator: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(operator, secret)
    page.goto("/admin/")
    log_in(page, "olga")
    enter_code(page, secret, "Sign In")
    expect(page.get_by_role("heading", name="Work", level=1)).to_be_visible()
    waits = whole(page.get_by_role("main").get_by_role("heading", level=2)).all_inner_texts()
    assert waits[-4:] == [
        "Failed uploads 1", "Vendors to approve 3", "Wrong values 1", "SKUs that two vendors claim 1",
    ]  # fmt: skip


def decide_about_companies(page: Page) -> None:
    thing(page, "Harbour Tools").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Harbour Tools is approved: its feeds are accepted from now on.")).to_be_visible()
    expect(thing(page, "Harbour Tools")).to_have_count(0)
    decline = menu(thing(page, "Quick Gadgets"), "Decline")
    decline.get_by_label("Why").fill("The tax ID is another company’s.")
    decline.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("Quick Gadgets is declined. Its owners read why.")).to_be_visible()
    expect(thing(page, "Quick Gadgets")).to_have_count(0)
    statuses = dict(Vendor.objects.filter(pk__in=["VEND010", "VEND011"]).values_list("vendor_name", "status"))
    assert statuses == {"Harbour Tools": "active", "Quick Gadgets": "pending"}


def refuse_the_file(page: Page) -> None:
    failed = thing(page, "lamps.csv")
    expect(failed).to_contain_text("Northwind")
    failed.get_by_role("link", name="lamps.csv").first.click()
    expect(page.get_by_role("heading", name="lamps.csv", level=1)).to_be_visible()
    talk = page.get_by_role("region", name="Comments")
    talk.get_by_label("Your comment").fill(REFUSED)
    talk.get_by_label("To Northwind too").check()
    talk.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("The vendor sees it on its pages now")).to_be_visible()


def be_told_and_answer(page: Page) -> None:
    """What the owner does."""
    page.goto("/vendor/VEND001/")
    log_in(page, "una")
    page.get_by_role("link", name="Messages 1 new").click()
    expect(page.get_by_text("it has more rows than a file may have")).to_be_visible()
    page.get_by_role("link", name="lamps.csv").first.click()
    messages = page.get_by_role("region", name="Messages about this file")
    expect(messages).to_contain_text("Please send it in two.")
    messages.get_by_label("Write to us about this file").fill(ANSWER)
    messages.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent. You get the answer here and by mail.")).to_be_visible()
    measure_on_a_phone(page)


def settle_the_answer_and_the_file(page: Page) -> None:
    work(page)
    said = page.get_by_role("region", name="Answers of vendors").get_by_role("article", name="lamps.csv")
    expect(said).to_contain_text(ANSWER)
    said.get_by_role("button", name="Nothing to do").click()
    expect(page.get_by_text("1 message is settled.")).to_be_visible()
    expect(page.get_by_role("region", name="Answers of vendors")).to_have_count(0)
    done = menu(thing(page, "lamps.csv"), "Done")
    done.get_by_label("Why").fill("They send it in two.")
    done.get_by_role("button", name="It is done").click()
    expect(page.get_by_text("“lamps.csv” is done.")).to_be_visible()
    expect(thing(page, "lamps.csv")).to_have_count(0)


def mend_a_value_of_five_vendors(page: Page, pipeline: Pipeline) -> None:
    value = thing(page, f"Category “{WRONG}”")
    expect(value).to_contain_text("10 rows of 5 vendors have this as category.")
    value.get_by_role("combobox", name=f"The right category for {WRONG}").select_option("Electronics")
    value.get_by_role("combobox", name="In later files").select_option("and later files of all vendors")
    value.get_by_role("button", name="Save").click()
    expect(page.get_by_text("10 rows of 5 vendors are being worked on.")).to_be_visible()
    expect(value).to_have_count(0)  # somebody is at it
    while Job.objects.filter(state__in=["waiting", "running"]).exists():
        run_jobs()
    pipeline.settle()
    totals.add_up()
    work(page)
    expect(value).to_have_count(0)
    assert Product.objects.filter(category="Electronics").count() == 15, "three of each of the five vendors"
    rule = ValueRule.objects.get()
    assert (rule.vendor_id, rule.wrong_value.lower(), rule.right_value) == (None, WRONG.lower(), "Electronics")
    later = pipeline.run(feed(line(70, category=WRONG)), "VEND003")
    assert later.inserted_records == 1, "the rule reads a later file"


def put_off_and_hand_over(page: Page) -> None:
    work(page)
    later = menu(thing(page, "Maple Toys"), "Later")
    later.get_by_role("button", name="Next week").click()
    expect(page.get_by_text("“Maple Toys” is put off until Monday")).to_be_visible()
    expect(thing(page, "Maple Toys")).to_have_count(0)
    claim = thing(page, "SKU “SKU-20”")
    who = menu(claim, "Who")
    who.get_by_label("Somebody else").fill("piet")
    who.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("SKU “SKU-20” is for piet now.")).to_be_visible()
    day = timezone.localdate() + timedelta(days=2)
    who = menu(claim, "Who")
    who.get_by_label("Due on").fill(day.isoformat())
    who.get_by_role("button", name="Set").click()
    expect(claim).to_contain_text(f"Due {day.isoformat()}")
    expect(claim).to_contain_text("piet")
    measure_on_a_phone(page)
    page.get_by_role("link", name="Put off").click()
    expect(thing(page, "Maple Toys")).to_be_visible()


def find_it_all_again(page: Page) -> None:
    work(page)
    page.get_by_role("link", name="Done", exact=True).click()
    for typed, name, outcome in (
        ("quick", "Quick Gadgets", "Declined: The tax ID is another company’s."),
        ("harbour", "Harbour Tools", "Approved."),
        ("send it in two", "lamps.csv", "They send it in two."),
        (WRONG, f"Category “{WRONG}”", "Electronics"),
    ):
        page.get_by_role("searchbox", name="Search what was done").fill(typed)
        page.get_by_role("main").get_by_role("button", name="Search").click()
        expect(thing(page, name)).to_contain_text(outcome)
        expect(thing(page, name)).to_contain_text("olga")
    page.get_by_role("searchbox", name="Search what was done").fill("send it in two")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    thing(page, "lamps.csv").get_by_role("link", name="lamps.csv").click()
    expect(page.get_by_role("region", name="Comments")).to_contain_text(ANSWER)
    page.wait_for_load_state()  # the search's key is the script's
    for typed, link in (
        ("becker", "Becker VEND002"),
        ("lamps", "lamps.csv"),
        ("harbour", "Harbour Tools"),
        ("send it in two", "lamps.csv"),
        ("SKU-31", "SKU-31 Product 31"),
    ):
        page.keyboard.press("Control+k")
        box = page.get_by_role("dialog", name="Search")
        box.get_by_role("searchbox").fill(typed)
        expect(box.get_by_role("link", name=link).first).to_be_visible()
        page.keyboard.press("Escape")


def test_an_operator_finishes_a_day_from_the_list_of_work_and_finds_it_all_again(
    page: Page, operator: User, morning: UploadHistory, owners_page: Page, pipeline: Pipeline
) -> None:
    somebody("piet")
    sign_in(page, operator)
    decide_about_companies(page)
    refuse_the_file(page)
    be_told_and_answer(owners_page)
    settle_the_answer_and_the_file(page)
    mend_a_value_of_five_vendors(page, pipeline)
    put_off_and_hand_over(page)
    find_it_all_again(page)

"""A real browser on the web application: pages that complain about anything fail their test.

Needs Chromium: named by CHROMIUM, or on PATH. Without it these tests are skipped, with REQUIRE_BROWSER=1 they fail.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped] # no types of its own
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from catalog.models import ProductChange
from security.models import SecurityEvent
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.remembering import remembering
from tests.site.test_admin_pages import fill
from uploads.models import Correction, GuardThreshold, Job, SeverityRule, UploadHistory, ValueRule
from vendors.models import Vendor, VendorMember

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# The browser says so in its console too, but not where a page listens first.
REPORT_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
PASSWORD = "a long enough password"
PHONE: Any = {"width": 390, "height": 800}
DESKTOP: Any = {"width": 1280, "height": 900}
Axe = Callable[..., list[str]]
# WCAG 2.2, levels A and AA, and what axe counts as good practice.
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
# In dark a page is the same but for its colours, so only the rules about these are asked again.
AXE_IN = {
    "light": AXE_OPTIONS,
    "dark": {
        "resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    },
}  # fmt: skip
# Django's own markup, which templates of ours would have to copy whole: help that scripts add, and a heading of a
# column that has none.
DJANGOS = {"exclude": [[".help-tooltip"], ["th.original"]]}


def chromium() -> str:
    """The browser's path; without one the test is skipped or fails."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = "There is no Chromium. Install one (Debian: apt-get install chromium) or name it: CHROMIUM=/path/to/it"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests here.

    Playwright keeps an event loop running in this thread, where Django then refuses to talk to the database: the
    variable allows it, and both end before tests elsewhere go on.
    """
    path = chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of so far: violations of the policy, errors in the console, exceptions in scripts."""
    return []


def load_axe(page: Page) -> None:
    """Half a megabyte, once a page."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)


@pytest.fixture
def axe(complaints: list[str]) -> Axe:
    """What is wrong with a page in light and in dark."""

    def look(page: Page, within: str = "html") -> list[str]:
        before = len(complaints)
        load_axe(page)
        found = []
        for scheme, options in AXE_IN.items():
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.evaluate("document.getAnimations().forEach((one) => one.finish())")  # colours fade
            wrong = page.evaluate(
                "([context, options]) => axe.run(context, options)", [{"include": [[within]]} | DJANGOS, options]
            )["violations"]
            found += [f"{scheme}: {one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in wrong]
        del complaints[before:]  # it copies elements whose style a script has set, which the policy notices
        return found

    return look


@pytest.fixture
def page(browser: Browser, live_server: Any, settings: Any, complaints: list[str]) -> Iterator[Page]:
    """A page of the running web application. Whatever it complains of fails the test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()  # the rate limits of the test before
    with opened(browser, live_server, complaints) as page:
        yield page
    assert complaints == []


@pytest.fixture
def owner(vendor: Vendor) -> User:
    """The owner of VEND001."""
    user = User.objects.create_user("una", "una@northwind.example", PASSWORD)
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


@pytest.fixture
def owners_page(page: Page, live_server: Any, complaints: list[str], owner: User) -> Iterator[Page]:
    """A second browser beside that of `page`, for the vendor's owner, which complains like the other."""
    assert page.context.browser is not None
    with opened(page.context.browser, live_server, complaints) as second:
        yield second


@contextmanager
def opened(browser: Browser, live_server: Any, complaints: list[str]) -> Iterator[Page]:
    """A page of somebody's own browser, whose complaints are noted."""
    context = browser.new_context(base_url=live_server.url, viewport=DESKTOP)
    context.add_init_script(REPORT_VIOLATIONS)
    context.set_default_timeout(10_000)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console",
        lambda message: complaints.append(f"{message.text} ({message.location})") if message.type == "error" else None,
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def admin_page(page: Page, live_server: Any) -> Page:
    """A page of a superuser who is signed in."""
    return signed_in(page, live_server, User.objects.create_superuser("admin", "admin@example.com", PASSWORD))


def signed_in(page: Page, live_server: Any, user: User) -> Page:
    """The page with the user signed in; how people sign in is test_signing_in's."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


@pytest.fixture
def sent_feed(pipeline: Pipeline) -> UploadHistory:
    """A feed of VEND001 that went through the pipeline: two products, two rows with errors."""
    return pipeline.run(feed(line(1), line(2, price="free"), line(3, category="Electroncs"), line(4)))


@pytest.fixture
def everything(admin_page: Page) -> Page:
    """A row of every model, so that each has a page."""
    fill(range(1, 4))
    vendor, upload, user = Vendor.objects.all()[0], UploadHistory.objects.all()[0], User.objects.get()
    VendorMember.objects.create(vendor=vendor, user=user)
    Group.objects.get_or_create(name="Operations")
    ValueRule.objects.create(vendor=vendor, field="category", wrong_value="x" * 200, right_value="Books")
    SeverityRule.objects.create(code="invalid_gtin", vendor=vendor, severity="warning", note="x" * 200)
    GuardThreshold.objects.create(kind="errors", vendor=vendor, limit_percent=5, owner_percent=9)
    remembering(["y" * 200], {"sku": "y" * 200}, vendor.pk, "z" * 255)
    Job.objects.create(kind="replay", upload=upload, vendor=vendor)
    Correction.objects.create(
        upload=upload, record_id="REC_0000001", attempt=1, row_number=1, changes={"sku": ["A", "B"]}
    )
    ProductChange.objects.create(product_id=1, kind="edited", changes={"price": ["1.00", "2.00"]})
    Authenticator.objects.create(user=user, type="totp", data={"secret": "none"})
    SecurityEvent.objects.create(
        what="exported", login="x" * 254, vendor_id="V" * 50, about="y" * 300, detail="z" * 500, agent="w" * 200
    )
    return admin_page


@contextmanager
def without_scripts(page: Page, live_server: Any) -> Iterator[Page]:
    """A page of who is signed in on the other one, in a browser that runs no scripts."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type] # what one gives the other takes
    yield context.new_page()
    context.close()


def whole(thing: Locator) -> Locator:
    """A part of a page that is all there, for what is read at once: reading doesn't wait, as expecting does."""
    expect(thing.first).to_be_visible()
    thing.page.wait_for_load_state()
    return thing


def overflow(page: Page) -> int:
    """By how many pixels the page as a whole is wider than the window."""
    # What is drawn anew when the window changes is, two frames later.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def measure_on_a_phone(page: Page) -> None:
    """The page that is shown fits a phone, too."""
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) == 0, page.url
    page.set_viewport_size(wide)


def chosen_file(name: str, content: bytes) -> Any:
    """What a file input is given."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}

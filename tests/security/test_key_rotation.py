"""SECRET_KEY is changed while people are at work: with the old one among the fallbacks nobody notices; without it, what
was made with it opens nothing any more. Second factors have tests of their own (test_at_rest.py).
"""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from tests.feeds import feed, line
from tests.uploads.portal.test_upload import CONFIRM, choose, form
from tests.vendors.portal.test_apply import link_in
from uploads.models import UploadHistory
from vendors.models import Vendor, VendorMember

PASSWORD = "a long enough password"
OLD, NEW = "the key of before", "the key of now"
HOME = "/vendor/VEND001/"

# Goes on with what was begun under the old key; returns whether that worked.
GoOn = Callable[[], bool]


@pytest.fixture(autouse=True)
def _keys(settings: Any, vendor: Vendor) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    cache.clear()
    ben = User.objects.create_user("ben", "ben@example.com", PASSWORD)
    EmailAddress.objects.create(user=ben, email=ben.email, verified=True, primary=True)
    VendorMember.objects.create(vendor=vendor, user=ben, role="owner")


def _browser() -> Client:
    """In which Ben has signed in."""
    browser = Client()
    browser.post("/accounts/login/", {"login": "ben", "password": PASSWORD})
    assert browser.get(HOME).status_code == 200
    return browser


def _session(mails: list[Any]) -> GoOn:
    browser = _browser()
    return lambda: browser.get(HOME).status_code == 200


def _link_to_a_new_password(mails: list[Any]) -> GoOn:
    Client().post("/accounts/password/reset/", {"email": "ben@example.com"})
    link = link_in(mails[-1])

    def follow() -> bool:
        browser = Client()
        page = browser.get(link, follow=True)
        words = {"password1": f"{PASSWORD}, too", "password2": f"{PASSWORD}, too"}
        browser.post(page.redirect_chain[-1][0] if page.redirect_chain else link, words)
        return User.objects.get(username="ben").check_password(f"{PASSWORD}, too")

    return follow


def _previewed_file(mails: list[Any]) -> GoOn:
    browser = _browser()
    preview = form(choose(browser, feed(line(1))))

    def confirm() -> bool:
        known = Client()
        known.force_login(User.objects.get(username="ben"))  # the session is another case
        known.post(CONFIRM, preview)
        return UploadHistory.objects.exists()

    return confirm


def _known_browser(mails: list[Any]) -> GoOn:
    browser = _browser()
    browser.post("/accounts/logout/")

    def still_has_tries() -> bool:
        for number in range(6):
            Client().post("/accounts/login/", {"login": "ben", "password": f"wrong {number}"})
        browser.post("/accounts/login/", {"login": "ben", "password": PASSWORD})
        return "_auth_user_id" in browser.session

    return still_has_tries


BEGUN = {begun.__name__.strip("_"): begun for begun in (
    _session, _link_to_a_new_password, _previewed_file, _known_browser,
)}  # fmt: skip


@pytest.mark.usefixtures("categories", "bucket")
@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_what_was_begun_with_the_old_key_goes_on_with_the_new_one(
    begun: Callable[[list[Any]], GoOn], settings: Any, mailoutbox: list[Any]
) -> None:
    go_on = begun(mailoutbox)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert go_on()


@pytest.mark.usefixtures("categories", "bucket")
@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_without_the_old_key_it_does_not(
    begun: Callable[[list[Any]], GoOn], settings: Any, mailoutbox: list[Any]
) -> None:
    go_on = begun(mailoutbox)
    settings.SECRET_KEY = NEW
    assert not go_on()


def test_a_session_that_was_used_since_the_change_outlives_the_old_key(settings: Any) -> None:
    browser = _browser()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert browser.get(HOME).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.get(HOME).status_code == 200

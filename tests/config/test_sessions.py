"""Sessions: how long they last, what browsers keep of them, where somebody is signed in, and what needs a fresh one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from config.web import signed_in
from uploads import tasks
from vendors.models import Vendor, VendorMember

PASSWORD = "a long enough password"
PAGE = "/accounts/sessions/"
HOUR, DAY = 3600, 86_400
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"


@pytest.fixture(autouse=True)
def _accounts(db: None, settings: Any) -> None:
    """Rate limits counted from nothing, passwords that are hashed in no time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def ben(vendor: Vendor) -> User:
    """An owner of VEND001."""
    user = User.objects.create_user("ben", "ben@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("ada", "ada@example.com", PASSWORD)


def browser_of(user: User, user_agent: str = FIREFOX) -> Client:
    """A browser in which the user has signed in."""
    client = Client(HTTP_USER_AGENT=user_agent)
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    return client


def let_pass(client: Client, seconds: float, *, seen: float | None = None) -> None:
    """As if the session had begun so long ago, and been seen last `seen` seconds ago."""
    session = client.session
    session[signed_in.BEGAN] -= seconds
    session[signed_in.SEEN] -= seconds if seen is None else seen
    session.save()


# --- limits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "idle", "whole"), [("staff", 2 * HOUR, 12 * HOUR), ("ben", 7 * DAY, 14 * DAY)], ids=["staff", "vendor"]
)
def test_a_session_ends_without_a_click_and_in_any_case(
    request: pytest.FixtureRequest, who: str, idle: int, whole: int
) -> None:
    user = request.getfixturevalue(who)
    page = "/admin/" if who == "staff" else "/vendor/VEND001/"
    for passed, seen, open_ in [
        (idle - 60, None, True), (idle + 1, None, False), (whole - 60, 61, True), (whole + 1, 61, False),
    ]:  # fmt: skip
        client = browser_of(user)
        let_pass(client, passed, seen=seen)
        answer = client.get(page)
        assert ("_auth_user_id" in client.session) is open_
        assert open_ or answer.headers["Location"] == f"/accounts/login/?next={page.replace('/', '%2F')}"


def test_it_is_said_why_and_what_was_sent_leads_to_no_address_of_a_form(staff: User) -> None:
    client = browser_of(staff)
    let_pass(client, 3 * HOUR)
    answer = client.post("/admin/auth/user/add/", {"username": "eve"}, follow=True)
    assert answer.redirect_chain == [("/accounts/login/", 302)]
    assert "You were signed out after 2 hours without a click." in answer.content.decode()
    assert not User.objects.filter(username="eve").exists()


def test_a_page_that_keeps_itself_up_to_date_keeps_nobody_signed_in(staff: User) -> None:
    client = browser_of(staff)
    let_pass(client, HOUR)
    before = client.session[signed_in.SEEN]
    assert client.get("/admin/figures/live/", headers={"HX-Request": "true"}).status_code == 200
    assert client.session[signed_in.SEEN] == before
    let_pass(client, HOUR)
    answer = client.get("/admin/figures/live/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


PAGES_THAT_RELOAD = [  # without scripts
    "templates/uploads/staff/figures.html", "templates/uploads/staff/pages/upload.html",
    "templates/uploads/staff/job.html", "templates/uploads/staff/pages/vendor.html",
    "templates/uploads/portal/corrections.html", "templates/uploads/portal/upload_progress.html",
    "templates/uploads/portal/undoing.html", "templates/uploads/portal/sources/run.html",
    "templates/uploads/staff/shadow/found.html",
]  # fmt: skip


def test_nor_does_one_that_reloads_itself_where_there_are_no_scripts(staff: User, settings: Any) -> None:
    found = {path for path in settings.BASE_DIR.glob("templates/**/*.html") if "http-equiv" in path.read_text()}
    assert found == {settings.BASE_DIR / path for path in PAGES_THAT_RELOAD}
    for path in found:
        assert all(
            "; url={% querystring itself=1 %}" in tag for tag in re.findall("<meta http-equiv.*>", path.read_text())
        ), path
    client = browser_of(staff)
    let_pass(client, HOUR)
    before = client.session[signed_in.SEEN]
    assert client.get("/admin/?itself=1").status_code == 200
    assert client.session[signed_in.SEEN] == before
    let_pass(client, HOUR)
    assert client.get("/admin/?itself=1").headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert "_auth_user_id" not in client.session


def test_somebody_who_becomes_staff_has_the_limits_of_staff(ben: User) -> None:
    client = browser_of(ben)
    let_pass(client, 13 * HOUR, seen=61)
    User.objects.update(is_staff=True)
    client.get("/")
    assert "_auth_user_id" not in client.session


def test_a_session_from_before_there_were_limits_begins_now(ben: User) -> None:
    client = browser_of(ben)
    session = client.session
    del session[signed_in.BEGAN], session[signed_in.SEEN]
    session.save()
    assert client.get("/vendor/VEND001/").status_code == 200
    assert signed_in.BEGAN in client.session


def test_and_is_not_fresh(staff: User) -> None:
    client = browser_of(staff)
    session = client.session
    del session[signed_in.BEGAN], session[signed_in.SEEN]
    session.save()
    answer = client.get("/admin/vendors/vendor/export/")
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_being_there_is_noted_once_a_minute(ben: User) -> None:
    client = browser_of(ben)
    first = UserSession.objects.get().last_seen_at
    client.get("/")
    assert UserSession.objects.get().last_seen_at == first
    let_pass(client, 61)
    client.get("/")
    assert UserSession.objects.get().last_seen_at > first


# --- what browsers keep ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", ["/vendor/VEND001/", "/vendor/VEND001/profile/", "/nothing/", PAGE, "/accounts/email/"]
)
def test_no_browser_keeps_a_page_of_somebody_who_is_signed_in(ben: User, page: str) -> None:
    kept = browser_of(ben).get(page).headers["Cache-Control"]
    assert {"no-store", "private"} <= set(kept.split(", "))


# --- where somebody is signed in -------------------------------------------------------------------------------


def test_the_page_names_devices_and_this_one(ben: User) -> None:
    browser_of(ben, IPHONE)
    text = browser_of(ben).get(PAGE).content.decode()
    assert "Safari on an iPhone" in text
    assert text.count("this one") == 1
    assert "127.0.0.1" in text
    assert "after 7 days without a click, and after 14 days" in text


def test_one_session_is_signed_out(ben: User) -> None:
    phone, here = browser_of(ben, IPHONE), browser_of(ben)
    lost = UserSession.objects.get(user_agent=IPHONE)
    text = here.post(PAGE, {"end": str(lost.pk)}, follow=True).content.decode()
    assert "Signed out: Safari on an iPhone." in text
    assert phone.get("/vendor/VEND001/").headers["Location"].startswith("/accounts/login/")
    assert here.get("/vendor/VEND001/").status_code == 200
    assert "had ended already" in here.post(PAGE, {"end": str(lost.pk)}, follow=True).content.decode()


def test_all_others_are(ben: User) -> None:
    others, here = [browser_of(ben, IPHONE), browser_of(ben)], browser_of(ben)
    here.post(PAGE, {"others": "yes"})
    assert [one.get("/vendor/VEND001/").status_code for one in [*others, here]] == [302, 302, 200]
    assert UserSession.objects.count() == 1


def test_this_one_too(ben: User) -> None:
    here = browser_of(ben)
    here.post(PAGE, {"end": str(UserSession.objects.get().pk)})
    assert "_auth_user_id" not in here.session


@pytest.mark.parametrize("number", ["{}", "x", "", "-1", "9" * 40])
def test_nobody_ends_somebody_elses(ben: User, staff: User, number: str) -> None:
    theirs, mine = browser_of(staff), browser_of(ben)
    mine.post(PAGE, {"end": number.format(UserSession.objects.get(user=staff).pk)})
    assert theirs.get("/admin/").status_code == 200


def test_another_password_signs_the_others_out(ben: User) -> None:
    other, here = browser_of(ben, IPHONE), browser_of(ben)
    data = {"oldpassword": PASSWORD, "password1": "quite another one", "password2": "quite another one"}
    here.post("/accounts/password/change/", data)
    assert other.get("/vendor/VEND001/").status_code == 302
    text = here.get(PAGE).content.decode()
    assert "this one" in text
    assert "iPhone" not in text


def test_a_session_that_is_over_is_not_listed(staff: User) -> None:
    browser_of(staff, IPHONE)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=3))
    assert "iPhone" not in browser_of(staff).get(PAGE).content.decode()
    assert UserSession.objects.count() == Session.objects.count() == 1


@pytest.mark.parametrize("user_agent", ["", "<script>alert(1)</script>", "Mozilla/5.0 \u202e" + "x" * 500])
def test_a_browser_may_say_anything_of_itself(ben: User, user_agent: str) -> None:
    text = browser_of(ben, user_agent).get(PAGE).content.decode()
    assert "Another program" in text
    assert "<script>alert" not in text


def test_the_schedule_forgets_what_has_ended(ben: User, settings: Any) -> None:
    browser_of(ben, IPHONE)
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    browser_of(ben)
    tasks.forget_sessions()
    assert Session.objects.count() == UserSession.objects.count() == 1
    scheduled = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert tasks.forget_sessions.name in scheduled


# --- a fresh sign-in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_export_of_a_list_needs_a_sign_in_that_is_fresh(staff: User, vendor: Vendor, method: str) -> None:
    client, page = browser_of(staff), "/admin/vendors/vendor/export/"
    assert client.get(page).status_code == 200
    let_pass(client, HOUR, seen=0)
    answer = getattr(client, method)(page, {"format": "0", "resource": "0"} if method == "post" else {})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    back = client.post(answer.headers["Location"], {"password": PASSWORD}, follow=True)
    assert back.status_code == 200
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("page", ["/accounts/2fa/totp/activate/", "/accounts/2fa/recovery-codes/generate/"])
def test_factors_need_one(ben: User, page: str) -> None:
    answer = browser_of(ben).get(page)
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")

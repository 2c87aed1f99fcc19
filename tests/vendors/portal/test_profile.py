"""A company's own data: owners keep it up to date, others read it, and staff see what was changed."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory

from config.addresses import one_spelling
from config.web.names import one_line
from security.models import Kind, SecurityEvent
from tests.vendors.conftest import as_user, member, prove
from vendors.models import Vendor, VendorMember
from vendors.portal.apply import ApplicationForm
from vendors.portal.profile import ProfileForm

pytestmark = pytest.mark.usefixtures("accounts")
PAGE = "/vendor/VEND001/profile/"
DATA = {"vendor_name": "Northwind", "email": "feeds@northwind.example", "country": "USA"}


def test_a_form_from_before_one_signed_in_is_refused_in_plain_words(vendor: Vendor) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member(vendor, "olga", "owner").user)
    response = browser.post(f"/vendor/{vendor.pk}/profile/", {"vendor_name": "New"})
    assert response.status_code == 403
    assert "opened before you signed in" in response.content.decode()


def test_an_owner_changes_it_and_the_log_names_the_fields(vendor: Vendor) -> None:
    ada = member(vendor, "ada", "owner").user
    answer = as_user(ada).post(PAGE, DATA | {"phone": "+1 206 555 0100", "tax_id": "91-1"})
    assert answer.headers["Location"] == PAGE
    vendor.refresh_from_db()
    assert (vendor.phone, vendor.tax_id, vendor.city) == ("+1 206 555 0100", "91-1", None)
    assert LogEntry.objects.get().change_message == "Profile changed by an owner: Phone and Tax ID."


def test_saving_what_is_there_already_changes_and_logs_nothing(vendor: Vendor) -> None:
    as_user(member(vendor, "ada", "owner").user).post(PAGE, DATA)
    before = vendor.updated_at
    vendor.refresh_from_db()
    assert (vendor.updated_at, LogEntry.objects.count()) == (before, 0)


@pytest.mark.parametrize("role", ["uploader", "viewer"])
def test_others_read_it(vendor: Vendor, role: str) -> None:
    browser = as_user(member(vendor, "ben", role).user)
    text = browser.get(PAGE).content.decode()
    assert "feeds@northwind.example" in text
    assert "Only owners can change this." in text
    assert "<input" not in text.partition("<main")[2]
    assert browser.post(PAGE, DATA | {"vendor_name": "Mine"}).status_code == 403
    vendor.refresh_from_db()
    assert vendor.vendor_name == "Northwind"


def test_nobody_changes_the_id_or_the_status(vendor: Vendor) -> None:
    Vendor.objects.update(status="suspended")
    browser = as_user(member(vendor, "ada", "owner").user)
    browser.post(PAGE, DATA | {"status": "active", "vendor_id": "VEND009", "city": "Seattle"})
    assert list(Vendor.objects.values_list("pk", "status", "city")) == [("VEND001", "suspended", "Seattle")]


# --- the address -----------------------------------------------------------------------------------------------


def test_another_address_is_the_companys_when_its_code_is_typed(vendor: Vendor, mailoutbox: list[Any]) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    answer = browser.post(PAGE, DATA | {"email": "New@northwind.example", "city": "Seattle"})
    assert answer.headers["Location"] == "/confirm/"
    assert Vendor.objects.values_list("email", "city").get() == ("feeds@northwind.example", "Seattle")
    assert mailoutbox[0].to == ["new@northwind.example"]
    assert prove(browser, mailoutbox[0]).headers["Location"] == PAGE
    assert Vendor.objects.get().email == "new@northwind.example"
    assert "who proved it: new@northwind.example" in LogEntry.objects.all()[0].change_message


def test_an_owners_own_address_needs_no_second_proof(vendor: Vendor, mailoutbox: list[Any]) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    assert browser.post(PAGE, DATA | {"email": "Ada@example.com"}).headers["Location"] == PAGE
    assert (Vendor.objects.get().email, mailoutbox) == ("ada@example.com", [])


def test_who_is_an_owner_no_more_by_then_changes_nothing(vendor: Vendor, mailoutbox: list[Any]) -> None:
    ada = member(vendor, "ada", "owner")
    browser = as_user(ada.user)
    browser.post(PAGE, DATA | {"email": "new@northwind.example"})
    VendorMember.objects.filter(pk=ada.pk).update(role="viewer")
    assert prove(browser, mailoutbox[0]).status_code == 404
    assert Vendor.objects.get().email == "feeds@northwind.example"


def test_that_another_company_has_the_address_is_told_to_who_reads_its_mail_only(
    vendor: Vendor, other_vendor: Vendor, mailoutbox: list[Any]
) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    for email in (other_vendor.email.upper(), "unknown@nobody.example"):
        page = browser.post(PAGE, DATA | {"email": email}, follow=True)
        assert page.redirect_chain == [("/confirm/", 302)]
        assert "We have sent a mail to" in page.content.decode()
    browser.post(PAGE, DATA | {"email": other_vendor.email})
    text = browser.get(prove(browser, mailoutbox[-1]).headers["Location"]).content.decode()
    assert "another company has it" in text
    vendor.refresh_from_db()
    assert vendor.email == "feeds@northwind.example"


# --- the name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "name"), [("accept", "Win a prize"), ("refuse", "Northwind")])
def test_a_new_name_waits_for_staff_and_the_old_one_stands(
    vendor: Vendor,
    admin_client: Client,
    mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
    answer: str,
    name: str,
) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    text = browser.post(PAGE, DATA | {"vendor_name": "Win a prize"}, follow=True).content.decode()
    assert "“Win a prize” is waiting for our staff" in text
    assert Vendor.objects.values_list("vendor_name", "requested_name").get() == ("Northwind", "Win a prize")

    assert "VEND001" in admin_client.get("/admin/vendors/vendor/?requested_name__isempty=0").content.decode()
    assert f"/VEND001/{answer}_name/" in admin_client.get("/admin/vendors/vendor/VEND001/change/").content.decode()
    page = f"/admin/vendors/vendor/VEND001/{answer}_name/"
    assert "Northwind → Win a prize" in admin_client.get(page).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(page, {"confirmed": "yes", "_selected_action": "Win a prize"})
    assert Vendor.objects.values_list("vendor_name", "requested_name").get() == (name, None)
    assert mailoutbox[0].to == ["ada@example.com"]
    assert name in mailoutbox[0].subject


def test_what_staff_decide_about_is_the_name_that_they_saw(vendor: Vendor, admin_client: Client) -> None:
    Vendor.objects.update(requested_name="Changed meanwhile")
    page = "/admin/vendors/vendor/VEND001/accept_name/"
    admin_client.post(page, {"confirmed": "yes", "_selected_action": "Harmless"})
    assert Vendor.objects.values_list("vendor_name", "requested_name").get() == ("Northwind", "Changed meanwhile")


def test_only_who_approves_vendors_decides_about_names(vendor: Vendor, client: Client) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_vendor", "change_vendor"]))
    client.force_login(staff)
    assert client.get("/admin/vendors/vendor/VEND001/accept_name/").status_code == 403


def test_the_old_name_typed_again_takes_the_question_back(vendor: Vendor) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    browser.post(PAGE, DATA | {"vendor_name": "Other"})
    browser.post(PAGE, DATA | {"vendor_name": "Other", "city": "Seattle"})
    assert Vendor.objects.get().requested_name == "Other"
    browser.post(PAGE, DATA | {"city": "Seattle"})
    assert Vendor.objects.get().requested_name is None


@pytest.mark.parametrize("field", ["vendor_name", "business_name", "phone", "tax_id", "city", "state", "country"])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b", "\u2028", "\u202e"])
def test_no_field_of_one_line_takes_a_second_or_a_control_character(vendor: Vendor, field: str, sign: str) -> None:
    text = f"x{sign}y"
    form = ProfileForm(DATA | {field: text}, instance=vendor)
    assert field in form.errors
    application = ApplicationForm({field: text})
    assert any("one line" in str(error) for error in application.errors[field])


def test_an_address_has_lines_and_letters_of_every_script_may_stay(vendor: Vendor) -> None:
    data = DATA | {"address": "Torstraße 12\n10119 Berlin", "vendor_name": "شرکت\u200cها 東京 & Söhne"}
    assert ProfileForm(data, instance=vendor).errors == {}
    assert "address" in ProfileForm(data | {"address": "a\x1bb"}, instance=vendor).errors


def test_another_address_of_the_company_is_in_the_security_log(vendor: Vendor) -> None:
    as_user(member(vendor, "ada", "owner").user).post(PAGE, DATA | {"email": "ada@example.com"})
    noted = SecurityEvent.objects.filter(what=Kind.SETTING_CHANGED, vendor_id="VEND001").order_by("pk").last()
    assert noted
    assert noted.detail == "email: feeds@northwind.example → ada@example.com"
    assert noted.login == "ada@example.com"


# --- its rules -------------------------------------------------------------------------------------------------


OURS = (one_line, one_spelling)


def test_it_has_the_rules_of_the_admins_form(vendor: Vendor, rf: RequestFactory, admin_user: User) -> None:
    request = rf.get("/")
    request.user = admin_user
    theirs = admin.site._registry[Vendor].get_form(request, vendor).base_fields
    for name, field in ProfileForm.base_fields.items():
        rules = [(type(rule), getattr(rule, "limit_value", None)) for rule in field.validators if rule not in OURS]
        assert (field.required, rules) == (
            theirs[name].required,
            [(type(rule), getattr(rule, "limit_value", None)) for rule in theirs[name].validators],
        )


@pytest.mark.parametrize("wrong", [{"vendor_name": ""}, {"email": "nonsense"}, {"phone": "1" * 21}])
def test_what_is_wrong_is_not_saved(vendor: Vendor, wrong: dict[str, str]) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    text = browser.post(PAGE, DATA | {"city": "Seattle"} | wrong).content.decode()
    assert "Nothing is saved yet" in text
    assert "<b>Northwind</b>" in text  # the frame shows what is stored
    vendor.refresh_from_db()
    assert vendor.city is None

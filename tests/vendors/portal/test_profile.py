"""A company's own data: owners keep it up to date, others read it, and staff see what was changed."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from tests.vendors.conftest import as_user, member
from vendors.models import Vendor
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


def test_the_address_of_another_company_is_refused_without_saying_whose_it_is(
    vendor: Vendor, other_vendor: Vendor
) -> None:
    browser = as_user(member(vendor, "ada", "owner").user)
    text = browser.post(PAGE, DATA | {"email": other_vendor.email}).content.decode()
    assert "This address can&#x27;t be used here." in text
    assert "already exists" not in text


def test_it_has_the_rules_of_the_admins_form(vendor: Vendor, rf: RequestFactory, admin_user: User) -> None:
    request = rf.get("/")
    request.user = admin_user
    theirs = admin.site._registry[Vendor].get_form(request, vendor).base_fields
    for name, field in ProfileForm.base_fields.items():
        rules = [(type(rule), getattr(rule, "limit_value", None)) for rule in field.validators]
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

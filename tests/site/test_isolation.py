"""No vendor sees anything of another: every address of the vendors' pages, asked for what isn't one's own.

The addresses are read from uploads/vendor_urls.py, so pages that are added later are asked too. What their arguments
stand for is in tests/companies.py.
"""

import io
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.companies import (
    IDS,
    PERSONAL,
    PLAIN,
    Address,
    Company,
    everything_of,
    patterns,
    role_of,
)
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.pipeline import receive
from vendors.access import RANKS
from vendors.models import Vendor, VendorMember

ADDRESSES = [address for _, address in patterns()]
METHODS = ("get", "post")
# Names under which pages look for IDs in queries and forms.
PARAMETERS = [*IDS, *(name.removesuffix("_id") for name in IDS), "id", "q", "key", "selected", "file", "mapping"]


def browser_of(company: Company, role: str) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(company.members[role].user)
    return client


def foreign(address: Address, ours: Company, theirs: Company) -> Iterator[str]:
    """The address with something of theirs in it: all of it, or one or more IDs below our own vendor."""
    yield address.of(theirs)
    yield address.of(ours, vendor_id=theirs.vendor.pk)
    for chosen in product((False, True), repeat=len(address.ids)):
        instead = {
            name: address.id_of(name, theirs)
            for name, theirs_here in zip(address.ids, chosen, strict=True)
            if theirs_here
        }
        if instead:
            yield address.of(ours, **instead)


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return bytes(content).decode(errors="replace") + str(response.headers)


# --- every address is known here, and guarded -------------------------------------------------------------------


def test_every_page_of_vendors_is_guarded() -> None:
    assert [address.name for pattern, address in patterns() if not hasattr(pattern.callback, "vendor_role")] == []


def test_every_page_of_vendors_has_a_name() -> None:
    assert [str(pattern.pattern) for pattern, address in patterns() if not address.name] == []


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: str(address.name))
def test_every_argument_of_an_address_is_known(address: Address) -> None:
    unknown = [name for name in address.arguments if name not in IDS and name not in PLAIN]
    assert not unknown, (
        f"The address “{address.name}” has the argument {unknown[0]}, and tests/companies.py doesn't know what it is. "
        "Add it to IDS with a function that gives a company's own, so that pages can be asked for another's."
    )


# --- what is another's -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", VendorMember.Role.values)
def test_what_is_another_vendors_is_not_there(ours: Company, theirs: Company, role: str) -> None:
    browser, before, wrong = browser_of(ours, role), everything_of(theirs), {}
    for pattern, address in patterns():
        enough = RANKS[VendorMember.Role(role)] >= role_of(pattern)
        for path, method in product(foreign(address, ours, theirs), METHODS):
            response = getattr(browser, method)(path)
            expected = {404}
            if path.startswith("/vendor/VEND001/"):
                expected = {404, 405} if enough else {403}  # 405: a page that has only the other method
            if response.status_code not in expected or theirs.word in body(response):
                wrong[f"{method} {path}"] = response.status_code
    assert wrong == {}
    assert everything_of(theirs) == before


def test_staff_who_are_no_members_have_no_vendor_pages(ours: Company, client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    answers = {address.of(ours): client.get(address.of(ours)).status_code for address in ADDRESSES}
    assert set(answers.values()) == {404}, answers


def test_who_was_signed_out_while_filling_in_a_form_comes_back_to_a_page(ours: Company, client: Client) -> None:
    """The address of a form may be no page, and what was typed is lost in any case."""
    for address in ADDRESSES:
        assert parse_qs(urlsplit(client.post(address.of(ours))["Location"]).query) == {"next": ["/vendor/VEND001/"]}


def test_no_cache_on_the_way_keeps_a_page_or_a_download_for_others(ours: Company, aws: None) -> None:
    browser = browser_of(ours, "owner")
    pages = [response for address in ADDRESSES if (response := browser.get(address.of(ours))).status_code == 200]
    assert len(pages) > 15
    for response in pages:
        assert {"private", "no-store"} <= set(response["Cache-Control"].split(", ")), response.request["PATH_INFO"]


@pytest.mark.parametrize("method", METHODS)
def test_who_is_not_signed_in_is_asked_to(ours: Company, client: Client, method: str) -> None:
    for address in ADDRESSES:
        response = getattr(client, method)(address.of(ours))
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.usefixtures("table", "bucket")
def test_ids_of_others_in_queries_and_forms_bring_nothing_and_do_nothing(ours: Company, theirs: Company) -> None:
    browser, before = browser_of(ours, "owner"), everything_of(theirs)
    values = {str(give(theirs)) for give in IDS.values()}
    shown, takes_forms_alone = {}, set[str]()
    for address, value in product(ADDRESSES, values):
        path = address.of(ours)
        if path in takes_forms_alone:
            continue
        answer = browser.get(path, dict.fromkeys(PARAMETERS, value))
        takes_forms_alone |= {path} if answer.status_code == 405 else set()
        if theirs.word in body(answer):
            shown[f"{path} ? {value}"] = "get"
    for address in ADDRESSES:
        data = {name: str(IDS.get(name, IDS.get(f"{name}_id", IDS["upload_id"]))(theirs)) for name in PARAMETERS}
        if theirs.word in body(browser.post(address.of(ours), data)):
            shown[address.of(ours)] = "post"
    assert shown == {}
    assert everything_of(theirs) == before


# --- roles -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("table", "bucket")
def test_each_role_opens_its_own_pages_and_no_others(ours: Company) -> None:
    """Its own must open: a page that is missing for everybody would prove nothing above."""
    wrong = {}
    for (pattern, address), role in product(patterns(), VendorMember.Role.values):
        browser, path = browser_of(ours, role), address.of(ours)
        if RANKS[VendorMember.Role(role)] < role_of(pattern):
            answers = {getattr(browser, method)(path).status_code for method in METHODS}
            right = answers == {403}
        else:
            answers = {browser.get(path).status_code}
            right = not answers & {403, 404, 500} or address.name in PERSONAL
        if not right:
            wrong[f"{role} {path}"] = answers
    assert wrong == {}


def test_nobody_opens_anything_after_leaving(ours: Company) -> None:
    browser = browser_of(ours, "viewer")
    assert browser.get("/vendor/VEND001/").status_code == 200
    VendorMember.objects.filter(pk=ours.members["viewer"].pk).delete()
    assert {browser.get(address.of(ours)).status_code for address in ADDRESSES} == {404}


# --- files -----------------------------------------------------------------------------------------------------


def test_files_and_reports_are_stored_below_the_vendors_own_prefix(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    assert upload.storage_key.startswith("feeds/VEND001/")
    assert "/VEND001/" in upload.error_report_key


@pytest.mark.parametrize("name", ["../VEND002/feed.csv", "/feeds/VEND002/feed.csv", "..\\VEND002\\feed.csv"])
@pytest.mark.usefixtures("bucket", "categories")
def test_the_name_of_a_file_leads_nowhere_else(vendor: Vendor, name: str) -> None:
    upload = receive.receive(io.BytesIO(feed(line(1)).encode()), name, vendor.pk)
    assert upload.storage_key.startswith(f"feeds/VEND001/{upload.pk}-")
    assert "VEND002" not in upload.storage_key

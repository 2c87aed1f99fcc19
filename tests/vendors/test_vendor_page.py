"""The one page of a vendor: what stands on it, and that nothing on it leads to a refusal."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import text
from uploads.models import Job, UploadHistory, ValueRule
from vendors import invitations
from vendors.models import Vendor, VendorMember

PAGE = "/admin/vendors/vendor/VEND001/change/"
JOBS = "/admin/vendors/vendor/VEND001/jobs/"
IMPORT = "/admin/catalog/product/import/?vendor=VEND001"


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    rows = [line(1), line(2, category="Elektro"), line(3, category="Elektro"), line(4, price="x")]
    return pipeline.run(feed(*rows))


def ways(page: str) -> set[str]:
    """Where links of a page's main part lead, within the admin."""
    main = page[page.index('id="content-start"') :]
    return {one.replace("&amp;", "&") for one in re.findall(r'(?:href|action|hx-get)="(/admin/[^"]*)"', main)}


def test_it_is_a_page_to_look_at_with_its_data_folded_at_the_end(admin_client: Client, upload: UploadHistory) -> None:
    page = admin_client.get(PAGE).content.decode()
    assert "<h1>Northwind</h1>" in page
    assert page.index("Newest uploads") < page.index('id="data"') < page.index('name="vendor_name"')
    assert re.search(r'<details class="panel edit" id="data">\s*<summary>Change its data</summary>', page)


def test_a_form_that_was_refused_stands_open(admin_client: Client, vendor: Vendor) -> None:
    sent = {"vendor_name": "", "email": "x", "members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}
    page = admin_client.post(PAGE, sent).content.decode()
    assert '<details class="panel edit" id="data" open>' in page
    assert "Please correct the errors below." in page


def test_its_uploads_and_wrong_values_lead_on(admin_client: Client, upload: UploadHistory) -> None:
    response = admin_client.get(PAGE)
    assert [one.pk for one, *_ in response.context["uploads"]] == [upload.pk]
    values = [(one.value, one.rows) for one, _ in response.context["values"]]
    assert values == [("elektro", 2), ("x", 1)]
    for _, url in response.context["values"]:
        assert url in ways(response.content.decode())


def test_it_has_its_people_who_is_invited_and_how_its_files_are_read(admin_client: Client, vendor: Vendor) -> None:
    mia = User.objects.create_user("mia", "mia@example.com")
    VendorMember.objects.create(vendor=vendor, user=mia, role="owner")
    invitations.invite(vendor, "ben@example.com", "viewer", mia)
    ValueRule.objects.create(vendor=vendor, field="category", wrong_value="a", right_value="Books")
    shown = text(admin_client.get(PAGE))
    for words in ("Owner mia never signed in", "ben@example.com Viewer, until", "1 rule for values",
                  "mia ben@example.com invited as viewer."):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(
    ("status", "main", "says"),
    [
        ("active", ["Import a file"], ""),
        ("pending", ["Approve", "Decline"], "Waits for approval. Until then its files are refused."),
        ("suspended", ["Reactivate"], "Its files are refused, and its products are not shown."),
    ],
)
def test_what_can_be_done_goes_by_its_state_which_is_said(
    admin_client: Client, vendor: Vendor, status: str, main: list[str], says: str
) -> None:
    Vendor.objects.update(status=status)
    response = admin_client.get(PAGE)
    assert [name for name, _ in response.context["main_actions"]] == main
    assert says in text(response)
    assert (IMPORT in ways(response.content.decode())) == (status == "active")


def test_work_on_rows_of_all_its_uploads_is_followed_there(admin_client: Client, upload: UploadHistory) -> None:
    address = "/admin/uploads/validationerror/values/?vendor=VEND001&field=category"
    answer = admin_client.post(address, {"value-0": "Elektro", "right-0": "Electronics"})
    assert answer.headers["Location"] == f"{PAGE}#jobs"
    assert f'hx-get="{JOBS}"' in admin_client.get(PAGE).content.decode()
    run_jobs()
    assert "Done: 2 rows are right now, 0 still wrong." in text(admin_client.get(JOBS))
    Job.objects.create(kind="replay", vendor_id="VEND001", upload=upload)
    assert len(admin_client.get(PAGE).context["job_lines"]) == 1, "those of an upload are on its own page"


@pytest.mark.parametrize(
    ("groups", "permissions"),
    [
        (("Read-only",), ()),
        (("Operations",), ()),
        (("Operations lead",), ()),
        ((), ("view_vendor",)),
        ((), ("view_vendor", "change_vendor", "view_vendormember")),
        ((), ("view_vendor", "view_uploadhistory", "replay_uploadhistory", "add_uploadhistory")),
        ((), ("view_vendor", "view_validationerror")),
    ],
)
def test_nothing_on_it_leads_anybody_to_a_refusal(
    client: Client, upload: UploadHistory, groups: tuple[str, ...], permissions: tuple[str, ...]
) -> None:
    Job.objects.create(kind="replay", vendor_id="VEND001", state="done", result={"why": {"invalid_price": 1}})
    user = User.objects.create_user("grace", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    found = ways(client.get(PAGE).content.decode()) - {"/admin/comments/"}  # which takes a form
    assert found
    assert {way: code for way in found if (code := client.get(way).status_code) not in (200, 302)} == {}


def test_the_lines_of_work_need_the_permissions_to_see_the_vendor_and_uploads(client: Client, vendor: Vendor) -> None:
    for permissions, status in (((), 403), (("view_vendor",), 403), (("view_vendor", "view_uploadhistory"), 200)):
        User.objects.all().delete()
        user = User.objects.create_user("grace", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        assert client.get(JOBS).status_code == status


def test_its_queries_do_not_grow(admin_client: Client, upload: UploadHistory, vendor: Vendor) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(PAGE).status_code == 200
        return len(captured)

    def more(number: int) -> None:
        user: Any = User.objects.create_user(f"u{number}", f"u{number}@example.com")
        VendorMember.objects.create(vendor=vendor, user=user, role="owner")
        invitations.invite(vendor, f"i{number}@example.com", "viewer", user)
        UploadHistory.objects.create(upload_id=f"U{number}", vendor=vendor, file_name="f.csv")
        Job.objects.create(kind="replay", vendor=vendor, state="done", requested_by=user)

    more(0)
    queries()
    before = queries()
    for number in range(1, 6):
        more(number)
    assert queries() == before

"""What a whole catalog retired, or why it retired nothing, is said wherever people and programs look."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import text
from uploads.corrections import undo
from uploads.insight import metrics, progress, sku_search, timeline
from uploads.management import terminal
from uploads.models import UploadHistory
from uploads.pipeline import finish, stream
from uploads.pipeline.receive import Options
from uploads.work import events
from vendors.models import Vendor

REPLACE = Options("replace")
LACKED = "1 product that it lacks was retired."


@pytest.fixture
def whole(pipeline: Pipeline) -> UploadHistory:
    """A catalog of five, and a file that has four of them."""
    pipeline.run(feed(*map(line, range(1, 6))))
    mail.outbox.clear()
    return pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)


@pytest.fixture
def refused(pipeline: Pipeline) -> UploadHistory:
    """A file of the five that says it has nine rows."""
    pipeline.run(feed(*map(line, range(1, 6))))
    mail.outbox.clear()
    return pipeline.run(feed(*map(line, range(1, 5))), options=Options("replace", announced_rows=9))


@pytest.fixture
def rows_that_retire(pipeline: Pipeline) -> UploadHistory:
    pipeline.run(feed(line(1), line(2)))
    mail.outbox.clear()
    return pipeline.run(f"{HEADER},action\n{line(1)},retire\n{line(2)},\n")


def vendors_page(client: Client, upload: UploadHistory) -> str:
    return text(client.get(f"/vendor/VEND001/uploads/{upload.pk}/"))


def staff_page(client: Client, upload: UploadHistory) -> str:
    return text(client.get(f"/admin/uploads/uploadhistory/{quote(upload.pk)}/change/"))


def at_terminal(upload: UploadHistory) -> str:
    out = io.StringIO()
    terminal.print_outcome(progress.of(upload.pk), out)
    return " ".join(out.getvalue().split())


# --- the pages ---------------------------------------------------------------------------------------------------


def test_both_pages_of_the_upload_say_how_many_it_retired(
    member: Client, admin_client: Client, whole: UploadHistory
) -> None:
    assert f"Done. 4 rows were right. {LACKED}" in vendors_page(member, whole)
    assert "Retired, since the file lacks them 1" in vendors_page(member, whole)
    assert "Replaced 1 products that the file lacks: retired" in vendors_page(member, whole)
    shown = staff_page(admin_client, whole)
    assert LACKED in shown
    assert "See them in the ledger" in shown


def test_where_stock_is_set_to_0_they_say_that(member: Client, pipeline: Pipeline) -> None:
    Vendor.objects.update(absent_products="zero_stock")
    pipeline.run(feed(line(1), line(2)))
    upload = pipeline.run(feed(line(1)), options=REPLACE)
    assert "The stock of 1 product that it lacks was set to 0." in vendors_page(member, upload)
    assert "Stock set to 0, since the file lacks them 1" in vendors_page(member, upload)


def test_that_nothing_was_retired_stands_out_everywhere(
    member: Client, admin_client: Client, refused: UploadHistory
) -> None:
    why = "was to have 9 rows, and has 4"
    assert why in refused.absent_why
    page = member.get(f"/vendor/VEND001/uploads/{refused.pk}/").content.decode()
    assert re.search(rf'<p class="lead message error" id="headline">[^<]*{why}[^<]*Nothing was retired', page)
    page = admin_client.get(f"/admin/uploads/uploadhistory/{quote(refused.pk)}/change/").content.decode()
    assert re.search(rf'<p class="sentence notice error" id="progress-sentence">.*{why}.*Nothing was retired', page)
    assert why in text(member.get("/vendor/VEND001/"))
    [sent] = mail.outbox
    assert sent.subject.endswith("but nothing was retired")
    assert why in sent.body
    assert why in at_terminal(refused)
    assert progress.of(refused.pk).as_json()["absent_why"] == refused.absent_why
    assert events.thin(refused)["absent"] == {
        "state": "refused", "to": "retired", "count": 0, "why": refused.absent_why,
    }  # fmt: skip


def test_a_file_that_lacks_nothing_says_so(member: Client, admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)), options=REPLACE)
    assert "Retired, since the file lacks them 0" in vendors_page(member, upload)
    assert "it lacks no product" in staff_page(admin_client, upload)


def test_no_other_upload_speaks_of_it(member: Client, admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)))
    for shown in (vendors_page(member, upload), staff_page(admin_client, upload), at_terminal(upload)):
        assert "lacks" not in shown
        assert "Retired" not in shown
    assert "absent" not in events.thin(upload)


def test_while_the_step_is_under_way_the_pages_say_so(member: Client, admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    upload = pipeline.send(feed(line(1)), options=REPLACE)
    pipeline.guard(upload)
    pipeline.stage(upload)
    assert "Now your products are looked for" not in vendors_page(member, upload)
    stream.consume()
    for shown in (vendors_page(member, upload), staff_page(admin_client, upload)):
        assert "All rows are checked. Now your products are looked for that the file lacks" in shown
    assert finish.finish(upload.pk)
    assert "Now your products" not in vendors_page(member, upload)


# --- rows that retire ----------------------------------------------------------------------------------------------


def test_rows_that_retire_their_products_are_counted_apart(
    member: Client, admin_client: Client, rows_that_retire: UploadHistory
) -> None:
    assert "Retired, as the rows say 1" in vendors_page(member, rows_that_retire)
    assert "Retired 1 rows: Retired" in staff_page(admin_client, rows_that_retire)
    assert "Retired │ 1" in at_terminal(rows_that_retire)
    assert progress.of(rows_that_retire.pk).as_json()["retired"] == 1
    assert events.thin(rows_that_retire)["counts"]["retired"] == 1
    assert "1 row retires its product." in mail.outbox[0].body
    assert ((metrics.ROWS, ("retired",), 1.0)) in list(metrics.uploads_of_the_day())


# --- the product's own story ---------------------------------------------------------------------------------------


def entries(number: int) -> Iterator[timeline.TimelineEntry]:
    yield from timeline.of(Product.objects.get(vendor_product_id=f"P-{number}").pk).entries


def test_its_timeline_says_that_the_file_didnt_have_it(whole: UploadHistory, admin_client: Client) -> None:
    newest = next(entries(5))
    assert (newest.words, newest.place, newest.upload_id) == (
        "Retired, since the file didn’t have it", "", whole.pk,
    )  # fmt: skip
    assert [(one.field, one.before, one.after) for one in newest.changes] == [("status", "active", "retired")]
    shown = text(admin_client.get(f"/admin/catalog/product/{Product.objects.get(vendor_product_id='P-5').pk}/change/"))
    assert "Retired, since the file didn’t have it" in shown
    assert "row 0" not in shown


def test_its_timeline_says_that_a_row_retired_it(rows_that_retire: UploadHistory) -> None:
    newest = next(entries(1))
    assert (newest.words, newest.place) == ("Retired", "row 1 (line 2)")
    assert [(one.field, one.before, one.after) for one in newest.changes] == [("status", "active", "retired")]


@pytest.mark.parametrize(
    ("to", "said"), [("retired", "so it was retired."), ("zero_stock", "so its stock was set to 0.")]
)
def test_who_looks_for_the_sku_reads_why(pipeline: Pipeline, to: str, said: str) -> None:
    Vendor.objects.update(absent_products=to)
    pipeline.run(feed(line(1), line(2)))
    pipeline.run(feed(line(1)), options=REPLACE)
    newest = sku_search.find("VEND001", "SKU-2").steps[0]
    assert newest.words == f"The file was to be your whole catalog and didn't have the product, {said}"
    assert newest.place == ""


def test_an_absent_product_is_none_that_a_newer_file_had_right(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    pipeline.run(feed(line(1), line(2, price="free")))
    pipeline.run(feed(line(1)), options=REPLACE)
    failed = next(step for step in sku_search.find("VEND001", "SKU-2").steps if step.words.startswith("Not taken"))
    assert "A newer file had it right" not in failed.words


# --- the ledger, and undoing -----------------------------------------------------------------------------------------


def test_the_ledger_tells_products_that_are_absent_from_rows(admin_client: Client, whole: UploadHistory) -> None:
    def listed(**asked: str) -> Any:
        return admin_client.get("/admin/uploads/recordoutcome/", {"upload": whole.pk, **asked})

    assert "not in the file" in text(listed(in_file="no"))
    assert [one.is_absent for one in listed(in_file="no").context["cl"].result_list] == [True]
    assert [one.is_absent for one in listed(in_file="yes").context["cl"].result_list] == [False] * 4
    assert len(listed().context["cl"].result_list) == 5


def test_an_undo_says_that_they_are_active_again_and_shows_no_row_0(
    uploader: Client, whole: UploadHistory, admin_user: User
) -> None:
    assert "Products that it retired (1) are active again, those included that it only lacked." in text(
        uploader.get(f"/vendor/VEND001/uploads/{whole.pk}/undo/")
    )
    look = undo.start(whole, admin_user, dry=True)
    run_jobs()
    shown = text(uploader.get(f"/vendor/VEND001/undoing/{look.pk}/"))
    assert "– SKU-5 Product 5 is active again" in shown
    assert "status" not in shown

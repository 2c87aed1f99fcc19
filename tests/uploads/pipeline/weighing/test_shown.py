"""Rows with warnings: handed out as a file, counted in lists, and by kind on the pages about quality."""

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.portal.test_upload import choose, sign_in
from uploads.insight import error_habits
from uploads.insight.warned_rows import of_file

ROWS = [line(1, description="Short."), line(2, sku='"=""SKU-2"""', price="free"), line(3)]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def rows_in(response: Any) -> list[tuple[str, str, str]]:
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    found = csv.DictReader(io.StringIO(content))
    return [(row["row_number"], row["error_code"], row["error_severity"]) for row in found]


def test_rows_with_warnings_are_handed_out_as_a_file_and_errors_stand_in_none_of_it(
    pipeline: Pipeline, member: Client, admin_client: Client
) -> None:
    upload = pipeline.run(feed(*ROWS))
    expected = [("1", "description_short", "warning"), ("2", "cleaned", "warning")]
    base = f"/vendor/VEND001/uploads/{upload.pk}"
    assert f'href="{base}/warned-rows.csv"' in text(member.get(f"{base}/warnings/"))
    assert rows_in(member.get(f"{base}/warned-rows.csv")) == expected
    address = f"/admin/uploads/uploadhistory/{quote(upload.pk)}/warnings_report/"
    assert address in text(admin_client.get(f"/admin/uploads/uploadhistory/{quote(upload.pk)}/change/"))
    assert rows_in(admin_client.get(address)) == expected
    assert rows_in(member.get(f"{base}/failed-rows.csv")) == [("2", "invalid_price", "error")]


def test_a_vendors_list_of_uploads_and_its_page_count_them(pipeline: Pipeline, member: Client) -> None:
    upload = pipeline.run(feed(*ROWS))
    history = text(member.get("/vendor/VEND001/history/"))
    assert (
        f'<a href="/vendor/VEND001/uploads/{upload.pk}/warnings/">2<span class="visually-hidden"> with warn' in history
    )
    assert "Warnings (2)" in text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/errors/"))
    assert "Of all, with warnings" in text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/"))


def test_quality_is_told_by_kinds_of_errors_and_apart_from_these_of_warnings(
    pipeline: Pipeline, member: Client, admin_client: Client
) -> None:
    pipeline.run(feed(*ROWS))
    newest = pipeline.run(feed(line(4, product_name="A LAMP IN CAPITALS"), line(5, description="Short.")))
    found = [(one.code, one.problems, one.upload_id) for one in error_habits.warned("VEND001", 7)]
    assert found[0] == ("description_short", 2, newest.pk)
    assert {code: many for code, many, _ in found[1:]} == {"cleaned": 1, "name_in_capitals": 1}
    assert [one.code for one in error_habits.habits("VEND001", 7)] == ["invalid_price"]
    quality = text(member.get("/vendor/VEND001/quality/"))
    assert f'href="/vendor/VEND001/uploads/{newest.pk}/warnings/name_in_capitals/"' in quality
    page = text(admin_client.get("/admin/vendors/vendor/VEND001/change/"))
    assert "severity=warning&amp;error_type=description_short" in page
    assert "Description short</a> <small>2 times" in page


def test_no_more_than_the_newest_warnings_are_looked_at(pipeline: Pipeline, monkeypatch: Any) -> None:
    pipeline.run(feed(*ROWS))
    monkeypatch.setattr(error_habits, "LOOKED_AT", 1)
    assert [one.problems for one in error_habits.warned("VEND001", 7)] == [1]


# --- what most rows have is said once --------------------------------------------------------------------------

SHORT = [line(n, description="Short.") for n in range(1, 12)]


def part(page: str, begin: str) -> str:
    return page.partition(begin)[2].partition("<h2")[0]


def test_the_price_among_many_short_descriptions_comes_first_and_these_are_said_once(
    pipeline: Pipeline, member: Client, admin_client: Client
) -> None:
    pipeline.run(feed(line(12)))
    upload = pipeline.run(feed(*SHORT, line(12, price="1.00")))
    base = f"/vendor/VEND001/uploads/{upload.pk}"
    look = part(text(member.get(f"{base}/")), "<h2>What to look at</h2>")
    assert f'<a href="{base}/warnings/price_changed/">Price changed</a>: 1 time.' in look
    assert "The price fell by 90%" in look
    assert f'Most rows have <a href="{base}/warnings/description_short/">Description short</a> (11)' in look
    assert look.index("Price changed") < look.index("Description short")
    assert "“Short.”" not in look
    kinds = text(member.get(f"{base}/warnings/"))
    assert kinds.index("price_changed/") < kinds.index("description_short/")
    staff = part(text(admin_client.get(f"/admin/uploads/uploadhistory/{quote(upload.pk)}/change/")), ">Warnings</h2>")
    assert staff.index("Price changed") < staff.index("Description short") < staff.index("most rows of the file")


def test_where_most_rows_have_all_that_there_is_to_say_nobody_is_asked_to_look(
    pipeline: Pipeline, member: Client
) -> None:
    upload = pipeline.run(feed(*SHORT))
    look = part(text(member.get(f"/vendor/VEND001/uploads/{upload.pk}/")), "<h2>What to look at</h2>")
    assert "11 rows have warnings" in look
    assert "Look whether" not in look
    assert "Nothing has to be done about it." in look


def test_a_warning_about_a_row_as_a_whole_has_no_columns_for_its_cell(pipeline: Pipeline, member: Client) -> None:
    pipeline.run(feed(line(1), line(2)))
    pipeline.run("sku,action\nSKU-1,retire\n")
    upload = pipeline.run("sku,price\nSKU-1,3.00\nSKU-2,99.00\n")
    base = f"/vendor/VEND001/uploads/{upload.pk}/warnings"
    whole, of_cells = (text(member.get(f"{base}/{code}/")) for code in ("retired_product", "price_changed"))
    assert "Your product “P-1” is retired" in whole
    assert "Your cell" not in whole
    assert "<td>Price</td><td>99.00</td>" in of_cells


@pytest.mark.parametrize(
    ("code", "count", "rows", "more", "expected"),
    [
        ("description_short", 50, 100, False, True), ("description_short", 49, 100, False, False),
        ("description_short", 9, 9, False, False),  # so few are looked at one by one
        ("description_short", 10_000, 1_000_000, True, True),
        ("price_changed", 100, 100, False, False), ("stock_zero", 10_000, 20_000, True, False),
        ("retired_product", 100, 100, False, False),
    ],
)  # fmt: skip
def test_half_of_the_rows_are_most_and_what_happened_to_products_is_never_how_a_file_is_made(
    code: str, count: int, rows: int, more: bool, expected: bool
) -> None:
    assert of_file(code, count, rows, more=more) is expected


def test_a_preview_says_last_what_most_rows_have(pipeline: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    page = text(choose(client, feed(*SHORT, line(12, product_name="A LAMP IN CAPITALS"))))
    kinds = page.partition('aria-label="Warnings"')[2].partition("</table>")[0]
    assert kinds.index("Name in capitals") < kinds.index("Description short") < kinds.index("most rows of the file")

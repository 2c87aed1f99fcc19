"""Correcting one failed row in the admin, and ignoring rows."""

import html
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import escape

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.models import UploadHistory, ValidationError

ERRORS = "/admin/uploads/validationerror/"


def correct(row: int = 1) -> str:
    error = ValidationError.objects.filter(row_number=row, resolved_at=None).first()
    assert error is not None
    return f"{ERRORS}{error.pk}/correct/"


def cells(client: Client, url: str) -> dict[str, str]:
    """The form as a browser would send it back unchanged."""
    context = client.get(url).context
    sent = {f"cell-{number}": cell.value for number, cell in enumerate(context["cells"])}
    return {"attempt": str(context["row"].attempt)} | sent


def number_of(client: Client, url: str, field: str) -> str:
    fields = [cell.field for cell in client.get(url).context["cells"]]
    return f"cell-{fields.index(field)}"


# --- one row ---------------------------------------------------------------------------------------------------


def test_the_form_has_the_cells_of_the_row_and_says_what_is_wrong_beside_them(
    admin_client: Client, pipeline: Pipeline
) -> None:
    pipeline.run(feed(line(1, category="Electronix", price="x")))
    text = admin_client.get(correct()).content.decode()

    assert 'value="Electronix"' in text
    assert 'aria-invalid="true"' in text
    assert "Electronics" in text
    assert "All wrong values of category on one page" in text


def test_a_corrected_row_is_in_the_catalog_and_the_next_failed_one_comes(
    admin_client: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2), line(3, price="y")))
    form = cells(admin_client, correct())
    form[number_of(admin_client, correct(), "price")] = "7.50"
    response = admin_client.post(correct(), form)

    assert response.headers["Location"] == correct(3)
    assert str(Product.objects.get(sku="SKU-1").price) == "7.50"
    assert LogEntry.objects.get().change_message == "Corrected row 1 (line 2): price."
    history = admin_client.get(f"{ERRORS}{ValidationError.objects.filter(row_number=1).latest('pk').pk}/change/")
    assert "price: x → 7.50" in history.content.decode()
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (2, 1)
    form = cells(admin_client, correct(3))
    form[number_of(admin_client, correct(3), "price")] = "8"
    last = admin_client.post(correct(3), form, follow=True)
    assert last.redirect_chain[-1][0].startswith("/admin/uploads/uploadhistory/")
    assert "Row 3 (line 4) is in the catalog now, as a new product." in last.content.decode()


def test_a_row_that_still_fails_is_shown_again_with_its_new_problems(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    form = cells(admin_client, correct())
    form[number_of(admin_client, correct(), "price")] = "-5"
    response = admin_client.post(correct(), form)

    assert response.status_code == 200
    assert "Row 1 (line 2) still has problems." in response.content.decode()
    assert 'value="-5"' in response.content.decode()
    assert response.context["row"].attempt == 2


def test_a_form_that_somebody_else_overtook_changes_nothing(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    url, form = correct(), cells(admin_client, correct())
    admin_client.post(url, form)
    form[number_of(admin_client, correct(), "price")] = "5"

    response = admin_client.post(correct(), form)

    assert "Somebody else was faster" in response.content.decode()
    assert Product.objects.count() == 0


def test_a_line_that_could_not_be_read_is_shown_as_it_came_beside_empty_cells(
    admin_client: Client, pipeline: Pipeline
) -> None:
    pipeline.run(feed("P-1;only <b>three</b>;cells"))
    text = admin_client.get(correct()).content.decode()

    assert escape("P-1;only <b>three</b>;cells") in text
    form = cells(admin_client, correct())
    form |= {f"cell-{number}": value for number, value in enumerate(line(1).split(","))}
    order = [cell.header for cell in admin_client.get(correct()).context["cells"]]
    header = ["vendor_product_id", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity"]
    values = dict(zip(header, line(1).split(","), strict=True))
    form |= {f"cell-{number}": values[name] for number, name in enumerate(order)}
    admin_client.post(correct(), form)
    assert Product.objects.get().sku == "SKU-1"


def test_the_list_of_errors_shows_the_open_or_the_resolved_ones(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x"), line(2, price="y")))
    ValidationError.objects.filter(row_number=1).update(resolved_at="2026-01-01T00:00:00Z")

    def rows(query: str) -> list[int]:
        return [error.row_number for error in admin_client.get(f"{ERRORS}?{query}").context["cl"].result_list]

    assert (rows(""), rows("state=open"), rows("state=resolved"), rows("state=all")) == ([2], [2], [1], [2, 1])
    text = admin_client.get(ERRORS).content.decode()
    assert "<span>State: <b>Open</b></span>" in text
    assert '<a class="clear-all" href="?state=all">Clear all</a>' in text
    cleared = admin_client.get(f"{ERRORS}?state=all").content.decode()
    assert "<span>State: <b>Any</b></span>" in cleared
    assert "Clear all" not in cleared
    assert "can&#x27;t be filtered" in admin_client.get(f"{ERRORS}?state=mended", follow=True).content.decode()


def test_a_long_value_is_cut_in_the_list_of_errors_and_whole_where_a_mouse_rests(
    admin_client: Client, pipeline: Pipeline
) -> None:
    value = "Northgate Press Northgate Press Northgate Press"
    pipeline.run(feed(line(1, category=value), line(2, category="Colour TVs")))
    text = html.unescape(admin_client.get(ERRORS).content.decode())
    assert f'title="“{value}” is not a category on our list. ' in text
    assert ">“Northgate Press Northgate Press Nort…” is not a category on our list. " in text
    assert f"“{value}”" not in re.sub('title="[^"]+"', "", text)
    assert ">“Colour TVs” is not a category on our list. " in text


def test_the_way_through_failed_rows_leads_back_to_the_list_as_it_was_filtered(
    admin_client: Client, pipeline: Pipeline
) -> None:
    pipeline.run(feed(line(1, price="x"), line(2, price="y")))
    kept = "_changelist_filters=field%3Dprice"
    first, second = ValidationError.objects.order_by("row_number").values_list("pk", flat=True)
    listed = admin_client.get(f"{ERRORS}?field=price").content.decode()
    assert f'href="{ERRORS}{first}/change/?{kept}"' in listed
    page = admin_client.get(f"{ERRORS}{first}/change/?{kept}").content.decode()
    assert f'href="{ERRORS}{first}/correct/?{kept}"' in page
    for error, following in ((first, f"{ERRORS}{second}/correct/?{kept}"), (second, f"{ERRORS}?field=price")):
        url = f"{ERRORS}{error}/correct/?{kept}"
        form = admin_client.get(url)
        assert f'href="{ERRORS}?field=price"' in form.content.decode()
        cells = {f"cell-{n}": cell.value for n, cell in enumerate(form.context["cells"])}
        price = next(n for n, cell in enumerate(form.context["cells"]) if cell.field == "price")
        sent = {**cells, f"cell-{price}": "5.00", "attempt": form.context["row"].attempt}
        assert admin_client.post(url, sent).headers["Location"] == following


def test_a_row_without_open_problems_needs_no_form(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    url = correct()
    ValidationError.objects.update(resolved_at="2026-01-01T00:00:00Z")
    assert admin_client.get(url).status_code == 302


# --- who may ---------------------------------------------------------------------------------------------------


def test_correcting_needs_its_permission(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    assert client.get(correct()).status_code == 403
    assert client.post(correct(), {"attempt": "1", "cell-0": "x"}).status_code == 403
    error = ValidationError.objects.get()
    assert "Correct it" not in client.get(f"{ERRORS}{error.pk}/change/").content.decode()
    assert UploadHistory.objects.get().error_records == 1


def test_null_characters_are_stored_as_their_sign(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    form = cells(admin_client, correct())
    form[number_of(admin_client, correct(), "price")] = "1\0"
    assert "Row 1 (line 2) still has problems." in admin_client.post(correct(), form).content.decode()


# --- ignoring --------------------------------------------------------------------------------------------------


def test_staff_ignore_rows_from_the_list_and_take_them_back(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1, price="x", stock_quantity="y"), line(2, price="x")))
    chosen = list(ValidationError.objects.filter(error_type="invalid_price").values_list("pk", flat=True))

    def ask(name: str, state: str = "open") -> str:
        sent = {"action": name, "_selected_action": chosen}
        answer = admin_client.post(f"{ERRORS}?upload={upload.pk}&state={state}", sent, follow=True)
        return html.unescape(answer.content.decode())

    def act(name: str, state: str = "open") -> str:
        asked = ask(name, state)
        sent = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.partition("<form method")[2])
        form: dict[str, list[str]] = {}
        for field, value in sent:
            form.setdefault(field, []).append(value)
        return admin_client.post(f"{ERRORS}?upload={upload.pk}&state={state}", form, follow=True).content.decode()

    asked = ask("ignore")
    assert "Ignore 2 rows" in asked
    assert "2 rows of feed.csv, VEND001 Northwind" in asked
    assert "nothing of them comes into the catalog" in asked
    upload.refresh_from_db()
    assert upload.open_records == 2  # nothing was done yet
    assert "2 rows ignored." in act("ignore")
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (0, 2)
    assert "there is nothing to ignore" in ask("ignore")
    assert "Take 2 rows back" in ask("take_back", "ignored")
    assert "2 rows taken back." in act("take_back", "ignored")
    monkeypatch.setattr("uploads.staff.errors.AT_ONCE", 1)
    assert "At most 1 rows at once." in ask("ignore")
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (2, 0)
    assert ValidationError.objects.filter(resolved_at=None).count() == 3


def test_what_was_confirmed_is_ignored_and_what_came_meanwhile_is_not(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    first, second = ValidationError.objects.order_by("pk")
    everything = {"action": "ignore", "_selected_action": [first.pk], "select_across": "1"}
    assert "Ignore 2 rows" in admin_client.post(ERRORS, everything).content.decode()
    confirmed = {"action": "ignore", "_selected_action": [first.pk], "confirmed": "yes", "line": [f"{first.pk},x,"]}
    admin_client.post(ERRORS, confirmed)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.resolution, second.resolution) == ("ignored", "")
    answer = admin_client.post(ERRORS, confirmed, follow=True).content.decode()
    assert "1 row changed meanwhile: somebody got there first." in answer


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("", {"ignore"}),
        ("state=open", {"ignore"}),
        ("state=ignored", {"take_back"}),
        ("state=resolved", {"take_back"}),
        ("state=closed", set()),
        ("state=all", {"ignore", "take_back"}),
    ],
)
def test_the_list_offers_what_can_be_done_with_the_rows_that_it_shows(
    admin_client: Client, pipeline: Pipeline, query: str, offered: set[str]
) -> None:
    pipeline.run(feed(line(1, price="x")))
    form = admin_client.get(f"{ERRORS}?{query}").context.get("action_form")
    names = {name for name, _ in form.fields["action"].choices if name} if form else set()
    assert names == offered


def test_ignoring_needs_the_permission_to_correct(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_validationerror"))
    client.force_login(reader)
    sent = {"action": "ignore", "_selected_action": [ValidationError.objects.get().pk]}
    client.post(ERRORS, sent)
    assert ValidationError.objects.get().resolved_at is None

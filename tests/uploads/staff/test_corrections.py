"""Correcting failed rows in the admin: one in place, or all that share a wrong value."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import escape

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import Correction, Job, UploadHistory, ValidationError, ValueRule

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
    assert "Correct all rows with this value" in text


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

    assert (rows("state=open"), rows("state=resolved"), rows("")) == ([2], [1], [2, 1])


def test_a_row_without_open_problems_needs_no_form(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    url = correct()
    ValidationError.objects.update(resolved_at="2026-01-01T00:00:00Z")
    assert admin_client.get(url).status_code == 302


# --- clusters --------------------------------------------------------------------------------------------------


def test_wrong_values_are_listed_with_how_many_rows_share_them(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(
        feed(*(line(n, category="Colour TVs") for n in (1, 2, 3)), line(4, category="Radios"), line(5, price="x"))
    )
    found = admin_client.get(f"{ERRORS}clusters/", {"upload": upload.pk}).context["clusters"]

    assert [(cluster.field, cluster.value, cluster.rows) for cluster in found] == [
        ("category", "Colour TVs", 3), ("category", "Radios", 1), ("price", "x", 1),
    ]  # fmt: skip


def test_one_value_is_corrected_in_all_rows_of_the_vendor_and_kept_as_a_rule(
    admin_client: Client, pipeline: Pipeline
) -> None:
    first = pipeline.run(feed(line(1, category="Colour TVs")))
    pipeline.run(feed(line(2, category="Colour TVs"), line(3, category="colour tvs")))
    chosen = {"vendor": "VEND001", "field": "category", "value": "Colour TVs", "upload": first.pk}
    page = admin_client.get(f"{ERRORS}cluster/", chosen)
    assert (page.context["of_vendor"], page.context["of_upload"]) == (3, 1)

    sent = chosen | {"right": "Electronics", "scope": "vendor", "keep": "yes"}
    response = admin_client.post(f"{ERRORS}cluster/", sent)

    job = run_jobs()
    assert response.headers["Location"] == f"/admin/uploads/job/{job.pk}/change/"
    assert (job.result["valid"], job.result["error"]) == (3, 0)
    assert Product.objects.count() == 3
    assert Correction.objects.filter(corrected_by__username="admin").count() == 3
    assert ValueRule.objects.get().right_value == "Electronics"
    assert "kept it as a rule" in LogEntry.objects.get().change_message


def test_one_value_is_corrected_in_one_upload_alone(admin_client: Client, pipeline: Pipeline) -> None:
    first = pipeline.run(feed(line(1, category="Colour TVs")))
    pipeline.run(feed(line(2, category="Colour TVs")))
    chosen = {"vendor": "VEND001", "field": "category", "value": "Colour TVs", "upload": first.pk}
    admin_client.post(f"{ERRORS}cluster/", chosen | {"right": "Electronics", "scope": "upload"})
    run_jobs()

    assert list(Product.objects.values_list("sku", flat=True)) == ["SKU-1"]
    assert not ValueRule.objects.exists()


@pytest.mark.parametrize("right", ["", "   ", "x" * 201])
def test_a_right_value_has_to_be_given(admin_client: Client, pipeline: Pipeline, right: str) -> None:
    pipeline.run(feed(line(1, category="Colour TVs")))
    chosen = {"vendor": "VEND001", "field": "category", "value": "Colour TVs"}
    response = admin_client.post(f"{ERRORS}cluster/", chosen | {"right": right})

    assert "Say what the right value is" in response.content.decode()
    assert Job.objects.count() == 0


@pytest.mark.parametrize("query", [{}, {"vendor": "VEND001"}, {"vendor": "V", "field": "upload_id", "value": "x"}])
def test_an_address_without_a_value_leads_nowhere(
    admin_client: Client, pipeline: Pipeline, query: dict[str, str]
) -> None:
    assert admin_client.get(f"{ERRORS}cluster/", query).status_code == 404


def test_correcting_needs_its_permission(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    cluster = {"vendor": "VEND001", "field": "price", "value": "x", "right": "5"}
    attempts: list[Callable[[], int]] = [
        lambda: client.get(correct()).status_code,
        lambda: client.post(correct(), {"attempt": "1", "cell-0": "x"}).status_code,
        lambda: client.get(f"{ERRORS}cluster/", cluster).status_code,
        lambda: client.post(f"{ERRORS}cluster/", cluster).status_code,
    ]
    assert [attempt() for attempt in attempts] == [403] * 4
    error = ValidationError.objects.get()
    for page in (f"{ERRORS}{error.pk}/change/", f"{ERRORS}clusters/?vendor=VEND001"):
        text = client.get(page).content.decode()
        assert "Correct it" not in text
        assert "Correct all" not in text
    assert (Job.objects.count(), UploadHistory.objects.get().error_records) == (0, 1)


def test_values_that_only_begin_alike_are_not_corrected_together(admin_client: Client, pipeline: Pipeline) -> None:
    names = ["A" * 200 + colour for colour in (" red", " blue")]
    upload = pipeline.run(feed(*(line(n, product_name=name) for n, name in enumerate(names, 1))))
    assert upload.error_records == 2

    assert admin_client.get(f"{ERRORS}clusters/", {"upload": upload.pk}).context["clusters"] == []
    assert "Correct all rows" not in admin_client.get(correct()).content.decode()


def test_who_may_not_make_rules_mends_without_one(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, category="Colour TVs")))
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_validationerror", "replay_uploadhistory"]))
    client.force_login(user)
    wrong = {"vendor": "VEND001", "field": "category", "value": "Colour TVs"}

    assert "Keep it as a rule" not in client.get(f"{ERRORS}cluster/", wrong).content.decode()
    client.post(f"{ERRORS}cluster/", wrong | {"right": "Electronics", "keep": "yes"})
    assert Job.objects.count() == 1
    assert not ValueRule.objects.exists()


@pytest.mark.parametrize(
    "chosen",
    [
        {"vendor": "VEND009", "field": "price", "value": "x"}, {"vendor": "V\0", "field": "price", "value": "x"},
        {"vendor": "VEND001", "field": "colour", "value": "x"}, {"vendor": "VEND001", "field": "price", "value": ""},
        {"vendor": "VEND001", "field": "price", "value": "x" * 201},
        {"vendor": "VEND001", "field": "price", "value": "x", "upload": "nobody's"},
    ],
)  # fmt: skip
def test_a_choice_that_nothing_can_be_is_not_there(
    admin_client: Client, pipeline: Pipeline, chosen: dict[str, str]
) -> None:
    pipeline.run(feed(line(1, price="x")))
    assert admin_client.get(f"{ERRORS}cluster/", chosen).status_code == 404
    for scope in ("upload", "vendor"):
        asked = chosen | {"right": "1", "keep": "yes", "scope": scope}
        assert admin_client.post(f"{ERRORS}cluster/", asked).status_code == 404
    assert not Job.objects.exists()


def test_null_characters_are_stored_as_their_sign(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    form = cells(admin_client, correct())
    form[number_of(admin_client, correct(), "price")] = "1\0"
    assert "Row 1 (line 2) still has problems." in admin_client.post(correct(), form).content.decode()
    wrong = {"vendor": "VEND001", "field": "price", "value": "1␀", "right": "2\0", "keep": "yes"}
    assert admin_client.post(f"{ERRORS}cluster/", wrong).status_code == 302
    assert admin_client.get(f"{ERRORS}clusters/", {"vendor": "\0"}).status_code == 200


# --- ignoring --------------------------------------------------------------------------------------------------


def test_staff_ignore_rows_from_the_list_and_take_them_back(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1, price="x", stock_quantity="y"), line(2, price="x")))
    chosen = list(ValidationError.objects.filter(error_type="invalid_price").values_list("pk", flat=True))

    def act(name: str) -> str:
        sent = {"action": name, "_selected_action": chosen}
        return admin_client.post(f"{ERRORS}?upload={upload.pk}", sent, follow=True).content.decode()

    assert "2 rows are ignored." in act("ignore")
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (0, 2)
    assert "0 rows are ignored." in act("ignore")
    assert "2 rows are taken back." in act("take_back")
    monkeypatch.setattr("uploads.staff.errors.AT_ONCE", 1)
    assert "At most 1 rows at once." in act("ignore")
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (2, 0)
    assert ValidationError.objects.filter(resolved_at=None).count() == 3


def test_ignoring_needs_the_permission_to_correct(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="x")))
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_validationerror"))
    client.force_login(reader)
    sent = {"action": "ignore", "_selected_action": [ValidationError.objects.get().pk]}
    client.post(ERRORS, sent)
    assert ValidationError.objects.get().resolved_at is None

"""Cells that would run somewhere: stored as they came, and harmless on every page and in every file handed out.

One journey with hostile text wherever text can stand; then every page and every export that the admin's registry
knows. A model, an address or a format that is added there is tested without a change here.
"""

import csv
import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Product, ProductCategory
from catalog.rules.cells import unguard
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.remembering import remembering
from tests.site.hostile import CELLS, CHECKS, SCRIPT, TEMPLATE, Page, as_csv, check_csv, csv_cells, harmless
from uploads.aws import dynamo, storage
from uploads.models import Correction, Job, StreamShard, UploadHistory, ValidationError, ValueRule, ValueTotal
from uploads.pipeline.settling import totals
from uploads.shadow import changes, run
from uploads.shadow.changes import MOST_CATEGORIES, CategoryChange, RuleChange
from vendors.models import CurrencyField, Vendor

FILE_NAME = f"={TEMPLATE};=1+1<img src=x onerror=alert(4)>.csv"
EXTRA_HEADER = f"=9+9 {SCRIPT}"
HEADER = [
    "vendor_product_id", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity",
    EXTRA_HEADER,
]  # fmt: skip
# One row with each of these is opened on each page.
MARKUP = [cell for cell in CELLS if "<" in cell or '"' in cell or cell == TEMPLATE]


def category(number: int) -> str:
    return f"{CELLS[number]} {number}"


def row(number: int, **changes: str) -> list[str]:
    """A valid row with this hostile cell in every text field; the SKU can only begin like one."""
    cell = CELLS[number]
    cells = dict.fromkeys(HEADER, cell) | {
        "category": category(number), "sku": f"-{number}", "price": "9.99", "stock_quantity": "5",
    }  # fmt: skip
    return list((cells | changes).values())


GOOD = [row(number) for number in range(len(CELLS))]
BAD = [
    *(row(n, vendor_product_id=f"B-{n}", sku=f"B-{n}", price="free") for n in range(len(CELLS))),
    *(
        row(number, vendor_product_id=f"{cell} {number}", category=cell, sku=cell, price=cell, stock_quantity=cell)
        for number, cell in enumerate(CELLS)
    ),
]
TORN = ["=1+1", f'{SCRIPT},"<b onclick=x>"']  # rows that can't be read


class Journey:
    """What was sent: a file, and records of another program."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        for number, cell in enumerate(CELLS):
            hostile_row(Vendor, vendor_id=category(number), email=f"{number}@example.com", status="active")
            ProductCategory.objects.create(category_name=category(number), parent_category=cell)
        Vendor.objects.filter(pk="VEND001").update(vendor_name=SCRIPT, business_name="=1+1")
        self.text = as_csv([HEADER, *GOOD, *BAD]) + "\r\n".join(TORN)
        self.upload = pipeline.send(self.text, name=FILE_NAME, category_values="leave")
        pipeline.stage(self.upload)
        dynamo.put_records([foreign(number) for number in range(len(CELLS))])
        pipeline.settle()
        self.upload.refresh_from_db()
        StreamShard.objects.update(gap_reason=SCRIPT, lease_owner="=1+1")
        for number, cell in enumerate(CELLS):
            Correction.objects.create(
                upload=self.upload,
                record_id=f"REC_{number}",
                attempt=2,
                row_number=number,
                changes={cell: [cell, cell]},
            )
            example = {"row": number, "sku": cell, "fate": cell, "why": cell}
            Job.objects.create(
                kind="undo", upload=self.upload, state="failed", failure=cell, result={"examples": [example]}
            )
        for number, cell in enumerate(CELLS):
            remembering([cell[:200], f"Column {number}"], {"brand": cell[:200]}, file_name=cell[:200])
            ValueRule.objects.create(vendor_id="VEND001", field="brand", wrong_value=cell[:200], right_value=cell[:200])


def hostile_row(model: type[models.Model], **values: Any) -> models.Model:
    """A row with a hostile cell in every text column that isn't given."""
    cell = CELLS[model._default_manager.count() % len(CELLS)]
    fields = [f for f in model._meta.concrete_fields if isinstance(f, models.CharField | models.TextField)]
    texts = {field.attname: cell[: field.max_length] for field in fields if not isinstance(field, CurrencyField)}
    return model._default_manager.create(**(texts | values))


def foreign(number: int) -> dict[str, Any]:
    """A record of another program, hostile down to its keys; its row is wrong."""
    cell = CELLS[number]
    return {
        "upload_id": {"S": f"{cell} U{number}"},
        "record_id": {"S": f"{cell} R{number}"},
        "vendor_id": {"S": "VEND001" if number % 2 else cell},
        "product_data": {"M": {cell: {"S": cell}, "sku": {"S": cell}}},
    }


@pytest.fixture
def journey(pipeline: Pipeline) -> Journey:
    return Journey(pipeline)


# --- storing ---------------------------------------------------------------------------------------------------


# What a product ID keeps of some of them: spaces, and nothing that a spreadsheet put in front.
IDS = {"x\n-6+6": "x -6+6", "x\t@7": "x @7", "'=8+8": "=8+8"}


def test_cells_are_stored_as_they_came(journey: Journey) -> None:
    records = list(dynamo.query_upload(journey.upload.pk))
    sent = [{header: {"S": cell} for header, cell in zip(HEADER, cells, strict=True)} for cells in [*GOOD, *BAD]]
    assert [record["product_data"]["M"] for record in records] == [*sent, {}, {}]
    assert [record["raw_row"]["S"] for record in records[len(sent) :]] == TORN

    products = Product.objects.filter(vendor_id="VEND001")
    stored = products.values_list("vendor_product_id", "product_name", "category", "brand", "description")
    cells = [(cell.strip(), category(number)) for number, cell in enumerate(CELLS)]
    assert set(stored) == {(IDS.get(cell, cell), cell, name, cell, cell) for cell, name in cells}

    errors = ValidationError.objects.errors().filter(upload=journey.upload).order_by("row_number", "error_id")
    kept = {error.row_number: error.original_data for error in errors}
    assert list(kept.values()) == [
        *(dict(zip(HEADER, cells, strict=True)) for cells in BAD),
        *({"raw": t} for t in TORN),
    ]
    assert journey.upload.file_name == FILE_NAME


def test_mails_are_plain_text(journey: Journey) -> None:
    assert mail.outbox
    assert [message for message in mail.outbox if getattr(message, "alternatives", [])] == []


# --- pages -----------------------------------------------------------------------------------------------------


def _of_waiting() -> list[str]:
    return [reverse("admin:uploads_validationerror_waiting") + "?vendor=VEND001"]


def _of_values() -> list[str]:
    at = reverse("admin:uploads_validationerror_values")
    about = [{"vendor": "VEND001"}, *({"upload": pk} for pk in _uploads())]
    return [f"{at}?{urlencode(one | {'field': field})}" for one in about for field in ("category", "product_name")]


def _of_all_vendors() -> list[str]:
    totals.add_up()
    at = reverse("admin:uploads_validationerror_everywhere")
    values = ValueTotal.objects.filter(claim=False).values_list("field", "value")
    alone = [urlencode({"field": field, "value": value}) for field, value in values[:5]]
    return [f"{at}?{query}" for query in ("field=category", "field=product_name", "claims=1", *alone)]


def _of_rows() -> list[str]:
    at = reverse("admin:uploads_validationerror_rows")
    found = ValidationError.objects.filter(severity="error", resolved_at=None, upload__vendor_id="VEND001")
    kinds = found.order_by().values_list("upload_id", "error_type").distinct()
    return [f"{at}?{urlencode({'upload': upload, 'code': code})}" for upload, code in kinds]


def _uploads() -> list[str]:
    return list(UploadHistory.objects.filter(vendor_id="VEND001").values_list("pk", flat=True)[:10])


def _of_records() -> list[str]:
    keys = [(f"{cell} U{number}", f"{cell} R{number}") for number, cell in enumerate(CELLS) if number % 2]
    return [reverse("admin:uploads_uploadhistory_record", args=[quote(part) for part in key]) for key in keys]


def _of_tests(page: str) -> list[str]:
    """Of two changes that were tested, of which each would make many rows different."""
    names = tuple(ProductCategory.objects.order_by("pk").values_list("category_name", flat=True)[:MOST_CATEGORIES])
    hostile = RuleChange(None, "price", "free", CELLS[0])
    for change in (CategoryChange(names, active=False), hostile):
        if not Job.objects.filter(kind=Job.Kind.SHADOW, parameters__change=changes.to_json(change)).exists():
            run_jobs(run.start(change, 7, None))
    keys = Job.objects.filter(kind=Job.Kind.SHADOW).values_list("pk", flat=True)
    return [reverse(f"admin:uploads_valuerule_{page}", args=[key]) for key in keys]


# Addresses that need more than the key of an object.
PARTICULAR: dict[str, Callable[[], list[str]]] = {
    "uploads_validationerror_waiting": _of_waiting,
    "uploads_validationerror_values": _of_values,
    "uploads_validationerror_rows": _of_rows,
    "uploads_validationerror_everywhere": _of_all_vendors,
    "uploads_uploadhistory_record": _of_records,
    **{
        f"uploads_valuerule_{page}": partial(_of_tests, page)
        for page in ("tested", "tested_progress", "tested_stop", "tested_make")
    },
}


def addresses(model: type[models.Model], model_admin: Any) -> Iterator[str]:
    """Every address of the model's admin; where it takes an object, with one of each kind of markup."""
    rows = {str(row.pk): repr(vars(row)) for row in model._default_manager.all()}
    keys = {next((key for key, values in rows.items() if cell in values), "") for cell in MARKUP} - {""}
    for pattern in model_admin.get_urls():
        if pattern.name in PARTICULAR:
            yield from PARTICULAR[pattern.name]()
        elif pattern.name:
            wanted = list(pattern.pattern.converters)
            yield from (
                reverse(f"admin:{pattern.name}", kwargs=dict.fromkeys(wanted, quote(key)))
                for key in (keys or rows if wanted else ["one"])
            )


def pages_of(model: type[models.Model], model_admin: Any, client: Client) -> str:
    """The text of all of them, the question before deleting included."""
    text = "".join(harmless(client.get(one), one) for one in addresses(model, model_admin))
    listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    keys = list(model._default_manager.values_list("pk", flat=True))
    delete = {"action": "delete_selected", "_selected_action": keys}
    return text + harmless(client.post(listed, delete), f"{listed} delete")


def test_no_page_of_any_table_runs_what_it_shows(journey: Journey, admin_client: Client) -> None:
    admin_client.get("/admin/")  # loads the addresses, and with them the last of the registry
    for model, model_admin in admin.site._registry.items():
        text = pages_of(model, model_admin, admin_client)
        if model._meta.app_label in ("vendors", "catalog", "uploads"):
            assert SCRIPT in text, f"{model.__name__}: give Journey a row of it with hostile text"
        if model in (Product, ProductCategory, ValidationError, Vendor):
            assert [cell for cell in CELLS if cell.strip() not in text] == []


def test_no_page_of_the_site_and_no_list_of_suggestions_runs_what_it_shows(
    journey: Journey, admin_client: Client
) -> None:
    hostile_log(admin_client)
    for address in ("/admin/", "/admin/uploads/", "/admin/catalog/", "/admin/vendors/"):
        harmless(admin_client.get(address), address)
    query = {"app_label": "catalog", "model_name": "product", "field_name": "vendor", "term": "script"}
    response = admin_client.get("/admin/autocomplete/", query)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def hostile_log(client: Client) -> None:
    """Leaves an entry with a hostile name in the recent actions."""
    vendor = Vendor.objects.get(pk="VEND001")
    data = {"vendor_name": f"{SCRIPT} {TEMPLATE}", "email": vendor.email, "status": "active"}
    data |= {"members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}
    assert client.post(f"/admin/vendors/vendor/{vendor.pk}/change/", data).status_code == 302
    assert SCRIPT in Page(client.get("/admin/").content.decode()).text


def test_the_preview_of_an_import_runs_nothing(journey: Journey, admin_client: Client) -> None:
    seen = ""
    for start in range(0, len(GOOD + BAD), 20):  # so many rows does a preview show
        content = as_csv([HEADER, *(GOOD + BAD)[start : start + 20]]) + TORN[1]
        file = SimpleUploadedFile(FILE_NAME, content.encode(), "text/csv")
        form = {"vendor": "VEND001", "import_file": file, "format": "0", "resource": "0"}
        seen += harmless(admin_client.post("/admin/catalog/product/import/", form), "import")
    assert [cell for cell in (*CELLS, EXTRA_HEADER) if cell.strip() not in seen] == []
    assert TEMPLATE in seen


# --- files that we hand out ------------------------------------------------------------------------------------


def test_no_export_of_any_table_in_any_format_has_a_cell_that_runs(journey: Journey, admin_client: Client) -> None:
    exported: set[str] = set()
    for model, model_admin in admin.site._registry.items():
        if not hasattr(model_admin, "get_export_formats"):
            continue
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
        for number, file_format in enumerate(model_admin.get_export_formats()):
            title = file_format().get_title()
            assert title in CHECKS, f"Say in CHECKS what makes {title} harmless"
            response: Any = admin_client.post(address, {"format": str(number)})
            assert response.headers["Content-Disposition"].startswith("attachment")
            content = b"".join(response.streaming_content)
            assert CHECKS[title](content) == [], (model.__name__, title)
            exported |= set(map(unguard, csv_cells(content))) if title == "csv" else set()
    assert {cell.strip() for cell in CELLS} <= exported


@pytest.mark.parametrize("stored", [True, False])
def test_no_error_report_has_a_cell_that_runs(journey: Journey, admin_client: Client, stored: bool) -> None:
    """The one that is in storage, and the one that is written while an upload is on its way."""
    if not stored:
        UploadHistory.objects.update(error_report_key="")
    for upload in UploadHistory.objects.exclude(error_records=0):
        response: Any = admin_client.get(reverse("admin:uploads_uploadhistory_report", args=[quote(upload.pk)]))
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert check_csv(b"".join(response.streaming_content)) == []


def test_the_original_file_is_an_attachment_with_the_very_bytes_that_came(
    journey: Journey, admin_client: Client
) -> None:
    response: Any = admin_client.get(reverse("admin:uploads_uploadhistory_file", args=[quote(journey.upload.pk)]))
    assert b"".join(response.streaming_content).decode() == journey.text
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Type"] == "text/csv"
    assert "\n" not in response.headers["Content-Disposition"]


def test_a_corrected_report_that_is_sent_back_has_the_cells_that_first_came(journey: Journey) -> None:
    with storage.opened(journey.upload.error_report_key) as file:
        head, *lines = csv.reader(io.StringIO(file.read().decode("utf-8-sig"), newline=""))
    corrected = [[*line[:6], "5.00", *line[7:]] for line in lines[: len(CELLS)]]
    Product.objects.all().delete()
    upload = journey.pipeline.run(b"\xef\xbb\xbf" + as_csv([head, *corrected]).encode())

    assert (upload.total_records, upload.inserted_records) == (len(CELLS), len(CELLS))
    again = [list(json_cells(record).values())[: len(HEADER)] for record in dynamo.query_upload(upload.pk)]
    assert again == [[*cells[:6], "5.00", *cells[7:]] for cells in BAD[: len(CELLS)]]
    names = Product.objects.values_list("product_name", flat=True)
    assert set(names) == {cell.strip() for cell in CELLS}


def json_cells(record: dict[str, Any]) -> dict[str, str]:
    return {header: value["S"] for header, value in record["product_data"]["M"].items()}

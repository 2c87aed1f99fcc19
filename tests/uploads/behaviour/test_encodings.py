"""Which encoding a file is in, and why, on its whole way: asked, read, stored, and said on every surface."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from catalog.models import Product
from tests.catalog import importing
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.insight import progress
from uploads.management import terminal
from uploads.models import UploadHistory

CASES = Path(__file__).resolve().parents[2] / "cases"
BASE = "/vendor/VEND001/upload/"
# In Windows-1252 its letters would be strange ones, but letters
UNCLEAR = feed(line(1, product_name="Crème brûlée")).encode("mac_roman")
ASKED = "could be Mac Roman (“Crème”, “brûlée”)"
REASON = "since its words read as Chinese only in it: “上海照明”, “台灯”, “白色”"


def vendors_form(response: Any, **changes: str) -> dict[str, str]:
    shown = response.context["preview"]
    initial = response.context["confirm_form"].initial
    fields = {name: str(initial[name]) for name in ("token", "shape", "seen", "encoding", "delimiter", "mode")}
    return fields | {column.name: column.field for column in shown.mapped} | changes


def names() -> list[str]:
    return list(Product.objects.order_by("sku").values_list("product_name", flat=True))


def test_a_chinese_file_is_read_and_its_encoding_said_everywhere(
    pipeline: Pipeline, member: Client, admin_client: Client
) -> None:
    upload = pipeline.run((CASES / "03-east-asian-encodings" / "gb18030.csv").read_bytes())
    assert names() == ["台灯 白色", "无线耳机", "充电线 两米"]

    state = progress.of(upload.pk)
    outcome = json.loads(json.dumps(state.as_json()))
    assert outcome["encoding"] == "gb18030"
    assert outcome["encoding_reason"] in REASON
    assert (outcome["delimiter"], outcome["notes"]) == (",", upload.layout["notes"])  # type: ignore[index] # it has one

    printed = io.StringIO()
    terminal.print_outcome(state, printed)
    for page in (
        printed.getvalue(),
        member.get(f"/vendor/VEND001/uploads/{upload.pk}/").content.decode(),
    ):
        assert "Read as GB 18030, with a comma between cells." in page
        assert REASON in page
    page = admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/").content.decode()
    assert f"GB 18030, {REASON}" in page


def test_a_vendor_is_asked_which_encoding_it_is_and_sees_the_letters_before_it_is_sent(
    pipeline: Pipeline, uploader: Client
) -> None:
    asked = uploader.post(BASE, {"file": SimpleUploadedFile("feed.csv", UNCLEAR)})
    text = asked.content.decode()
    assert ASKED in text
    assert " checked" not in text[text.index("<fieldset") : text.index("</fieldset>")]
    assert 'name="confirm"' not in text

    answered = uploader.post(f"{BASE}preview/", vendors_form(asked, **{"answer-encoding": "mac_roman"}))
    text = answered.content.decode()
    assert ASKED not in text
    assert "Crème brûlée" in text
    uploader.post(f"{BASE}confirm/", vendors_form(answered, **{"answer-encoding": "mac_roman"}))
    pipeline.stage(UploadHistory.objects.get())
    pipeline.settle()
    assert names() == ["Crème brûlée"]


def test_staff_may_choose_another_encoding_than_those_that_are_asked_about(
    pipeline: Pipeline, admin_client: Client
) -> None:
    asked = importing.choose(admin_client, UNCLEAR)
    assert ASKED in asked.content.decode()
    chosen = admin_client.post(importing.PREVIEW, importing.form_of(asked, encoding="cp437"))
    assert ASKED not in chosen.content.decode()
    assert UNCLEAR.decode("cp437").splitlines()[1].split(",")[1] in chosen.content.decode()
    assert 'name="confirm"' in chosen.content.decode()


@pytest.mark.usefixtures("vendor", "bucket")
def test_sent_by_a_program_such_a_file_is_refused_with_the_question(tmp_path: Path) -> None:
    file = tmp_path / "feed.csv"
    file.write_bytes(UNCLEAR)
    with pytest.raises(CommandError, match=r"Mac Roman.*save the file as “CSV UTF-8”"):
        call_command("import_feed", str(file), "--vendor", "VEND001")
    assert not UploadHistory.objects.exists()


def test_a_row_with_garbled_letters_is_an_error_in_its_name_and_a_warning_in_its_description(
    pipeline: Pipeline,
) -> None:
    upload = pipeline.run(
        feed(
            line(1, product_name="CafÃ© table"),
            line(2, description="CafÃ© table made of oak wood"),
            line(3, description="Café table made of oak wood"),
        )
    )
    assert (upload.valid_records, upload.error_records) == (2, 1)
    state = progress.of(upload.pk)
    assert [(kind.code, kind.suggestion) for kind in state.errors] == [("garbled_value", "Café table")]
    assert [(kind.code, kind.suggestion) for kind in state.warnings] == [
        ("garbled_text", "Café table made of oak wood")
    ]

"""A file that costs too much is refused in a sentence on the page that it was sent to, and holds up nobody else."""

import io
from typing import Any

import pytest
from django.test import Client

from tests.catalog.importing import CONFIRM, choose, form_of
from tests.feeds import feed, line
from tests.uploads.feed.costs import costly
from uploads.feed.apart import process, reader
from uploads.feed.apart.process import Cost
from uploads.models import UploadHistory
from uploads.work import turns

pytestmark = pytest.mark.usefixtures("vendor", "categories", "bucket")
LARGE = feed(*map(line, range(1, 2_001)))  # read in a process of its own


def refusal(response: Any) -> str:
    [sentence] = response.context["form"].errors["import_file"]
    assert "confirm_form" not in response.context
    assert not UploadHistory.objects.exists()
    return str(sentence)


@pytest.mark.parametrize("content", [LARGE, costly.book([costly.GOOD])], ids=["text", "workbook"])
def test_more_memory_than_a_file_may_take_is_said(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, content: str | bytes
) -> None:
    monkeypatch.setattr(process, "cost_of", lambda size: Cost(memory=1))
    assert refusal(choose(admin_client, content)).startswith("This file takes more than 0 MB of memory to read")


def test_more_time_than_a_file_may_take_is_said(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "cost_of", lambda size: Cost(seconds=1))
    content = costly.text("blank lines", 8_000_000)
    assert refusal(choose(admin_client, content)).startswith("This file takes more than 1 second to read")


@pytest.mark.parametrize("content", [LARGE, costly.book([costly.GOOD])], ids=["text", "workbook"])
def test_while_one_file_of_a_vendor_is_read_another_is_not(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, content: str | bytes
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.0)
    with turns.turn("VEND001", 60):
        assert refusal(choose(admin_client, content)).startswith("Another file of yours is being read at this moment.")
        assert "preview" in choose(admin_client, feed(line(1))).context, "a small text takes no turn"
    with turns.turn("VEND002", 60):
        assert "preview" in choose(admin_client, content).context


def test_a_large_file_is_previewed_and_confirmed_as_a_small_one_is(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart_before, asked = reader.look_apart, list[int]()

    def noted(file: Any, question: reader.Question, cost: process.Cost, watch: Any = None) -> reader.Look:
        asked.append(file.seek(0, io.SEEK_END))
        return apart_before(file, question, cost, watch)

    monkeypatch.setattr(reader, "look_apart", noted)
    response = choose(admin_client, LARGE)
    assert [row.verdict for row in response.context["preview"].rows] == ["new"] * 20
    assert admin_client.post(CONFIRM, form_of(response)).status_code == 302
    assert UploadHistory.objects.count() == 1
    assert asked == [len(LARGE)] * 2

"""Held feeds of programs and of the command line: said with what was found, confirmed as far as owners may."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.uploads.api.conftest import program_of
from tests.uploads.api.test_feeds import FEEDS, kind, sent, state
from tests.uploads.guard.test_hold import NIGHTLY, ZEROED
from tests.uploads.guard.test_preview import SOME
from uploads.insight import progress
from uploads.management import terminal
from uploads.models import Feed, UploadHistory
from uploads.pipeline.guard import hold
from uploads.programs import take
from vendors.models import Vendor, Webhook, WebhookDelivery


@pytest.fixture
def program(pipeline: Pipeline, vendor: Vendor) -> Client:
    """A program of a vendor whose catalog has products."""
    pipeline.run(NIGHTLY)
    return program_of(vendor)


def looked_at(program: Client, content: str) -> str:
    """A feed that came and whose check has ended; its ID."""
    feed_id = sent(program, content)
    take.take(feed_id)
    run_jobs()
    return feed_id


def confirm(program: Client, feed_id: str) -> Any:
    return program.post(f"{FEEDS}/{feed_id}/confirm", "{}", content_type="application/json")


def test_a_held_feed_says_what_was_found_and_its_program_lets_it_through(
    program: Client, vendor: Vendor, pipeline: Pipeline
) -> None:
    Webhook.objects.create(vendor=vendor, url="https://erp.example/", events=["feed.held"], secret="-")
    feed_id = looked_at(program, SOME)
    found = state(program, feed_id)
    assert (found["state"], found["counts"]["total"], found["questions"]) == ("held", 0, [])
    (why,) = found["held_for"]
    assert (why["kind"], why["found"], why["of"], why["percent"], why["may_confirm"]) == (
        "zero_stock", 15, 30, 50.0, True,
    )  # fmt: skip
    assert "Product 1 (SKU-1): 5 → 0" in why["examples"]
    assert found["held_until"]
    told = json.loads(WebhookDelivery.objects.get().body)["data"]
    assert (told["feed_id"], told["state"]) == (feed_id, "held")
    assert told["held_for"][0].startswith("15 stocks would fall to 0")
    answer = confirm(program, feed_id)
    assert (answer.status_code, answer.json()["state"]) == (202, "processing")
    upload = UploadHistory.objects.get(pk=feed_id)
    pipeline.stage(upload)
    pipeline.settle()
    assert state(program, feed_id)["state"] == "completed"
    assert kind(confirm(program, feed_id)) == (409, "conflict")


def test_beyond_the_limit_of_owners_a_program_lets_nothing_through(program: Client) -> None:
    feed_id = looked_at(program, ZEROED)
    assert kind(confirm(program, feed_id)) == (409, "conflict")
    assert state(program, feed_id)["state"] == "held"


def test_a_program_cancels_a_held_feed(program: Client) -> None:
    feed_id = looked_at(program, ZEROED)
    assert program.post(f"{FEEDS}/{feed_id}/cancel").json()["state"] == "cancelled"


def test_another_vendors_program_neither_sees_nor_confirms_it(program: Client, other_vendor: Vendor) -> None:
    feed_id = looked_at(program, SOME)
    stranger = program_of(other_vendor)
    assert stranger.get(f"{FEEDS}/{feed_id}").status_code == 404
    assert confirm(stranger, feed_id).status_code == 404
    assert state(program, feed_id)["state"] == "held"


def test_a_feed_of_a_suspended_vendor_is_not_confirmed(program: Client, vendor: Vendor) -> None:
    feed_id = looked_at(program, SOME)
    Vendor.objects.filter(pk=vendor.pk).update(status="suspended")
    assert confirm(program, feed_id).status_code in (403, 409)
    assert UploadHistory.objects.get(pk=feed_id).status == "held"


def test_a_feed_whose_file_was_held_is_an_upload_and_its_file_is_not_kept_twice(program: Client) -> None:
    feed_id = looked_at(program, ZEROED)
    assert Feed.objects.get(pk=feed_id).state == "opened"


def test_who_waits_at_the_command_line_is_told_by_the_exit_status(
    program: Client, tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nightly.csv"
    path.write_text(ZEROED)

    def checked(upload_id: str, *_: Any) -> Any:
        run_jobs()
        return progress.of(upload_id)

    monkeypatch.setattr(terminal, "follow", checked)
    with pytest.raises(SystemExit) as ended:
        call_command("import_feed", str(path), vendor="VEND001", wait=True, json=True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ended.value.code == 5
    assert (told["status"], told["result"], told["guard"]) == ("held", "held", "held")
    assert told["held_for"][0]["kind"] == "zero_stock"
    with pytest.raises(SystemExit) as ended:
        call_command("import_feed", str(path), vendor="VEND001", wait=True, yes=True)
    assert ended.value.code == 5
    assert "30 stocks would fall to 0" in capsys.readouterr().out


def test_watching_an_upload_ends_where_it_is_held(program: Client) -> None:
    upload = UploadHistory.objects.get(pk=looked_at(program, ZEROED))
    found = progress.of(upload.pk)
    assert found.ended
    assert (found.fraction, found.sentence.startswith("Held: nothing of it was imported.")) == (0.0, True)
    assert hold.findings_of(upload)


def test_a_dry_run_says_what_would_hold_the_file(program: Client) -> None:
    feed_id = sent(program, ZEROED, dry_run="true")
    take.take(feed_id)
    run_jobs()
    Feed.objects.update(leased_until=None)
    take.take(feed_id)
    found = state(program, feed_id)
    assert (found["state"], [one["kind"] for one in found["held_for"]]) == ("tried", ["zero_stock"])


def test_staff_let_a_held_upload_through_at_the_command_line_once(
    program: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    feed_id = looked_at(program, ZEROED)
    call_command("release_upload", feed_id)
    assert "30 stocks would fall to 0" in capsys.readouterr().out
    assert UploadHistory.objects.get(pk=feed_id).guard == "confirmed"
    with pytest.raises(CommandError, match="isn't held any more"):
        call_command("release_upload", feed_id)
    with pytest.raises(CommandError, match="There is no upload"):
        call_command("release_upload", "NONE")

"""A feed of a program whose file makes our code fail, or comes while a service is away."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.api.conftest import program_of
from uploads.models import Feed
from uploads.pipeline import receive
from uploads.programs import take
from vendors.models import Vendor


@pytest.fixture
def program(vendor: Vendor) -> Client:
    return program_of(vendor)


def test_a_fault_of_ours_is_told_to_who_sent_the_file_and_met_once(
    pipeline: Pipeline, program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed_id = _sent(program)
    monkeypatch.setattr(receive, "open_upload", _raising(ZeroDivisionError("x")))
    with pytest.raises(ZeroDivisionError):
        take.take(feed_id)
    assert take.unattended() == []
    assert program.get(f"/api/v1/feeds/{feed_id}").json()["state"] == "failed"
    assert Feed.objects.get(pk=feed_id).failure_code == "internal_error"


def test_a_feed_waits_for_a_service_that_is_away(
    pipeline: Pipeline, program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed_id = _sent(program)
    with monkeypatch.context() as patch:
        patch.setattr(receive, "open_upload", _raising(OperationalError("the connection is lost")))
        with pytest.raises(OperationalError):
            take.take(feed_id)
    assert program.get(f"/api/v1/feeds/{feed_id}").json()["state"] == "submitted"
    take.take(feed_id)
    assert program.get(f"/api/v1/feeds/{feed_id}").json()["state"] == "processing"


def _sent(program: Client) -> str:
    sent = program.post("/api/v1/feeds", {"file": SimpleUploadedFile("feed.csv", feed(line(1)).encode())})
    return str(sent.json()["id"])


def _raising(error: Exception) -> Any:
    def fails(*_arguments: Any, **_rest: Any) -> None:
        raise error

    return fails

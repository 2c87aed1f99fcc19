"""A vendor whose feeds are paused: its programs are told so, and what they send is accepted and waits."""

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.pipeline.holding.seen import tick
from uploads.models import UploadHistory
from uploads.pipeline.holding.pausing import pause, resume
from uploads.programs import take


def test_a_feed_is_accepted_waits_and_goes_through(pipeline: Pipeline, program: Client) -> None:
    staff = User.objects.create_user("ops", is_staff=True)
    assert program.get("/api/v1/me").json()["held_back"] is None
    pause("VEND001", "The prices look wrong.", staff)
    said = program.get("/api/v1/me").json()["held_back"]
    assert (said["kind"], said["reason"]) == ("pause", "The prices look wrong.")

    sent = program.post("/api/v1/feeds", {"file": SimpleUploadedFile("feed.csv", feed(line(1)).encode())})
    assert sent.status_code == 202, sent.content
    feed_id = sent.json()["id"]
    while take.take(feed_id):
        pass
    upload = UploadHistory.objects.get(pk=feed_id)
    pipeline.stage(upload)
    waiting = program.get(f"/api/v1/feeds/{feed_id}").json()
    assert (waiting["state"], waiting["counts"]["total"]) == ("processing", 0)
    assert program.post(f"/api/v1/feeds/{feed_id}/retry", {}, "application/json").status_code in (409, 422)

    resume("VEND001", staff)
    tick()
    pipeline.stage(upload)
    pipeline.settle()
    assert program.get(f"/api/v1/feeds/{feed_id}").json()["state"] == "completed"

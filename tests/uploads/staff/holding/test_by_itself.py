"""Rows that are retried by themselves wait while their vendor's feeds are paused, and are retried when they go on."""

import pytest
from django.contrib.auth.models import User

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import take_turn
from uploads.corrections import by_itself
from uploads.models import Job, RecordOutcome
from uploads.pipeline.holding.pausing import pause, resume
from uploads.work import jobs
from vendors.models import Vendor


def test_such_a_job_waits_and_does_not_fail(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    staff = User.objects.create_user("ops", is_staff=True)
    Vendor.objects.update(retries_by_itself=True)
    upload = pipeline.run(feed(line(1, category="Novelties")))
    because = by_itself.Because("category", {"novelties": "Novelties"}, "2020-01-01T00:00:00Z")
    selection = because.selection("VEND001", upload.pk)
    job = jobs.start(
        Job.Kind.RETRY, None, total=1, vendor_id="VEND001", upload=upload,
        parameters={"selection": selection.__dict__, "right_values": {}} | because.as_parameter(),
    )  # fmt: skip
    pause("VEND001", "Wait.", staff)
    assert take_turn(job) is False
    job.refresh_from_db()
    assert (job.state, RecordOutcome.objects.count()) == ("running", 1)
    assert job.pk not in jobs.unattended(), "it isn't tried again at once"

    resume("VEND001", staff)
    Job.objects.update(expires_at=None)
    take_turn(job)
    job.refresh_from_db()
    assert job.state == "done"
    assert RecordOutcome.objects.count() == 2

"""Rows that are retried by themselves aren't while their vendor's feeds are paused, and are when they go on."""

from django.contrib.auth.models import User

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import take_turn
from tests.uploads.corrections.by_itself.waiting import by_sql, go_on
from uploads.corrections import by_itself
from uploads.models import Happening, Job, RecordOutcome
from uploads.pipeline.holding.pausing import pause, resume
from uploads.work import jobs
from vendors.models import Vendor


def test_a_job_that_a_pause_overtakes_ends_and_its_rows_are_retried_behind_that(pipeline: Pipeline) -> None:
    staff = User.objects.create_user("ops", is_staff=True)
    Vendor.objects.update(retries_by_itself=True)
    Happening.objects.all().delete()
    upload = pipeline.run(feed(line(1, category="Garden Gnomes")))
    because = by_itself.Because("category", {"garden gnomes": "Garden Gnomes"}, "2020-01-01T00:00:00Z")
    selection = because.selection("VEND001", upload.pk)
    job = jobs.start(
        Job.Kind.RETRY, None, total=1, vendor_id="VEND001", upload=upload,
        parameters={"selection": selection.__dict__, "right_values": {}} | because.as_parameter(),
    )  # fmt: skip
    pause("VEND001", "Wait.", staff)
    take_turn(job)
    job.refresh_from_db()
    assert (job.state, job.failure, RecordOutcome.objects.count()) == ("done", "", 1), "nothing was tried"

    by_sql()
    resume("VEND001", staff)
    go_on()
    assert RecordOutcome.objects.count() == 2

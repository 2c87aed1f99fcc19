"""The steps of the workers, taken in this process between what a person does on a page."""

from uploads.models import Job
from uploads.work import jobs


def work() -> Job:
    """Do the newest job as a worker would."""
    job = Job.objects.latest("id")
    while jobs.run(job.pk):
        pass
    return job

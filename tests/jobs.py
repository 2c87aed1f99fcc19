"""Jobs, worked at as workers would."""

from uploads.models import Job
from uploads.tasks import STEPS
from uploads.work import jobs


def run_jobs(job: Job | None = None) -> Job:
    """Work at every open job to its end, the oldest first; returns the job, or the newest, as it ended."""
    for job_id in jobs.unattended():
        while jobs.run(job_id, STEPS):
            pass
    job = job or Job.objects.latest("id")
    job.refresh_from_db()
    return job


def take_turn(job: Job) -> bool:
    """Work at a job for one turn; whether there is more to do."""
    return jobs.run(job.pk, STEPS)

"""The trial of a stored file before its first row is staged, for the guard: what a dry run counts, of an upload.

It reads the file as its upload is read, decides on each row as step 6 would, and writes nothing but what it found: in
the one transaction that holds the upload or lets it pass (pipeline/guard/hold.py). So a trial that is broken off begins
again, and one that was made twice comes to the same. Where the preview made one that is still true, there is none.

It waits for the files that the vendor sent before (stage.waits_for), since what these bring is in the catalog when its
own rows are: a list of prices of products that are just on their way would be all errors, and one that empties their
stocks would look as if it brought them.

A file that takes longer than a dry run may (dry_run.MOST_SECONDS) is judged by its first rows, some million of them.
"""

from uploads.aws import storage
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout
from uploads.models import Job, UploadHistory
from uploads.pipeline import finish, stage
from uploads.pipeline.guard import hold
from uploads.preview import dry_run
from uploads.work.jobs import JobWaits


def step(job: Job) -> bool:
    """Try the whole file, and settle what the guard says of it. Raises JobWaits where its turn hasn't come, and what
    services raise that are away."""
    upload = UploadHistory.objects.get(pk=job.upload_id)
    if upload.status != UploadHistory.Status.PROCESSING or upload.guard != UploadHistory.Guard.DUE:
        return True  # settled before a crash, or cancelled meanwhile
    if stage.waits_for(upload):
        raise JobWaits  # until that ends (finish.py), or the schedule looks again
    try:
        with storage.opened_of(upload.vendor_id, upload.storage_key) as file:
            measured = dry_run.measure(job, file, Layout.from_json(upload.layout or {}), upload.mode)
    except storage.FileMissing:
        finish.fail(upload.pk, "file_missing", "The stored file is gone. Send it again.")
    except FeedError as error:  # a limit that was lowered since the file came
        finish.fail(upload.pk, error.code, error.message)
    else:
        hold.settle(upload.pk, measured)
    return True

"""Step 8: an upload whose last row has its outcome: error report, status, notification.

The report is stored before the status changes, so that "completed" always means that it can be fetched; each step
can be done again after a crash.
"""

import logging
from collections.abc import Collection

from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse

from catalog import committer
from config.web.links import site_url
from config.web.text import counted, subject
from uploads.aws import storage
from uploads.models import Job, UploadHistory, results
from uploads.pipeline import report
from uploads.pipeline.replace import absent
from uploads.work import events, wakeups
from vendors import access

logger = logging.getLogger(__name__)


def finish(upload_id: str) -> bool:
    """Complete the upload if every row of its file has an outcome; True if this call did it."""
    upload = UploadHistory.objects.filter(upload_id=upload_id, status=UploadHistory.Status.PROCESSING).first()
    if upload is None or not _all_settled(upload):
        return False
    if upload.absent_state == UploadHistory.AbsentState.DUE:
        if not absent.settle(upload_id):
            wakeups.enqueue(wakeups.FINISH_UPLOAD, upload_id)
            return False
        upload.refresh_from_db()
        if upload.absent_state == UploadHistory.AbsentState.DUE:
            return False  # its vendor's feeds are paused, or it has ended: no report is wanted now
    report_key = report.store(upload) if upload.open_records and upload.storage_key else ""
    completed = _complete(upload, report_key)
    if completed is None:
        if report_key:
            storage.delete(report_key)
        return False
    wake_next(upload.vendor_id)
    notify(completed)
    return True


def _all_settled(upload: UploadHistory) -> bool:
    if upload.source == UploadHistory.Source.DYNAMODB:
        return upload.total_records > 0 and upload.withheld_from is None
    return upload.file_rows is not None and upload.total_records == upload.file_rows


def _complete(upload: UploadHistory, report_key: str) -> UploadHistory | None:
    """Unless somebody else did, or a row was corrected while its error was written into the report: then once more.

    Returns it as it is then; None where nothing was done.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET status = 'completed', completed_at = now(), error_report_key = %s
             WHERE upload_id = %s AND status = 'processing'
               AND (total_records = file_rows OR source = 'dynamodb' AND withheld_from IS NULL)
               AND absent_state <> 'due'
               AND (%s = '' OR updated_at = %s)
            """,
            [report_key, upload.pk, report_key, upload.updated_at],
        )
        return events.ended(upload.pk) if cursor.rowcount == 1 else None


def fail(upload_id: str, code: str, reason: str) -> None:
    """End the upload as failed, with one sentence for people. What was committed stays, and is counted."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET status = 'failed', completed_at = now(), failure_code = %s, failure_reason = %s
             WHERE upload_id = %s AND status = 'processing'
            """,
            [code, reason, upload_id],
        )
        failed = events.ended(upload_id) if cursor.rowcount == 1 else None
    if failed:
        wake_next(failed.vendor_id)
        notify(failed)


def cancel(upload_id: str, code: str = "", reason: str = "", only: Collection[str] = UploadHistory.NOT_ENDED) -> bool:
    """End the upload as cancelled, held or not; False if it had ended already. `reason` is for people, where nobody
    asked for it; `only` in these states, for who decided by what it was a moment ago.

    What is committed stays and is counted. Rows that come later are marked as cancelled and count nowhere: the
    vendor's lock makes sure that no batch is half-way through.
    """
    upload = UploadHistory.objects.get(upload_id=upload_id)
    with transaction.atomic():
        committer.lock_vendors([upload.vendor_id])
        cancelled = UploadHistory.objects.filter(upload_id=upload_id, status__in=only).update(
            status=UploadHistory.Status.CANCELLED,
            completed_at=Now(),
            staging_expires_at=None,
            failure_code=code,
            failure_reason=reason,
        )
        if cancelled:
            events.ended(upload_id)
            transaction.on_commit(lambda: wake_next(upload.vendor_id), robust=True)
        return bool(cancelled)


def wake_next(vendor_id: str) -> None:
    """The vendor's next file may have waited with its check for the end of this one (stage.waits_for)."""
    due = Job.objects.filter(upload__status=UploadHistory.Status.PROCESSING, upload__guard=UploadHistory.Guard.DUE)
    checks = due.filter(kind=Job.Kind.GUARD, vendor=vendor_id, state__in=[Job.State.WAITING, Job.State.RUNNING])
    if job_id := checks.order_by("pk").values_list("pk", flat=True).first():
        wakeups.enqueue(wakeups.RUN_JOB, job_id)


# --- the notification ------------------------------------------------------------------------------------------


def notify(upload: UploadHistory) -> None:
    """Tell by mail whom the upload says. A mail server that is away is noted and holds nothing up.

    Nobody waits for a mail about records that a program put into the table; there may be one upload a record.
    """
    address = _address(upload)
    if upload.source != UploadHistory.Source.FILE or not address:
        return
    try:
        send_mail(subject(f"{upload.file_name}: {_result(upload)}"), _summary(upload), None, [address])
    except (OSError, ValueError):  # smtplib's errors are OSErrors; an address that can't be one is a ValueError
        logger.exception("The notification about %s could not be sent", upload.upload_id)


def _result(upload: UploadHistory) -> str:
    """For the subject: what is to be done about it stands in the first line."""
    said = results.result(upload).words
    return f"{said}, but nothing was retired" if results.absent_refused(upload) else said


def _page(upload: UploadHistory) -> str:
    """The upload's own page for those who can open it; the vendor's address may belong to nobody with an account."""
    if upload.notify == UploadHistory.Notify.UPLOADER:
        return site_url(reverse("vendor:upload", args=[upload.vendor_id, upload.pk]))
    return site_url()


def _address(upload: UploadHistory) -> str:
    """Where the mail goes, or ""; not to people who have left the vendor meanwhile."""
    if upload.notify == UploadHistory.Notify.VENDOR:
        return upload.vendor.email
    if upload.notify == UploadHistory.Notify.NOBODY or upload.uploaded_by is None:
        return ""
    return upload.uploaded_by.email if access.membership(upload.uploaded_by, upload.vendor_id) else ""


def _summary(upload: UploadHistory) -> str:
    if upload.status == UploadHistory.Status.FAILED:
        return f"Your file {upload.file_name} could not be imported.\n\n{upload.failure_reason}\n"
    lines = [
        f"{upload.file_name}: {results.sentence(upload)}",
        "",
        f"{counted(upload.total_records, '{} row', '{} rows')}: {upload.inserted_records:,} new,"
        f" {upload.updated_records:,} updated, {upload.unchanged_records:,} unchanged,"
        f" {upload.open_records:,} with errors.",
    ]
    if upload.retired_records:
        lines += [counted(upload.retired_records, "{} row retires its product.", "{} rows retire their products.")]
    if upload.skipped_records:
        rows = counted(upload.skipped_records, "{} row was", "{} rows were")
        why = f"left alone: the upload was to {upload.get_mode_display()}"
        if results.leaves_out(upload):
            why = "left out: they are no products, such as pictures, or you left them out"
        lines += [f"{rows} {why}."]
    if upload.warned_records:
        rows = counted(upload.warned_records, "{} row has", "{} rows have")
        lines += [f"{rows} warnings, and were read all the same: {_page(upload)}"]
    if upload.open_records:
        lines += ["", f"The error report lists each of these rows and what to do: {_page(upload)}"]
    return "\n".join(lines) + f"\n\nUpload {upload.upload_id}\n"

"""A vendor that has left: what the law wants deleted is deleted, what the books need stays.

Deleted are the accounts of its people, invitations, tokens of its programs, sources, addresses, files and reports,
records in DynamoDB, failed rows as they were sent, what was said to it, by it and about it, what was noted of work
about it, and webhooks. Products, uploads with their counters, the ledger and what changed in products are kept. Whoever
is stopped anywhere begins anew: each step finds what is left of it.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from psycopg.sql import SQL, Identifier

from security.log import note
from security.models import Kind
from uploads.aws import dynamo
from uploads.keeping.stored import delete_of
from uploads.keeping.turn import BATCH_ROWS
from uploads.models import (
    Comment,
    Correction,
    IdempotentCall,
    Job,
    SelfRetry,
    UploadHead,
    UploadHistory,
    ValidationError,
    WorkItem,
)
from uploads.shadow import forget as tested
from vendors import leaving
from vendors.models import OwedMail, Vendor, Webhook, WebhookDelivery

Step = Callable[[Vendor], int]


class Part(NamedTuple):
    """One thing that is deleted: what it is, how much there is of it, and what deletes it and says how much it was."""

    says: str
    count: Step
    delete: Step


def why_not(vendor: Vendor) -> str:
    """Why it can't be done now, or ""."""
    if UploadHistory.objects.filter(vendor=vendor, status__in=UploadHistory.NOT_ENDED).exists():
        return f"{vendor.pk} has uploads under way or held. Wait for their end, or cancel them: manage.py cancel_upload"
    if UploadHistory.objects.filter(vendor=vendor, withheld_from__isnull=False).exists():
        return f"Records of {vendor.pk} wait, since it is held back. Resume it first, or answer what is asked of them."
    if Job.objects.filter(vendor=vendor, state__in=[Job.State.WAITING, Job.State.RUNNING]).exists():
        return f"{vendor.pk} has jobs under way. Wait for their end."
    return ""


def suspend(vendor: Vendor) -> None:
    """From here on nothing of the vendor is accepted, and that is in the log."""
    with transaction.atomic():
        vendor.status = Vendor.Status.SUSPENDED
        vendor.save(update_fields=["status"])
        note(Kind.SETTING_CHANGED, vendor_id=vendor.pk, about=f"vendor {vendor.pk}", detail="offboarded")


# --- people ------------------------------------------------------------------------------------------------------


def _accounts(vendor: Vendor) -> int:
    return leaving.members(vendor).filter(alone=True).count()  # type: ignore[misc] # annotated there


def _others(vendor: Vendor) -> int:
    return vendor.members.count() - _accounts(vendor)


def _leave(vendor: Vendor) -> int:
    return sum([leaving.leave(member) for member in leaving.members(vendor).filter(alone=True)])  # type: ignore[misc]


def _leave_too(vendor: Vendor) -> int:
    return len([leaving.leave(member) for member in leaving.members(vendor)])


def _withdraw(vendor: Vendor) -> int:
    return len([leaving.withdraw(invitation) for invitation in vendor.invitations.all()])


def _contacts(vendor: Vendor) -> int:
    return int(Vendor.objects.filter(pk=vendor.pk).exclude(email=leaving.address_of_nobody(vendor)).count())


def _forget_contacts(vendor: Vendor) -> int:
    found = _contacts(vendor)
    if found:
        leaving.forget_contacts(Vendor.objects.get(pk=vendor.pk))
    return found


def _tokens(vendor: Vendor) -> int:
    return vendor.tokens.count() + IdempotentCall.objects.filter(vendor=vendor).count()


def _delete_tokens(vendor: Vendor) -> int:
    """With the answers that were kept for those who have them."""
    answers, _ = IdempotentCall.objects.filter(vendor=vendor).delete()
    _, gone = vendor.tokens.all().delete()
    return answers + gone.get("vendors.ApiToken", 0)


# --- files and records -------------------------------------------------------------------------------------------


def _with_files(vendor: Vendor) -> "list[UploadHistory]":
    has = ~Q(storage_key="") | ~Q(error_report_key="")
    return list(
        UploadHistory.objects.filter(has, vendor=vendor).only("storage_key", "original_key", "error_report_key")
    )


def _delete_files(vendor: Vendor) -> int:
    uploads = _with_files(vendor)
    for upload in uploads:
        delete_of(vendor.pk, [upload.storage_key, upload.original_key, upload.error_report_key])
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE upload_history
                   SET storage_key = '', original_key = '', error_report_key = '', file_deleted_at = now()
                 WHERE upload_id = %s
                """,
                [upload.pk],
            )
    return len(uploads)


def _delete_feeds(vendor: Vendor) -> int:
    """With their files as they were sent, and what their programs said of them."""
    found = list(vendor.feeds.only("key", "vendor_id"))
    for feed in found:
        delete_of(vendor.pk, [feed.key])
        feed.delete()
    return len(found)


def _keys(vendor: Vendor) -> Iterator[dict[str, object]]:
    for item in dynamo.query_vendor(vendor.pk):
        yield {name: item[name] for name in ("upload_id", "record_id")}


def _records(vendor: Vendor) -> int:
    return sum(1 for _ in _keys(vendor))


def _delete_records(vendor: Vendor) -> int:
    """Read again until nothing is found: the index lags behind the table."""
    deleted = set[tuple[str, str]]()
    while True:
        before, found = len(deleted), _keys(vendor)
        while batch := list(islice(found, dynamo.BATCH)):
            dynamo.delete_records(batch)
            deleted |= {(str(key["upload_id"]), str(key["record_id"])) for key in batch}
        if len(deleted) == before:
            return before


# --- failed rows -------------------------------------------------------------------------------------------------

# What has rows as they were sent, by the upload that they are of; each with its key.
_SENT: Final = {"validation_errors": "error_id", "corrections": "id", "self_retries": "id", "upload_heads": "ctid"}


# Upload by upload, by the table's index that begins with it: for all at once each batch would read the whole table.
_DELETE_SENT: Final = SQL(
    "DELETE FROM {table} WHERE {key} = ANY (ARRAY(SELECT {key} FROM {table} WHERE upload_id = %s LIMIT %s))"
)


def _failed(vendor: Vendor) -> int:
    found = (ValidationError.objects.filter(vendor=vendor), Correction.objects.filter(upload__vendor=vendor),
             SelfRetry.objects.filter(upload__vendor=vendor),
             UploadHead.objects.filter(upload__vendor=vendor))  # fmt: skip
    return sum(rows.count() for rows in found)


def _delete_failed(vendor: Vendor) -> int:
    uploads = list(UploadHistory.objects.filter(vendor=vendor).values_list("upload_id", flat=True))
    return sum(_delete_sent(table, key, upload_id) for table, key in _SENT.items() for upload_id in uploads)


def _delete_sent(table: str, key: str, upload_id: str) -> int:
    removed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DELETE_SENT.format(table=Identifier(table), key=Identifier(key)), [upload_id, BATCH_ROWS])
            removed += int(cursor.rowcount)
            if cursor.rowcount < BATCH_ROWS:
                return removed


def _said(vendor: Vendor) -> "QuerySet[Comment]":
    """By the vendor, to it, and about it among staff: also about its jobs, and SKUs that it claims."""
    jobs = Job.objects.filter(vendor=vendor).values(key=Cast("pk", TextField()))
    about = Q(item_kind=WorkItem.Kind.CLAIM, item_key__startswith=f"{vendor.pk}:")
    about |= Q(item_kind=WorkItem.Kind.JOB, item_key__in=jobs)
    return Comment.objects.filter(Q(vendor=vendor) | Q(upload__vendor=vendor) | about)


def _noted(vendor: Vendor) -> "QuerySet[WorkItem]":
    """Names of files and companies, and why it was declined."""
    return WorkItem.objects.filter(vendor=vendor)


def _owed(vendor: Vendor) -> "QuerySet[OwedMail]":
    return OwedMail.objects.filter(vendor=vendor)


def _webhooks(vendor: Vendor) -> int:
    return Webhook.objects.filter(vendor=vendor).count()


def _delete_webhooks(vendor: Vendor) -> int:
    """A batch of deliveries at a time: there may be very many."""
    found = _webhooks(vendor)
    deliveries = WebhookDelivery.objects.filter(webhook__vendor=vendor)
    while some := list(deliveries.values_list("pk", flat=True)[:BATCH_ROWS]):
        WebhookDelivery.objects.filter(pk__in=some).delete()
    Webhook.objects.filter(vendor=vendor).delete()
    return found


# In this order: first nobody can sign in any more.
PARTS: Final = (
    Part("accounts of people who are nowhere else", _accounts, _leave),
    Part("memberships of people who are elsewhere, too", _others, _leave_too),
    Part("invitations", lambda vendor: vendor.invitations.count(), _withdraw),
    Part("tokens of programs, and answers kept for them", _tokens, _delete_tokens),
    Part(
        "sources with their credentials",
        lambda vendor: vendor.sources.count(),
        lambda vendor: len([one.delete() for one in vendor.sources.all()]),
    ),
    Part("uploads with their files and reports", lambda vendor: len(_with_files(vendor)), _delete_files),
    Part("feeds of programs", lambda vendor: vendor.feeds.count(), _delete_feeds),
    Part("records in DynamoDB", _records, _delete_records),
    Part("errors, corrections and first rows of groups", _failed, _delete_failed),
    Part("comments", lambda vendor: _said(vendor).count(), lambda vendor: _said(vendor).delete()[0]),
    Part(
        "examples in tests of changes",
        lambda vendor: tested.tests_of(vendor.pk),
        lambda vendor: tested.forget(vendor.pk),
    ),
    Part("notes of work", lambda vendor: _noted(vendor).count(), lambda vendor: _noted(vendor).delete()[0]),
    Part("mails that are owed", lambda vendor: _owed(vendor).count(), lambda vendor: _owed(vendor).delete()[0]),
    Part("webhooks with their deliveries", _webhooks, _delete_webhooks),
    Part("addresses of the vendor itself", _contacts, _forget_contacts),
)
KEPT: Final = (
    "products", "uploads with their counters", "the ledger", "what changed in products",
    "the security log without names and addresses", "name, business name, tax ID and country of the vendor",
)  # fmt: skip


def still_there(vendor: Vendor) -> dict[str, int]:
    """How much there is to delete, by what it is."""
    return {part.says: part.count(vendor) for part in PARTS}

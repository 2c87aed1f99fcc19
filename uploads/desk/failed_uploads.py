"""Files that could not be read or imported as a whole, until somebody says that it is dealt with."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from config.web.links import page_url
from uploads.desk.things import Group, Key, Kind, Thing, cut, keys_of, shown, undone, unsnoozed
from uploads.models import UploadHistory
from vendors import access

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

DAYS: Final = 30  # what failed earlier stands in the list of uploads


def _failed(user: "Viewer") -> "QuerySet[UploadHistory]":
    """Those that nobody is done with (idx_upload_history_failed)."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = UploadHistory.objects.filter(status=UploadHistory.Status.FAILED, created_at__gte=since)
    return undone(access.visible(rows, user), Kind.UPLOAD)


def _waiting(user: "Viewer", without: Collection[Key]) -> "QuerySet[UploadHistory]":
    rows = unsnoozed(_failed(user), Kind.UPLOAD, timezone.now())
    return rows.exclude(pk__in=keys_of([Kind.UPLOAD], without)).order_by("created_at", "pk")


def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    few, count = cut(_with_people(_waiting(user, without)), start, most)
    return [_thing(row) for row in few], count


def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [_thing(row) for row in _with_people(_failed(user).filter(pk__in=keys_of([Kind.UPLOAD], keys)))]


def _with_people(rows: "QuerySet[UploadHistory]") -> "QuerySet[UploadHistory]":
    return rows.select_related("vendor", "uploaded_by")


def _thing(upload: Any) -> Thing:
    by = upload.uploaded_by
    return Thing(
        Kind.UPLOAD,
        upload.pk,
        shown(upload.file_name),
        shown(upload.failure_reason) or "It failed, and nothing says why.",
        upload.created_at,
        page_url("uploads_uploadhistory", upload.pk),
        upload.vendor_id,
        shown(upload.vendor.vendor_name),
        (f"sent by {shown(by.email or by.get_username())}",) if by else (),
        about=upload,
    )


GROUP: Final = Group(
    "failed", "Failed uploads", f"Nothing of these files was imported. Of the last {DAYS} days.", (Kind.UPLOAD,),
    found, named,
)  # fmt: skip

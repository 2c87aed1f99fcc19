"""'History' on the page of an upload, a vendor or a product: what people did, newest first, as the admin's log has it.

Read by idx_admin_log_object; what is older stands on a page of its own.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from config.web.text import visible
from uploads.models import Correction, UploadHistory
from uploads.staff.errors import said

SHOWN = 12


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `who` is "" where nobody did it."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True)
class History:
    """The newest entries; `more` says that there are older ones."""

    entries: list[Entry]
    more: bool


def of(thing: Model) -> History:
    """What the log has of one thing."""
    kind = ContentType.objects.get_for_model(thing)
    found = LogEntry.objects.filter(content_type=kind, object_id=str(thing.pk)).select_related("user")
    entries = [
        Entry(entry.action_time, entry.user.get_username(), _what(entry))
        for entry in found.order_by("-id")[: SHOWN + 1]
    ]
    return History(entries[:SHOWN], len(entries) > SHOWN)


def _what(entry: LogEntry) -> str:
    return visible(entry.get_change_message()) or ("Added." if entry.action_flag == ADDITION else "Changed.")


def of_upload(upload: UploadHistory) -> History:
    """The log, and around it when it came, ended and was undone."""
    logged = of(upload)
    who = upload.uploaded_by.get_username() if upload.uploaded_by else ""
    own = [Entry(upload.created_at, who, "Sent." if who else "Received.")]
    if upload.completed_at:
        own.append(Entry(upload.completed_at, "", f"{upload.get_status_display().capitalize()}."))
    since = logged.entries[-1].at if logged.more else None
    shown = [*logged.entries, *(entry for entry in own if since is None or entry.at >= since)]
    return History(sorted(shown, key=lambda entry: entry.at, reverse=True), logged.more)


def corrections(upload: UploadHistory) -> list[tuple[Correction, str]]:
    """The newest cells that somebody changed in its failed rows, each in words (idx_corrections_newest)."""
    found = Correction.objects.filter(upload=upload).select_related("corrected_by").order_by("-id")
    return [(one, said(one)) for one in found[:SHOWN]]

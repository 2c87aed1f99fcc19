"""Who is told of a held upload: the vendor's owners by mail, in which words. In the transaction that makes it so."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from config.web.text import visible
from uploads.models import UploadHistory
from uploads.pipeline.guard.check import Finding
from vendors import mails
from vendors.access import may_as, membership
from vendors.models import VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Anybody = User | AnonymousUser

SHOWN: Final = 3  # examples of each finding in a mail


def is_owner(user: "Anybody", vendor_id: str) -> bool:
    member = membership(user, vendor_id)
    return member is not None and may_as(member, VendorMember.Role.OWNER)


def held(upload: UploadHistory, findings: Sequence[Finding]) -> None:
    """Tell the owners what was found; pages say it too."""
    name = visible(upload.file_name)
    who = (
        "If that is right, let it through; if not, cancel it and send the right file."
        if all(one.owners_may for one in findings)
        else "That is more than you can let through yourselves: our staff look at it. If it is wrong, cancel it and "
        "send the right file."
    )
    mails.tell_owners_of(
        upload.vendor,
        f"{name} is held",
        [
            f"{name} isn't imported yet, and nothing in the catalog was changed: it would change more than is usual.",
            "\n".join(line for one in findings for line in _lines(one)),
            f"{who} If nobody lets it through, it is cancelled on {upload.held_until:%Y-%m-%d}.",
        ],
        ("vendor:upload", upload.vendor_id, upload.pk),
    )


def cancelled(upload: UploadHistory) -> None:
    """Tell the owners that nobody let it through in time."""
    name = visible(upload.file_name)
    mails.tell_owners_of(
        upload.vendor,
        f"{name} was cancelled",
        [f"{name}: {upload.failure_reason}", "Send a new file if it is still needed."],
        ("vendor:upload", upload.vendor_id, upload.pk),
    )


def _lines(finding: Finding) -> list[str]:
    return [f"- {finding.words}.", *(f"    {one}" for one in finding.lines[:SHOWN])]

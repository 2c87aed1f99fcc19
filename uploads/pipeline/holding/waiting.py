"""What the records that wait would do now, with all that came since they began to: whoever answers sees that.

They are judged and decided as the commit would, on a snapshot of the catalog: nothing is written, and no lock is taken.
Owners answer up to the limit that staff set, held against this and not against what was found when the first records
were held back. What comes in the moments between the answer and its effect goes with it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from catalog import committer
from uploads.aws import dynamo
from uploads.aws.records import PENDING, Record, decode
from uploads.models import UploadHistory
from uploads.pipeline.guard import hold as guard
from uploads.pipeline.guard.check import Finding
from uploads.pipeline.guard.measured import Measured
from uploads.pipeline.holding import answering, window
from uploads.pipeline.holding.did import candidate_of, did_of, without_draft
from uploads.pipeline.judge import judge_by, standing
from uploads.pipeline.ledger import known, origins
from vendors.models import VendorHold

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Anybody = User | AnonymousUser

MOST: Final = 2_000  # records that are counted, and
SECONDS: Final = 4.0  # so long: somebody waits for the page. More than that is for staff


class _TooLong(Exception):
    """There are more of them than can be read while somebody waits."""


@dataclass(frozen=True)
class Waiting:
    """The thresholds that what waits goes beyond, and how many records were looked at. `whole` says that these are all
    of them; where they aren't, nobody knows what the others would do."""

    findings: tuple[Finding, ...]
    records: int
    whole: bool

    @property
    def owners_may(self) -> bool:
        return self.whole and all(one.owners_may for one in self.findings)


def counted(hold: VendorHold) -> Waiting | None:
    """What waits for an answer to this hold; None where the table can't be read at the moment."""
    try:
        records = list(islice(_records(hold.vendor_id), MOST + 1))
    except _TooLong:
        return Waiting((), 0, whole=False)
    except dynamo.Unavailable:
        return None
    counted = records[:MOST]
    before = window.hour_before(hold.vendor_id, hold.since)
    findings = window.beyond_with(hold.vendor_id, _measured(counted), before, written=False)
    return Waiting(findings, len(counted), whole=len(records) <= MOST)


def may_answer(user: "Anybody", hold: VendorHold, now: Waiting | None) -> bool:
    """Staff with the permission may; of the vendor's people its owners, up to what staff let them decide."""
    if user.has_perm(answering.MAY):
        return True
    return now is not None and now.whole and guard.may_release(user, now.findings, hold.vendor_id)


def _records(vendor_id: str) -> Iterator[Record]:
    """Those that wait, in the order in which they would go through."""
    until = time.monotonic() + SECONDS
    uploads = UploadHistory.objects.filter(
        vendor=vendor_id, source=UploadHistory.Source.DYNAMODB, withheld_from__isnull=False, archived_at=None
    ).exclude(status=UploadHistory.Status.CANCELLED)
    for upload_id, since in uploads.order_by("sequence").values_list("pk", "withheld_from")[: MOST + 1]:
        for item in dynamo.query_upload(upload_id, since=since or ""):
            record = decode(item)
            if record.status == PENDING:
                yield record
            if time.monotonic() > until:
                raise _TooLong


def _measured(records: list[Record]) -> Measured:
    """What these would do, one behind the other."""
    measured, ledger = Measured(), known(records)
    fresh = [one for one in records if (one.upload_id, one.record_id) not in ledger]
    judged = judge_by(fresh, standing({one.vendor_id for one in fresh}))
    wanting = [(item, candidate_of(item)) for item in judged]
    snapshot = committer.read_snapshot([one for _, one in wanting if one], origins)
    for item, candidate in wanting:
        verdict = committer.decide(candidate, snapshot) if candidate else without_draft(item)
        if did := did_of(item, verdict):
            window.note(measured, did)
    return measured

"""What somebody decides about wrong values of a field for all vendors at once: one job for each vendor that has them.

Each job is its vendor's own: it waits for no other, and one that fails holds up none. Rows of a vendor that isn't
active stay as they are. A rule for all vendors is read in every later file, where the vendor has none of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils.http import urlencode

from catalog.rules.problems import Code
from config.web.admin_log import log_change
from config.web.text import counted
from uploads.corrections import failed_rows, ignoring, retry, wrong_values
from uploads.corrections.failed_rows import OPEN, Selection
from uploads.desk import shared_values
from uploads.desk.shared_values import OfVendor
from uploads.models import Job, ValueRule
from vendors.models import Vendor

MOST_VENDORS: Final = 200  # in one save, those with most rows
MOST_RULES: Final = 2_000  # for all vendors: each batch of rows reads them
UNDER_WAY: Final = 500  # jobs that are asked for what they are about

THESE, ALL = "these", "all"
GONE = "No row has these values any more."
TOO_MANY_RULES = f"There are {MOST_RULES:,} rules for all vendors already. Take some away that nobody needs."


@dataclass(frozen=True)
class Saved:
    """What a save began: a job for each vendor, with how many rows. `waiting` aren't active, `left` were beyond
    MOST_VENDORS. `failure` says why there is nothing."""

    jobs: Sequence[Job] = ()
    rows: int = 0
    waiting: Sequence[OfVendor] = ()
    left: bool = False
    failure: str = ""

    def sentences(self) -> list[str]:
        """What to say of it."""
        if self.failure:
            return [self.failure]
        vendors = counted(len(self.jobs), "{} vendor", "{} vendors")
        begun = counted(self.rows, f"{{}} row of {vendors} is", f"{{}} rows of {vendors} are")
        said = [f"{begun} being worked on. They leave this list when that is done."] if self.jobs else []
        said += [f"{one.vendor_id} is {one.status}: its rows wait until it is active." for one in self.waiting[:5]]
        if more := len(self.waiting[5:]):
            said.append(counted(more, "So do those of {} other vendor.", "So do those of {} other vendors."))
        if self.left:
            said.append(f"At most {MOST_VENDORS} vendors at once: save again for those that are left.")
        return said


def save(
    field: str, decisions: Mapping[str, str], user: Any, *, vendor_ids: Collection[str] | None = None, keep: str = ""
) -> Saved:
    """Correct or ignore (right value "") the rows with these values, of the vendors named or of all that have them.

    `keep` THESE reads the right values that way in later files of these vendors, ALL in those of all vendors.
    """
    found = shared_values.vendors_with(field, decisions, MOST_VENDORS + 1)
    asked = [one for one in found if vendor_ids is None or one.vendor_id in vendor_ids][:MOST_VENDORS]
    if not asked:
        return Saved(failure="Choose at least one vendor." if found and not vendor_ids else GONE)
    active = [one for one in asked if one.active]
    with transaction.atomic():
        if keep == ALL and not _keep_for_all(field, decisions, user):
            return Saved(failure=TOO_MANY_RULES)
        jobs = [_start(field, one, decisions, user, keep) for one in active]
    waiting = [one for one in asked if not one.active]
    return Saved(jobs, sum(one.rows for one in active), waiting, vendor_ids is None and len(found) > MOST_VENDORS)


def _start(field: str, one: OfVendor, decisions: Mapping[str, str], user: Any, keep: str) -> Job:
    own = {wrong: decisions[wrong] for wrong in one.values}
    selection = Selection(vendor_id=one.vendor_id, field=field)
    job = retry.start(selection, user, own, keep_as_rule=keep == THESE, total=one.rows)
    kept = {THESE: "as rules", ALL: "as rules for all vendors"}.get(keep, "")
    log_change(user, Vendor(pk=one.vendor_id, vendor_name=one.name), wrong_values.logged(field, own, one.rows, kept))
    return job


def _keep_for_all(field: str, decisions: Mapping[str, str], user: Any) -> bool:
    rules = {wrong: right for wrong, right in decisions.items() if wrong and right}
    if ValueRule.objects.filter(vendor=None).count() + len(rules) > MOST_RULES:
        return False
    for wrong, right in rules.items():
        retry.keep_rule(None, field, wrong, right, user)
    return True


def everywhere_url(**asked: str | int) -> str:
    """Where the wrong values of all vendors stand: everywhere_url(field="category", value="tvs")."""
    page = reverse("admin:uploads_validationerror_everywhere")
    return f"{page}?{urlencode(asked)}" if asked else page


def under_way(field: str) -> set[str]:
    """The values of a field, in small letters, that jobs are about just now."""
    return {value for of, value in all_under_way() if of == field}


def all_under_way() -> set[tuple[str, str]]:
    """The same of all fields, each with its field (idx_jobs_open)."""
    jobs = Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING], kind=Job.Kind.RETRY).order_by("id")
    asked = [one.get("selection", {}) for one in jobs.values_list("parameters", flat=True)[:UNDER_WAY]]
    return {(one.get("field", ""), wrong.lower()) for one in asked for wrong in one.get("wrong_values", ())}


# --- SKUs that two vendors claim -----------------------------------------------------------------------------------


def settle_claim(vendor_id: str, sku: str, user: Any, *, ignore: bool) -> Job | None:
    """Ignore the rows of a vendor whose SKU is another's, or try them again; None where there are none any more, or
    where they can't be tried because the vendor isn't active, or its feeds are paused."""
    vendor = Vendor.objects.filter(pk=vendor_id).first()
    taken = Selection(vendor_id=vendor_id, field="sku", wrong_value=sku, codes=(Code.SKU_TAKEN.value,))
    selection = Selection(**{**vars(taken), "state": OPEN}) if ignore else taken
    if vendor is None or not sku or not failed_rows.any_of(selection):
        return None
    if not ignore and failed_rows.why_no_retry(vendor):
        return None
    job = ignoring.start(selection, user) if ignore else retry.start(selection, user)
    rows = counted(job.total, "{} row", "{} rows")
    log_change(user, vendor, f"{'Ignored' if ignore else 'Retried'} {rows} with the SKU {sku}, which is another's.")
    return job

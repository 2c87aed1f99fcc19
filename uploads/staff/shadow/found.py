"""What a test found, as its page shows it: the vendors with most differences first, and what wasn't looked at."""

from typing import Any, Final

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse

from catalog.rules.fields import LABELS
from config.web.links import page_url
from config.web.text import counted, visible
from uploads.models import Job
from uploads.shadow import changes, held, moved
from uploads.shadow.canary import Made
from uploads.shadow.changes import Change, RuleChange, SeverityChange, ThresholdChange
from uploads.shadow.compare import EXAMPLES, FAIL, MOST_EXAMPLES, MOST_VENDORS, OTHER, PASS, UNWARN, WARN
from uploads.shadow.held import BOTH, HELD, LET
from uploads.shadow.stored import MOST_ROWS, UPLOAD_ROWS
from vendors.models import Vendor

NAMED: Final = 3  # vendors in a line of the list
OF_ROWS: Final = {
    FAIL: "newly fail", PASS: "newly pass", WARN: "newly warned of", UNWARN: "no longer warned of",
    OTHER: "read otherwise",
}  # fmt: skip
OF_UPLOADS: Final = {HELD: "newly held", LET: "no longer held", BOTH: "held either way"}
# In the colours of what it is like (vendors/back_office.css).
COLOURS: Final = {
    FAIL: "failed", PASS: "done", WARN: "pending", UNWARN: "kept", OTHER: "updated",
    HELD: "failed", LET: "done", BOTH: "pending",
}  # fmt: skip


def about_uploads(job: Job) -> bool:
    """Whether it is about uploads as a whole, and not about their rows."""
    return isinstance(changes.from_json(job.parameters["change"]), ThresholdChange)


def about_effects(job: Job) -> bool:
    """Whether it looks at what uploads changed, and not at their rows again."""
    return about_uploads(job) or is_of_products(changes.from_json(job.parameters["change"]))


def is_of_products(change: Change | None) -> bool:
    """Whether it is about what only products show, and not their rows."""
    return isinstance(change, SeverityChange) and change.code in moved.CODES


def words(job: Job) -> dict[str, str]:
    """What the kinds of differences are called that it looks for."""
    return OF_UPLOADS if about_uploads(job) else OF_ROWS


def words_found(job: Job) -> dict[str, str]:
    """The same of those that it found any of."""
    return {kind: word for kind, word in words(job).items() if job.result.get("counts", {}).get(kind)}


def counts(job: Job) -> list[tuple[str, int]]:
    """How much would be different in which way; of each kind a number, be it 0."""
    found = job.result.get("counts", {})
    return [(word, int(found.get(kind, 0))) for kind, word in words(job).items()]


def vendors(request: HttpRequest, job: Job) -> list[dict[str, Any]]:
    """The vendors whose rows would be different, most rows first."""
    said = words_found(job)
    found = [(key, one) for key, one in job.result.get("vendors", {}).items() if _any(one)]
    names = dict(Vendor.objects.filter(pk__in=[key for key, _ in found]).values_list("pk", "vendor_name"))
    sees = request.user.has_perm("vendors.view_vendor")
    lines = [
        {
            "vendor_id": key,
            "name": names.get(key, ""),
            "url": page_url("vendors_vendor", key) if sees and key in names else "",
            **_numbers(one, said),
            "examples": [_example(request, example, said) for example in one.get("examples", [])],
        }
        for key, one in found
    ]
    return sorted(lines, key=lambda line: (-line["different"], line["vendor_id"]))


def others(job: Job) -> dict[str, Any] | None:
    """The vendors that have no line of their own, as one; None where there are none, or nothing would be different."""
    found = job.result.get("others", {})
    return _numbers(found, words_found(job)) if _any(found) else None


def unaffected(job: Job) -> int:
    """How many vendors were looked at of which nothing would be different."""
    return sum(not _any(one) for one in job.result.get("vendors", {}).values())


def _any(one: dict[str, Any]) -> bool:
    return any(one.get(kind) for kind in (*OF_ROWS, *OF_UPLOADS))


def _numbers(one: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    return {
        "rows": one["rows"],
        "different": sum(int(one.get(kind, 0)) for kind in said if kind != BOTH),
        "kinds": [(word, one.get(kind, 0)) for kind, word in said.items()],
    }


def _example(request: HttpRequest, one: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    """With the pages that it leads to, for those who may see them."""
    sees, record = request.user.has_perm("uploads.view_uploadhistory"), one.get("record")
    key = [quote(one["upload"]), quote(record or "")]
    return {
        **one,
        "words": said[one["kind"]],
        "colour": COLOURS[one["kind"]],
        "label": LABELS.get(one.get("field", ""), ""),
        "upload_url": page_url("uploads_uploadhistory", one["upload"]) if sees else "",
        "record_url": reverse("admin:uploads_uploadhistory_record", args=key) if sees and record else "",
        "is_other": one["kind"] == OTHER,
    }


def not_looked_at(job: Job) -> list[str]:
    """What of the days that were asked for the test doesn't speak of, in sentences."""
    found, said = job.result, list[str]()
    if job.ended and found.get("shown") and not any(one.get("examples") for one in found["vendors"].values()):
        said.append("The examples of rows were deleted, by their age or with their vendor.")
    if about_effects(job):
        if left := found.get("left", {}).get("uploads"):
            uploads = counted(left, "{} older upload isn’t", "{} older uploads aren’t")
            said.append(f"Such a test looks at about {held.MOST_ROWS:,} rows, newest uploads first: {uploads} in.")
        return said
    if (left := found.get("left")) and left["uploads"]:
        uploads = counted(left["uploads"], "{} older upload", "{} older uploads")
        rows = counted(left["rows"], "{} row", "{} rows")
        said.append(f"A test looks at {MOST_ROWS:,} rows at most, newest uploads first: not at {uploads} with {rows}.")
    if found.get("cut"):
        uploads = counted(found["cut"], "{} upload", "{} uploads")
        said.append(f"Of {uploads} only the first rows were looked at, {UPLOAD_ROWS:,} at most.")
    if found.get("gone"):
        uploads = counted(found["gone"], "{} upload", "{} uploads")
        said.append(f"The rows of {uploads} aren't in DynamoDB any more.")
    if found.get("corrected"):
        rows = counted(found["corrected"], "{} row", "{} rows")
        said.append(f"{rows} were corrected by somebody, and were judged as corrected.")
    if found.get("shown", 0) >= MOST_EXAMPLES:
        said.append(f"At most {EXAMPLES} examples of a vendor are kept, and {MOST_EXAMPLES:,} in all.")
    if found.get("others", {}).get("rows"):
        said.append(f"{MOST_VENDORS:,} vendors stand here by name; the others are added up in the last line.")
    return said


def elsewhere(change: Change) -> str:
    """What becomes of rows of the other vendors, as long as a change is made for some."""
    if isinstance(change, RuleChange):
        return "Rows of the others are read as before."
    if isinstance(change, SeverityChange):
        return "For the others it stays what it was."
    return "Rows of the others are accepted and only warned of."


def sentence(job: Job, what: str) -> str:
    """Where the test stands, in plain words."""
    what = visible(what)
    if job.ended and job.failure:
        until = "What was found until then stands below." if job.done else "Nothing was looked at until then."
        return f"{what}. {job.failure} {until}"
    if job.state == Job.State.WAITING:
        return f"{what}. Waiting for a worker."
    if job.state == Job.State.RUNNING:
        return f"{what}. {job.done:,} of about {job.total:,} rows looked at."
    if not job.result.get("uploads"):
        return f"{what}. There was no upload to look at in these days."
    looked = counted(job.done, "{} row", "{} rows")
    uploads = counted(job.result.get("uploads", 0), "{} upload", "{} uploads")
    return f"{what}. {looked} of {uploads} looked at."


def state(job: Job) -> str:
    """Where it stands, in a word."""
    return "stopped" if job.state == Job.State.DONE and job.failure else job.state


def counts_for(made: Made) -> str:
    """For whom what was tested was made from its page; "" for nobody."""
    if made.for_all:
        return "all vendors"
    more = len(made.vendors) - NAMED
    return ", ".join(made.vendors[:NAMED]) + (f" and {counted(more, '{} other', '{} others')}" if more > 0 else "")

"""What people chose about a vendor's files, kept for its next files with the same columns: step 1 reads them by it.

It belongs to a set of headers, whatever their order and spelling, never to a name: in another file the same name may
mean another thing. Files that we handed out are read as they are (feed.columns.recall).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from catalog import committer
from catalog.rules.fields import LABELS, READ
from uploads.aws.records import storable
from uploads.feed import columns
from uploads.feed.choices import as_list
from uploads.feed.columns import Memory, Remembered
from uploads.feed.parser import Layout
from uploads.feed.questions import LASTING
from uploads.feed.sheets.handed_out import is_ours
from uploads.models import RememberedReading, ValueRule

MOST = 100  # of one vendor; the oldest make way
MOST_READ_AS = 300  # rules that are shown
HEADER_CHARS = 200  # of each header, for people
ANSWER_CHARS = 50_000  # a longer one isn't kept: a part of it would say something else
SAID_IN_PREVIEW = "Said in the preview of an import."


def known(vendor_id: str) -> dict[str, Remembered]:
    """All that is remembered for a vendor, by the fingerprint of a file's headers; one query of at most MOST rows."""
    rows = RememberedReading.objects.filter(vendor_id=vendor_id).defer("headers")
    return {found.fingerprint: Remembered(found.columns, found.answers, said(found)) for found in rows}


def of(vendor_id: str) -> Memory:
    """The same for whoever knows the headers of a file."""
    return known(vendor_id).get


def said(found: RememberedReading) -> str:
    """When and for which file it was chosen."""
    day = date_format(timezone.localtime(found.created_at), "j F Y")
    return f"Columns as they were chosen on {day} for “{found.file_name}”."


def in_order(found: RememberedReading) -> list[tuple[str, str]]:
    """Field and header, as products have their fields."""
    return [(field, found.columns[field]) for field in READ if field in found.columns]


@dataclass(frozen=True)
class ReadAs:
    """A value of a field that is read as another one, by a rule of the vendor or of all."""

    field: str
    wrong: str
    right: str
    of_all: bool

    @property
    def label(self) -> str:
        return LABELS.get(self.field, self.field)


def read_as(vendor_id: str) -> list[ReadAs]:
    """The rules that a vendor's files are read by, MOST_READ_AS at most, its own first; of those for all none in
    whose place it has one of its own."""
    rules = ValueRule.objects.filter(Q(vendor_id=vendor_id) | Q(vendor_id=None))
    ordered = rules.order_by(F("vendor_id").asc(nulls_last=True), "field", "wrong_value")
    found: dict[tuple[str, str], ReadAs] = {}
    for rule in ordered[:MOST_READ_AS]:
        found.setdefault(
            (rule.field, rule.wrong_value.casefold()),
            ReadAs(rule.field, rule.wrong_value, rule.right_value, rule.vendor_id is None),
        )
    return list(found.values())


def can_be(layout: Layout) -> bool:
    """Whether this way to read a file is one to remember: not for files that we handed out."""
    return not is_ours(layout.headers)


def remember(vendor_id: str, layout: Layout, file_name: str, user: Any) -> None:
    """Keep how this file is read for the next with the same headers, in place of what was remembered for them.

    What such files show by themselves is not remembered, and what was, is forgotten.
    """
    if not can_be(layout):
        return
    answers = _answers(layout)
    needed = bool(answers) or says_more(layout)
    fingerprint = columns.fingerprint(layout.headers)
    with transaction.atomic():
        committer.lock_vendors([vendor_id])  # two people who confirm at once come one after the other
        if not needed:
            _forget(RememberedReading.objects.filter(vendor_id=vendor_id, fingerprint=fingerprint), user)
            return
        kept, new = RememberedReading.objects.update_or_create(
            vendor_id=vendor_id,
            fingerprint=fingerprint,
            defaults={
                "headers": [storable(header[:HEADER_CHARS]) for header in layout.headers],
                "columns": {field: storable(header) for field, header in chosen_fields(layout).items()},
                "answers": answers,
                "file_name": file_name,
                "created_by_id": user.pk,
                "created_at": Now(),
            },
        )
        _log([kept], ADDITION if new else CHANGE, user)
        old = RememberedReading.objects.filter(vendor_id=vendor_id).order_by("-created_at", "-pk")[MOST:]
        RememberedReading.objects.filter(pk__in=[one.pk for one in old]).delete()


def chosen_fields(layout: Layout) -> dict[str, str]:
    """Field → header, as somebody chooses them, each column once: not twice where one number is product ID and SKU, nor
    as these where it has the names, which is an answer of its own."""
    fields, other = layout.mapping.fields, layout.plan.one_number if layout.plan else ""
    names = fields.get("product_name")
    return {
        field: header for field, header in fields.items()
        if field != other and (header != names or field == "product_name")
    }  # fmt: skip


def says_more(layout: Layout) -> bool:
    """Whether the columns of a file are read otherwise than they show by themselves."""
    if layout.plan is None:
        alone = columns.map_headers(layout.headers)
        return not alone.complete or alone.fields != layout.mapping.fields
    return layout.otherwise


def forget(vendor_id: str, user: Any, *, reading_id: int | None = None, layout: Layout | None = None) -> bool:
    """Forget one of a vendor, by its number or by the headers that it is for; whether there was one."""
    of_vendor = RememberedReading.objects.filter(vendor_id=vendor_id)
    if layout is not None:
        return _forget(of_vendor.filter(fingerprint=columns.fingerprint(layout.headers)), user)
    return _forget(of_vendor.filter(pk__in=[reading_id]), user)


def _answers(layout: Layout) -> dict[str, str]:
    """Those that hold for more than this file."""
    of_format = layout.plan is not None and bool(layout.plan.format)
    found = {
        name: layout.answers[name] for name in LASTING
        if name in layout.answers
        and (of_format or name not in columns.QUESTION_IDS or as_list(layout.answers[name]) is not None)
    }  # fmt: skip
    return {name: storable(answer) for name, answer in found.items() if len(answer) <= ANSWER_CHARS}


def _forget(found: Iterable[RememberedReading], user: Any) -> bool:
    gone = list(found)
    _log(gone, DELETION, user)
    RememberedReading.objects.filter(pk__in=[one.pk for one in gone]).delete()
    return bool(gone)


def _log(readings: list[RememberedReading], flag: int, user: Any) -> None:
    if readings:
        LogEntry.objects.log_actions(user.pk, readings, flag, change_message=SAID_IN_PREVIEW, single_object=True)

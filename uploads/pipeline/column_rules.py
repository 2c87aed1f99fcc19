"""What people said about a vendor's columns, kept for its next files: step 1 reads them by it.

A rule belongs to a name of a column, however its capitals, spaces and accents are written, and wins over the
well-known names.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction

from catalog import committer
from uploads.aws.records import storable
from uploads.feed import columns
from uploads.models import ColumnRule

HEADER_CHARS = 200  # that a rule has room for


def saved(vendor_id: str) -> dict[str, str]:
    """Header → field, "" for a column that is left out: what `map_headers` takes as `saved`."""
    return dict(ColumnRule.objects.filter(vendor_id=vendor_id).order_by("id").values_list("header", "field"))


def remember(vendor_id: str, headers: Sequence[str], choice: Sequence[str], user: Any) -> int:
    """Keep what was chosen for each column (its field, or ""); returns how many rules it took.

    A column that means by its name what was chosen needs none, and loses the one that it may have. Not kept are
    columns without a name, with one that is too long, and those whose name another column has too.
    """
    wanted = _rules(headers, choice)
    with transaction.atomic():
        committer.lock_vendors([vendor_id])  # two people who confirm at once come one after the other
        old: dict[str, ColumnRule] = {}
        for rule in ColumnRule.objects.filter(vendor_id=vendor_id).order_by("-id"):
            old[columns.key_of(rule.header)] = rule  # of two spellings the older one counts
        added = [
            ColumnRule(vendor_id=vendor_id, header=header, field=field)
            for key, (header, field) in wanted.items()
            if key not in old and field != columns.meaning(header)
        ]
        met = [(old[key], field) for key, (_, field) in wanted.items() if key in old]
        changed = [rule for rule, field in met if field not in (rule.field, columns.meaning(rule.header))]
        needless = [rule for rule, field in met if field == columns.meaning(rule.header)]
        _write(added, changed, needless, {rule.pk: field for rule, field in met}, user)
    return len(added) + len(changed)


def _rules(headers: Sequence[str], choice: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Key → (header, field), where it can be told apart."""
    keys = [columns.key_of(header) for header in headers]
    times = Counter(keys)
    return {
        key: (storable(header), field)
        for key, header, field in zip(keys, headers, choice, strict=True)
        if key and times[key] == 1 and len(storable(header)) <= HEADER_CHARS
    }


def _write(
    added: list[ColumnRule], changed: list[ColumnRule], needless: list[ColumnRule], fields: Mapping[int, str], user: Any
) -> None:
    """With a line in the admin log for each rule."""
    for rule in changed:
        rule.field = fields[rule.pk]
    ColumnRule.objects.bulk_create(added)
    ColumnRule.objects.bulk_update(changed, ["field"])
    for flag, rules in ((ADDITION, added), (CHANGE, changed), (DELETION, needless)):
        if rules:
            LogEntry.objects.log_actions(
                user.pk, rules, flag, change_message="Said in the preview of an import.", single_object=False
            )
    ColumnRule.objects.filter(pk__in=[rule.pk for rule in needless]).delete()

"""What staff said of severities by now: read once for a batch, and handed to whatever judges its rows.

`of(vendor_ids, proposed=…)` takes rules that aren't stored, so that what they would do can be tried: they count as if
they had been stored last, and now. Everything that judges takes what this returns, in `Rules.severities` of a vendor.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import Q
from django.db.models.functions import Now

from catalog.rules.severity.severities import DEFAULTS, Rule, Severities
from catalog.rules.validator import Rules
from uploads.models import SeverityRule


def of(vendor_ids: Iterable[str], proposed: Sequence[Rule] = ()) -> dict[str, Severities]:
    """Of each of these vendors what counts now, by the database's clock."""
    asked = list(vendor_ids)
    found = SeverityRule.objects.filter(Q(vendor_id__in=asked) | Q(vendor_id=None), counts_from__lte=Now())
    rows = found.order_by("counts_from", "id").values_list("code", "severity", "vendor_id", "category", "threshold")
    said = [Rule(code, severity, vendor or "", category, bound) for code, severity, vendor, category, bound in rows]
    said += proposed
    return {vendor_id: Severities.of(said, vendor_id) if said else DEFAULTS for vendor_id in asked}


def word(vendor_id: str) -> str:
    """The same as long as the same counts for a vendor; also what begins to count by its date changes it."""
    found = sorted(of([vendor_id])[vendor_id].rules.items())
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


def rules_of(vendor_id: str, rules: Rules) -> Rules:
    """The rules about products with what counts for one vendor."""
    return with_severities(rules, of([vendor_id])[vendor_id])


def with_severities(rules: Rules, severities: Severities) -> Rules:
    """The same object where nothing was said."""
    return rules if severities is rules.severities else replace(rules, severities=severities)

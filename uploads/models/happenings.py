"""What happened that rows may have waited for: a category was opened, a vendor became active, a SKU became free."""

from collections.abc import Sequence

from django.db import models
from django.db.models.functions import Now

NAMED = 3  # of several at once, in a sentence


class Happening(models.Model):
    """Written by triggers, in the transaction that makes it true, so plain SQL is noticed too; deleted by the step of
    the schedule that has looked whom it concerns (uploads.corrections.happenings)."""

    class Kind(models.TextChoices):
        CATEGORY = "category", "a category was opened"
        # Or wants its rows retried from now on: what happened before counts then.
        VENDOR = "vendor", "a vendor became active"
        SKU = "sku", "a SKU became free"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind)
    # The name of the category, the ID of the vendor, or the SKU.
    what = models.CharField(max_length=100)
    happened_at = models.DateTimeField(db_default=Now(), editable=False)
    # The first look at it; what was retried since has seen it.
    looked_at = models.DateTimeField(null=True)
    looks = models.SmallIntegerField(default=0, db_default=0)
    next_look_at = models.DateTimeField(db_default=Now())
    # Where the look that is under way goes on, and whether another one is due since an upload had a job already.
    position = models.TextField(default="", db_default="", blank=True)
    again = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "happenings"
        indexes = [models.Index(fields=["next_look_at", "id"], name="idx_happenings_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.what}"


def why_retried(kind: str, whats: Sequence[str]) -> str:
    """What rows were retried for, as half a sentence: "the category Garden was opened"."""
    if kind == Happening.Kind.VENDOR:
        return "the company became active"
    shown = [*whats[:NAMED], *([f"{len(whats) - NAMED:,} more"] if len(whats) > NAMED else [])]
    names = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
    several = len(whats) > 1
    if kind == Happening.Kind.CATEGORY:
        return f"the {'categories' if several else 'category'} {names} {'were' if several else 'was'} opened"
    return f"the SKU{'s' if several else ''} {names} became free"

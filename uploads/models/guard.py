"""The guard: beyond what a file is held back before its first row is committed, and how a vendor's catalog moves."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Now

from vendors.models import Vendor

PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class GuardThreshold(models.Model):
    """A share beyond which a file is held, as staff set it: for all, for a category or for a vendor.

    What isn't set for a kind is as in uploads.pipeline.guard.thresholds.DEFAULTS. Of those that are set the most
    specific one counts: a vendor's, else a category's for its products, else that for all.
    """

    class Kind(models.TextChoices):
        PRICE_FALLS = "price_falls", "prices that fall by half or more"
        PRICE_RISES = "price_rises", "prices that double or more"
        ZERO_STOCK = "zero_stock", "stocks that fall to 0"
        RETIRED = "retired", "products that are retired"
        FEWER_ROWS = "fewer_rows", "rows fewer than last time"
        ERRORS = "errors", "rows with errors"

    # What a category can have of its own: what is about a file as a whole has none.
    BY_CATEGORY = (Kind.PRICE_FALLS, Kind.PRICE_RISES, Kind.ZERO_STOCK)

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField("what is counted", max_length=20, choices=Kind)
    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, blank=True, db_index=False, related_name="+")
    category = models.CharField(max_length=100, default="", db_default="", blank=True)
    limit_percent = models.PositiveSmallIntegerField("held beyond, in percent", validators=PERCENT)
    minimum = models.PositiveIntegerField("of at least", default=20, db_default=20)
    owner_percent = models.PositiveSmallIntegerField("owners let through up to, in percent", validators=PERCENT)
    is_on = models.BooleanField("counts", default=True, db_default=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "guard_thresholds"
        verbose_name = "threshold"
        ordering = ["kind", "category", "vendor_id"]
        constraints = [
            models.UniqueConstraint(
                "kind", Coalesce("vendor", Value("")), "category", name="guard_thresholds_one_per_scope",
                violation_error_message="There is one for this already: change that.",
            ),
            models.CheckConstraint(
                condition=Q(limit_percent__lte=100, owner_percent__lte=100), name="guard_thresholds_percent",
                violation_error_message="A share is a number from 0 to 100.",
            ),
            models.CheckConstraint(
                condition=Q(category="")
                | Q(vendor__isnull=True, kind__in=["price_falls", "price_rises", "zero_stock"]),
                name="guard_thresholds_scope",
                violation_error_message="It is for all, for a vendor, or for a category; a category has its own "
                "only for prices and stocks.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.vendor_id or self.category or 'all'})"


class CatalogGeneration(models.Model):
    """Moves with every statement that changes products of a vendor, whoever makes it: by a trigger on `products`.

    So the trial of a file tells whether the catalog is still the one that it was held against.
    """

    vendor_id = models.CharField("vendor ID", max_length=50, primary_key=True)
    generation = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "catalog_generations"

    def __str__(self) -> str:
        return f"{self.vendor_id}: {self.generation}"

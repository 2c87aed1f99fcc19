"""The validated catalog, the category whitelist, and the catalog as people read it."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Concat, LPad, Now

from vendors.models import CurrencyField, Vendor


class ProductCategory(models.Model):
    """One entry of the whitelist that validation uses. An inactive one is refused with a reason of its own."""

    category_id = models.AutoField(primary_key=True)
    category_name = models.CharField(max_length=100, unique=True)
    parent_category = models.CharField(max_length=100, blank=True, null=True)  # noqa: DJ001 - nullable by contract
    is_active = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    # What the admin's list knows of all its categories at once, and says here (catalog.category_admin).
    depth = 0
    parent_known = True
    product_count: int | None = None

    class Meta:
        db_table = "product_categories"
        verbose_name, verbose_name_plural = "category", "categories"
        ordering = ["category_name"]

    def __str__(self) -> str:
        return self.category_name

    def clean(self) -> None:
        """A category can't stand below itself, not even with others in between."""
        above, passed = self.parent_category, set[str]()
        while above and above not in passed:
            if above == self.category_name:
                message = (
                    f"{self.category_name} can't be below {self.parent_category}: that would go round in a circle."
                )
                raise ValidationError({"parent_category": message})
            passed.add(above)
            above = (
                ProductCategory.objects.filter(category_name=above).values_list("parent_category", flat=True).first()
            )


class Product(models.Model):
    """A product that passed validation. Feeds write it through committer.py alone.

    SKUs are unique across the whole platform; a vendor's own id is unique within that vendor.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        RETIRED = "retired"

    product_id = models.AutoField(primary_key=True)
    vendor = models.ForeignKey(Vendor, models.PROTECT, db_index=False, related_name="products")
    vendor_product_id = models.CharField("vendor product ID", max_length=100)
    product_name = models.CharField(max_length=200)
    category = models.CharField(max_length=100)
    sku = models.CharField("SKU", max_length=100, unique=True)
    brand = models.CharField(max_length=100, blank=True, null=True)  # noqa: DJ001 - nullable by contract
    description = models.TextField(blank=True, null=True)  # noqa: DJ001
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock_quantity = models.IntegerField(validators=[MinValueValidator(0)])
    # What is saved without one gets its vendor's, from a trigger.
    currency = CurrencyField(max_length=3, blank=True, default=None)
    # A retired one is kept, with its number and its SKU, and isn't in the catalog that others see.
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE, db_default="active")
    gtin = models.CharField("GTIN", max_length=14, blank=True, null=True)  # noqa: DJ001 - nullable by contract
    image_url = models.TextField("image URL", max_length=2000, blank=True, null=True)  # noqa: DJ001
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "products"
        ordering = ["-product_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "vendor_product_id"], name="products_vendor_id_vendor_product_id_key"
            ),
            models.CheckConstraint(condition=Q(price__gt=0), name="products_price_check"),
            models.CheckConstraint(condition=Q(stock_quantity__gte=0), name="products_stock_quantity_check"),
            models.CheckConstraint(condition=Q(status__in=["active", "retired"]), name="products_status_check"),
        ]
        indexes = [
            models.Index(fields=["vendor"], name="idx_products_vendor"),
            models.Index(fields=["category"], name="idx_products_category"),
            # For the start of a SKU; whole ones are found by products_sku_key.
            models.Index(fields=["sku"], name="idx_products_sku", opclasses=["varchar_pattern_ops"]),
            # How many of a vendor's are retired.
            models.Index(fields=["vendor"], name="idx_products_retired", condition=Q(status="retired")),
            # Who else has the same GTIN, in however many digits.
            models.Index(
                LPad(F("gtin"), 14, Value("0")), name="idx_products_gtin_14", condition=~Q(gtin=""), include=["gtin"]
            ),
            # The migration's SQL is what stands in the database; this says the same to Django.
            GinIndex(
                SearchVector(
                    Concat(F("product_name"), Value(" "), Coalesce(F("description"), Value(""))), config="english"
                ),
                name="idx_products_search",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.product_name}"


class ProductChange(models.Model):
    """What an update, an edit by hand or an undo changed in a product: its history, and what an undo goes back to.

    Feeds write it in the transaction of the product. An insert leaves no row: the ledger names it, and what it set is
    what the later changes started from.
    """

    class Kind(models.TextChoices):
        UPDATED = "updated", "Updated by a feed"
        EDITED = "edited", "Edited by hand"
        CREATED = "created", "Created by hand"
        DELETED = "deleted", "Deleted by hand"
        UNDONE = "undone", "Taken back with its upload"

    id = models.BigAutoField(primary_key=True)
    product_id = models.IntegerField("product ID")
    kind = models.CharField(max_length=20, choices=Kind)
    # {field: [before, after]}; a product that is taken out of the catalog has null for each `after`.
    changes = models.JSONField()
    # Whence it came; "" for what was done by hand.
    upload_id = models.CharField("upload ID", max_length=100, default="", db_default="")
    record_id = models.CharField("record ID", max_length=1024, default="", db_default="")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "product_changes"
        ordering = ["-id"]
        indexes = [models.Index(fields=["product_id", "-id"], name="idx_product_changes_product")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.kind}"


class ProductCatalog(models.Model):
    """The view `product_catalog`: active products of active vendors, with vendor name and parent category."""

    product_id = models.IntegerField(primary_key=True)
    vendor_id = models.CharField("vendor ID", max_length=50)
    vendor_name = models.CharField(max_length=200)
    vendor_product_id = models.CharField("vendor product ID", max_length=100)
    product_name = models.CharField(max_length=200)
    category = models.CharField(max_length=100)
    parent_category = models.CharField(max_length=100)
    sku = models.CharField("SKU", max_length=100)
    brand = models.CharField(max_length=100)
    description = models.TextField()
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock_quantity = models.IntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    currency = CurrencyField(max_length=3)
    gtin = models.CharField("GTIN", max_length=14)
    image_url = models.TextField("image URL")

    class Meta:
        managed = False
        db_table = "product_catalog"
        verbose_name_plural = "product catalog"
        ordering = ["-product_id"]

    def __str__(self) -> str:
        return f"{self.sku} {self.product_name}"

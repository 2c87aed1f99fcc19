"""A vendor: who may send products, and the people who work for it."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from config.web.names import one_line, some_lines

if TYPE_CHECKING:
    TextField = models.CharField[Any, str]
else:
    TextField = models.CharField

CURRENCY_HELP = "The currency of prices that don't say theirs. What is in the catalog already isn't converted."

RETRIES_HELP = (
    "Rows that failed for a category that isn't open, for a SKU that another product has, or since the vendor wasn't "
    "active are retried when that changes."
)


class CurrencyField(TextField):
    """A code of ISO 4217: char(3) in the database."""

    def db_type(self, connection: Any) -> str:
        return "char(3)"


def default_currency() -> str:
    """What a new vendor's prices are in, unless somebody says otherwise."""
    return str(settings.DEFAULT_CURRENCY)


class Vendor(models.Model):
    """A company that sends feeds. It must be active before its products are accepted.

    The table is a public contract and made by SQL (see the migration): defaults, checks and the `updated_at`
    trigger live in the database, so that rows inserted by hand come out right too.
    """

    class Absent(models.TextChoices):
        """What becomes of products that a file lacks which is the vendor's whole catalog."""

        RETIRED = "retired", "they are retired"
        ZERO_STOCK = "zero_stock", "their stock is set to 0"

    class Status(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        SUSPENDED = "suspended"

    vendor_id = models.CharField("vendor ID", max_length=50, primary_key=True, help_text="Like VEND001.")
    vendor_name = models.CharField(max_length=200, validators=[one_line])
    # What owners want it to be called: the name stands until staff have seen the new one (vendors/approval.py).
    requested_name = models.CharField(max_length=200, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    email = models.EmailField(max_length=255, unique=True)
    phone = models.CharField(max_length=20, blank=True, null=True, validators=[one_line])  # noqa: DJ001 - nullable by contract
    business_name = models.CharField(max_length=200, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    tax_id = models.CharField("tax ID", max_length=50, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    address = models.TextField(max_length=500, blank=True, null=True, validators=[some_lines])  # noqa: DJ001
    city = models.CharField(max_length=100, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    state = models.CharField(max_length=50, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    country = models.CharField(  # noqa: DJ001
        max_length=50, blank=True, null=True, default="USA", db_default="USA", validators=[one_line]
    )
    postal_code = models.CharField(max_length=20, blank=True, null=True, validators=[one_line])  # noqa: DJ001
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE, db_default="active")
    currency = CurrencyField(
        max_length=3,
        default=default_currency,
        db_default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Like USD.")],
        help_text=CURRENCY_HELP,
    )
    absent_products = models.CharField(
        "products that a whole catalog lacks",
        max_length=20,
        choices=Absent,
        default=Absent.RETIRED,
        db_default="retired",
        help_text="When a file is sent that replaces the whole catalog.",
    )
    # Whether rows that wait for a category, for this vendor's approval or for a SKU are retried when that happens.
    retries_by_itself = models.BooleanField(
        "retry rows by themselves", default=False, db_default=False, help_text=RETRIES_HELP
    )
    # A vendor that was declined is still pending, but waits for nobody until an owner asks again; the reason stays,
    # for those who look again (vendors/approval.py).
    declined_at = models.DateTimeField(null=True, blank=True, editable=False)
    declined_reason = models.TextField(  # noqa: DJ001 - a column that plain SQL may leave out
        max_length=1000, null=True, blank=True, validators=[some_lines], editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "vendors"
        ordering = ["vendor_id"]
        indexes = [
            models.Index(fields=["email"], name="idx_vendors_email"),
            models.Index(fields=["status"], name="idx_vendors_status"),
            models.Index(
                fields=["vendor_id"],
                name="idx_vendors_requested_name",
                condition=models.Q(requested_name__isnull=False),
            ),
        ]
        permissions = [
            ("approve_vendor", "Can approve, suspend and reactivate vendors"),
            ("pause_vendor", "Can pause and resume the feeds of vendors"),
            # Not "view_…": that is what everybody of the staff gets.
            ("see_as_vendor", "Can look at a vendor's pages as its people see them"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.vendor_name}"

    @property
    def is_active(self) -> bool:
        """Whether it may send products."""
        return self.status == self.Status.ACTIVE

    @property
    def is_declined(self) -> bool:
        """Whether it was looked at and not approved, and hasn't asked again."""
        return self.status == self.Status.PENDING and self.declined_at is not None


class VendorMember(models.Model):
    """A person who works for a vendor, and what they may do on its pages."""

    class Role(models.TextChoices):
        OWNER = "owner"
        UPLOADER = "uploader"
        VIEWER = "viewer"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.VIEWER)
    # The newest comment when they looked at the vendor's messages last: what is newer is counted as new.
    comment_seen = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "vendor_members"
        verbose_name = "member"
        ordering = ["vendor", "id"]
        constraints = [models.UniqueConstraint(fields=["vendor", "user"], name="vendor_members_key")]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.user} ({self.role})"


class Invitation(models.Model):
    """A colleague's way in, by mail. The link has a token; here is only its hash, so that a copy of the database opens
    nothing. It works once, until it expires, is accepted, or is withdrawn."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=VendorMember.Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vendor_invitations"
        ordering = ["vendor", "id"]
        constraints = [
            # One link at a time for an address: a new one takes the place of the one before.
            models.UniqueConstraint(
                fields=["vendor", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="vendor_invitations_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.email} ({self.role})"

"""The security log. Rows are added and never changed; the database itself refuses it (migration 0001)."""

from django.db import models
from django.db.models.functions import Lower, Now


class Kind(models.TextChoices):
    """What happened. The values are kept for as long as the log is: a kind that goes leaves its rows behind."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    LOCKED = "locked", "Locked out"
    ALARM = "alarm", "Alarm sent"
    FACTOR_SHOWN = "factor_shown", "Second factor shown"
    FACTOR_FAILED = "factor_failed", "Second factor failed"
    FACTOR_CHANGED = "factor_changed", "Second factor changed"
    PASSWORD_CHANGED = "password_changed", "Password changed"
    PASSWORD_RESET = "password_reset", "Password reset by mail"
    ADDRESS_CHANGED = "address_changed", "E-mail address changed"
    SESSIONS_ENDED = "sessions_ended", "Sessions ended"
    ACCOUNT_CHANGED = "account_changed", "Account changed"
    PERMISSIONS_CHANGED = "permissions_changed", "Permissions changed"
    MEMBER_CHANGED = "member_changed", "Membership changed"
    INVITATION_CHANGED = "invitation_changed", "Invitation changed"
    EXPORTED = "exported", "Exported"
    DOWNLOADED = "downloaded", "Downloaded"
    TOKEN_CHANGED = "token_changed", "Token changed"
    WEBHOOK_CHANGED = "webhook_changed", "Webhook changed"
    VIEWED_AS = "viewed_as", "Vendor's pages viewed by staff"
    SETTING_CHANGED = "setting_changed", "Setting changed"
    PURGED = "purged", "Log purged"


def kinds() -> list[tuple[str, str]]:
    """Values and names. As a function, so that one more needs no migration."""
    return list(Kind.choices)


class SecurityEvent(models.Model):
    """One thing that happened. Who and about what are texts, so that they outlive the account and the vendor.

    Never a password, a code or a secret: what is noted are names of fields, and values of those that are none.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    what = models.CharField(max_length=40, choices=kinds, editable=False)
    login = models.CharField("who", max_length=254, blank=True, db_default="", default="", editable=False)
    account = models.CharField("account number", max_length=20, blank=True, db_default="", default="", editable=False)
    vendor_id = models.CharField("vendor", max_length=50, blank=True, db_default="", default="", editable=False)
    about = models.CharField(max_length=300, blank=True, db_default="", default="", editable=False)
    address = models.CharField("from address", max_length=45, blank=True, db_default="", default="", editable=False)
    agent = models.CharField("with", max_length=200, blank=True, db_default="", default="", editable=False)
    detail = models.CharField(max_length=500, blank=True, db_default="", default="", editable=False)

    class Meta:
        db_table = "security_log"
        verbose_name = "security event"
        verbose_name_plural = "security events"
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("export_securityevent", "Can export the security log")]
        indexes = [
            models.Index(fields=["at"], name="idx_security_log_at"),
            models.Index(fields=["what", "-id"], name="idx_security_log_what"),
            models.Index(Lower("login"), models.F("id").desc(), name="idx_security_log_login"),
            models.Index(fields=["account", "-id"], name="idx_security_log_account"),
            models.Index(fields=["vendor_id", "-id"], name="idx_security_log_vendor"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} ({self.pk})"

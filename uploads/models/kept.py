"""What is kept for a while: how much there is of each kind, and how much was deleted (uploads.work.policies)."""

from django.db import models


class Kept(models.Model):
    """One kind of what is deleted by its age. The row holds the lease of the one worker that deletes it, and how far
    that is within the present pass; counts change in the transaction of what they count.
    """

    kind = models.CharField(max_length=20, primary_key=True)
    # As it was counted when the last pass ended, of large tables about.
    standing = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    removed = models.BigIntegerField("deleted in all", default=0, db_default=0)
    removed_on = models.DateField("last deleted on", null=True)
    removed_that_day = models.BigIntegerField(default=0, db_default=0)
    position = models.TextField(default="", db_default="")
    epoch = models.BigIntegerField(default=0, db_default=0)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kept"
        ordering = ["kind"]

    def __str__(self) -> str:
        return self.kind

"""What people keep of the admin's lists: views that they come back to, and the columns that they want to see."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

NAME_CHARS = 60
QUERY_CHARS = 2_000


class SavedView(models.Model):
    """A list as its address shows it: filters, search, order and columns. One that is shared all staff have."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    listing = models.CharField("list", max_length=100)  # of which table: "uploads.uploadhistory"
    name = models.CharField(max_length=NAME_CHARS)
    query = models.TextField(max_length=QUERY_CHARS)
    shared = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "saved_views"
        default_permissions = ()
        permissions = [("share_view", "Can share views of lists with all staff")]
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "listing", "name"], name="saved_views_key")]
        indexes = [models.Index(fields=["listing", "name"], name="idx_saved_views_shared", condition=Q(shared=True))]

    def __str__(self) -> str:
        return self.name


class ChosenColumns(models.Model):
    """The columns in which somebody wants to see a list, in the order in which the list has them."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    listing = models.CharField("list", max_length=100)
    names = models.JSONField(default=list)

    class Meta:
        db_table = "chosen_columns"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "listing"], name="chosen_columns_key")]

    def __str__(self) -> str:
        return f"{self.listing}: {', '.join(self.names)}"

"""What people did, noted in the admin's log."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest


def log_change(request: HttpRequest, obj: Model, message: str) -> None:
    """Note in the admin's log what the user did to an object, where no form of the admin does so."""
    LogEntry.objects.log_actions(request.user.pk or 0, [obj], CHANGE, message, single_object=True)

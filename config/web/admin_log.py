"""What people did, noted in the admin's log."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model


def log_change(user: Any, changed: Model, message: str) -> None:
    """Note what the user did to an object, where no form of the admin does so."""
    LogEntry.objects.log_actions(user.pk or 0, [changed], CHANGE, message, single_object=True)

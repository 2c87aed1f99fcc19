"""The security app: what it listens to, and what has to be right about its settings before anything starts."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

LEAST_DAYS = 90  # of migration 0001


class SecurityConfig(AppConfig):
    name = "security"
    verbose_name = "Security"

    def ready(self) -> None:
        from security import accounts  # the models are there only now

        accounts.connect()


@register
def the_log_is_kept_long_enough(**kwargs: Any) -> list[CheckMessage]:
    """Whether SECURITY_LOG_DAYS is what the database does."""
    if settings.SECURITY_LOG_DAYS >= LEAST_DAYS:
        return []
    message = (
        f"SECURITY_LOG_DAYS is {settings.SECURITY_LOG_DAYS}, and the database keeps the log for {LEAST_DAYS} days."
    )
    return [Error(message, hint=f"Set it to {LEAST_DAYS} or more.", id="security_log.E001")]

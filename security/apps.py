"""The security app: what it listens to, and what has to be right about its settings before anything starts."""

from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.http.request import validate_host

from security import refusals

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


@register
def a_deployment_says_what_it_means(**kwargs: Any) -> list[CheckMessage]:
    """What a deployment would miss without noticing: TLS that is off, mails nobody gets, links that lead nowhere."""
    if not settings.PRODUCTION:
        return []
    hints = {
        "EMAIL_URL": (
            "EMAIL_URL is not set: mails are written to files of this machine, nobody gets a code.",
            "Set it, for example to smtp+tls://user:password@mail.example.com:587, or filemail:/// for files.",
        ),
        "SITE_URL": (
            f"SITE_URL is not set: links in mails lead to {settings.SITE_URL}.",
            "Set it to the address that people open, for example https://onboarding.example.com.",
        ),
    }
    found: list[CheckMessage] = [
        Warning(hints[name][0], hint=hints[name][1], id=f"security.{number}")
        for number, name in (("W102", "EMAIL_URL"), ("W103", "SITE_URL"))
        if name in settings.LEFT_OUT
    ]
    host = urlsplit(settings.SITE_URL).hostname or ""
    if "SITE_URL" not in settings.LEFT_OUT and not validate_host(host, settings.ALLOWED_HOSTS):
        message = f"SITE_URL leads to {host}, which ALLOWED_HOSTS lacks: all pages there answer 400."
        found.append(Warning(message, hint=f"Set ALLOWED_HOSTS={host}", id="security.W110"))
    if not settings.HTTPS:
        message = "HTTPS is off: passwords and sessions travel for everybody on the way to read."
        hint = "Put TLS in front (docs/deploying.md) and take HTTPS=0 away; PRODUCTION=0 where it is only tried."
        found.append(Warning(message, hint=hint, id="security.W101"))
    database = settings.DATABASES["default"]
    if not refusals.is_here(database) and "sslmode" not in database.get("OPTIONS", {}):
        message = (
            f"PostgreSQL at {database['HOST']} isn't asked who it is: passwords and data may go to whoever answers."
        )
        hint = "Add ?sslmode=verify-full&sslrootcert=… to DATABASE_URL; sslmode=disable where nobody is on the way."
        found.append(Warning(message, hint=hint, id="security.W104"))
    return found

"""Second factors: their secrets encrypted in the database, and what a wrong code leads to noted."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from security import alarms, at_rest
from security.log import shown

logger = logging.getLogger(__name__)

# Of an authenticator's data, what is secret: of an app, of recovery codes, and of codes taken over from elsewhere.
SECRETS = ("secret", "seed", "migrated_codes")


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no types
    """allauth's, with its hooks for secrets filled."""

    def encrypt(self, text: str) -> str:
        return at_rest.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return at_rest.decrypt(encrypted_text)
        except at_rest.Unreadable as error:
            logger.error("A second factor can't be read: %s", error)
            raise PermissionDenied(
                "Your authenticator app can't be checked: the platform's key was changed. Nothing is wrong with your "
                "phone or your codes. Ask an administrator, who restores the key or takes the second factor away."
            ) from error


@contextmanager
def _lock_noted(user: Any) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        if getattr(error, "code", "") == "too_many_login_attempts":
            alarms.locked(shown(user), user=user, why="too many wrong codes")
        raise


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code at the sign-in."""

    def clean_code(self) -> Any:
        with _lock_noted(self.user):
            return super().clean_code()


class CodeAgainForm(ReauthenticateForm):  # type: ignore[misc]
    """The code that confirms who it is."""

    def clean_code(self) -> Any:
        with _lock_noted(self.user):
            return super().clean_code()


@transaction.atomic
def encrypt_all() -> tuple[int, int]:
    """Encrypt all secrets with the first key, whatever key they have now; how many authenticators, and how many of
    which no key opens something: they stay as they are."""
    done = lost = 0
    for one in Authenticator.objects.select_for_update().order_by("pk"):
        try:
            one.data |= {name: _anew(one.data[name]) for name in SECRETS if name in one.data}
        except at_rest.Unreadable:
            lost += 1
            continue
        one.save(update_fields=["data"])
        done += 1
    return done, lost


def _anew(value: Any) -> Any:
    return [_anew(one) for one in value] if isinstance(value, list) else at_rest.encrypt(at_rest.decrypt(value))

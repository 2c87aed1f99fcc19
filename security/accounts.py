"""What Django and allauth tell of accounts, noted in the security log: sign-ins, factors, passwords, addresses,
permissions. Connected by the app when it is ready.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save, pre_delete
from import_export.signals import post_export

from security import here
from security.log import named, note
from security.models import Kind
from security.watched import Watched, watch, watch_links

FLAGS = ("username", "email", "is_active", "is_staff", "is_superuser")


def connect() -> None:
    """Listen from now on."""
    watch(Watched(User, Kind.ACCOUNT_CHANGED, FLAGS, named))
    watch(Watched(Group, Kind.PERMISSIONS_CHANGED, ("name",)))
    watch(Watched(EmailAddress, Kind.ADDRESS_CHANGED, ("email", "verified", "primary"), _of_person))
    watch(Watched(Authenticator, Kind.FACTOR_CHANGED, ("type",), _of_person))
    watch_links(User.groups.through, Kind.PERMISSIONS_CHANGED, _person_or_group)
    watch_links(User.user_permissions.through, Kind.PERMISSIONS_CHANGED, _person_or_group)
    watch_links(Group.permissions.through, Kind.PERMISSIONS_CHANGED, _person_or_group)
    for signal, receiver in (
        (user_logged_in, _signed_in),
        (user_logged_out, _signed_out),
        (authenticator_used, _factor_shown),
        (authentication_failed, _factor_failed),
        (password_reset, _password_reset),
        (post_export, _exported),
    ):
        signal.connect(receiver, dispatch_uid=f"{__name__} {receiver.__name__}")
    pre_delete.connect(_group_going, sender=Group, dispatch_uid=f"{__name__} group")
    post_save.connect(_password_changed, sender=User, dispatch_uid=f"{__name__} password")


def _of_person(row: Any) -> str:
    return f"of {named(row.user)}"


def _person_or_group(row: Any) -> str:
    return named(row) if isinstance(row, User) else str(row)


def _signed_in(request: Any, user: Any, **_: Any) -> None:
    note(Kind.SIGNED_IN, request=request, user=user, detail="staff" if user.is_staff else "")


def _signed_out(request: Any, user: Any, **_: Any) -> None:
    if user is not None:  # who was signed out already
        note(Kind.SIGNED_OUT, request=request, user=user)


def _factor_shown(request: Any, user: Any, authenticator: Any, reauthenticated: bool = False, **_: Any) -> None:
    note(Kind.FACTOR_SHOWN, request=request, user=user, detail=_how(authenticator, reauthenticated))


def _factor_failed(request: Any, user: Any, authenticator: Any, reauthentication: bool = False, **_: Any) -> None:
    note(Kind.FACTOR_FAILED, request=request, user=user, detail=_how(authenticator, reauthentication))


def _how(authenticator: Any, again: bool) -> str:
    return f"{authenticator.type}{', to confirm who it is' if again else ''}"


def _password_reset(request: Any, user: Any, **_: Any) -> None:
    note(Kind.PASSWORD_RESET, request=request, user=user)


def _password_changed(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    """Django keeps a new password in `_password` until the account is saved, to tell its validators. Not so where a
    sign-in hashes the old one anew."""
    if not raw and not created and instance._password is not None:
        note(Kind.PASSWORD_CHANGED, about=f"user {named(instance)}")


def _group_going(instance: Group, **_: Any) -> None:
    """Links go with a group without a word; taken away just before, they are noted as any others (`watch_links`)."""
    instance.user_set.clear()


def _exported(model: Any, file_name: str = "", **_: Any) -> None:
    """A list of the admin, before the first byte of it leaves."""
    asked = here.request()
    filters = asked.GET.urlencode() if asked else ""
    note(Kind.EXPORTED, about=f"{model._meta.verbose_name_plural}: {file_name}",
         vendor_id=asked.GET.get("vendor", "") if asked else "", detail=filters)  # fmt: skip

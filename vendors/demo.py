"""The logins that `seed_demo` makes to look around with: their passwords stand in a file, so no deployment has them."""

from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError

# User names of staff, and the group of each; admin may do everything.
STAFF: Final = {"admin": "", "operations": "Operations", "lead": "Operations lead", "viewer": "Read-only"}
# User names of people at vendors, and the vendor that each owns.
OWNERS: Final = {"northwind": "VEND001", "becker": "VEND002", "moreno": "VEND003"}
LOGINS: Final = (*STAFF, *OWNERS)


def address(username: str) -> str:
    """By which a demo login is told from somebody's own of that name."""
    return f"{username}@localhost"


def usable() -> list[str]:
    """The user names of those that could sign in. Raises what PostgreSQL raises."""
    active = User.objects.filter(username__in=LOGINS, is_active=True)
    return sorted(user.username for user in active if user.email == address(user.username))


def wrong() -> str:
    """What is wrong with a deployment's accounts, and what to do; "" for nothing."""
    found = usable() if settings.PRODUCTION else []
    if not found:
        return ""
    return (
        f"This is a deployment, and demo logins can sign in: {', '.join(found)}. Their passwords stand in a file. "
        "Run: manage.py seed_demo --close (or give an account that somebody uses an address of its own)"
    )


def refuse() -> None:
    """Raise ImproperlyConfigured where they are. Without PostgreSQL nobody knows, and nobody signs in."""
    try:
        found = wrong()
    except (DatabaseError, InterfaceError):
        return
    if found:
        raise ImproperlyConfigured(found)


def close() -> list[str]:
    """Let none of them sign in any more, sessions included; what they did keeps its name. Returns their user names."""
    found = usable()
    for user in User.objects.filter(username__in=found):
        user.is_active = False
        user.set_unusable_password()
        user.save()
    return found

"""Writing to the security log: a row in the transaction of what it tells of, where there is one.

It knows who and from where by the request that is being answered (security/here.py); a worker says who it works for.
What can't be noted isn't done: an error here is an error of the whole.
"""

import time
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from security import here
from security.models import Kind, SecurityEvent

LENGTHS = {
    field.name: field.max_length
    for field in SecurityEvent._meta.concrete_fields
    if field.max_length and field.name != "what"
}
VIEW_SECONDS = 3600  # how often it is noted that somebody of the staff looks at the same vendor's pages
VIEWS_KEPT = 50  # of one session
_NOTED = "views_noted"


def note(
    what: Kind, *, user: Any = None, login: str = "", vendor_id: str = "", about: str = "", detail: str = "",
    request: HttpRequest | None = None,
) -> SecurityEvent:  # fmt: skip
    """Note what happened. `user` is who did it, where that isn't who is signed in; `login` what was typed instead.

    Texts are cut to what the log keeps of them. Pass no password, no code and no secret.
    """
    asked = request or here.request()
    who = user or (here.person(asked) if not login else None)
    texts = {
        "login": login or (shown(who) if who else ""),
        "account": str(who.pk) if who else "",
        "vendor_id": vendor_id,
        "about": about,
        "address": here.address(asked),
        "agent": here.agent(asked),
        "detail": detail,
    }
    return SecurityEvent.objects.create(
        what=what, **{name: cut(storable(text), LENGTHS[name]) for name, text in texts.items()}
    )


def note_token(what_happened: str, *, about: str, user: Any = None, vendor_id: str = "") -> None:
    """For tokens of programs: made, used for the first time from an address, revoked, refused. `about` is the token's
    name or number, never the token."""
    note(Kind.TOKEN_CHANGED, user=user, vendor_id=vendor_id, about=about, detail=what_happened)


def note_webhook(what_happened: str, *, about: str, user: Any = None, vendor_id: str = "") -> None:
    """For webhooks of programs: added, changed, their secrets made, disabled. `about` is its number and host."""
    note(Kind.WEBHOOK_CHANGED, user=user, vendor_id=vendor_id, about=about, detail=what_happened)


def note_view(request: HttpRequest, vendor_id: str, role: str) -> None:
    """Somebody of the staff looks at a vendor's own pages: once an hour for each session and vendor."""
    now = int(time.time())
    noted = {key: at for key, at in request.session.get(_NOTED, {}).items() if now - at < VIEW_SECONDS}
    if vendor_id in noted:
        return
    note(Kind.VIEWED_AS, request=request, vendor_id=vendor_id, detail=f"as {role}")
    request.session[_NOTED] = dict([*noted.items(), (vendor_id, now)][-VIEWS_KEPT:])


def shown(user: Any) -> str:
    """What a person is known by: usernames of those who signed up are made up."""
    return str(user.email or user.get_username())


def named(user: Any) -> str:
    """A person that something is done to: name and number."""
    return f"{shown(user)} (account {user.pk})"


def storable(text: str) -> str:
    """The text without what PostgreSQL can't hold: NUL, and halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def cut(text: str, most: int) -> str:
    """The text, or its beginning and a mark that it goes on."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@transaction.atomic
def purge() -> int:
    """Forget what is older than SECURITY_LOG_DAYS; how many rows. The database forgets nothing younger than 90 days."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT security_log_purge(make_interval(days => %s))", [settings.SECURITY_LOG_DAYS])
        gone = int(cursor.fetchone()[0])
    if gone:
        note(Kind.PURGED, detail=f"{gone:,} rows older than {settings.SECURITY_LOG_DAYS} days")
    return gone


@transaction.atomic
def forget(*, account: str = "", email: str = "") -> int:
    """Take names and addresses of who has left out of the log; how many rows had any. The account must be empty by
    then, and the address be nobody's. What happened, when, and by which account number stays.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT security_log_forget(%s, %s)", [account, email])
        return int(cursor.fetchone()[0])

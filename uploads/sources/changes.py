"""What people do with a source: add and change it, fetch it now, try it, pause it, let it go on, delete it.

Who may do so is for the pages to know. Credentials are encrypted at once, and nothing says more of them than that they
were changed.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from config.web.text import counted
from security.log import note
from security.models import Kind
from uploads.models import Source, SourceRun
from uploads.sources import claims, host_keys, secrets
from vendors import holds
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Person = User | AnonymousUser

MOST: Final = 20  # sources of a vendor
ASKED_AN_HOUR: Final = 20  # fetches and tests of one source that people ask for
# What was fetched last says nothing of another place, nor of what to do with the file.
_ANOTHER_FILE: Final = frozenset(("url", "kind", "mode"))
_STATE: Final = ("state", "state_reason", "failures", "failing_since", "told_at", "slot_at", "next_at", "tries",
                 "updated_at")  # fmt: skip
_SIGNS_IN: Final = frozenset(("url", "auth", "user_name", "header_name"))


class NotPossible(Exception):
    """It can't be done now; the message says why."""


def save(source: Source, changed: set[str], secret: str, user: "Person") -> None:
    """Add a source, or keep what was changed of it: names of its fields. `secret` is the new one, "" to keep the old.

    Whoever fetches it at this moment is overtaken. Raises NotPossible.
    """
    with transaction.atomic():
        new = source.pk is None
        if new:
            _room(source.vendor)
            source.created_by_id = user.pk
        if new or changed & _ANOTHER_FILE:
            source.etag = source.last_modified = source.sha256 = ""
            source.remote_size = source.remote_time = None
        if "url" in changed and not new and _host(source) != _host(Source.objects.get(pk=source.pk)):
            source.host_key = source.host_key_met = ""
        if source.auth == Source.Auth.NONE:
            source.secret = ""
        elif secret:
            secrets.put(source, **{source.auth: secret})
        _plan(source)
        source.save()
        if not new:
            claims.give_up(source)
        if secret or new or changed & _SIGNS_IN:
            how = f"signs in with {source.get_auth_display()}" + (", which is new" if secret else "")
            _note(source, user, f"{'added' if new else 'changed'}: {how}")


def pause(source: Source, user: "Person", by: str = "") -> None:
    """`by` is who the vendor reads did it, where that isn't the person's own address."""
    _state(source, user, Source.State.PAUSED, f"Paused by {by or _name(user)}.")


def go_on(source: Source, user: "Person") -> None:
    """From its next time on: what it missed meanwhile isn't caught up. Raises NotPossible."""
    if host_keys.must_confirm(source):
        raise NotPossible("Confirm the server's key first: nothing is fetched from a server that nobody knows.")
    source.failures, source.failing_since, source.told_at = 0, None, None
    _state(source, user, Source.State.ACTIVE, "")


def ask(source: Source, kind: str, user: "Person") -> SourceRun:
    """Have it fetched now (SourceRun.Kind.ASKED), or tried (TEST), by a worker. Who asks twice is asked for once.

    Raises NotPossible.
    """
    if not source.vendor.is_active:
        raise NotPossible(f"{source.vendor.vendor_name} is {source.vendor.status}: nothing is fetched for it now.")
    if hold := holds.pause_of(source.vendor_id):
        said = holds.said(hold, f"The feeds of {source.vendor.vendor_name}")
        raise NotPossible(f"{said}. Nothing is fetched meanwhile.")
    with transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        mine = source.runs.filter(kind=kind, outcome=SourceRun.Outcome.RUNNING, requested_by_id=user.pk)
        if waiting := mine.first():
            return waiting
        since = timezone.now() - timedelta(hours=1)
        asked = source.runs.exclude(kind=SourceRun.Kind.SCHEDULED).filter(started_at__gt=since)
        if asked.count() >= ASKED_AN_HOUR:
            times = counted(ASKED_AN_HOUR, "{} time", "{} times")
            raise NotPossible(f"This source was asked for {times} within an hour. Wait a little.")
        return SourceRun.objects.create(source=source, kind=kind, tries=0, requested_by_id=user.pk)


def confirm_host_key(source: Source, fingerprint: str, user: "Person") -> None:
    """Pin the key that was met, if it is the one whose fingerprint the page showed. Raises NotPossible."""
    with transaction.atomic():
        source.refresh_from_db(from_queryset=Source.objects.select_for_update())
        if not source.host_key_met or host_keys.fingerprint(source.host_key_met) != fingerprint:
            raise NotPossible("The server has shown another key since. Look at it once more.")
        source.host_key, source.host_key_met = source.host_key_met, ""
        source.save(update_fields=["host_key", "host_key_met", "updated_at"])
        _note(source, user, f"host key confirmed: {fingerprint}")


def delete(source: Source, user: "Person") -> None:
    """With its runs; what was fetched stays."""
    with transaction.atomic():
        _note(source, user, "deleted")
        source.delete()


def _room(vendor: Vendor) -> None:
    Vendor.objects.select_for_update().get(pk=vendor.pk)
    if Source.objects.filter(vendor=vendor).count() >= MOST:
        raise NotPossible(f"A company has at most {MOST} sources. Delete one that isn't used any more.")


def _plan(source: Source) -> None:
    """What was missed by another plan isn't caught up."""
    source.slot_at = claims.schedule_of(source).after(timezone.now())
    source.next_at, source.tries = source.slot_at, 0
    if source.state == Source.State.DISABLED:
        source.next_at = None


def _state(source: Source, user: "Person", state: str, reason: str) -> None:
    source.state, source.state_reason = state, reason[:300]
    _plan(source)
    with transaction.atomic():
        source.save(update_fields=_STATE)
        _note(source, user, "goes on" if state == Source.State.ACTIVE else "paused")


def _host(source: Source) -> str:
    """Server and port: where the path alone is another, it is the same server."""
    return source.url.partition("://")[2].partition("/")[0].lower()


def _name(user: "Person") -> str:
    return str(getattr(user, "email", "") or user.get_username())


def _note(source: Source, user: "Person", detail: str) -> None:
    about = f"source {source.pk} ({source.name})"
    note(Kind.SETTING_CHANGED, user=user, vendor_id=source.vendor_id, about=about, detail=detail)

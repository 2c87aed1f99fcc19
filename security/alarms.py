"""When somebody is shut out: a row in the log, and a mail to those who guard the platform. Both have bounds, which hold
whatever is tried: one row for a login and an address while the lock lasts, one mail for a login an hour, and twenty
mails an hour in all.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Lower, Now
from django.urls import reverse

from config.web.links import site_url
from config.web.text import counted, subject, visible
from security import here
from security.log import LENGTHS, cut, note, storable
from security.models import Kind, SecurityEvent

logger = logging.getLogger(__name__)

LOCK = timedelta(minutes=5)  # how long ACCOUNT_RATE_LIMITS shuts a login out
HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 20


@transaction.atomic
def locked(login: str, *, user: Any = None, why: str) -> None:
    """Note that a login, or the address it was tried from, is shut out; and send the alarm, if it is time for one.

    Those who are shut out at the same moment wait for each other here, so that none of them is counted twice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('security_log alarms'))")
    address, login = here.address(here.request()), cut(storable(login), LENGTHS["login"])
    if _since(LOCK, Kind.LOCKED, login, address=address).exists():
        return
    event = note(Kind.LOCKED, user=user, login=login, detail=why)
    sent = _since(HOUR, Kind.ALARM).count()
    if not settings.SECURITY_ALARMS_TO or _since(HOUR, Kind.ALARM, login).exists() or sent >= MAILS_AN_HOUR:
        return
    last = sent + 1 == MAILS_AN_HOUR
    told = counted(len(settings.SECURITY_ALARMS_TO), "{} address", "{} addresses")
    note(Kind.ALARM, user=user, login=login, detail=f"to {told}")
    transaction.on_commit(lambda: _mail(event, last), robust=True)


def _since(length: timedelta, kind: Kind, login: str = "", **more: str) -> Any:
    """Of the last minutes (idx_security_log_what, idx_security_log_login)."""
    found = SecurityEvent.objects.filter(what=kind, at__gt=Now() - length, **more)
    return found.alias(folded=Lower("login")).filter(folded=Lower(Value(login))) if login else found


def _mail(event: SecurityEvent, last: bool) -> None:
    who, whence = visible(event.login), event.address or "an unknown address"
    page = site_url(reverse("admin:security_securityevent_changelist"))
    lines = [
        f"Sign-ins as “{who}” from {whence} are refused for {LOCK.seconds // 60} minutes: {event.detail}.",
        "If nobody there forgot a password, somebody is guessing at one. What else came from there is in the log:",
        page,
        "There is at most one such mail for a login in an hour.",
    ]
    if last:
        lines.append(f"These were {MAILS_AN_HOUR} within an hour: for the rest of it there are none, only the log.")
    try:
        send_mail(subject(f"Shut out: {who}"), "\n\n".join(lines) + "\n", None, settings.SECURITY_ALARMS_TO)
    except (OSError, ValueError):  # smtplib's errors are OSErrors; an address that can't be one is a ValueError
        logger.exception("The alarm about %s could not be sent", who)

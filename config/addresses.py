"""Whose an e-mail address is: it counts when its owner has proved it, and for one account (docs/security.md, Identity).

Proved is what stands as verified in allauth's table, where the database lets an address stand once. Any other mention
of an address, in that table or as a user's `email`, is a claim: mails may go there, but it opens nothing, belongs to
nobody, and goes when somebody proves the address.
"""

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from config.web.admin_log import log_change

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Taken(Exception):
    """Another account has proved the address."""


def owner(email: str) -> "User | None":
    """Who has proved the address."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
    return found.user if found else None


def is_proved_by(user: "User", email: str) -> bool:
    """Whether the address is the user's."""
    return bool(EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists())


def claimant(email: str) -> "User | None":
    """The one account into which staff typed the address, which nobody has proved. Of several it is nobody's."""
    found = list(get_user_model()._default_manager.filter(email__iexact=email, is_active=True)[:2]) if email else []
    return found[0] if len(found) == 1 else None


def one_spelling(email: str) -> None:
    """Raises ValidationError for an address that mail servers take for another one, or can't take at all.

    Full-width letters, soft hyphens and the like in a domain lead to the same mailbox (RFC 3490, as mails are sent
    here), which would be many addresses, each with an account and limits of its own. In the part before the @, Django
    takes four letters beside those of ASCII: İ, ı, ſ and the Kelvin sign, which become others in another case.
    """
    local, _, domain = email.lower().rpartition("@")
    usual = _usual(domain)
    if local.isascii() and usual == domain:
        return
    hint = f": {local}@{usual}" if local.isascii() and usual else ""
    raise ValidationError(f"Write this address in the usual letters{hint}.")


def _usual(domain: str) -> str:
    """The domain in the letters that it stands for; "" where it can't be one."""
    try:
        sent = domain.encode("idna")
    except UnicodeError:
        return ""
    try:
        return sent.decode("idna")
    except UnicodeError:  # such as those of IDNA 2008, which have no other spelling here
        return sent.decode()


@transaction.atomic
def own(user: "User", email: str) -> None:
    """Note that a new account's owner has proved the address. IntegrityError where another account proved it before."""
    EmailAddress.objects.create(user=user, email=email.lower(), verified=True, primary=True)
    drop_other_claims(user, email)


def prove(claim: EmailAddress) -> None:
    """Make an account's claim its address, as far as others are concerned. Raises Taken where another has it by now."""
    try:
        with transaction.atomic():
            claim.verified = True
            claim.save()
            drop_other_claims(claim.user, claim.email)
    except IntegrityError as error:
        if "unique_verified_email" not in str(error):
            raise
        raise Taken from error


@transaction.atomic
def drop_other_claims(user: "User", email: str) -> None:
    """Take the address, which the user has proved, from accounts that only claim it; the admin's log says so.

    An account that was opened with this address and never signed in was nobody's to begin with: it is closed, since
    without an address it would pass as one that staff made.
    """
    rows = EmailAddress.objects.filter(email=email.lower(), verified=False).exclude(user=user)
    opened_with_it = rows.filter(primary=True, user__last_login=None, user__is_staff=False)
    closing = set(opened_with_it.values_list("user", flat=True))
    named = Q(pk__in=list(rows.values_list("user", flat=True))) | Q(email__iexact=email)
    rows.delete()
    for other in get_user_model()._default_manager.filter(named).exclude(pk=user.pk):
        closed = other.pk in closing
        other.email = "" if other.email.lower() == email.lower() else other.email
        other.is_active = other.is_active and not closed
        other.save(update_fields=["email", "is_active"])
        log_change(user, other, f"{email} removed, which another account has proved{'; closed' if closed else ''}.")

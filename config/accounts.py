"""Who gets in, and how: allauth's pages, with a second factor for staff.

Staff see every vendor's data, so with STAFF_NEEDS_TOTP a password alone opens nothing but the account pages to them:
not the admin, nor any page that is added later. The factor belongs to the session: one that was opened with a
password before the authenticator was set up is asked for a code too.
"""

import logging
import unicodedata
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.userkit import get_user_by_username
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.account.views import EmailView
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from config import addresses
from config.web import known
from config.web.links import site_url
from security import alarms, log
from security.models import Kind

logger = logging.getLogger(__name__)

SET_UP_HERE = "second_factor_set_up"  # in the session that activated an authenticator: which one
NOBODY = "names of no account"  # in the log, as one: whoever makes them up would use up the alarms
Handler = Callable[[HttpRequest], HttpResponseBase]


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """allauth's behaviour, with our way to see whether an address must be confirmed, and mails that may fail."""

    def get_login_stages(self) -> list[str]:
        own = {"allauth.account.stages.EmailVerificationStage": "config.accounts.ConfirmedAddress"}
        return [own.get(stage, stage) for stage in super().get_login_stages()]

    def clean_email(self, email: str) -> str:
        addresses.one_spelling(email)
        return email

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """The address is proved: from here on it is this account's alone. False where another one was faster, to which
        it belongs then; nothing else has changed by that time.
        """
        try:
            addresses.prove(email_address)
        except addresses.Taken:
            failed = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, failed, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """The proved address stays until another one is proved: an account without one passes as made by staff."""
        return not email_address.verified

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted by: the login alone, and apart from others' the tries of a browser that is
        known. allauth's own adds the host that the browser names, so that every spelling of it gave five tries more.
        It offers no public way; tests/config/test_lock.py says when it is gone.
        """
        login = counted_as(_typed(**credentials))
        name = known.name(request, _meant(**credentials)) if known.is_there(request) else ""
        return f"{login} {name}" if name else login

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            account = _meant(**credentials)
            login = log.shown(account) if account else NOBODY
            alarms.locked(login, user=account, why="too many failed sign-ins")
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        account = _meant(**credentials)
        login = _noted_as(account, **credentials)
        log.note(Kind.SIGN_IN_FAILED, request=request, user=account, login=login,
                 detail="wrong password" if account else "no such account")  # fmt: skip

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponseBase:
        log.note(Kind.SIGN_IN_REFUSED, request=request, user=user, detail="the account is deactivated")
        answer: HttpResponseBase = super().respond_user_inactive(request, user)
        return answer

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is noted, and told to who waits for the mail: nothing else depends on it.

        allauth makes links with the host that the browser names, which may be anybody's choice: here all become ours.
        """
        theirs = self.request.build_absolute_uri("/")
        ours = {
            name: site_url("/" + value.removeprefix(theirs))
            for name, value in context.items()
            if isinstance(value, str) and value.startswith(theirs)
        }
        site = SimpleNamespace(name="Vendor onboarding", domain=urlsplit(site_url()).netloc)
        context = {**context, **ours, "current_site": site, "site_url": site_url()}
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:  # smtplib's errors are OSErrors
            logger.exception("The mail %s could not be sent", template_prefix)
            messages.error(self.request, "We couldn't send the mail just now. Try again in a few minutes.")


def counted_as(login: str) -> str:
    """One text for all spellings that find the same account: PostgreSQL compares names in capitals, of which ſ and ı
    have those of s and i."""
    return unicodedata.normalize("NFKC", login).strip().upper().casefold()


def _typed(username: str = "", email: str = "", **_: Any) -> str:
    return email or username


def _noted_as(account: Any, **credentials: Any) -> str:
    """Of what names no account only the beginning is noted: people type passwords into the wrong field."""
    return log.shown(account) if account else f"{_typed(**credentials)[:3]}…"


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Finds the one account that is meant, so that every attempt hashes one password, whether or not there is one:
    allauth's own tries a known address twice, and whoever only claims it."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        return self._check_password(_meant(**credentials), credentials["password"])


def _meant(username: str = "", email: str = "", **_: Any) -> Any:
    """The account that a name or an address stands for: who proved it, who is called so, whom staff gave it."""
    if username and email and username != email:  # not typed, but an account's own, which confirms that it's itself
        return get_user_by_username(username)
    login = (email or username).strip()
    return addresses.owner(login) or get_user_by_username(login) or addresses.claimant(login)


class AddressView(EmailView):  # type: ignore[misc]
    """An account has one address, which is changed by proving another. No other is made the primary one."""

    def _action_primary(self, request: HttpRequest, *_: Any, **__: Any) -> None:
        return None


class ConfirmedAddress(EmailVerificationStage):  # type: ignore[misc]
    """Who signed up has proved the address, which is the primary one from the first. Accounts that staff made needn't
    have: a look at the page of addresses makes a row of theirs, but no primary one, and it opens nothing else."""

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        user = self.login.user  # None where allauth pretends, so as not to tell who has an account
        if user and (user.is_staff or not EmailAddress.objects.filter(user=user, primary=True).exists()):
            return None, True
        answer: tuple[HttpResponseBase | None, bool] = super().handle()
        return answer


def shown(user: Any) -> str:
    """What a person is called in messages: usernames of those who signed up are made up."""
    return str(user.email or user.get_username())


def staff_need_second_factor(get_response: Handler) -> Handler:
    """Middleware: staff who haven't shown a second factor get to the account pages only."""

    def process_view(request: HttpRequest, *_: Any) -> HttpResponseBase | None:
        page = missing_step(request) if settings.STAFF_NEEDS_TOTP else None
        request.second_factor_missing = page is not None  # type: ignore[attr-defined] # templates/page.html says why
        if page is None or _is_on_the_way(request, page):
            return None
        return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    middleware.process_view = process_view  # type: ignore[attr-defined] # where Django looks for it
    return middleware


def missing_step(request: HttpRequest) -> str | None:
    """The page where a member of staff sets up or shows the second factor; None where there is nothing to do."""
    user = request.user
    if not (user.is_authenticated and user.is_staff):
        return None
    if not is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        return "mfa_activate_totp"
    shown = any(record["method"] == "mfa" for record in get_authentication_records(request, user))
    return None if shown or request.session.get(SET_UP_HERE) == user.pk else "mfa_reauthenticate"


def _is_on_the_way(request: HttpRequest, page: str) -> bool:
    """Who has an authenticator gets to nothing but the page that asks for its code: on the others, a password alone
    would do to take the authenticator away, or to look at the recovery codes.
    """
    match = request.resolver_match
    if match is None:
        return False
    if page == "mfa_reauthenticate":
        return match.view_name in (page, "account_logout", "admin:logout")
    return match.route.startswith("accounts/") or match.view_name == "admin:logout"


@receiver(authenticator_added)
def _set_up_here(request: HttpRequest, user: Any, authenticator: Authenticator, **_: Any) -> None:
    """Activating took a code, so this session needn't show another."""
    if authenticator.type == Authenticator.Type.TOTP:
        request.session[SET_UP_HERE] = user.pk

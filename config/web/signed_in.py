"""How long somebody stays signed in: so long without a click, so long in all, and for what a fresh sign-in is needed.

Both limits stand in settings, shorter for staff, who see every vendor's data. The times are in the session itself, so
that they cost no query; what the page of sessions shows is noted once a minute. A page that keeps itself up to date, by
fetching parts or by loading itself anew, keeps nobody signed in.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.encoding import escape_uri_path

from config.web.text import span

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BEGAN, SEEN = "signed_in_at", "seen_at"  # in the session: seconds since 1970
ITSELF = "itself"  # in the address that a page has when it loads itself anew, for want of scripts
NOTE_SECONDS = 60  # how often it is noted that somebody is there

Handler = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True)
class Limits:
    """How long a session lasts without a click, and in all."""

    idle: timedelta
    whole: timedelta


def limits_of(user: "User") -> Limits:
    """Staff's, or those of vendors' people."""
    if user.is_staff:
        return Limits(settings.STAFF_SESSION_IDLE, settings.STAFF_SESSION)
    return Limits(settings.VENDOR_SESSION_IDLE, settings.VENDOR_SESSION)


def kept_within_limits(get_response: Handler) -> Handler:
    """Middleware: a session that has passed a limit is over, and no page of somebody's is kept by a browser."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return get_response(request)
        passed = _passed(request)
        if passed:
            return _over(request, passed)
        if not _by_itself(request):
            _note(request)
        response = get_response(request)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware


def _passed(request: HttpRequest) -> str:
    """What to say where a limit is passed, or ""."""
    now, limits = time.time(), limits_of(request.user)  # type: ignore[arg-type] # signed in
    if now - request.session.get(BEGAN, now) >= limits.whole.total_seconds():
        return f"You were signed out, as everybody is after {span(limits.whole)}. Sign in again."
    if now - request.session.get(SEEN, now) >= limits.idle.total_seconds():
        return f"You were signed out after {span(limits.idle)} without a click. Sign in again."
    return ""


def _over(request: HttpRequest, reason: str) -> HttpResponseBase:
    """To the sign-in, and back to the page that was asked for: not to the address of a form, whose content is lost."""
    address = resolve_url(settings.LOGIN_URL)
    logout(request)
    messages.info(request, reason)
    if _is_part(request):
        return HttpResponse(headers={"HX-Redirect": address})
    if request.method in ("GET", "HEAD"):
        query = request.GET.copy()
        query.pop(ITSELF, None)
        page = escape_uri_path(request.path) + (f"?{query.urlencode()}" if query else "")
        address += f"?{urlencode({'next': page})}"
    return HttpResponseRedirect(address)


def _by_itself(request: HttpRequest) -> bool:
    """Whether the page asks, not the person."""
    return _is_part(request) or ITSELF in request.GET


def _is_part(request: HttpRequest) -> bool:
    """Whether a part of a page is asked for: only what keeps itself up to date uses htmx."""
    return "HX-Request" in request.headers


def _note(request: HttpRequest) -> None:
    now = time.time()
    if now - request.session.get(SEEN, 0) < NOTE_SECONDS:
        return
    # One from before there were limits begins now, but nobody has signed in now.
    request.session.setdefault(BEGAN, now - settings.FRESH_SIGN_IN.total_seconds())
    request.session[SEEN] = now
    UserSession.objects.create_from_request(request)  # or brings up to date the one there is


@receiver(user_logged_in)
def _begin(request: HttpRequest, **_: Any) -> None:
    """A sign-in over an open session begins anew, too. allauth notes it for the page of sessions."""
    request.session[BEGAN] = request.session[SEEN] = time.time()


# --- a fresh sign-in -------------------------------------------------------------------------------------------

View = Callable[..., HttpResponseBase]


def needs_fresh_sign_in(view: View) -> View:
    """Decorates a view, or a method of an admin, for what a session that was left open shouldn't suffice for: who
    neither signed in nor confirmed it within FRESH_SIGN_IN is asked for the password or a code first, and comes back.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> HttpResponseBase:
        request = next(one for one in args if isinstance(one, HttpRequest))
        if not is_fresh(request):
            raise ReauthenticationRequired
        return view(*args, **kwargs)

    return guarded


def is_fresh(request: HttpRequest) -> bool:
    """Whether whoever asks has signed in, or confirmed that it's them, a short while ago."""
    if not request.user.is_authenticated:
        return False
    confirmed = [one["at"] for one in get_authentication_records(request, request.user) if one.get("reauthenticated")]
    last = max([request.session.get(BEGAN, 0.0), *confirmed])
    return bool(time.time() - last < settings.FRESH_SIGN_IN.total_seconds())


# --- all sessions of somebody ----------------------------------------------------------------------------------


def sessions_of(user: "User") -> list[UserSession]:
    """The user's sessions, the latest first. What is over by our limits ends here."""
    limits, now = limits_of(user), timezone.now()
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    over = [one for one in found if now - one.last_seen_at >= limits.idle or now - one.created_at >= limits.whole]
    for one in over:
        one.end()
    return sorted((one for one in found if one not in over), key=lambda one: one.last_seen_at, reverse=True)


def forget_ended() -> int:
    """What the schedule does: sessions that have expired go, with what was noted of them and of those that ended;
    returns how many."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).count()
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return expired


def device(user_agent: str) -> str:
    """A browser and a system as people call them, from what the browser says of itself: it may say anything."""
    browsers = (
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "an iPhone"), ("iPad", "an iPad"),
               ("Mac OS", "a Mac"), ("Linux", "Linux"))  # fmt: skip
    browser = next((name for sign, name in browsers if sign in user_agent), "Another program")
    system = next((name for sign, name in systems if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser

"""The page of somebody's own sessions: where they are signed in, and signing out there."""

from typing import Any, cast

from allauth.usersessions.internal.flows.sessions import end_other_sessions, end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from config.web import signed_in
from security import log
from security.models import Kind


@login_required
def page(request: HttpRequest) -> HttpResponseBase:
    """List them; sign out one, or all but this one."""
    user = cast(Any, request.user)
    if request.method == "POST":
        if "others" in request.POST:
            log.note(Kind.SESSIONS_ENDED, user=user, detail="all others of their own")
            end_other_sessions(request, user)
            messages.success(request, "You are signed out everywhere else.")
        else:
            _end(request, user, request.POST.get("end", ""))
        return redirect("usersessions_list" if request.user.is_authenticated else "account_login")
    here = request.session.session_key
    sessions = [(one, signed_in.device(one.user_agent), one.session_key == here) for one in signed_in.sessions_of(user)]
    shown = {"sessions": sessions, "limits": signed_in.limits_of(user)}
    return render(request, "usersessions/usersession_list.html", shown)


def _end(request: HttpRequest, user: Any, number: str) -> None:
    """Somebody else's session isn't there, as one that has ended."""
    found = [one for one in UserSession.objects.filter(user=user) if str(one.pk) == number]
    if found:
        log.note(Kind.SESSIONS_ENDED, user=user, detail="one of their own")
    end_sessions(request, found)
    if not found:
        messages.info(request, "That session had ended already.")
    elif request.user.is_authenticated:
        messages.success(request, f"Signed out: {signed_in.device(found[0].user_agent)}.")

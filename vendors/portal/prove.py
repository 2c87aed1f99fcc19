"""The page that takes the code which was sent to an address, and goes on with what waited for it."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from vendors import proof
from vendors.portal import apply, invitations, profile
from vendors.proof import Proof

# What happens when the code is right, by what waited for it.
FINISH: dict[str, Callable[[HttpRequest, Proof], HttpResponseBase]] = {
    "application": apply.finish,
    "invitation": invitations.finish,
    "company": profile.finish,
}


class CodeForm(forms.Form):
    """The code, as people type it: spaces and small letters don't matter."""

    code = forms.CharField(
        label="Code", max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True})
    )


@never_cache
def page(request: HttpRequest) -> HttpResponseBase:
    """Ask for the code."""
    waiting = proof.pending(request)
    if waiting is None:
        messages.error(request, "Nothing waits for a code in this browser any more. Start once more.")
        return redirect("start")
    if request.method == "POST" and "resend" in request.POST and waiting.can_resend:
        return proof.resend(waiting)
    form = CodeForm(request.POST if "code" in request.POST else None)
    if form.is_valid():
        if waiting.is_right(form.cleaned_data["code"]):
            waiting.abort()  # it is used up, whatever comes of it
            return FINISH[waiting.kind](request, waiting)
        if not waiting.record_invalid_attempt():
            messages.error(request, "The code was wrong three times. Start once more, and we send you another one.")
            return redirect("start")
        form.add_error("code", "This isn't the code that we sent.")
    return render(request, "vendors/portal/prove.html", {"form": form, "proof": waiting})

"""Add and change a source. Credentials go in and never come out: the form says only that there are some."""

import re
from datetime import time
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from config.outgoing import http
from uploads.models import Source, results
from uploads.portal.pages import page_of
from uploads.portal.sources.addresses import frame, source_of
from uploads.sources import changes
from uploads.sources.schedule import WEEKDAYS
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

OWNER = VendorMember.Role.OWNER
Auth, Kind = Source.Auth, Source.Kind
FITS: Final = {Kind.HTTPS: (Auth.NONE, Auth.PASSWORD, Auth.HEADER), Kind.SFTP: (Auth.PASSWORD, Auth.KEY)}
PASSWORD_CHARS: Final = 2_000
KEY_CHARS: Final = 16_000
KEPT: Final = "Kept, and never shown. Type another one to replace it."
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110
# What the connection itself says: nobody else may. Some of it goes to a server that a redirect leads to, too.
NOT_OURS: Final = {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect", "cookie",
                   *http.OURS}  # fmt: skip
AREAS: Final = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian",
                "Pacific")  # fmt: skip


@cache
def _zones() -> list[tuple[str, str]]:
    """By area and city: other names are old ones of the same."""
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in AREAS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class SourceForm(forms.ModelForm):  # type: ignore[type-arg] # it has no type argument when the code runs
    """A source as its owner writes it; `secret` is what was typed of new credentials."""

    at = forms.TimeField(label="At", help_text="By the clock of the time zone; every hour: at this minute.")
    password = forms.CharField(
        label="Password, or what the header says", required=False, max_length=PASSWORD_CHARS, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    private_key = forms.CharField(
        label="Private SSH key, without a passphrase", required=False, max_length=KEY_CHARS,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    class Meta:
        model = Source
        fields = ("name", "kind", "url", "auth", "user_name", "header_name", "every", "weekday", "time_zone", "mode")
        labels = {"kind": "Over", "user_name": "User", "every": "Fetched", "weekday": "On", "mode": "What it does"}
        help_texts = {
            "url": "Like https://shop.example/feed.csv, or sftp://files.example/out/feed.csv.",
            "header_name": "For “a header of our own”: its name, like X-Api-Key.",
            "weekday": "For every week.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source: Source = self.instance
        self.before = Source.objects.get(pk=source.pk) if source.pk else None
        self.fields["at"].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        self.initial["at"] = time(source.hour, source.minute)
        self.fields["weekday"] = forms.TypedChoiceField(
            label="On", choices=list(enumerate(WEEKDAYS)), coerce=int, help_text="For every week."
        )
        self.fields[
            "mode"
        ].help_text = f"Replace the whole catalog: {results.replace_words(source.vendor.absent_products)}"
        self.fields["time_zone"] = forms.ChoiceField(label="Time zone", choices=_zones())
        if self.before and self.before.secret:
            self.fields["private_key" if source.auth == Auth.KEY else "password"].help_text = KEPT

    @property
    def secret(self) -> str:
        name = "private_key" if self.cleaned_data.get("auth") == Auth.KEY else "password"
        return str(self.cleaned_data.get(name) or "")

    def clean_url(self) -> str:
        return str(self.cleaned_data["url"]).strip()

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        kind, auth = found.get("kind"), found.get("auth")
        if kind and "url" in found and (problem := address_problem(found["url"], kind)):
            self.add_error("url", problem)
        if kind and auth and auth not in FITS[kind]:
            fit = " or ".join(str(Auth(one).label) for one in FITS[kind])
            self.add_error("auth", f"A server over {Kind(kind).label} is signed in to with {fit}.")
        if auth in (Auth.PASSWORD, Auth.KEY) and not found.get("user_name"):
            self.add_error("user_name", "Say as which user to sign in.")
        if auth == Auth.HEADER:
            self._clean_header(found.get("header_name", ""))
        if auth and auth != Auth.NONE:
            self._clean_secret(auth)
        return found

    def _clean_header(self, name: str) -> None:
        if not HEADER_NAME.fullmatch(name):
            self.add_error("header_name", "Say which header, by its name: letters, digits and hyphens.")
        elif name.lower() in NOT_OURS:
            self.add_error("header_name", f"{name} is what the connection itself says. Choose another header.")

    def _clean_secret(self, auth: str) -> None:
        field, secret = ("private_key" if auth == Auth.KEY else "password"), self.secret
        if secret and auth != Auth.KEY and not secret.isprintable():
            self.add_error(field, "This has line breaks or other characters that can’t be sent.")
        if secret and auth == Auth.KEY and "PRIVATE KEY-----" not in secret:
            self.add_error(field, "This is no private key. It begins with -----BEGIN … PRIVATE KEY-----.")
        if secret:
            return
        before = self.before
        if before is None or not before.secret or before.auth != auth:
            self.add_error(field, "Type what to sign in with.")
        elif _server(before.url) != _server(self.cleaned_data.get("url", "")):
            # Else who may change the address could have the old credentials sent to a server of theirs.
            self.add_error(field, "The address is on another server: type again what to sign in with there.")

    def keep(self, user: Any) -> Source:
        """Save it. Raises changes.NotPossible."""
        source: Source = self.instance
        at = self.cleaned_data["at"]
        source.hour, source.minute = at.hour, at.minute
        changes.save(source, set(self.changed_data), self.secret, user)
        return source


def address_problem(url: str, kind: str) -> str:
    """What is wrong with an address, as far as it shows without asking for it; "" if nothing is."""
    if not url.isprintable() or " " in url or "\\" in url:
        return "An address has no spaces, no line breaks and no backslashes. Write a space as %20."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is no address: look at the server’s name and at the port."
    schemes = ("sftp",) if kind == Kind.SFTP else ("https", "http") if _plain() else ("https",)
    if parts.scheme not in schemes:
        return f"An address over {Kind(kind).label} begins with {schemes[0]}://."
    if not host:
        return "The address has no server in it."
    if parts.username is not None or parts.password is not None:
        return "Don’t write user and password into the address: everybody sees it. There are fields for them."
    if parts.fragment or (kind == Kind.SFTP and parts.path in ("", "/")):
        return "Say which file it is, by its path; without a #."
    return ""


def _plain() -> bool:
    return bool(getattr(settings, "OUTGOING_PLAIN_HTTP", False))


def _server(url: str) -> tuple[str, str]:
    """Scheme, and host with port."""
    scheme, _, rest = url.partition("://")
    return scheme.lower(), re.split(r"[/?#]", rest, maxsplit=1)[0].lower()


@vendor_page(OWNER)
def add(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """A new one."""
    return _form(request, vendor, Source(vendor=vendor))


@vendor_page(OWNER)
def change(request: HttpRequest, vendor: Vendor, source_id: int) -> HttpResponseBase:
    """One that is there."""
    return _form(request, vendor, source_of(vendor, source_id))


def _form(request: HttpRequest, vendor: Vendor, source: Source) -> HttpResponseBase:
    form, problem, name = SourceForm(request.POST or None, instance=source), "", source.name
    if request.method == "POST" and form.is_valid():
        try:
            kept = form.keep(request.user)
        except changes.NotPossible as refused:
            problem = str(refused)
        else:
            messages.success(request, "Saved. Test it now: nothing of a test is imported.")
            return redirect(page_of("source", vendor, kept.pk))
    groups = [
        ("Where it is", [form[name] for name in ("name", "kind", "url")]),
        ("How to sign in there", [form[name] for name in ("auth", "user_name", "header_name", "password",
                                                          "private_key")]),
        ("When it is fetched", [form[name] for name in ("every", "weekday", "at", "time_zone", "mode")]),
    ]  # fmt: skip
    context = {"vendor": vendor, "source": source, "name": name, "form": form, "groups": groups, "problem": problem}
    return render(request, "uploads/portal/sources/form.html", context | frame(request))

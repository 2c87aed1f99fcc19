"""Tokens of vendors' programs in the admin: who has which, made for a vendor that can't, and revoked."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Model, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from config.web.filters import made_filter
from config.web.links import keeping, page_url, tag
from config.web.text import NOTHING, visible
from security.log import shown
from vendors import access, mails
from vendors.models import ApiToken, Vendor
from vendors.portal.tokens import TokenForm
from vendors.tables import VendorFilter, VendorTableAdmin, vendor_link
from vendors.tokens import make

STATES = [("live", "works"), ("expired", "expired"), ("revoked", "revoked")]
COLOURS = {"live": "active", "expired": "waiting", "revoked": "closed"}


class StaffTokenForm(TokenForm):
    """A token, and the vendor that it is for."""

    vendor = forms.CharField(label="Vendor ID", max_length=50)
    field_order = ["vendor"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_vendor(self) -> Vendor:
        found = access.vendors_of(self.user).filter(pk=self.cleaned_data["vendor"].strip()).first()
        if found is None:
            raise forms.ValidationError("There is no such vendor.")
        return found


class ApiTokenAdmin(VendorTableAdmin):
    """What a token is, is said when it is made; from then on it is looked at, and revoked."""

    change_form_template = "uploads/staff/programs/token.html"
    empty_says = "There are no tokens yet. A vendor's owners make them on their pages, or they are made here."
    list_display = ["shown_name", "begins", "vendor_link", "state_tag", "made_by", "last_used_at", "expires_at"]
    more_columns = ("shown_scopes", "created_at", "revoked_at", "gone_by")
    list_filter = [VendorFilter, made_filter("state", STATES)]
    list_select_related = ["vendor", "created_by", "revoked_by"]
    search_fields = ["name", "hint"]
    search_help_text = "A part of the name, or how it begins"
    readonly_fields = [
        "shown_name", "begins", "vendor_link", "shown_scopes", "state_tag", "made_by", "created_at", "expires_at",
        "last_used_at", "revoked_at", "gone_by",
    ]  # fmt: skip
    fields = list(readonly_fields)
    export_leaves_out = ("token_hash",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        state = Case(
            When(revoked_at__isnull=False, then=Value("revoked")),
            When(expires_at__lte=Now(), then=Value("expired")),
            default=Value("live"),
        )
        rows: QuerySet[Any] = super().get_queryset(request).annotate(state=state)
        return rows

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("vendors.change_apitoken")

    # --- what a row says ---

    @admin.display(description="name", ordering="name")
    def shown_name(self, token: ApiToken) -> str:
        return visible(token.name)

    @admin.display(description="begins", ordering="hint")
    def begins(self, token: ApiToken) -> str:
        return f"{token.hint}…"

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, token: ApiToken) -> SafeString | str:
        return vendor_link(token)

    @admin.display(description="it may")
    def shown_scopes(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @admin.display(description="state")
    def state_tag(self, token: Any) -> SafeString:
        return tag(COLOURS[token.state], dict(STATES)[token.state])

    @admin.display(description="made by")
    def made_by(self, token: ApiToken) -> str:
        return visible(shown(token.created_by)) if token.created_by else NOTHING

    @admin.display(description="revoked by")
    def gone_by(self, token: ApiToken) -> str:
        return visible(shown(token.revoked_by)) if token.revoked_by else NOTHING

    # --- making and revoking ---

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<path:object_id>/revoke/", view, name="vendors_apitoken_revoke"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """The form, and on the answer to it, this once, the new token's text."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        user, made, text = cast(Any, request.user), None, ""
        form = StaffTokenForm(request.POST or None, user=user, initial={"vendor": request.GET.get("vendor", "")})
        if request.method == "POST" and form.is_valid():
            asked = form.cleaned_data
            until = timezone.now() + timedelta(days=asked["days"])
            try:
                made, text = make.make(asked["vendor"], asked["name"], asked["scopes"], until, user)
                mails.tell_of_token(made)
            except make.NotPossible as refused:
                form.add_error(None, str(refused))
        context = {
            **self.admin_site.each_context(request), "title": "New token" if made else "Make a token",
            "opts": self.opts, "form": form, "made": made, "text": text,
            "back": reverse("admin:vendors_apitoken_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "uploads/staff/programs/make_token.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Beside what it is stands the way to revoke it, for those who may."""
        more = {"may_revoke": self.has_revoke_permission(request)}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Asks, and then revokes it."""
        token = self.get_object(request, unquote(object_id))
        if not (self.has_view_permission(request, token) and self.has_revoke_permission(request)):
            raise PermissionDenied
        if token is None:
            raise Http404
        back = keeping(request, page_url("vendors_apitoken", token.pk))
        if request.method == "POST":
            if make.revoke(token, cast(Any, request.user)):
                messages.success(request, f"{visible(str(token))} is revoked: it opens nothing any more.")
            return redirect(back)
        context = {
            **self.admin_site.each_context(request), "title": f"Revoke {visible(str(token))}", "opts": self.opts,
            "token": token, "back": back,
        }  # fmt: skip
        return TemplateResponse(request, "uploads/staff/programs/revoke_token.html", context)


def of_vendor(request: HttpRequest, vendor: Vendor, most: int) -> dict[str, Any]:
    """For the vendor's page: its newest tokens that work, and the ways on, for those who may see them."""
    if not request.user.has_perm("vendors.view_apitoken"):
        return {}
    add = f"{reverse('admin:vendors_apitoken_add')}?vendor={quote(vendor.pk)}"
    return {
        "tokens": [(one, page_url("vendors_apitoken", one.pk)) for one in make.live(vendor)[:most]],
        "tokens_url": f"{reverse('admin:vendors_apitoken_changelist')}?vendor={quote(vendor.pk)}",
        "make_token_url": add if request.user.has_perm("vendors.add_apitoken") else "",
    }

"""Second factors in the admin: who has one, and taking it away from somebody who lost the phone.

allauth's own page would show the secrets to whoever may view authenticators.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.web.tables import ModelAdmin


class AuthenticatorAdmin(ModelAdmin):
    """Can be deleted, and otherwise only looked at."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, Authenticator.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """With one go the others of that person: codes that were kept beside a lost phone are lost with it."""
        Authenticator.objects.filter(user__in=queryset.values("user")).delete()


def register() -> None:
    """Put ours in place of allauth's. Addresses are confirmed by who reads their mail, not by staff."""
    if admin.site.is_registered(EmailAddress):
        admin.site.unregister([EmailAddress, Authenticator])
        admin.site.register(Authenticator, AuthenticatorAdmin)

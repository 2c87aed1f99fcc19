"""Accounts in the admin: people, and their second factors, which are taken away from who lost the phone.

An address that staff type is proved by nobody (docs/security.md, Identity). allauth's own page of second factors would
show the secrets to whoever may view authenticators.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import Field, QuerySet
from django.http import HttpRequest

from config.web.names import one_line
from config.web.tables import ModelAdmin

if TYPE_CHECKING:
    PeopleAdmin = UserAdmin[User]
else:
    PeopleAdmin = UserAdmin


class PersonAdmin(PeopleAdmin):
    """Django's, in which another address takes the place of the proved one: who reads the old mail may be gone."""

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest | None, **kwargs: Any) -> Any:
        found = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[arg-type] # as Django's stubs say
        if db_field.name in ("first_name", "last_name") and found:
            found.validators.append(one_line)
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()


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
    """Put ours in place of allauth's. Addresses are proved by who reads their mail, and everybody ends their own
    sessions: neither is for staff."""
    if admin.site.is_registered(EmailAddress):
        admin.site.unregister([EmailAddress, Authenticator, UserSession, User])
        admin.site.register(Authenticator, AuthenticatorAdmin)
        admin.site.register(User, PersonAdmin)

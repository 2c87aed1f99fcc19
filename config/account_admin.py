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
from django.db import transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.web import confirm
from config.web.admin_log import log_change
from config.web.names import one_line
from config.web.tables import ModelAdmin
from config.web.text import visible
from security import log
from security.models import Kind

if TYPE_CHECKING:
    PeopleAdmin = UserAdmin[User]
else:
    PeopleAdmin = UserAdmin


class PersonAdmin(PeopleAdmin):
    """Django's, in which another address takes the place of the proved one: who reads the old mail may be gone.

    Who may change people and is no superuser becomes none by it: superusers are out of reach, and what they have isn't
    theirs to give.
    """

    actions = ["deactivate"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _within_reach(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else [*fixed, "is_superuser", "groups", "user_permissions"]

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest | None, **kwargs: Any) -> Any:
        found = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[arg-type] # as Django's stubs say
        if db_field.name in ("first_name", "last_name") and found:
            found.validators.append(one_line)
        return found

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: what they did in the admin would be deleted with them."""
        return False

    @admin.action(description="Deactivate selected users", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        """Ask, and then shut them out. Nobody does so to themselves."""
        theirs = queryset.filter(is_active=True).exclude(pk=request.user.pk)
        if not request.user.is_superuser:
            theirs = theirs.exclude(is_superuser=True)
        if confirm.was_confirmed(request):
            keys = confirm.chosen(request)
            done = [_deactivated(request, user) for user in theirs.filter(pk__in=[k for k in keys if k.isdecimal()])]
            confirm.say(request, "deactivated", len(done), len(keys), "{} user", "{} users")
            return None
        question = confirm.Question(
            action="deactivate",
            title="Deactivate users",
            button="Yes, deactivate",
            meaning=[
                "They are signed out everywhere and can't sign in. What they did stays in every log and history.",
                "Their memberships and groups stay, and count again if they are made active on their page.",
            ],
            lines=[(str(user.pk), visible(log.named(user))) for user in theirs],
            nothing="None of them can be deactivated: they are already, or it is you, or a superuser.",
        )
        return confirm.ask(self, request, question)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            _end_sessions(obj)
        if change and "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()


def _within_reach(request: HttpRequest, user: Any) -> bool:
    """Whether staff who may do something to people may do it to this one; None is people in general."""
    return request.user.is_superuser or not (user and user.is_superuser)


@transaction.atomic
def _deactivated(request: HttpRequest, user: Any) -> Any:
    user.is_active = False
    user.save(update_fields=["is_active"])
    log_change(request.user, user, "Deactivated.")
    _end_sessions(user)
    return user


def _end_sessions(user: Any) -> None:
    """Being made active again later opens none of them."""
    for session in (ended := list(UserSession.objects.filter(user=user))):
        session.end()
    if ended:
        log.note(Kind.SESSIONS_ENDED, about=f"user {log.named(user)}", detail="all, with the account deactivated")


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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _within_reach(request, obj and obj.user)

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

"""The security log in the admin: read, filtered, searched and exported by those who may, changed by nobody."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.web.filters import TypedFilter, choice_filter
from config.web.tables import ReadOnly, TableAdmin
from config.web.text import visible
from security.models import Kind, SecurityEvent


class PersonFilter(TypedFilter):
    """By who did it: the name or address that it was done under, or the account's number."""

    title, parameter_name, hint = "person", "person", "Name, e-mail or number"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """idx_security_log_login, idx_security_log_account"""
        typed = (self.value() or "").strip()
        if not typed:
            return queryset
        folded: QuerySet[Any] = queryset.alias(folded=Lower("login"))
        return folded.filter(Q(folded=Lower(Value(typed))) | Q(account=typed))


class VendorFilter(TypedFilter):
    """By the vendor that it was about."""

    title, parameter_name, column, hint = "vendor", "vendor", "vendor_id", "Vendor ID"


class DayFilter(TypedFilter):
    """By the day, in the time zone that the admin shows (idx_security_log_at)."""

    title, parameter_name, kind, hint = "day", "day", "date", "Day"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        try:
            day = date.fromisoformat(self.value() or "")
            start = timezone.make_aware(datetime.combine(day, time.min))
            return queryset.filter(at__gte=start, at__lt=start + timedelta(days=1))
        except (ValueError, OverflowError) as error:  # no day, or one beyond the calendar
            raise IncorrectLookupParameters from error


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnly, TableAdmin):
    """What happened, the latest first."""

    list_display = ["when", "what", "who", "vendor", "told", "whence"]
    list_filter = [PersonFilter, VendorFilter, DayFilter, choice_filter("what", list(Kind.choices))]
    search_fields = ["login", "about", "detail", "address"]
    search_help_text = "A part of who, about what, the details, or the address"
    sortable_by = ["when"]
    fields = ["when", "what", "who", "account", "vendor", "concerning", "said", "whence", "program"]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("security.export_securityevent")

    @admin.display(description="when", ordering="at")
    def when(self, event: SecurityEvent) -> str:
        return f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="about")
    def told(self, event: SecurityEvent) -> SafeString:
        return format_html_join("", "<div>{}</div>", ((visible(text),) for text in (event.about, event.detail) if text))

    @admin.display(description="who")
    def who(self, event: SecurityEvent) -> str:
        return visible(event.login)

    @admin.display(description="vendor")
    def vendor(self, event: SecurityEvent) -> str:
        return visible(event.vendor_id)

    @admin.display(description="about")
    def concerning(self, event: SecurityEvent) -> str:
        return visible(event.about)

    @admin.display(description="detail")
    def said(self, event: SecurityEvent) -> str:
        return visible(event.detail)

    @admin.display(description="from")
    def whence(self, event: SecurityEvent) -> str:
        return visible(event.address)

    @admin.display(description="with")
    def program(self, event: SecurityEvent) -> str:
        return visible(event.agent)

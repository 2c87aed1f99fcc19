"""Rules, severities and thresholds with "Test this change" where they are made, and the pages of tests."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from uploads.staff.rules import ValueRuleAdmin
from uploads.staff.severities.listing import SeverityRuleAdmin
from uploads.staff.shadow import page
from uploads.staff.thresholds.listing import GuardThresholdAdmin


class TestedRuleAdmin(ValueRuleAdmin):
    """The rules, each tried on past rows before it is saved or taken away."""

    change_form_template = "uploads/staff/shadow/rule.html"

    def get_urls(self) -> Any:
        pages: list[tuple[str, Any, str]] = [
            ("test/", self.ask_view, "test"), ("tests/", self.list_view, "tests"),
            ("tests/<int:key>/", self.found_view, "tested"),
            ("tests/<int:key>/progress/", self.progress_view, "tested_progress"),
            ("tests/<int:key>/stop/", self.stop_view, "tested_stop"),
            ("tests/<int:key>/make/", self.make_view, "tested_make"),
        ]  # fmt: skip
        own = [path(at, self.admin_site.admin_view(view), name=f"uploads_valuerule_{name}") for at, view, name in pages]
        return [*own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        shown = {"may_test": page.may_test(request)}
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

    def ask_view(self, request: HttpRequest) -> HttpResponseBase:
        """What is to be tested, before the test is started."""
        return page.ask_page(request, self._context(request))

    def list_view(self, request: HttpRequest) -> HttpResponseBase:
        """All tests."""
        return page.list_page(request, self._context(request))

    def found_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What one found."""
        return page.found_page(request, key, self._context(request))

    def progress_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The part of that page that changes."""
        return page.progress_part(request, key)

    def stop_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """End one."""
        return page.stop(request, key)

    def make_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Make what was tested, for some vendors or for all, or take it back."""
        return page.make(request, key)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}


class TestedSeverityAdmin(SeverityRuleAdmin):
    """The severities, each tried on past rows before it is said."""

    change_form_template = "uploads/staff/shadow/severity.html"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        return super().add_view(request, form_url, {"may_test": page.may_test(request)} | (extra_context or {}))


class TestedThresholdAdmin(GuardThresholdAdmin):
    """The thresholds of the guard, each tried on past uploads before it is set."""

    change_form_template = "uploads/staff/shadow/threshold.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        shown = {"may_test": page.may_test(request)}
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

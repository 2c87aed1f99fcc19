"""Webhooks of vendors' programs in the admin: what was sent to them; disabled, enabled, and a delivery sent again."""

from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString

from config.web.filters import made_filter
from config.web.links import keeping, page_url, tag
from config.web.text import visible
from vendors.models import Vendor, Webhook, WebhookDelivery
from vendors.portal.webhooks import TRIES, deliveries_of
from vendors.tables import ReadOnlyVendorTableAdmin, VendorFilter, vendor_link
from vendors.webhooks import make

STATES: Final = [("on", "on"), ("failing", "failing"), ("disabled", "disabled")]
COLOURS: Final = {"on": "active", "failing": "waiting", "disabled": "closed"}
BY_STAFF = "The staff disabled it."


class WebhookAdmin(ReadOnlyVendorTableAdmin):
    """Its vendor's owners add and change it; its secret is shown to nobody."""

    change_form_template = "uploads/staff/programs/webhook.html"
    empty_says = "There are no webhooks yet. A vendor's owners add them on their pages, or their programs do."
    list_display = ["shown_url", "vendor_link", "shown_description", "state_tag", "failing_since", "created_at"]
    list_filter = [VendorFilter, made_filter("state", STATES)]
    list_select_related = ["vendor"]
    search_fields = ["url", "description"]
    search_help_text = "A part of the address or the description"
    readonly_fields = [
        "shown_url", "vendor_link", "shown_description", "shown_events", "state_tag", "failing_since", "disabled_at",
        "shown_reason", "created_at",
    ]  # fmt: skip
    fields = list(readonly_fields)
    export_leaves_out = ("secret", "secret_before", "secret_before_until")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        state = Case(
            When(disabled_at__isnull=False, then=Value("disabled")),
            When(failing_since__isnull=False, then=Value("failing")),
            default=Value("on"),
        )
        rows: QuerySet[Any] = super().get_queryset(request).annotate(state=state)
        return rows

    def may_turn(self, request: HttpRequest) -> bool:
        return request.user.has_perm("vendors.change_webhook")

    # --- what a row says ---

    @admin.display(description="address", ordering="url")
    def shown_url(self, webhook: Webhook) -> str:
        return visible(webhook.url)

    @admin.display(description="description", ordering="description")
    def shown_description(self, webhook: Webhook) -> str:
        return visible(webhook.description)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, webhook: Webhook) -> SafeString | str:
        return vendor_link(webhook)

    @admin.display(description="events")
    def shown_events(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @admin.display(description="state")
    def state_tag(self, webhook: Any) -> SafeString:
        return tag(COLOURS[webhook.state], webhook.state)

    @admin.display(description="why it is disabled", empty_value="–")
    def shown_reason(self, webhook: Webhook) -> str:
        return visible(webhook.disabled_reason)

    # --- its page, and what is done there ---

    def get_urls(self) -> Any:
        own = (
            ("<path:object_id>/turn/", self.turn_view, "vendors_webhook_turn"),
            ("<path:object_id>/deliveries/<int:delivery_id>/", self.delivery_view, "vendors_webhook_delivery"),
        )
        return [path(at, self.admin_site.admin_view(view), name=name) for at, view, name in own] + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """With its deliveries, and the way to disable it for those who may."""
        webhook = self.get_object(request, unquote(object_id))
        shown = {"may_turn": self.may_turn(request), **(deliveries_of(request, webhook) if webhook else {})}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def turn_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Asks, and then disables or enables it."""
        webhook = self._found(request, object_id)
        if not self.may_turn(request):
            raise PermissionDenied
        back = keeping(request, page_url("vendors_webhook", webhook.pk))
        if request.method == "POST":
            user = cast(Any, request.user)
            if request.POST.get("do") == "enable":
                if make.enable(webhook, user):
                    messages.success(request, "It is enabled: what happens from now on is sent to it.")
            elif make.disable(webhook, user, BY_STAFF):
                messages.success(request, "It is disabled: nothing is sent to it.")
            return redirect(back)
        title = f"{'Enable' if webhook.disabled_at else 'Disable'} the webhook at {visible(webhook.host)}"
        return self._page(request, "webhook_turn", {"title": title, "webhook": webhook, "back": back})

    def delivery_view(self, request: HttpRequest, object_id: str, delivery_id: int) -> HttpResponseBase:
        """What was sent, and what each try came to; send it again."""
        webhook = self._found(request, object_id)
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook"), pk=delivery_id, webhook=webhook)
        if request.method == "POST":
            if not self.may_turn(request):
                raise PermissionDenied
            try:
                make.send_again(delivery)
                messages.success(request, "It is sent again. Reload this page in some seconds.")
            except make.NotPossible as refused:
                messages.error(request, str(refused))
            return redirect("admin:vendors_webhook_delivery", quote(webhook.pk), delivery.pk)
        shown = {
            "title": delivery.event, "delivery": delivery, "tries": list(delivery.attempts.order_by("-id")[:TRIES]),
            "may_turn": self.may_turn(request) and not webhook.disabled_at, "most": TRIES,
            "back": page_url("vendors_webhook", webhook.pk),
        }  # fmt: skip
        return self._page(request, "delivery", shown)

    def _found(self, request: HttpRequest, object_id: str) -> Webhook:
        webhook = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, webhook):
            raise PermissionDenied
        if webhook is None:
            raise Http404
        return cast(Webhook, webhook)

    def _page(self, request: HttpRequest, name: str, shown: dict[str, Any]) -> HttpResponseBase:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **shown}
        return TemplateResponse(request, f"uploads/staff/programs/{name}.html", context)


def of_vendor(request: HttpRequest, vendor: Vendor) -> dict[str, Any]:
    """For the vendor's page: its webhooks, for those who may see them."""
    if not request.user.has_perm("vendors.view_webhook"):
        return {}
    return {
        "webhooks": [(one, page_url("vendors_webhook", one.pk)) for one in Webhook.objects.filter(vendor=vendor)],
        "webhooks_url": f"{reverse('admin:vendors_webhook_changelist')}?vendor={quote(vendor.pk)}",
    }

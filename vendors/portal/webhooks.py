"""The pages on which a vendor's owners say where its programs are told of events, and all see what came of it."""

from collections.abc import Callable
from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from config.web.names import one_line
from vendors.access import may_here, vendor_page
from vendors.models import URL_CHARS, Vendor, VendorMember, Webhook, WebhookDelivery
from vendors.webhooks import make

OWNER, VIEWER = VendorMember.Role.OWNER, VendorMember.Role.VIEWER
EVENTS = [(event.value, f"{event.value}: {event.label}") for event in Webhook.Event]
PAGE: Final = 50  # deliveries
TRIES: Final = 50  # of one delivery, the newest: sent again, it has more than ten
STATES: Final = [("", "all"), *((state.value, state.label.lower()) for state in WebhookDelivery.State)]
ONLY_OWNERS = "Your role doesn't allow this. Ask an owner."


class WebhookForm(forms.Form):
    """Where to, and what of."""

    url = forms.CharField(
        label="Address", max_length=URL_CHARS, help_text="It begins with https://, and everybody can reach it.",
        widget=forms.URLInput,
    )  # fmt: skip
    description = forms.CharField(
        label="Description", max_length=make.DESCRIPTION_CHARS, required=False, validators=[one_line]
    )
    events = forms.MultipleChoiceField(
        label="It is told that", choices=EVENTS, widget=forms.CheckboxSelectMultiple,
        initial=[Webhook.Event.FEED_COMPLETED, Webhook.Event.FEED_COMPLETED_WITH_ERRORS, Webhook.Event.FEED_FAILED],
    )  # fmt: skip


@vendor_page(VIEWER)
def listing(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The vendor's webhooks, and the form to add one. The secret of a new one stands on this answer alone."""
    form, made, secret = WebhookForm(request.POST or None), None, ""
    if request.method == "POST":
        _refuse_others(request)
        if form.is_valid():
            try:
                made, secret = make.add(vendor, **form.cleaned_data, by=cast(Any, request.user))
                form = WebhookForm()
            except make.NotPossible as refused:
                form.add_error(refused.field or None, str(refused))
    shown = {
        "webhooks": Webhook.objects.filter(vendor=vendor),
        "most": make.OF_ONE_VENDOR,
        "form": form,
        "made": made,
        "secret": secret,
    }
    return render(request, "vendors/portal/webhooks.html", _frame(request, vendor) | shown)


@vendor_page(VIEWER)
def webhook(request: HttpRequest, vendor: Vendor, webhook_id: int) -> HttpResponseBase:
    """One webhook: what it is told of, what was sent to it, and what its owners do with it."""
    found = get_object_or_404(Webhook.objects.select_related("vendor"), pk=webhook_id, vendor=vendor)
    form, secret = _form_of(found), ""
    if request.method == "POST":
        _refuse_others(request)
        asked = request.POST.get("do", "save")
        if asked == "save":
            form = WebhookForm(request.POST)
            if form.is_valid() and _saved(request, found, form):
                return redirect("vendor:webhook", vendor.pk, found.pk)
        elif asked == "secret":
            secret = _renewed(request, found)
            found.refresh_from_db()
        else:
            _do(request, found, asked)
            return redirect("vendor:webhook", vendor.pk, found.pk)
    shown = {"one": found, "form": form, "secret": secret, **deliveries_of(request, found)}
    return render(request, "vendors/portal/webhook.html", _frame(request, vendor) | shown)


@vendor_page(OWNER)
def delete(request: HttpRequest, vendor: Vendor, webhook_id: int) -> HttpResponseBase:
    """Asks, and then deletes it."""
    found = get_object_or_404(Webhook.objects.select_related("vendor"), pk=webhook_id, vendor=vendor)
    if request.method == "POST":
        try:
            make.delete(found, cast(Any, request.user))
            messages.success(request, f"The webhook at {found.host} is deleted.")
        except make.NotPossible as refused:
            messages.error(request, str(refused))
        return redirect("vendor:webhooks", vendor.pk)
    return render(request, "vendors/portal/webhook_delete.html", _frame(request, vendor) | {"one": found})


@vendor_page(VIEWER)
def delivery(request: HttpRequest, vendor: Vendor, webhook_id: int, delivery_id: int) -> HttpResponseBase:
    """One delivery: what was sent, what each try came to; send it again."""
    found = get_object_or_404(
        WebhookDelivery.objects.select_related("webhook"), pk=delivery_id, webhook=webhook_id, webhook__vendor=vendor
    )
    if request.method == "POST":
        _refuse_others(request)
        try:
            make.send_again(found)
            messages.success(request, "It is sent again. Reload this page in some seconds.")
        except make.NotPossible as refused:
            messages.error(request, str(refused))
        return redirect("vendor:delivery", vendor.pk, webhook_id, found.pk)
    tries = list(found.attempts.order_by("-id")[:TRIES])
    shown = {"one": found, "tries": tries, "most": TRIES}
    return render(request, "vendors/portal/delivery.html", _frame(request, vendor) | shown)


def _frame(request: HttpRequest, vendor: Vendor) -> dict[str, Any]:
    owner = may_here(request, OWNER)
    return {
        "vendor": vendor,
        "section": "programs" if owner else "webhooks",
        "may_change": owner,
        "now": timezone.now(),
    }


def _refuse_others(request: HttpRequest) -> None:
    if not may_here(request, OWNER):
        raise PermissionDenied(ONLY_OWNERS)


def _form_of(found: Webhook) -> WebhookForm:
    return WebhookForm(initial={"url": found.url, "description": found.description, "events": found.events})


def _saved(request: HttpRequest, found: Webhook, form: WebhookForm) -> bool:
    try:
        make.change(found, **form.cleaned_data, by=cast(Any, request.user))
    except make.NotPossible as refused:
        form.add_error(refused.field or None, str(refused))
        return False
    messages.success(request, "Saved.")
    return True


def _renewed(request: HttpRequest, found: Webhook) -> str:
    try:
        return make.renew_secret(found, cast(Any, request.user))
    except make.NotPossible as refused:
        messages.error(request, str(refused))
        return ""


def _do(request: HttpRequest, found: Webhook, asked: str) -> None:
    """What one of its buttons says; nothing for what is none."""
    user = cast(Any, request.user)
    known: dict[str, tuple[Callable[[], object], str]] = {
        "test": (lambda: make.test(found), "A test is sent. It stands below; reload this page in some seconds."),
        "disable": (lambda: make.disable(found, user), "It is disabled: nothing is sent to it."),
        "enable": (lambda: make.enable(found, user), "It is enabled: what happens from now on is sent to it."),
    }
    if asked not in known:
        return
    do, said = known[asked]
    try:
        do()
        messages.success(request, said)
    except make.NotPossible as refused:
        messages.error(request, str(refused))


def deliveries_of(request: HttpRequest, found: Webhook) -> dict[str, Any]:
    """A page of them, the newest first, by idx_webhook_deliveries_webhook."""
    state, before = request.GET.get("state", ""), request.GET.get("before", "")
    rows = WebhookDelivery.objects.filter(webhook=found).order_by("-id")
    if state in WebhookDelivery.State.values:
        rows = rows.filter(state=state)
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows.defer("body")[: PAGE + 1])
    return {
        "deliveries": page[:PAGE],
        "older": page[PAGE - 1].pk if len(page) > PAGE else None,
        "state": state if state in WebhookDelivery.State.values else "",
        "states": STATES,
    }

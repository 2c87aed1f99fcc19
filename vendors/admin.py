"""Vendors in the admin: their data, whether they may send products, who works for them, and how they are doing.

VendorAdmin is registered by uploads/admin.py, which adds the quality of what they send: uploads know the vendors, not
the reverse.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.web import confirm
from config.web.links import keeping, page_url, tag
from config.web.text import counted, visible
from vendors import approval, viewing
from vendors.approval import APPROVE, REACTIVATE, SUSPEND, TRANSITIONS, Transition
from vendors.members_inline import MemberInline
from vendors.models import Vendor
from vendors.tables import VendorTableAdmin

# What is done with a new name, by what the button says.
NAME_ANSWERS = {"accept": "accepted", "refuse": "refused"}


class RequestedNameFilter(admin.EmptyFieldListFilter):
    """Vendors that ask for another name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "new name asked for"


class VendorAdmin(VendorTableAdmin):
    """Who may send products. One that has sent something is suspended, not deleted."""

    list_display = ["company", "status_tag", "email", "created_at"]  # and its numbers, in uploads/staff/vendors.py
    opens = {
        "opens_product": "catalog.view_product",
        "opens_upload": "uploads.view_uploadhistory",
        "opens_errors": "uploads.view_validationerror",
    }
    list_filter = ["status", ("requested_name", RequestedNameFilter), "created_at"]
    search_fields = ["vendor_id", "vendor_name", "business_name", "email"]
    search_help_text = "ID, name or email"
    actions = ["approve", "suspend", "reactivate"]
    inlines = [MemberInline]
    fieldsets = [
        (None, {"fields": ["vendor_id", "vendor_name", "requested_name", "status"]}),
        ("Contact", {"fields": ["email", "phone"]}),
        (
            "Business",
            {"fields": ["business_name", "tax_id", "address", "city", "state", "postal_code", "country", "currency"]},
        ),
        ("Rows that wait", {"fields": ["retries_by_itself"]}),
        ("Files with the whole catalog", {"fields": ["absent_products"]}),
        ("Dates", {"fields": ["created_at", "updated_at"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Vendor | None = None) -> list[str]:
        fixed = [
            "requested_name", "created_at", "updated_at", "declined_at", "declined_reason",
            *(["vendor_id"] if obj else []),
        ]  # fmt: skip
        return fixed if self.has_approve_permission(request) else [*fixed, "status"]

    def get_fieldsets(self, request: HttpRequest, obj: Vendor | None = None) -> Any:
        """A new vendor has nothing to show yet, and who may not approve it isn't asked for its status."""
        if obj:
            return self._with_reason() if obj.declined_reason else self.fieldsets
        left_out = {*self.get_readonly_fields(request)}
        new = [(title, {"fields": [name for name in options["fields"] if name not in left_out]})
               for title, options in self.fieldsets]  # fmt: skip
        return [(title, options) for title, options in new if options["fields"]]

    def _with_reason(self) -> Any:
        """With why it was declined, until it is approved."""
        (title, first), *others = self.fieldsets
        return [(title, {"fields": [*first["fields"], "declined_at", "declined_reason"]}), *others]

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        """Who may not approve vendors adds them as pending."""
        if not change and not self.has_approve_permission(request):
            cast(Vendor, obj).status = Vendor.Status.PENDING
        super().save_model(request, obj, form, change)
        if change and "status" in form.changed_data:  # in the place of what was said of it before
            Vendor.objects.filter(pk=obj.pk).update(declined_at=None, declined_reason=None)
            approval.announce_status(obj.pk, form.initial["status"], cast(Vendor, obj).status)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("vendors.approve_vendor")

    def has_delete_permission(self, request: HttpRequest, obj: Vendor | None = None) -> bool:
        if obj and (obj.uploads.exists() or obj.products.exists()):
            return False
        return bool(super().has_delete_permission(request, obj))

    @admin.display(description="company", ordering="vendor_name")
    def company(self, vendor: Vendor) -> SafeString:
        return format_html("{} <small>{}</small>", vendor.vendor_name, vendor.pk)

    @admin.display(description="state", ordering="status")
    def status_tag(self, vendor: Vendor) -> SafeString:
        return tag("declined") if vendor.is_declined else tag(vendor.status)

    # --- approving, declining, suspending, reactivating ---

    def decided(self, request: HttpRequest, what: str, vendors: Sequence[Vendor], outcome: str) -> None:
        """A hook for who keeps a list of what waits: `what` was decided, about "vendor" or "name"."""

    def get_actions(self, request: HttpRequest) -> Any:
        """Vendors are deleted one by one, if at all."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description="Approve selected vendors", permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        return self._take(request, APPROVE, queryset)

    @admin.action(description="Suspend selected vendors", permissions=["approve"])
    def suspend(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        return self._take(request, SUSPEND, queryset)

    @admin.action(description="Reactivate selected vendors", permissions=["approve"])
    def reactivate(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        return self._take(request, REACTIVATE, queryset)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.status_view)
        steps = [
            path(f"<path:object_id>/{name}/", view, {"name": name}, name=f"vendors_vendor_{name}")
            for name in TRANSITIONS
        ]
        name_view = self.admin_site.admin_view(self.name_view)
        steps += [
            path(
                f"<path:object_id>/{answer}_name/", name_view, {"answer": answer}, name=f"vendors_vendor_{answer}_name"
            )
            for answer in NAME_ANSWERS
        ]
        own = (("view_as", self.view_as), ("leave_view", self.leave_view), ("decline", self.decline_view))
        steps += [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"vendors_vendor_{name}")
            for name, view in own
        ]
        return steps + super().get_urls()

    def steps(self, request: HttpRequest, vendor: Vendor) -> list[tuple[str, str]]:
        """What can be decided about it by this person: each a name with its address."""
        if not self.has_approve_permission(request):
            return []
        names = [(step.name.capitalize(), step.name) for step in TRANSITIONS.values() if step.before == vendor.status]
        if vendor.status == Vendor.Status.PENDING and not vendor.is_declined:
            names.append(("Decline", "decline"))
        if vendor.requested_name:
            names += [(f"{answer.capitalize()} new name", f"{answer}_name") for answer in NAME_ANSWERS]
        key = quote(vendor.pk)
        return [(words, keeping(request, reverse(f"admin:vendors_vendor_{name}", args=[key]))) for words, name in names]

    def status_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """The button on a vendor's page: asks, and then does it."""
        if not (self.has_view_permission(request) and self.has_approve_permission(request)):
            raise PermissionDenied
        vendor = self.get_object(request, unquote(object_id))
        if vendor is None:
            raise Http404
        page = keeping(request, page_url("vendors_vendor", vendor.pk))
        asked = self._take(request, TRANSITIONS[name], Vendor.objects.filter(pk=vendor.pk), page)
        return asked or redirect(page)

    def decline_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Say why a vendor that waits for approval is declined."""
        if not (self.has_view_permission(request) and self.has_approve_permission(request)):
            raise PermissionDenied
        vendor = self.get_object(request, unquote(object_id))
        if vendor is None:
            raise Http404
        page = keeping(request, page_url("vendors_vendor", vendor.pk))
        reason = request.POST.get("reason", "").replace("\r\n", "\n")
        if request.method == "POST":
            refused = approval.why_no_reason(reason)
            if not refused:
                done = approval.decline(vendor.pk, reason, request.user)
                confirm.say(request, "declined", int(done is not None), 1, "{} vendor", "{} vendors")
                if done:
                    self.decided(request, "vendor", [done], f"Declined: {visible(' '.join(reason.split()))}")
                return redirect(page)
            messages.error(request, refused)
        context = {
            **self.admin_site.each_context(request), "title": f"Decline {visible(str(vendor))}", "opts": self.opts,
            "vendor": vendor, "reason": reason, "back": page,
        }  # fmt: skip
        return TemplateResponse(request, "vendors/decline.html", context)

    def name_view(self, request: HttpRequest, object_id: str, answer: str) -> HttpResponseBase:
        """The buttons beside a new name that an owner asked for: ask, and then decide about the name that was shown."""
        if not (self.has_view_permission(request) and self.has_approve_permission(request)):
            raise PermissionDenied
        vendor = self.get_object(request, unquote(object_id))
        if vendor is None:
            raise Http404
        page = keeping(request, page_url("vendors_vendor", vendor.pk))
        if confirm.was_confirmed(request):
            for name in confirm.chosen(request)[:1]:
                done = approval.decide_name(vendor.pk, name, answer == "accept", request.user)
                if done:
                    said = f"The new name “{visible(name)}” is {NAME_ANSWERS[answer]}."
                    self.decided(request, "name", [vendor], said)
                confirm.say(request, NAME_ANSWERS[answer], int(done), 1, "{} name", "{} names")
            return redirect(page)
        wanted = vendor.requested_name
        question = confirm.Question(
            action=answer,
            title=f"{answer.capitalize()} the new name of {visible(str(vendor))}",
            button=f"Yes, {answer}",
            meaning=["Invitations carry a company's name to any address, so it should be the company's own."],
            lines=[(wanted, f"{visible(vendor.vendor_name)} → {visible(wanted)}")] if wanted else [],
            nothing="No new name is asked for any more.",
        )
        return confirm.ask(self, request, question, page) or redirect(page)

    def view_as(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The button that opens the vendor's pages as its people see them; who comes by a link is led to the button."""
        if not (self.has_view_permission(request) and viewing.may(request.user)):
            raise PermissionDenied
        vendor = self.get_object(request, unquote(object_id))
        if vendor is None:
            raise Http404
        if request.method != "POST":
            return redirect(page_url("vendors_vendor", vendor.pk))
        viewing.begin(request, vendor)
        return redirect("vendor:home", vendor.pk)

    def leave_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The button of the banner there. It may be over already, or of another vendor by now, which stays."""
        vendor_id = unquote(object_id)
        if request.method == "POST" and viewing.is_of(request, vendor_id):
            viewing.end(request, "left")
        may_look = self.has_view_permission(request)
        return redirect(page_url("vendors_vendor", vendor_id) if may_look else "admin:index")

    def _take(
        self, request: HttpRequest, step: Transition, vendors: "QuerySet[Any]", back: str = ""
    ) -> HttpResponseBase | None:
        if confirm.was_confirmed(request):
            keys = [vendors.get().pk] if back else confirm.chosen(request)
            changed = approval.take(step, keys, request.user)
            if step is APPROVE:
                self.decided(request, "vendor", changed, "Approved.")
            confirm.say(request, step.done, len(changed), len(keys), "{} vendor", "{} vendors")
            return None
        concerned = list(vendors.filter(status=step.before))
        running = approval.running_uploads(vendor.pk for vendor in concerned)
        doubtful = approval.unconfirmed(vendor.pk for vendor in concerned)
        question = confirm.Question(
            action=step.name,
            title=f"{step.name.capitalize()} vendors",
            button=f"Yes, {step.name}",
            meaning=step.meaning,
            lines=[
                (vendor.pk, f"{visible(str(vendor))}{_uploads(running.get(vendor.pk, 0))}{_doubt(vendor, doubtful)}")
                for vendor in concerned
            ],
            nothing=f"None of them is {step.before}: there is nothing to {step.name}.",
        )
        return confirm.ask(self, request, question, back)


def _uploads(running: int) -> str:
    return f": {counted(running, '{} upload', '{} uploads')} running" if running else ": no upload running"


def _doubt(vendor: Vendor, doubtful: set[str]) -> str:
    return "; its owner has not confirmed the e-mail address yet" if vendor.pk in doubtful else ""

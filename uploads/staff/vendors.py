"""Vendors in the admin with what became of their rows, and the page of one (uploads/staff/pages/vendor.py)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from catalog.forms import currency_choices
from config.web.links import count_link, keeping, link, list_url, tag
from config.web.text import NOTHING
from uploads.corrections import wrong_values
from uploads.desk import items, newcomers, waiting_count
from uploads.models import (
    VendorSummary,
)
from uploads.staff.mending import waiting_url
from uploads.staff.pages import pausing, waiting_records, work
from uploads.staff.pages import vendor as page
from uploads.staff.start.figures import may_see
from vendors import holds, summary
from vendors.admin import VendorAdmin
from vendors.models import CURRENCY_HELP, Vendor, VendorHold
from vendors.tables import VENDOR_STATUS, ReadOnlyVendorTableAdmin, vendor_link

if TYPE_CHECKING:
    VendorModelForm = forms.ModelForm[Vendor]
else:
    VendorModelForm = forms.ModelForm


class VendorForm(VendorModelForm):
    """A vendor, with the currencies to choose from: the vendors' own app knows no products."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "absent_products" in self.fields:
            self.fields["absent_products"].required = False
        if "currency" in self.fields:
            choices = currency_choices(self.instance.currency)
            self.fields["currency"] = forms.ChoiceField(
                choices=choices, required=False, initial=self.instance.currency, help_text=CURRENCY_HELP
            )

    def clean_absent_products(self) -> str:
        """Who sends none leaves it as it is."""
        return str(self.cleaned_data["absent_products"] or self.instance.absent_products)

    def clean_currency(self) -> str:
        """Who sends none leaves it as it is."""
        return str(self.cleaned_data["currency"] or self.instance.currency)


class HeldBackFilter(admin.SimpleListFilter):
    """Vendors of whom something doesn't take effect just now (vendor_holds_open)."""

    title, parameter_name = "feeds", "held_back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(VendorHold.Kind.PAUSE, "paused"), (VendorHold.Kind.WINDOW, "held back")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        held = VendorHold.objects.filter(kind=self.value(), ended_at=None)
        return queryset.filter(pk__in=held.values("vendor"))


class Vendors(ChangeList):
    """The list, whose vendors have their numbers with them: four questions for all that are shown."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        keys = [vendor.pk for vendor in self.result_list]
        sums = VendorSummary.objects.in_bulk(keys)
        waiting, held, retired = wrong_values.rows_waiting(keys), holds.open_of(keys), summary.retired(keys)
        for vendor in self.result_list:
            vendor.numbers, vendor.rows_waiting = sums.get(vendor.pk), waiting.get(vendor.pk, 0)
            vendor.held, vendor.retired = held.get(vendor.pk), retired.get(vendor.pk, 0)


class VendorsAdmin(VendorAdmin):
    """The vendors, with what became of their rows."""

    form = VendorForm
    # Not "products": a relation has that name, and to sort by the column would be to sort by the relation.
    list_filter = ["status", HeldBackFilter, *VendorAdmin.list_filter[1:]]
    list_display = ["company", "status_tag", "product_count", "waiting", "last_upload", "email"]
    more_columns = ("upload_count", "error_rate", "currency", "phone", "city", "country", "business_name", "created_at")
    empty_says = (
        "There are no vendors yet. A company applies on the site's first page, or is added here; it may send files "
        "once it is approved."
    )

    change_form_template = "uploads/staff/pages/vendor.html"
    add_form_template = "admin/change_form.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Vendors

    def decided(self, request: HttpRequest, what: str, vendors: Sequence[Vendor], outcome: str) -> None:
        """What is decided here is found again among what was done, as if it were decided on the list of work."""
        for vendor in vendors:
            items.finish(newcomers.thing(what, vendor), request.user, outcome)
        waiting_count.ask_anew()

    @admin.display(description="state", ordering="status")
    def status_tag(self, vendor: Any) -> SafeString:
        """And whether all that comes for it takes effect."""
        hold, status = vendor.held, super().status_tag(vendor)
        if hold is None:
            return status
        paused = hold.kind == VendorHold.Kind.PAUSE
        return format_html("{} {}", status, tag("paused") if paused else tag("waiting", "held back"))

    @admin.display(description="products")
    def product_count(self, vendor: Any) -> SafeString | str:
        """Active ones, and beside them those that are retired."""
        count = max(0, vendor.numbers.total_products - vendor.retired) if vendor.numbers else 0
        ways = [list_url("catalog_product", vendor=vendor.pk, status__exact=one) for one in ("active", "retired")]
        active = count_link(count, ways[0]) if vendor.opens_product else f"{count:,}"
        if not vendor.retired:
            return active
        said = f"{vendor.retired:,} retired"
        return format_html("{} <small>{}</small>", active, link(ways[1], said) if vendor.opens_product else said)

    @admin.display(description="rows that wait")
    def waiting(self, vendor: Any) -> SafeString | str:
        if not vendor.opens_errors:
            return f"{vendor.rows_waiting:,}"
        return count_link(vendor.rows_waiting, waiting_url(vendor.pk))

    @admin.display(description="last upload", empty_value=NOTHING)
    def last_upload(self, vendor: Any) -> SafeString | str | None:
        last = vendor.numbers and vendor.numbers.last_upload_at
        if not last:
            return None
        said = localize(localtime(last))
        return link(list_url("uploads_uploadhistory", vendor=vendor.pk), said) if vendor.opens_upload else said

    @admin.display(description="uploads")
    def upload_count(self, vendor: Any) -> SafeString | str:
        count = vendor.numbers.total_uploads if vendor.numbers else 0
        uploads = list_url("uploads_uploadhistory", vendor=vendor.pk)
        return count_link(count, uploads) if vendor.opens_upload else f"{count:,}"

    @admin.display(description="error rate", empty_value=NOTHING)
    def error_rate(self, vendor: Any) -> str | None:
        rate = vendor.numbers and vendor.numbers.error_rate
        return None if rate is None else f"{rate} %"

    def get_urls(self) -> Any:
        views: dict[str, Callable[..., HttpResponseBase]] = {
            "jobs": self.jobs_view,
            "pause_feeds": partial(pausing.pause_view, self),
            "resume_feeds": partial(pausing.resume_view, self),
            "held_records": partial(waiting_records.view, self),
        }
        own = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"vendors_vendor_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def steps(self, request: HttpRequest, vendor: Vendor) -> list[tuple[str, str]]:
        """And whether its feeds go on."""
        key = quote(vendor.pk)
        pauses = [
            (words, keeping(request, reverse(f"admin:vendors_vendor_{name}", args=[key])))
            for words, name in pausing.steps(request, vendor)
        ]
        return super().steps(request, vendor) + pauses

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Above the form with its data stands all there is to know of it."""
        vendor = self.get_object(request, unquote(object_id))
        shown = page.whole(request, vendor, self.steps(request, vendor)) if vendor else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def jobs_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The jobs about it, while one is under way."""
        vendor = self.get_object(request, unquote(object_id))
        if not (self.has_view_permission(request, vendor) and may_see(request.user)):
            raise PermissionDenied
        if vendor is None:
            raise Http404
        shown = work.of(request, work.address("vendors_vendor", object_id), vendor=vendor, upload=None)
        return render(request, "uploads/staff/pages/jobs.html", shown | {"polled": True})


class VendorSummaryAdmin(ReadOnlyVendorTableAdmin):
    """The view `vendor_summary`."""

    peek = False  # its rows are those of vendors
    list_display = ["vendor_link", "vendor_name", "status_tag", "products", "uploads", "valid_records", "errors",
                    "error_rate", "last_upload_at"]  # fmt: skip
    list_display_links = None
    list_filter = [VENDOR_STATUS]
    search_fields = ["vendor_id", "vendor_name", "email"]

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, vendor: VendorSummary) -> SafeString | str:
        return vendor_link(vendor)

    @admin.display(description="status", ordering="status")
    def status_tag(self, vendor: VendorSummary) -> SafeString:
        return tag(vendor.status)

    @admin.display(description="products, retired too")  # sorting by it would count those of all vendors
    def products(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_products, list_url("catalog_product", vendor=vendor.pk))

    @admin.display(description="uploads", ordering="total_uploads")
    def uploads(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_uploads, list_url("uploads_uploadhistory", vendor=vendor.pk))

    @admin.display(description="errors", ordering="error_records")
    def errors(self, vendor: VendorSummary) -> SafeString | str:
        """As the view counts them: also what was ignored, or settled since."""
        return count_link(vendor.error_records, list_url("uploads_validationerror", vendor=vendor.pk, state="all"))

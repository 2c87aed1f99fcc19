"""'Quality' on a vendor's page: what it sent day by day, and the errors it makes most.

Staff see here whether a vendor's feeds get better, and what to tell it. For those who may view uploads; the errors for
those who may view errors.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from catalog.forms import currency_choices
from config.web.links import count_link, link, list_url, tag
from config.web.text import NOTHING
from uploads.corrections import wrong_values
from uploads.insight import charts, operations
from uploads.insight.charts import Chart
from uploads.models import (
    VendorSummary,
)
from uploads.staff.dashboard import may_see, since, ways
from uploads.staff.mending import waiting_url
from vendors.admin import VendorAdmin
from vendors.models import CURRENCY_HELP, Vendor
from vendors.tables import VENDOR_STATUS, ReadOnlyVendorTableAdmin, vendor_link

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser
    VendorModelForm = forms.ModelForm[Vendor]
else:
    VendorModelForm = forms.ModelForm

DAYS = 90


class VendorForm(VendorModelForm):
    """A vendor, with the currencies to choose from: the vendors' own app knows no products."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "currency" in self.fields:
            choices = currency_choices(self.instance.currency)
            self.fields["currency"] = forms.ChoiceField(
                choices=choices, required=False, initial=self.instance.currency, help_text=CURRENCY_HELP
            )

    def clean_currency(self) -> str:
        """Who sends none leaves it as it is."""
        return str(self.cleaned_data["currency"] or self.instance.currency)


class Vendors(ChangeList):
    """The list, whose vendors have their numbers with them: two questions for all that are shown."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        keys = [vendor.pk for vendor in self.result_list]
        sums = VendorSummary.objects.in_bulk(keys)
        waiting = wrong_values.rows_waiting(keys)
        for vendor in self.result_list:
            vendor.numbers, vendor.rows_waiting = sums.get(vendor.pk), waiting.get(vendor.pk, 0)


class VendorsAdmin(VendorAdmin):
    """The vendors, with what became of their rows."""

    form = VendorForm
    # Not "products": a relation has that name, and to sort by the column would be to sort by the relation.
    list_display = ["company", "status_tag", "product_count", "waiting", "last_upload", "email"]

    change_form_template = "uploads/staff/vendor.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Vendors

    @admin.display(description="products")
    def product_count(self, vendor: Any) -> SafeString | str:
        return count_link(vendor.numbers.total_products if vendor.numbers else 0,
                          list_url("catalog_product", vendor=vendor.pk))  # fmt: skip

    @admin.display(description="rows that wait")
    def waiting(self, vendor: Any) -> SafeString | str:
        return count_link(vendor.rows_waiting, waiting_url(vendor.pk))

    @admin.display(description="last upload", empty_value=NOTHING)
    def last_upload(self, vendor: Any) -> SafeString | None:
        last = vendor.numbers and vendor.numbers.last_upload_at
        uploads = list_url("uploads_uploadhistory", vendor=vendor.pk)
        return link(uploads, localize(localtime(last))) if last else None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Below the vendor stands its quality, for those who may see it."""
        vendor = self.get_object(request, unquote(object_id)) if may_see(request.user) else None
        shown: dict[str, Any] = {"quality": True, "charts": charts_of(vendor.pk, request.user)} if vendor else {}
        if request.user.has_perm("uploads.view_validationerror"):
            shown["waiting_url"] = waiting_url(unquote(object_id))
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))


def charts_of(vendor_id: str, user: "Viewer") -> list[Chart]:
    """Rows per day and the most frequent errors; empty for a vendor that sent nothing in this time."""
    way = ways(user)
    days = operations.days(user, DAYS, vendor_id)
    if not any(day.uploads for day in days):
        return []
    kinds = operations.error_kinds(user, DAYS, vendor_id) if user.has_perm("uploads.view_validationerror") else []
    shown = [charts.of_days(days, way, vendor=vendor_id)]
    return shown + ([charts.of_kinds(kinds, DAYS, way, vendor=vendor_id, created_at__gte=since(DAYS))] if kinds else [])


class VendorSummaryAdmin(ReadOnlyVendorTableAdmin):
    """The view `vendor_summary`."""

    list_display = ["vendor_link", "vendor_name", "status_tag", "products", "uploads", "valid_records", "errors",
                    "error_rate", "last_upload_at"]  # fmt: skip
    list_display_links = None
    list_filter = [VENDOR_STATUS]
    search_fields = ["vendor_id", "vendor_name", "email"]

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, vendor: VendorSummary) -> SafeString:
        return vendor_link(vendor)

    @admin.display(description="status", ordering="status")
    def status_tag(self, vendor: VendorSummary) -> SafeString:
        return tag(vendor.status)

    @admin.display(description="products")  # sorting by it would count those of all vendors
    def products(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_products, list_url("catalog_product", vendor=vendor.pk))

    @admin.display(description="uploads", ordering="total_uploads")
    def uploads(self, vendor: VendorSummary) -> SafeString | str:
        return count_link(vendor.total_uploads, list_url("uploads_uploadhistory", vendor=vendor.pk))

    @admin.display(description="errors", ordering="error_records")
    def errors(self, vendor: VendorSummary) -> SafeString | str:
        """As the view counts them: also what was ignored, or settled since."""
        return count_link(vendor.error_records, list_url("uploads_validationerror", vendor=vendor.pk, state="all"))

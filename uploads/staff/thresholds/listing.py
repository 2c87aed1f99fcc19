"""The page of thresholds: what counts of each kind, above all that staff set; and the form."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog.models import ProductCategory
from config.web.filters import choice_filter
from config.web.text import visible
from uploads.models import GuardThreshold
from uploads.staff.thresholds import table
from vendors import access
from vendors.tables import VendorFilter, VendorTableAdmin, vendor_link

if TYPE_CHECKING:
    ThresholdModelForm = forms.ModelForm[GuardThreshold]
else:
    ThresholdModelForm = forms.ModelForm


class ThresholdForm(ThresholdModelForm):
    """Nothing chosen as vendor or category is for all."""

    class Meta:
        model = GuardThreshold
        fields = ["kind", "vendor", "category", "limit_percent", "minimum", "owner_percent", "is_on"]
        help_texts = {
            "vendor": "Nothing is for all vendors.",
            "category": "Nothing is for all categories. Only prices and stocks have one of a category.",
            "limit_percent": "A file is held when more than this share of its products, or rows, is so.",
            "minimum": "Shares of fewer products, or rows, hold nothing.",
            "owner_percent": "Up to this share the vendor's owners let a held file through; beyond it staff do.",
            "is_on": "Without it nothing is held for this, in the place of what counts else.",
        }

    def clean_category(self) -> str:
        name: str = self.cleaned_data["category"]
        if name and not ProductCategory.objects.filter(category_name=name).exists():
            raise forms.ValidationError("There is no such category.")
        return name


class GuardThresholdAdmin(VendorTableAdmin):
    """Beyond what a file is held before anything of it is imported, where that isn't as the defaults have it."""

    form = ThresholdForm
    import_export_change_list_template = "uploads/staff/thresholds.html"
    empty_says = "Nobody has set any: the defaults count."
    list_display = ["counted", "scope", "limit", "minimum", "owners", "is_on", "updated_by", "updated_at"]
    list_filter = [choice_filter("kind", list(GuardThreshold.Kind.choices)), VendorFilter, "is_on"]
    list_select_related = ["vendor", "updated_by"]
    search_fields = ["category", "vendor__vendor_name"]
    search_help_text = "A part of a category or a company"
    autocomplete_fields = ["vendor"]
    readonly_fields = ["updated_by", "updated_at"]
    fields = ["kind", "vendor", "category", "limit_percent", "minimum", "owner_percent", "is_on", "updated_by",
              "updated_at"]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """What it is about stays."""
        return [*(["kind", "vendor", "category"] if obj else []), *self.readonly_fields]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With what counts of each kind above the list: for all, or, where the list is a vendor's, for that one."""
        vendor_id = request.GET.get("vendor", "")
        vendor = access.vendors_of(request.user).filter(pk=vendor_id).first() if vendor_id.isprintable() else None
        may_add = self.has_add_permission(request)
        lines = table.of_vendor(vendor.pk, may_add=may_add) if vendor else table.of_all(may_add=may_add)
        return super().changelist_view(request, {"lines": lines, "about_vendor": vendor} | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if isinstance(obj, GuardThreshold):
            obj.updated_by_id, obj.updated_at = request.user.pk, timezone.now()
            obj.save(update_fields=[*form.changed_data, "updated_by", "updated_at"] if change else None)

    @admin.display(description="what is counted", ordering="kind")
    def counted(self, one: GuardThreshold) -> str:
        return one.get_kind_display()

    @admin.display(description="of")
    def scope(self, one: GuardThreshold) -> SafeString | str:
        if one.vendor_id:
            return vendor_link(one)
        return visible(f"category {one.category}") if one.category else "all"

    @admin.display(description="held beyond", ordering="limit_percent")
    def limit(self, one: GuardThreshold) -> str:
        return f"{one.limit_percent} %"

    @admin.display(description="owners up to", ordering="owner_percent")
    def owners(self, one: GuardThreshold) -> str:
        return f"{one.owner_percent} %"

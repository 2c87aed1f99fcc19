"""Vendors in the admin.

VendorAdmin is registered by uploads/admin.py, which adds the quality of what they send: uploads know the vendors, not
the reverse.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import TableAdmin, link, list_url, tag
from vendors.models import Vendor


class VendorAdmin(TableAdmin):
    """Who may send products. One that has sent something is suspended, not deleted."""

    list_display = ["vendor_id", "vendor_name", "status_tag", "email", "city", "country", "created_at", "see"]
    list_filter = ["status", "created_at"]
    search_fields = ["vendor_id", "vendor_name", "business_name", "email"]
    search_help_text = "ID, name or email"
    actions = None
    fieldsets = [
        (None, {"fields": ["vendor_id", "vendor_name", "status", "see"]}),
        ("Contact", {"fields": ["email", "phone"]}),
        (
            "Business",
            {"fields": ["business_name", "tax_id", "address", "city", "state", "postal_code", "country"]},
        ),
        ("Dates", {"fields": ["created_at", "updated_at"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Vendor | None = None) -> list[str]:
        return ["see", "created_at", "updated_at", *(["vendor_id"] if obj else [])]

    def get_fieldsets(self, request: HttpRequest, obj: Vendor | None = None) -> Any:
        if obj:
            return self.fieldsets
        new = [(title, {"fields": [name for name in options["fields"] if name != "see"]})
               for title, options in self.fieldsets]  # fmt: skip
        return new[:-1]

    def has_delete_permission(self, request: HttpRequest, obj: Vendor | None = None) -> bool:
        if obj and (obj.uploads.exists() or obj.products.exists()):
            return False
        return bool(super().has_delete_permission(request, obj))

    @admin.display(description="status", ordering="status")
    def status_tag(self, vendor: Vendor) -> SafeString:
        return tag(vendor.status)

    @admin.display(description="see also")
    def see(self, vendor: Vendor) -> SafeString:
        return format_html(
            '<span class="links">{} {} {}</span>',
            link(list_url("catalog_product", vendor=vendor.pk), "Products"),
            link(list_url("uploads_uploadhistory", vendor=vendor.pk), "Uploads"),
            link(list_url("uploads_validationerror", vendor=vendor.pk), "Errors"),
        )

"""The vendors, and what of them the security log tells."""

from typing import Any

from django.apps import AppConfig


class VendorsConfig(AppConfig):
    name = "vendors"
    verbose_name = "Vendors"

    def ready(self) -> None:
        from security import at_rest  # the models are there only now
        from security.models import Kind  # the models are there only now
        from security.watched import Watched, watch  # the same
        from vendors.models import Vendor, VendorMember  # the same

        at_rest.keeps("vendors.Webhook", "secret", "secret_before")

        def member(row: Any) -> str:
            return f"{row.user.email or row.user.get_username()} (account {row.user_id}) at {row.vendor_id}"

        settings = ("vendor_name", "email", "status", "currency")
        watch(Watched(Vendor, Kind.SETTING_CHANGED, settings, lambda row: str(row.pk), lambda row: str(row.pk)))
        watch(Watched(VendorMember, Kind.MEMBER_CHANGED, ("role",), member, lambda row: str(row.vendor_id)))

"""{% hold_of vendor as hold %}: what holds back what comes for a vendor, for the frame of its pages."""

from django import template

from vendors import holds
from vendors.models import Vendor, VendorHold

register = template.Library()


@register.simple_tag
def hold_of(vendor: Vendor) -> VendorHold | None:
    return holds.of(vendor.pk)

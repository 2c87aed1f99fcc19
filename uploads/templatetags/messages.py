"""{% new_messages member %}: how many messages a vendor's person hasn't looked at, for the navigation.
{% conversation_about upload %}: what was said about it and the form to say more, on any page of the admin.
"""

from typing import Any

from django import template
from django.template import Context

from uploads.desk import comments
from uploads.desk.comments import About
from uploads.models import UploadHistory, WorkItem
from uploads.staff.talk import conversation
from vendors.models import Vendor, VendorMember

register = template.Library()


@register.simple_tag
def new_messages(member: VendorMember) -> int:
    """None of this page where it is what is being looked at: they are seen then."""
    return comments.new_for(member)


@register.inclusion_tag("uploads/desk/conversation.html", takes_context=True)
def conversation_about(context: Context, thing: Any, vendor: Vendor | None = None) -> dict[str, Any]:
    """`thing` is an upload, a vendor, or a WorkItem, which may concern a vendor."""
    return conversation.shown(context["request"], about(thing, vendor))


def about(thing: Any, vendor: Vendor | None) -> About:
    if isinstance(thing, UploadHistory):
        return About(upload=thing)
    if isinstance(thing, Vendor):
        return About(thing)
    if isinstance(thing, WorkItem):
        return About(vendor or thing.vendor, kind=thing.kind, key=thing.key)
    raise TypeError(f"Nothing is said about {thing!r}")

"""Who may see which vendor: the one place that decides it, for every page and list."""

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import QuerySet

from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Rows = TypeVar("Rows", bound="QuerySet[Any]")


def sees_all(user: "User | AnonymousUser") -> bool:
    """Staff work for every vendor; what they may do with what they see is a matter of permissions."""
    return user.is_active and user.is_staff


def vendors_of(user: "User | AnonymousUser") -> QuerySet[Vendor]:
    """The vendors whose uploads, products and errors the user may see: all for staff, else those it is a member of."""
    if sees_all(user):
        return Vendor.objects.all()
    return Vendor.objects.filter(members__user_id=user.pk) if user.is_active else Vendor.objects.none()


def visible(rows: Rows, user: "User | AnonymousUser", lookup: str = "vendor_id") -> Rows:
    """The rows of the user's vendors; `lookup` leads from a row to its vendor's ID. Costs nothing for staff."""
    return rows if sees_all(user) else rows.filter(**{f"{lookup}__in": vendors_of(user)})

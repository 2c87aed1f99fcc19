"""Who may see which vendor: the one place that decides it, for every page and list."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from config.web import signed_in
from config.web.links import page_url
from config.web.text import visible as spelled_out
from security.log import note_view
from vendors import viewing
from vendors.models import Vendor, VendorMember

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


# --- the vendors' own pages ------------------------------------------------------------------------------------

RANKS = {VendorMember.Role.VIEWER: 0, VendorMember.Role.UPLOADER: 1, VendorMember.Role.OWNER: 2}

View = Callable[..., HttpResponseBase]


def membership(user: "User | AnonymousUser", vendor_id: str) -> VendorMember | None:
    """The user's part in a vendor, or None. Staff work in the admin: here they see what they are members of."""
    if not user.is_authenticated or not user.is_active:
        return None
    return VendorMember.objects.select_related("vendor").filter(user=user, vendor_id=vendor_id).first()


def may_as(member: VendorMember, role: VendorMember.Role) -> bool:
    """Whether the member's role allows what this one does."""
    return RANKS[VendorMember.Role(member.role)] >= RANKS[role]


def may_here(request: HttpRequest, role: VendorMember.Role) -> bool:
    """Whether this role's part of a vendor's page is for whoever asked for it."""
    member: VendorMember = request.member  # type: ignore[attr-defined] # set by vendor_page
    return may_as(member, role)


def _to_login(request: HttpRequest, vendor_id: str) -> HttpResponseBase:
    """Sign in, and come back: to a page, not to the address of a form, whose content is lost."""
    asked = request.method in ("GET", "HEAD")
    return redirect_to_login(request.get_full_path() if asked else reverse("vendor:home", args=[vendor_id]))


def _to_its_page(request: HttpRequest, vendor_id: str) -> HttpResponseBase:
    """The hour of looking is over: to the vendor's page in the admin, the whole window where only a part was asked."""
    messages.info(request, OVER)
    address = page_url("vendors_vendor", vendor_id)
    return HttpResponse(headers={"HX-Redirect": address}) if "HX-Request" in request.headers else redirect(address)


READING = ("GET", "HEAD", "OPTIONS")
NOTHING_CHANGES = "You view {} as its people do, which changes nothing. Leave, and change it in the admin if you may."
NO_FILES = (
    "Looking at these pages as a vendor sees them, you may download what you may download in the admin: not this."
)
OVER = "You have looked at this vendor's pages for an hour. Begin anew from here."


def vendor_page(role: VendorMember.Role, *, hands_out: str = "", part: bool = False) -> Callable[[View], View]:
    """Decorates the views of a vendor's own pages: `view(request, vendor, …)`, for its members of this role or above.

    Another vendor's page is 404, as one that isn't there; a page for which the role isn't enough is 403. The view finds
    the member as `request.member`. Staff who look at the vendor's pages as it sees them (vendors/viewing.py) are an
    owner to the view, who only reads; what a page `hands_out` as a file is for those who have this permission. A
    `part` of a page that asks for itself again and again isn't noted each time.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, vendor_id: str, **rest: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request, vendor_id)
            try:
                looking = viewing.of(request, vendor_id)
            except viewing.Over:
                return _to_its_page(request, vendor_id)
            member = (
                _looking(request, looking, hands_out, part=part) if looking else membership(request.user, vendor_id)
            )
            if member is None:
                raise Http404
            if not may_as(member, role):
                raise PermissionDenied(f"Your role at {member.vendor.vendor_name} doesn't allow this. Ask an owner.")
            if sees_all(request.user) and not looking:
                note_view(request, vendor_id, member.role)
            request.member = member  # type: ignore[attr-defined] # for the view and its template
            return view(request, member.vendor, **rest)

        guarded.vendor_role = role  # type: ignore[attr-defined] # a test holds that every vendor page has one
        return guarded

    return decorate


def _looking(request: HttpRequest, looking: viewing.Viewing, hands_out: str, *, part: bool) -> VendorMember:
    """Whoever looks at the pages as an owner sees them. Raises PermissionDenied for all but looking."""
    request.viewing = looking  # type: ignore[attr-defined] # for the banner, which refusals have too
    if request.method not in READING:
        raise PermissionDenied(NOTHING_CHANGES.format(spelled_out(looking.vendor.vendor_name)))
    if hands_out and not request.user.has_perm(hands_out):
        raise PermissionDenied(NO_FILES)
    if hands_out and not signed_in.is_fresh(request):  # as before exports of the admin
        raise ReauthenticationRequired
    return viewing.as_owner(request, looking, part=part)

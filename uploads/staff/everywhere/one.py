"""The form of one wrong value for all vendors that have it, which any page of the admin may show: it is sent to the
page of all values, and leads back to where it stood."""

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from catalog.category_tree import active_categories
from uploads.corrections import wrong_values
from uploads.desk.shared_values import SharedValue
from uploads.staff.actions import may

KEEP_A_RULE: Final = ["uploads.add_valuerule", "uploads.change_valuerule"]


def everywhere_url(**asked: str | int) -> str:
    """Where the wrong values of all vendors stand: everywhere_url(field="category", value="tvs")."""
    page = reverse("admin:uploads_validationerror_everywhere")
    return f"{page}?{urlencode(asked)}" if asked else page


def may_mend(request: HttpRequest) -> bool:
    """Whether the user may see errors and correct rows."""
    return request.user.has_perm("uploads.view_validationerror") and may(request, "retry")


def forms(request: HttpRequest, values: Sequence[SharedValue], back: str) -> list[dict[str, Any]]:
    """For each value what `uploads/desk/value_form.html` shows of it; `back` is the address that the save leads to.
    Categories are read once for all."""
    categories = active_categories() if any(one.field == "category" for one in values) else []
    listed = categories if len(categories) <= wrong_values.MOST_CATEGORIES else []
    return [
        {
            "one": one,
            "suggested": wrong_values.usable(one.suggestion, categories if one.field == "category" else []),
            "listed": listed if one.field == "category" else [],
            "categories": categories if one.field == "category" and not listed else [],
            "may_keep": request.user.has_perms(KEEP_A_RULE),
            "action": everywhere_url(),
            "all_url": everywhere_url(field=one.field, value=one.value),
            "next": back,
        }
        for one in values
    ]


def way_back(request: HttpRequest) -> str:
    """The page of the admin that a form names as the one to lead back to; "" where it names none."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours and asked.startswith(reverse("admin:index")) else ""

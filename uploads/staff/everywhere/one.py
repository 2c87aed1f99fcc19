"""The form of one wrong value for all vendors that have it, which any page of the admin may show: it is sent to the
page of all values, and leads back to where it stood."""

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest

from uploads.corrections import wrong_values
from uploads.desk.everywhere import everywhere_url
from uploads.desk.shared_values import SharedValue
from uploads.staff.actions import may

KEEP_A_RULE: Final = ["uploads.add_valuerule", "uploads.change_valuerule"]


def may_mend(request: HttpRequest) -> bool:
    """Whether the user may see errors and correct rows."""
    return request.user.has_perm("uploads.view_validationerror") and may(request, "retry")


def forms(request: HttpRequest, values: Sequence[SharedValue], back: str) -> list[dict[str, Any]]:
    """For each value what `uploads/desk/value_form.html` shows of it; `back` is the address that the save leads to.
    Categories are read once for all."""
    categories, listed = wrong_values.categories_for(
        "category" if any(one.field == "category" for one in values) else ""
    )
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

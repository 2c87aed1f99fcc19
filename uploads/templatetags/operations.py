"""{% operations %}: the dashboard, on the admin's index."""

from typing import Any

from django import template
from django.template import Context

from uploads.staff import dashboard

register = template.Library()


@register.inclusion_tag("uploads/staff/dashboard.html", takes_context=True)
def operations(context: Context) -> dict[str, Any]:
    """The whole dashboard for the request's user. The caller checks the permission."""
    return {"perms": context["perms"], **dashboard.whole(context["request"].user)}

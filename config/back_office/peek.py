"""A row beside its list, without leaving it: what its page says, to read, and the way there.

An admin may say by `peek_fieldsets` what is worth to know at a glance, and by `peek_title` what the row is called.
"""

from typing import Any

from django.contrib.admin.helpers import AdminReadonlyField
from django.contrib.admin.utils import flatten, unquote
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.forms import modelform_factory
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from config.web.links import keeping, page_url
from config.web.text import NOTHING


class Read(AdminReadonlyField):
    """A field to read. To a row of another table it leads only who may view that one."""

    request: HttpRequest

    def get_admin_url(self, remote_field: Any, remote_obj: Any) -> str:
        opts = remote_field.model._meta
        may = self.request.user.has_perm(f"{opts.app_label}.{get_permission_codename('view', opts)}")
        return str(super().get_admin_url(remote_field, remote_obj) if may else remote_obj)


def page(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The part that opens beside the list. Raises PermissionDenied and Http404."""
    row = model_admin.get_object(request, unquote(object_id))
    if not model_admin.has_view_or_change_permission(request, row):
        raise PermissionDenied
    if row is None:
        raise Http404
    opts = model_admin.opts
    form = modelform_factory(model_admin.model, fields=[])(instance=row)
    wanted = getattr(model_admin, "peek_fieldsets", None) or model_admin.get_fieldsets(request, row)
    sections = [(title, _filled(model_admin, request, form, options["fields"])) for title, options in wanted]
    shown = {
        "title": getattr(model_admin, "peek_title", str)(row),
        "sections": [(title, fields) for title, fields in sections if fields],
        "url": keeping(request, page_url(f"{opts.app_label}_{opts.model_name}", row.pk)),
    }
    return render(request, "back_office/peek.html", shown)


def _filled(model_admin: Any, request: HttpRequest, form: Any, names: Any) -> list[tuple[str, str]]:
    """Label and content of the fields that have any."""
    found: list[tuple[str, str]] = []
    for name in flatten(names):
        field = Read(form, name, is_first=True, model_admin=model_admin)
        field.request = request
        nothing = ("", field.empty_value_display, NOTHING, *["None"] * hasattr(model_admin, str(name)))
        if (content := field.contents()) not in nothing:  # of what an admin computes Django says None
            found.append((capfirst(str(field.field["label"])), content))
    return found

"""The admin's import of products as a browser goes through it: choose a file, look, confirm."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

CHOOSE = "/admin/catalog/product/import/"
PREVIEW = "/admin/catalog/product/import/preview/"
DRY_RUN = "/admin/catalog/product/import/dry-run/"
CONFIRM = "/admin/catalog/product/process_import/"


def choose(client: Client, content: str | bytes, vendor: str = "VEND001", name: str = "feed.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, data, "text/csv")
    return client.post(CHOOSE, {"vendor": vendor, "import_file": file, "format": "0", "resource": "0"})


def token(response: Any) -> str:
    return str(response.context["confirm_form"].initial["token"])


def form_of(response: Any, **changes: str) -> dict[str, str]:
    """What the form of a preview sends, with what was changed in it."""
    shown = response.context["preview"]
    initial = response.context["confirm_form"].initial
    fields = {name: str(initial[name]) for name in ("token", "shape", "seen", "encoding", "delimiter")}
    if shown.changed:
        fields["remember"] = "on"
    return fields | {column.name: column.field for column in shown.mapped} | changes

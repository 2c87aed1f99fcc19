"""'Import' on products: import-export's choose → preview → confirm, with the pipeline doing the work; and on the page
of a product, its timeline.

Its button, pages, forms and addresses are import-export's. What it would do between them is replaced: it reads a
file whole, and writes products itself. Here the preview asks the pipeline's own parser and validator, and confirming
hands the file to step 1.
"""

from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.timezone import is_naive, make_aware
from django.views.decorators.http import require_POST
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ImportForm

from catalog.admin import ProductAdmin
from config.admin import page_url
from uploads import incoming, preview, receive, storage, timeline
from uploads.feed.columns import FIELDS
from uploads.incoming import Expired
from uploads.models import UploadHistory
from uploads.receive import Refused
from uploads.storage import FileMissing, StorageUnavailable
from vendors import access
from vendors.models import Vendor

SENTENCES = {
    Expired: "The preview is too old. Choose the file again.",
    FileMissing: "This file was confirmed already, or its preview is too old. Look at the uploads, or choose it again.",
    StorageUnavailable: "File storage isn't reachable. Nothing was imported; try again in a few minutes.",
}
FAILURES = (Refused, *SENTENCES)


def sentence(error: Exception) -> str:
    """What to tell the user about one of FAILURES."""
    return SENTENCES.get(type(error)) or str(error)


class FeedForm(ImportForm):  # type: ignore[misc] # import-export has no types
    """Choose: whose feed, and which file."""

    vendor = forms.ModelChoiceField(Vendor.objects.none(), empty_label="Choose an active vendor")
    field_order = ["resource", "vendor", "import_file", "format"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vendors = cast("forms.ModelChoiceField[Vendor]", self.fields["vendor"])
        vendors.queryset = access.vendors_of(user).filter(status=Vendor.Status.ACTIVE)
        self.fields["import_file"].widget.attrs["accept"] = ".csv,.txt,.tsv,text/csv,text/plain"


class ConfirmFeedForm(forms.Form):
    """Confirm: the token of the file that was previewed."""

    token = forms.CharField(widget=forms.HiddenInput)


class ProductImportAdmin(ImportMixin, ProductAdmin):  # type: ignore[misc] # import-export has no types
    """The products, with the import."""

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    import_template_name = "admin/catalog/product/import.html"
    import_form_class = FeedForm
    import_formats = (CSV,)

    class Media:
        css = {"all": ["catalog/admin.css"]}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Below the form stands what became of the product so far."""
        product = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        shown = _timeline(product.pk, request) if product else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("uploads.add_uploadhistory")

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_import_form_kwargs(request), "user": request.user}

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Choose a file; then see how it is read and what it would do. Writes nothing but the file, kept aside."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = self.create_import_form(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Import products",
            "form": form,
            "opts": self.opts,
            "media": self.media + form.media,
            "fields_list": [("", FIELDS)],
        }
        if request.method == "POST" and form.is_valid():
            try:
                context |= _preview(form, request)
            except FAILURES as error:
                form.add_error("import_file", sentence(error))
        return TemplateResponse(request, self.import_template_name, context)

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Confirm: hand the file to the pipeline, and show how its upload gets on."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            upload = _take_up(request)
        except FAILURES as error:
            messages.error(request, sentence(error))
            return redirect("admin:catalog_product_import")
        self.log_addition(request, upload, f"Imported {upload.file_name} for {upload.vendor_id}.")
        return redirect(page_url("uploads_uploadhistory", upload.pk))


def _timeline(product_id: int, request: HttpRequest) -> dict[str, Any]:
    """The newest lines of its timeline, or those before the moment that was asked for."""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:  # like a moment, but on a day that never was
        before = None
    if before and is_naive(before):
        before = make_aware(before)
    found = timeline.of(product_id, before)
    return {
        "timeline": found,
        "timeline_before": before,
        "timeline_older": found.older and urlencode({"before": found.older.isoformat()}),
        "may_see_uploads": request.user.has_perm("uploads.view_uploadhistory"),
    }


def _preview(form: FeedForm, request: HttpRequest) -> dict[str, Any]:
    vendor, file = form.cleaned_data["vendor"], form.cleaned_data["import_file"]
    seen = preview.of(file.file, vendor.vendor_id)
    token = incoming.keep(file.file, file.name, vendor.vendor_id, request.user)
    return {
        "preview": seen,
        "vendor": vendor,
        "file_name": file.name,
        "confirm_form": ConfirmFeedForm(initial={"token": token}),
        "sent_before_url": seen.sent_before and page_url("uploads_uploadhistory", seen.sent_before.pk),
    }


def _take_up(request: HttpRequest) -> UploadHistory:
    """Open the upload of a file that was previewed. Raises one of FAILURES."""
    kept = incoming.taken_up(request.POST.get("token", ""), request.user)
    with storage.opened(kept.key) as file:
        upload = receive.receive(file, kept.file_name, kept.vendor_id, cast(Any, request.user))
    with suppress(StorageUnavailable):  # then it is swept away later
        storage.delete(kept.key)
    return upload

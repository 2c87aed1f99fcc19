"""'Import' on products: import-export's choose → preview → confirm, with the pipeline doing the work; and on the page
of a product, its timeline.

Its button, pages, forms and addresses are import-export's. What it would do between them is replaced: it reads a
file whole, and writes products itself. Here the preview asks the pipeline's own parser and validator, its columns can
be corrected, and confirming hands the file to step 1, with exactly the columns that were previewed.
"""

from contextlib import suppress
from datetime import UTC
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
from django.urls import path
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.timezone import is_naive, make_aware
from django.views.decorators.http import require_POST
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ImportForm

from catalog.admin import ProductAdmin
from config.admin import page_url
from uploads import dry_run, incoming, mapping, preview, receive, storage, timeline
from uploads.feed.columns import FIELDS
from uploads.feed.parser import Layout, Reading
from uploads.incoming import Expired
from uploads.models import Job, UploadHistory
from uploads.preview_form import FIELD_CHOICES, PreviewForm, dry_run_context, fingerprint, reading_of
from uploads.receive import Refused
from uploads.storage import FileMissing, StorageUnavailable
from vendors import access
from vendors.models import Vendor

SENTENCES: dict[type[Exception], str] = {
    Expired: "The preview is too old. Choose the file again.",
    FileMissing: "This file was confirmed already, or its preview is too old. Look at the uploads, or choose it again.",
    StorageUnavailable: "File storage isn't reachable. Nothing was imported; try again in a few minutes.",
}
FAILURES: tuple[type[Exception], ...] = (Refused, *SENTENCES)
UNSEEN = "The columns were changed after this preview was made. Here is what would be imported now: confirm it again."
# What htmx takes as the word to stop polling: https://htmx.org/docs/#load_polling
STOP_POLLING = 286


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

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("import/preview/", view(self.preview_import), name="catalog_product_preview_import"),
            path("import/dry-run/<int:job_id>/", view(self.dry_run_view), name="catalog_product_dry_run"),
            *super().get_urls(),
        ]

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Choose a file; then see how it is read and what it would do. Writes nothing but the file, kept aside."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = self.create_import_form(request)
        context: dict[str, Any] = {"form": form, "media": self.media + form.media, "fields_list": [("", FIELDS)]}
        if request.method == "POST" and form.is_valid():
            try:
                context |= _chosen(form, request)
            except FAILURES as error:
                form.add_error("import_file", sentence(error))
        return self._page(request, context)

    @method_decorator(require_POST)
    def preview_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Look again at a file that is kept, read as the form says now."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            return self._page(request, _looked_at_again(request))
        except FAILURES as error:
            messages.error(request, sentence(error))
            return redirect("admin:catalog_product_import")

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Confirm: hand the file to the pipeline, and show how its upload gets on."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            if not _was_seen(request):
                messages.warning(request, UNSEEN)
                return self._page(request, _looked_at_again(request))
            upload = _take_up(request)
        except FAILURES as error:
            messages.error(request, sentence(error))
            return redirect("admin:catalog_product_import")
        self.log_addition(request, upload, f"Imported {upload.file_name} for {upload.vendor_id}.")
        return redirect(page_url("uploads_uploadhistory", upload.pk))

    def dry_run_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """How far a dry run is: the part of the preview that changes, or a page of its own without JavaScript."""
        job = Job.objects.filter(pk=job_id, kind=Job.Kind.DRY_RUN).first()
        if job is None or not (job.requested_by_id == request.user.pk or self.has_import_permission(request)):
            raise PermissionDenied  # also for a number that nobody has: it tells less
        context = dry_run_context(job) | {"polled": "HX-Request" in request.headers}
        if not context["polled"]:
            context |= {**self.admin_site.each_context(request), "title": "Dry run", "opts": self.opts}
            return TemplateResponse(request, "admin/catalog/product/dry_run_page.html", context)
        status = STOP_POLLING if context["ended"] else 200
        return TemplateResponse(request, "admin/catalog/product/dry_run.html", context, status=status)

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
        page = {**self.admin_site.each_context(request), "title": "Import products", "opts": self.opts}
        return TemplateResponse(request, self.import_template_name, page | context)


def _timeline(product_id: int, request: HttpRequest) -> dict[str, Any]:
    """The newest lines of its timeline, or those before the moment that was asked for."""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:  # like a moment, but on a day that never was
        before = None
    try:  # a moment outside of the calendar in UTC is none that PostgreSQL knows
        before = before and (make_aware(before) if is_naive(before) else before).astimezone(UTC)
    except OverflowError:
        before = None
    found = timeline.of(product_id, before)
    return {
        "timeline": found,
        "timeline_before": before,
        "timeline_older": found.older and urlencode({"before": found.older.isoformat()}),
        "may_see_uploads": request.user.has_perm("uploads.view_uploadhistory"),
    }


def _chosen(form: FeedForm, request: HttpRequest) -> dict[str, Any]:
    vendor, file = form.cleaned_data["vendor"], form.cleaned_data["import_file"]
    seen = preview.of(file.file, vendor.vendor_id, Reading())
    token = incoming.keep(file.file, file.name, vendor.vendor_id, request.user)
    return _shown(seen, token, request)


def _looked_at_again(request: HttpRequest) -> dict[str, Any]:
    """The preview of the file that the token stands for. Raises one of FAILURES."""
    token = request.POST.get("token", "")
    kept = incoming.taken_up(token, request.user)
    with storage.opened(kept.key) as file:
        seen = preview.of(file, kept.vendor_id, reading_of(request.POST) or Reading())
    return _shown(seen, token, request)


def _shown(seen: preview.Preview, token: str, request: HttpRequest) -> dict[str, Any]:
    """What the page shows of a preview; the dry run of the whole file begins where it could be sent."""
    kept = incoming.taken_up(token, request.user)
    context: dict[str, Any] = {}
    if seen.ready:
        context = dry_run_context(dry_run.start(kept.key, seen.layout, seen.lines, kept.vendor_id, request.user))
    else:
        dry_run.end(kept.key)
    return context | {
        "preview": seen,
        "vendor": Vendor.objects.get(pk=kept.vendor_id),
        "file_name": kept.file_name,
        "confirm_form": PreviewForm(seen, token),
        "field_choices": FIELD_CHOICES,
        "sent_before_url": seen.sent_before and page_url("uploads_uploadhistory", seen.sent_before.pk),
    }


def _was_seen(request: HttpRequest) -> bool:
    """Whether what is confirmed is what was previewed: nobody shall import columns that they only just changed."""
    reading = reading_of(request.POST)
    return reading is None or fingerprint(reading) == request.POST.get("seen")


def _take_up(request: HttpRequest) -> UploadHistory:
    """Open the upload of a file that was previewed, and remember its columns if asked to. Raises one of FAILURES."""
    kept = incoming.taken_up(request.POST.get("token", ""), request.user)
    reading = reading_of(request.POST)
    with storage.opened(kept.key) as file:
        upload = receive.receive(file, kept.file_name, kept.vendor_id, cast(Any, request.user), reading)
    if reading and reading.columns and "remember" in request.POST:
        headers = Layout.from_json(cast("dict[str, Any]", upload.layout)).headers
        mapping.remember(kept.vendor_id, headers, reading.columns, request.user)
    dry_run.end(kept.key)
    with suppress(StorageUnavailable):  # then it is swept away later
        storage.delete(kept.key)
    return upload

"""'Import' on products: import-export's choose → preview → confirm, with the pipeline doing the work; and on the page
of a product, its timeline.

Its button, pages, forms and addresses are import-export's. What it would do between them is replaced: it reads a
file whole, and writes products itself. Here the preview asks the pipeline's own parser and validator, its columns can
be corrected, and confirming hands the file to step 1, with exactly the columns that were previewed.
"""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ImportForm

from catalog.admin import ProductAdmin
from catalog.models import Product
from config.web.links import page_url
from config.web.text import counted, visible
from uploads.aws.records import storable
from uploads.insight import downloads, guide
from uploads.models import Job, results
from uploads.pipeline.settling import closing
from uploads.preview import flow
from uploads.preview.flow import FAILURES, UNSEEN, sentence
from uploads.preview.form import Confirmation, asked_in, dry_run_context
from uploads.staff.everywhere import gtins
from uploads.staff.pages import product as page
from vendors import access
from vendors.models import Vendor

CONFIRM_URL = reverse_lazy("admin:catalog_product_process_import")
# What htmx takes as the word to stop polling: https://htmx.org/docs/#load_polling
STOP_POLLING = 286
STEPS = ("Choose a file", "See what it would do", "Import it")


class FeedForm(ImportForm):  # type: ignore[misc] # import-export has no types
    """Choose: whose feed, and which file."""

    vendor = forms.ModelChoiceField(
        Vendor.objects.none(), empty_label="Choose a vendor", help_text="Files are taken of active vendors only."
    )
    field_order = ["resource", "vendor", "import_file", "format"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vendors = cast("forms.ModelChoiceField[Vendor]", self.fields["vendor"])
        vendors.queryset = access.vendors_of(user).filter(status=Vendor.Status.ACTIVE)
        self.fields["import_file"].label = "File"
        self.fields["import_file"].help_text = "A CSV file or an Excel workbook (.xlsx) with a header line"
        self.fields["import_file"].widget.attrs["accept"] = flow.ACCEPTED


class ProductsAdmin(ImportMixin, ProductAdmin):  # type: ignore[misc] # import-export has no types
    """The products, with the import."""

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    change_form_template = "uploads/staff/pages/product.html"
    add_form_template = "admin/change_form.html"
    import_template_name = "uploads/staff/product_import.html"
    import_form_class = FeedForm
    import_formats = (CSV,)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Above the form stands what there is to know of the product, and what became of it so far."""
        product = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        shown = page.whole(request, product) if product else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def after_change(self, request: HttpRequest, product: Product) -> None:
        """What failed rows wanted of the product has come right by hand."""
        if closed := sum(one.rows for one in closing.by_hand(product.pk, request.user.pk)):
            said = counted(closed, "{} failed row", "{} failed rows")
            messages.info(request, f"Closed since the product is right now: {said} of its uploads.")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("uploads.add_uploadhistory")

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        chosen = {"initial": {"vendor": request.GET.get("vendor", "")}} if request.method == "GET" else {}
        return {**super().get_import_form_kwargs(request), "user": request.user, **chosen}

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("import/template.xlsx", view(self.template_view), name="catalog_product_template_file"),
            path("import/preview/", view(self.preview_import), name="catalog_product_preview_import"),
            path("same-gtins/", view(self.gtins_view), name="catalog_product_gtins"),
            path("import/dry-run/<int:job_id>/", view(self.dry_run_view), name="catalog_product_dry_run"),
            *super().get_urls(),
        ]

    def template_view(self, request: HttpRequest) -> HttpResponseBase:
        """A workbook with all columns and an example, as vendors have it."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        headers = {"Content-Disposition": 'attachment; filename="products.xlsx"'}
        return HttpResponse(guide.template_xlsx(), content_type=downloads.XLSX, headers=headers)

    def gtins_view(self, request: HttpRequest) -> HttpResponseBase:
        """GTINs that products of two vendors have."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return gtins.gtins_page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Choose a file; then see how it is read and what it would do. Writes nothing but the file, kept aside."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = self.create_import_form(request)
        context: dict[str, Any] = {"form": form, "media": self.media, "chosen": [form["vendor"], form["import_file"]]}
        if request.method == "GET":
            context["why_not"] = _why_not(storable(request.GET.get("vendor", "")))
        if request.method == "POST" and form.is_valid():
            try:
                vendor, file = form.cleaned_data["vendor"], form.cleaned_data["import_file"]
                context |= _linked(flow.choose(file.file, file.name, vendor, request.user))
            except FAILURES as error:
                form.add_error("import_file", sentence(error))
        return self._page(request, context)

    @method_decorator(require_POST)
    def preview_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Look again at a file that is kept, read as the form says now."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        confirmation = Confirmation.from_post(request.POST)
        try:
            return self._page(request, _linked(flow.look_again(confirmation, request.user)))
        except FAILURES as error:
            messages.error(request, sentence(error))
            return redirect("admin:catalog_product_import")

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Confirm: hand the file to the pipeline, and show how its upload gets on."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        confirmation = Confirmation.from_post(request.POST)
        try:
            if not confirmation.was_seen:
                messages.warning(request, UNSEEN)
                return self._page(request, _linked(flow.look_again(confirmation, request.user)))
            upload = flow.confirm(confirmation, request.user)
        except flow.NotYet as error:
            messages.warning(request, str(error))
            return self._page(request, _linked(flow.look_again(confirmation, request.user)))
        except FAILURES as error:
            if flow.leaves_open(error):
                messages.warning(request, flow.OPEN)
                return self._page(request, _linked(flow.look_again(confirmation, request.user, whole=True)))
            messages.error(request, sentence(error))
            return redirect("admin:catalog_product_import")
        self.log_addition(request, upload, f"Imported {upload.file_name} for {upload.vendor_id}.")
        return redirect(page_url("uploads_uploadhistory", upload.pk))

    def dry_run_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """How far a dry run is: the part of the preview that changes, or a page of its own without JavaScript."""
        job = Job.objects.filter(pk=job_id, kind=Job.Kind.DRY_RUN).first()
        if job is None or not (job.requested_by_id == request.user.pk or self.has_import_permission(request)):
            raise PermissionDenied  # also for a number that nobody has: it tells less
        context = dry_run_context(job, asked_in(request.GET), request.user) | {
            "polled": "HX-Request" in request.headers,
            "confirm_url": CONFIRM_URL,
        }
        if not context["polled"]:
            context |= {**self.admin_site.each_context(request), "title": "Dry run", "opts": self.opts}
            return TemplateResponse(request, "uploads/staff/dry_run_page.html", context)
        status = STOP_POLLING if context["ended"] else 200
        return TemplateResponse(request, "uploads/staff/dry_run.html", context, status=status)

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
        page = {**self.admin_site.each_context(request), "title": "Import products", "opts": self.opts,
                "import_steps": STEPS}  # fmt: skip
        return TemplateResponse(request, self.import_template_name, page | context)


def _why_not(vendor_id: str) -> str:
    """Why the vendor that an address names can't be chosen, or ""."""
    vendor = Vendor.objects.filter(pk=vendor_id).first() if vendor_id else None
    if vendor is None or vendor.is_active:
        return ""
    return f"{visible(vendor.vendor_name)} is {vendor.status}: its files are taken once it is active."


def _linked(context: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of a preview, with where it leads to."""
    seen = context["preview"]
    before = seen.sent_before
    return context | {
        "replaces": results.replace_words(context["vendor"].absent_products),
        "sent_before_url": before and page_url("uploads_uploadhistory", before.pk),
        "again": "Update the preview" if seen.ready else "Use these answers and update the preview",
        "confirm_url": CONFIRM_URL,
    }

"""Products, categories and the catalog view in the admin.

ProductAdmin is registered by uploads/admin.py, which adds the import: uploads know the catalog, not the reverse.
"""

from typing import Any, cast

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import by_hand
from catalog.committer import lock_vendors
from catalog.forms import ProductForm
from catalog.models import Product, ProductCatalog, ProductCategory
from catalog.search import search
from config.web.filters import ValueFilter
from config.web.links import cut, link, page_url
from config.web.text import NOTHING, money
from vendors.tables import (
    ReadOnlyVendorTableAdmin,
    VendorFilter,
    VendorTableAdmin,
    company_link,
    vendor_link,
    with_company,
)

OVERTAKEN = "Somebody else got there first: the SKU or product ID was just taken, or the product deleted. Look again."
SEARCH_HELP = "Words of the name or description, the start of a SKU, or a vendor's product ID"


def ordering(request: HttpRequest) -> list[str]:
    """The order that has an index together with what a list is filtered by; none says the usual one, newest first.

    A vendor's products may all be old: on the way from the newest ones to them a million rows would be read.
    """
    if "vendor" in request.GET:
        return ["vendor_id", "vendor_product_id"]  # products_vendor_id_vendor_product_id_key
    return []


class CategoryFilter(ValueFilter):
    """By category, from the whitelist: asking a long table for its values would read all of it."""

    title, parameter_name, column = "category", "category", "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = ProductCategory.objects.values_list("category_name", flat=True)
        return [(name, name) for name in names]


class ProductAdmin(VendorTableAdmin):
    """The catalog. Feeds write it; what is entered by hand passes the same checks."""

    form = ProductForm
    list_display = ["named", "company", "category", "priced", "stock_quantity", "status", "updated_at"]
    opens = VendorTableAdmin.opens | {"opens_ledger": "uploads.view_recordoutcome"}
    more_columns = ("brand", "gtin", "image_url", "description_start", "vendor_link", "created_at")
    empty_says = (
        "There are no products yet. They come with the files of vendors: choose Import, above, to send one for a "
        "vendor."
    )
    list_filter = [VendorFilter, CategoryFilter, "status"]
    # An index on updated_at would serve as well, but keep PostgreSQL from updating a product in its page (HOT): a fifth
    # of the time of a feed of updates.
    sortable_by = ["named"]
    search_fields = ["sku"]
    search_help_text = SEARCH_HELP
    autocomplete_fields = ["vendor"]
    readonly_fields = ["created_at", "updated_at"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "vendor",
                    "vendor_product_id",
                    "sku",
                    "product_name",
                    "category",
                    "brand",
                    "description",
                    "gtin",
                    "image_url",
                ]
            },
        ),
        ("Offer", {"fields": ["price", "currency", "stock_quantity", "status"]}),
        ("Dates", {"fields": ["created_at", "updated_at"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:2]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Between the form's check and the writing, a feed may have taken the SKU, or the product may have gone."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (IntegrityError, Product.DoesNotExist):
            messages.error(request, OVERTAKEN)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        """Runs in the transaction of the page, and so does what it writes into the history."""
        product = cast(Product, obj)
        before = by_hand.locked(product) if change else None
        if before is None:
            lock_vendors([product.vendor_id])
        super().save_model(request, product, form, change)
        if before is None:
            by_hand.note_creation(product, request.user)
        if before is None or by_hand.note_edit(before, request.user):
            self.after_change(request, product)

    def after_change(self, request: HttpRequest, product: Product) -> None:
        """What else follows where a product was entered or changed: in the transaction, under its vendor's lock."""

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        by_hand.delete([obj.pk], request.user)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        by_hand.delete(queryset.values_list("pk", flat=True), request.user)

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        return search(queryset, search_term), False

    def get_ordering(self, request: HttpRequest) -> Any:
        return ordering(request) or super().get_ordering(request)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return with_company(super().get_queryset(request))

    @admin.display(description="product and SKU", ordering="sku")
    def named(self, product: Product) -> SafeString:
        return format_html("{} <small>{} · {}</small>", product.product_name, product.sku, product.vendor_product_id)

    @admin.display(description="company")
    def company(self, product: Product) -> SafeString | str:
        return company_link(product)

    @admin.display(description="description", empty_value=NOTHING)
    def description_start(self, product: Product) -> SafeString | str | None:
        return cut(product.description or "") or None

    @admin.display(description="vendor ID")
    def vendor_link(self, product: Product) -> SafeString | str:
        return vendor_link(product)

    @admin.display(description="price")
    def priced(self, product: Product) -> str:
        return money(product.price, product.currency)


@admin.register(ProductCatalog)
class ProductCatalogAdmin(ReadOnlyVendorTableAdmin):
    """The view `product_catalog`: what shops see, the products of active vendors."""

    peek = False  # its rows are those of products
    list_display = ["product_link", "product_name", "vendor_link", "vendor_name", "parent_category", "category",
                    "brand", "priced", "stock_quantity"]  # fmt: skip
    list_display_links = None
    list_filter = [VendorFilter, CategoryFilter]
    sortable_by = ["product_link"]
    search_fields = ["sku"]
    search_help_text = SEARCH_HELP

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        return search(queryset, search_term), False

    def get_ordering(self, request: HttpRequest) -> Any:
        return ordering(request) or super().get_ordering(request)

    @admin.display(description="SKU", ordering="sku")
    def product_link(self, product: ProductCatalog) -> SafeString:
        return link(page_url("catalog_product", product.pk), product.sku)

    @admin.display(description="vendor")
    def vendor_link(self, product: ProductCatalog) -> SafeString | str:
        return vendor_link(product)

    @admin.display(description="price")
    def priced(self, product: ProductCatalog) -> str:
        return money(product.price, product.currency)

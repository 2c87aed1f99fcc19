"""The category whitelist in the admin: a tree, turned on and off with care, and edited as a spreadsheet."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.db import transaction
from django.db.models import F, Func, IntegerField, QuerySet, Value
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext
from import_export.admin import ImportMixin
from import_export.formats.base_formats import Format

from catalog.category_import import CategoryCSV, CategoryFileForm, CategoryResource, FileRefused, SignedFile
from catalog.category_tree import in_order, in_words, product_counts
from catalog.models import Product, ProductCategory
from config.web import confirm
from config.web.links import link, list_url
from config.web.tables import TableAdmin
from config.web.text import NOTHING, visible
from security.log import note
from security.models import Kind

DEEPEST = 6  # levels that are indented; the styles are in vendors/back_office.css
CHANGED_MEANWHILE = (
    "Nothing was imported: the categories were changed since the preview, and the file doesn't fit any more. "
    "Choose it again to see why."
)
TOO_OLD = "The preview is too old. Choose the file again."
UNREADABLE = (
    "The file can't be read in this format. Save it as CSV in UTF-8 or as XLSX, and choose the format that it has."
)
MEANING = {
    True: (
        "Feeds may use these categories from now on. Rows that waited for them are retried by themselves where their "
        "vendors want that."
    ),
    False: (
        "Rows of feeds with these categories are refused from now on, with the reason inactive_category. "
        "Products that carry them stay as they are."
    ),
}


class CategoryList(ChangeList):
    """The list in the order of the tree, unless one was chosen, with what its columns need for all rows at once."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> "QuerySet[Any]":
        found = super().get_queryset(request, exclude_parameters)
        self.depths = {}
        if ORDER_VAR in self.params:
            return found
        self.depths = in_order(found.values_list("pk", "category_name", "parent_category"))
        ids = Value(list(self.depths), output_field=ArrayField(IntegerField()))
        return found.order_by(Func(ids, F("pk"), function="array_position"))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page = list(self.result_list)
        counts = product_counts(category.category_name for category in page)
        parents = {category.parent_category for category in page}
        known = set(ProductCategory.objects.filter(category_name__in=parents).values_list("category_name", flat=True))
        for category in page:
            category.depth = min(self.depths.get(category.pk, 0), DEEPEST)
            category.product_count = counts[category.category_name]
            category.parent_known = category.parent_category in known
        self.result_list = page


class ProductCategoryAdmin(ImportMixin, TableAdmin):  # type: ignore[misc] # import-export has no types
    """The whitelist. Products carry a category by name, so one in use keeps its name; it can be made inactive."""

    empty_says = "There are no categories yet, and no row is accepted without one. Add one, or import a list of them."
    list_display = ["tree_name", "parent", "is_active", "products"]
    list_filter = ["is_active", "parent_category"]
    search_fields = ["category_name", "parent_category"]
    fields = ["category_name", "parent_category", "is_active", "products"]
    actions = ["activate", "deactivate"]
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    import_template_name = "catalog/category_import.html"
    import_form_class = CategoryFileForm
    import_formats: tuple[type[Format], ...] = (CategoryCSV,)
    tmp_storage_class = SignedFile
    export_leaves_out = ("category_id", "created_at")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CategoryList

    def get_readonly_fields(self, request: HttpRequest, obj: ProductCategory | None = None) -> list[str]:
        return ["products", "category_name"] if obj and in_use(obj) else ["products"]

    def has_delete_permission(self, request: HttpRequest, obj: ProductCategory | None = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and in_use(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is in use is asked for all that were chosen at once."""
        with_counts(objs)
        return super().get_deleted_objects(objs, request)

    @admin.display(description="category", ordering="category_name")
    def tree_name(self, category: ProductCategory) -> SafeString:
        depth = category.depth
        return format_html('<span class="tree tree-{}">{}</span>', depth, visible(category.category_name))

    @admin.display(description="parent category", ordering="parent_category", empty_value=NOTHING)
    def parent(self, category: ProductCategory) -> SafeString | str | None:
        name = visible(category.parent_category or "")
        if not name or category.parent_known:
            return name or None
        return format_html('{} <small class="quiet">not a category</small>', name)

    @admin.display(description="products")
    def products(self, category: ProductCategory) -> SafeString | str:
        if category.pk is None:
            return NOTHING
        count = with_counts([category])[0].product_count
        return link(list_url("catalog_product", category=category.category_name), in_words(count)) if count else "0"

    # --- turning on and off ---

    @admin.action(description="Activate selected categories", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        return self._set_active(request, queryset, active=True)

    @admin.action(description="Deactivate selected categories", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseBase | None:
        return self._set_active(request, queryset, active=False)

    def _set_active(self, request: HttpRequest, queryset: "QuerySet[Any]", *, active: bool) -> HttpResponseBase | None:
        word = "activate" if active else "deactivate"
        if confirm.was_confirmed(request):
            keys = confirm.chosen(request)
            changed = set_active(keys, active=active, user=request.user)
            confirm.say(request, f"{word}d", len(changed), len(keys), "{} category", "{} categories")
            return None
        concerned = with_counts(queryset.filter(is_active=not active))
        question = confirm.Question(
            action=word,
            title=f"{word.capitalize()} categories",
            button=f"Yes, {word}",
            meaning=[MEANING[active]],
            lines=[(str(one.pk), f"{visible(one.category_name)}: {carried(one.product_count)}") for one in concerned],
            nothing=f"All of these categories are {'' if active else 'in'}active already.",
            test_url=self.tested_at(request, [str(one.pk) for one in concerned], active=active),
        )
        return confirm.ask(self, request, question)

    def tested_at(self, request: HttpRequest, keys: list[str], *, active: bool) -> str:
        """Where it can be seen what that would do to rows of feeds; "" where it can't."""
        return ""

    # --- import ---

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def get_import_resource_classes(self, request: HttpRequest) -> list[type[CategoryResource]]:
        return [CategoryResource]

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """All or nothing: what the preview had no fault with may have one by now."""
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        form.add_error("import_file", str(e) if isinstance(e, FileRefused) else UNREADABLE)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().process_import(request, **kwargs)
        except signing.BadSignature:
            messages.error(request, TOO_OLD)
            return redirect("admin:catalog_productcategory_import")
        except FileRefused as error:  # it could be read for the preview
            messages.error(request, str(error))
            return redirect("admin:catalog_productcategory_import")
        return response

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponseBase:
        if result.has_errors() or result.has_validation_errors():
            messages.error(request, CHANGED_MEANWHILE)
            return redirect("admin:catalog_productcategory_import")
        response: HttpResponseBase = super().process_result(result, request)
        return response


def in_use(category: ProductCategory) -> bool:
    """Whether products carry it (through idx_products_category)."""
    if category.product_count is not None:
        return bool(category.product_count)
    return Product.objects.filter(category=category.category_name).exists()


def with_counts(categories: Any) -> list[Any]:
    """The categories, each with its `product_count`; one query for all that have none yet."""
    without = [category for category in categories if category.product_count is None]
    counts = product_counts(category.category_name for category in without) if without else {}
    for category in without:
        category.product_count = counts[category.category_name]
    return list(categories)


def carried(count: int) -> str:
    """How many products carry a category, in words."""
    return ngettext("{} product", "{} products", count).format(in_words(count)) if count else "no products"


@transaction.atomic
def set_active(keys: list[str], *, active: bool, user: Any) -> list[ProductCategory]:
    """Turn categories on or off, in one statement, and log it; returns those that weren't so already."""
    changed = list(
        ProductCategory.objects.raw(
            "UPDATE product_categories SET is_active = %s WHERE category_id = ANY (%s) AND is_active <> %s RETURNING *",
            [active, [int(key) for key in keys if key.isdecimal()], active],
        )
    )
    LogEntry.objects.log_actions(user.pk, changed, CHANGE, "Activated." if active else "Deactivated.")
    for category in changed:
        about = f"product category {category.category_name}"
        note(Kind.SETTING_CHANGED, user=user, about=about, detail=f"is_active: {not active} → {active}")
    return changed

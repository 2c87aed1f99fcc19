"""Every page of the admin, found in its registry and in the URL configuration: a new page is found by itself.

What is asked for with a key is asked for with a typical one and with the largest: the upload with the most rows, the
vendor with the most products. What can't be asked for is named in LEFT_OUT, with the reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import Count, DateField, Model
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from catalog.models import Product, ProductCatalog, ProductCategory
from uploads.models import RecentUpload, UploadHistory, ValidationError, ValueTotal, VendorSummary
from vendors.models import Vendor

# Names, or patterns without one, that are no pages of their own.
LEFT_OUT = {
    "admin:logout": "takes POST only",
    "admin:view_on_site": "no model has a page elsewhere",
    "admin:catalog_product_process_import": "takes POST only, after a preview",
    "admin:uploads_uploadhistory_file": "a download from file storage",
    "admin:uploads_uploadhistory_report": "a download, as long as its file",
    "admin:uploads_uploadhistory_excel_report": "a download, as long as its file",
    "admin:catalog_product_template_file": "a download",
    "admin:(?P<url>.*)$": "sends on what lacks a slash, or says 404",
    "admin:<path:object_id>/": "sends old addresses on to …/change/",
}
# Of every list: they take POST only, or are asked with the list's filters (list_pages).
OF_LISTS = ("_changelist", "_views", "_columns", "_counts")
COMMON, MISSING = "warranty", "xyzzyplugh"  # tests/bench/fill.py writes the one into every second description
MANY = 12  # values of a filter: of more, the first, the middle and the last are asked for


class Address(NamedTuple):
    """A page: what it is, and where."""

    name: str
    url: str


def every_page(user: User) -> Iterator[Address]:
    """All of them, as this superuser finds them."""
    for page in named_patterns():
        yield from _pattern_pages(*page)
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label):
        yield from list_pages(user, model, model_admin)
        yield from _autocompletes(model, model_admin)
    for typed in ("VEND", "UPLOAD_", ".csv", COMMON, MISSING, *Product.objects.values_list("sku", flat=True)[:1]):
        yield Address(f"find “{typed}”", f"{reverse('find')}?{urlencode({'q': typed})}")


# --- from the URL configuration --------------------------------------------------------------------------------


def named_patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each pattern of the admin as "admin:name", or with the pattern itself where it has no name, and its arguments."""
    resolver = resolver or next(
        known for known in get_resolver().url_patterns
        if isinstance(known, URLResolver) and known.namespace == "admin"
    )  # fmt: skip
    for pattern in resolver.url_patterns:
        arguments = re.findall(r"<(?:\w+:)?(\w+)>", f"{prefix}{pattern.pattern}")
        if isinstance(pattern, URLPattern):
            yield f"admin:{pattern.name or pattern.pattern}", arguments
        else:
            yield from named_patterns(pattern, f"{prefix}{pattern.pattern}")


def left_over() -> list[str]:
    """The patterns that no page was found for and that no reason is given for."""
    return [
        name
        for name, arguments in named_patterns()
        if name not in LEFT_OUT and not _found_otherwise(name) and not list(_pattern_pages(name, arguments))
    ]


def _found_otherwise(name: str) -> bool:
    """The lists and the suggestions are found with the model; an empty table has no pages of single rows."""
    return name.endswith(OF_LISTS) or name == "admin:autocomplete" or _model_of(name) is not None


def _pattern_pages(name: str, arguments: list[str]) -> Iterator[Address]:
    if name in LEFT_OUT or name.endswith(OF_LISTS) or name == "admin:autocomplete":
        return
    if name in QUESTIONS:
        for kind, query in QUESTIONS[name]():
            yield Address(f"{name} {kind}", f"{reverse(name)}?{urlencode(query)}")
    elif not arguments:
        yield Address(name, reverse(name))
    elif arguments == ["app_label"]:
        for label in sorted({model._meta.app_label for model in admin.site._registry}):
            yield Address(f"{name} {label}", reverse(name, args=[label]))
    elif len(arguments) == 1 and (model := _model_of(name)):
        for kind, key in _keys(model):
            yield Address(f"{name} {kind}", reverse(name, args=[quote(key)]))


def _model_of(name: str) -> type[Model] | None:
    return next((model for model in admin.site._registry
                 if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_")), None)  # fmt: skip


def _keys(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """A typical row's key and the largest one's; of errors an open one's, since only those can be corrected."""
    rows = (
        ValidationError.objects.filter(resolved_at=None) if model is ValidationError else model._default_manager.all()
    )
    keys = rows.order_by("pk").values_list("pk", flat=True)
    count = min(keys.count(), 1000)
    if count:
        yield "typical", keys[count // 2]
    if (largest := largest_of(model)) is not None:
        yield "largest", largest


def largest_of(model: type[Model]) -> Any:
    """The key of the row with the most behind it, or None where rows are alike."""
    if model in (Vendor, VendorSummary):
        return _most(Product, "vendor_id")
    if model in (UploadHistory, RecentUpload):
        uploads = model._default_manager.order_by("-total_records")
        return uploads.values_list("pk", flat=True).first()
    if model is ProductCategory:
        name = _most(Product, "category")
        return ProductCategory.objects.filter(category_name=name).values_list("pk", flat=True).first()
    return None


def _most(model: type[Model], column: str) -> Any:
    """The value that most rows have in a column."""
    found = model._default_manager.order_by().values(column).annotate(n=Count("pk")).order_by("-n").first()
    return found and found[column]


def _waiting() -> Iterator[tuple[str, dict[str, str]]]:
    yield "largest vendor", {"vendor": largest_of(Vendor)}


def _wrong_values() -> Iterator[tuple[str, dict[str, str]]]:
    for field in ("category", "price"):
        yield f"{field} of the largest upload", {"upload": largest_of(UploadHistory), "field": field}
        yield f"{field} of the largest vendor", {"vendor": largest_of(Vendor), "field": field}


def _failed_rows() -> Iterator[tuple[str, dict[str, str]]]:
    upload = largest_of(UploadHistory)
    problems = ValidationError.objects.filter(upload=upload, severity="error", resolved_at=None).order_by("error_type")
    for code in problems.values_list("error_type", flat=True).distinct():
        yield code, {"upload": upload, "code": code}


def _everywhere() -> Iterator[tuple[str, dict[str, Any]]]:
    for field in ("category", "price"):
        yield f"{field} of all vendors", {"field": field}
    if largest := ValueTotal.objects.filter(claim=False).order_by("-rows").first():
        yield "one value", {"field": largest.field, "value": largest.value}
        yield "those behind it", {"field": largest.field, "rows": largest.rows, "after": largest.value}
    yield "claims", {"claims": 1}


# Pages that are asked something beside their address.
QUESTIONS: dict[str, Callable[[], Iterator[tuple[str, dict[str, Any]]]]] = {
    "admin:uploads_validationerror_everywhere": _everywhere,
    "admin:uploads_validationerror_waiting": _waiting,
    "admin:uploads_validationerror_values": _wrong_values,
    "admin:uploads_validationerror_rows": _failed_rows,
}


# --- lists -----------------------------------------------------------------------------------------------------


def list_pages(user: User, model: type[Model], model_admin: "ModelAdmin[Any]") -> Iterator[Address]:
    """A model's list in every way that it offers, each with its first page and its last."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    url = reverse(name)
    for kind, query in _queries(_changelist(user, model_admin, url), model, model_admin):
        yield Address(f"{name} {kind}", f"{url}?{query}".rstrip("?"))
        if query and not kind.startswith("page"):
            last = _changelist(user, model_admin, f"{url}?{query}").paginator.num_pages
            yield from [Address(f"{name} {kind}, last page", f"{url}?{query}&p={last}")] if last > 1 else []
    for spec in _changelist(user, model_admin, url).filter_specs:
        asked = (spec.expected_parameters() or [""])[0]
        yield Address(f"{name} counts of {asked}", f"{url}counts/?{urlencode({'of': asked})}")


def _changelist(user: User, model_admin: "ModelAdmin[Any]", url: str) -> ChangeList:
    request = RequestFactory().get(url)
    request.user = user
    return model_admin.get_changelist_instance(request)


def _queries(changelist: ChangeList, model: type[Model], model_admin: "ModelAdmin[Any]") -> Iterator[tuple[str, str]]:
    yield "plain", ""
    last = changelist.paginator.num_pages
    yield from ((f"page {number}", f"p={number}") for number in sorted({2, last}) if 1 < number <= last)
    yield from _sorts(changelist)
    filters = list(_filters(changelist, model))
    yield from filters
    yield from _dates(model, model_admin)
    for kind, typed in _searches(changelist, model):
        yield f"search {kind}", urlencode({"q": typed})
        if kind == "common":
            yield from ((f"search {kind}, {other}", f"{urlencode({'q': typed})}&{query}")
                        for other, query in [*filters, *_sorts(changelist)])  # fmt: skip
    largest = [found for found in filters if found[0].endswith(" largest")]
    yield from ((f"{one}, {two}", f"{first}&{second}") for one, first in largest for two, second in _sorts(changelist))


def _sorts(changelist: ChangeList) -> Iterator[tuple[str, str]]:
    for index, column in enumerate(changelist.list_display):
        sortable = changelist.sortable_by is None or column in changelist.sortable_by
        if sortable and column != "action_checkbox" and changelist.get_ordering_field(column):
            yield f"sort {column}", f"o={index}"
            yield f"sort -{column}", f"o=-{index}"


def _filters(changelist: ChangeList, model: type[Model]) -> Iterator[tuple[str, str]]:
    for spec in changelist.filter_specs:
        choices = [choice for choice in spec.choices(changelist) if not choice["selected"]]
        for choice in _some(choices):
            yield f"filter {spec.title} = {choice['display']}", choice["query_string"].lstrip("?")
    for spec_class in changelist.list_filter:
        column, parameter = getattr(spec_class, "column", ""), getattr(spec_class, "parameter_name", "")
        if column:
            yield from ((f"filter {parameter} {kind}", urlencode({parameter: value}))
                        for kind, value in _values(model, column))  # fmt: skip


def _some(choices: list[Any]) -> list[Any]:
    return choices if len(choices) <= MANY else [choices[0], choices[len(choices) // 2], choices[-1]]


def _values(model: type[Model], column: str) -> Iterator[tuple[str, Any]]:
    """A value of a column: of the oldest row, of the newest, and the one with the most behind it."""
    values = model._default_manager.exclude(**{f"{column}__isnull": True}).values_list(column, flat=True)
    for kind, value in (("oldest", values.order_by("pk").first()), ("newest", values.order_by("-pk").first())):
        if value is not None:
            yield kind, value
    behind = {"vendor_id": Vendor, "upload_id": UploadHistory}.get(column)
    largest = largest_of(behind) if behind else _most(Product, "category") if column == "category" else None
    if largest is not None:
        yield "largest", largest


def _dates(model: type[Model], model_admin: "ModelAdmin[Any]") -> Iterator[tuple[str, str]]:
    name = model_admin.date_hierarchy
    if name and isinstance(model._meta.get_field(name), DateField):
        moment = getattr(model._default_manager.order_by("pk").first(), name, None)
        parts = ["year", "month", "day"] if moment else []
        for count in range(1, len(parts) + 1):
            query = {f"{name}__{part}": getattr(moment, part) for part in parts[:count]}
            yield f"{name} by {parts[count - 1]}", urlencode(query)


def _searches(changelist: ChangeList, model: type[Model]) -> Iterable[tuple[str, str]]:
    if not changelist.search_fields:
        return []
    typed = [("common", COMMON), ("missing", MISSING)]
    products = Product.objects.order_by("product_id")
    product = products[min(products.count(), 1000) // 2 :][:1].first()
    if product:
        typed += [("rare", product.product_name.split()[-1]), ("SKU", product.sku), ("start of SKU", product.sku[:4]),
                  ("product ID", product.vendor_product_id), ("two words", "steel warranty")]  # fmt: skip
    upload = largest_of(UploadHistory)
    if upload and model not in (Product, ProductCatalog):
        typed += [("upload ID", upload), ("vendor ID", "VEND001"), ("number", "10")]
    return typed


def _autocompletes(model: type[Model], model_admin: "ModelAdmin[Any]") -> Iterator[Address]:
    for field in model_admin.autocomplete_fields:
        asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field}
        for term in ("", "VEND", MISSING):
            url = f"{reverse('admin:autocomplete')}?{urlencode({**asked, 'term': term})}"
            yield Address(f"admin:autocomplete {model._meta.label}.{field} “{term}”", url)

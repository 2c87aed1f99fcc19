"""Lists of the admin whose rows belong to vendors: shown to those who may see their vendors, filtered by vendor."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.web.filters import ValueFilter, choice_filter
from config.web.links import link, page_url
from config.web.tables import ReadOnly, TableAdmin
from vendors import access
from vendors.models import Vendor


class VendorTableAdmin(TableAdmin):
    """One table, shown to those who may see its rows' vendors."""

    # How a row leads to its vendor's ID.
    vendor_lookup = "vendor_id"
    # What links in a row need: whether who looks may view what they lead to, as attributes of the row. Without it, they
    # are text.
    opens = {"opens_vendor": "vendors.view_vendor"}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        found = access.visible(super().get_queryset(request), request.user, self.vendor_lookup)
        may = {name: Value(request.user.has_perm(permission)) for name, permission in self.opens.items()}
        rows: QuerySet[Any] = found.annotate(**may)
        return rows


class ReadOnlyVendorTableAdmin(ReadOnly, VendorTableAdmin):
    """One that nobody writes here."""


def vendor_link(row: Any) -> SafeString | str:
    """The vendor of a row that carries its ID, as a link for those who may view it."""
    return link(page_url("vendors_vendor", row.vendor_id), row.vendor_id) if row.opens_vendor else str(row.vendor_id)


def with_company(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Rows that belong to vendors, each with the name of its company: a probe for each that is shown."""
    names = Vendor.objects.filter(pk=OuterRef("vendor_id")).values("vendor_name")
    found: QuerySet[Any] = rows.annotate(company_name=Subquery(names))
    return found


def company_link(row: Any) -> SafeString | str:
    """The same of a row `with_company`, by its name."""
    name = row.company_name or ""
    return link(page_url("vendors_vendor", row.vendor_id), name) if row.opens_vendor else name


class VendorFilter(ValueFilter):
    """By vendor: as links while there are few, else an input with suggestions."""

    title, parameter_name, column = "vendor", "vendor", "vendor_id"
    template = "vendors/vendor_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        vendors = access.vendors_of(request.user).values_list("vendor_id", "vendor_name")
        return [(vendor_id, f"{vendor_id} {name}") for vendor_id, name in vendors]

    def choices(self, changelist: Any) -> Any:
        """Also notes what else the list was asked for, which the input has to keep."""
        self.kept = {k: value for k, value in changelist.params.items() if k not in (self.parameter_name, "p")}
        return super().choices(changelist)


VENDOR_STATUS = choice_filter("status", list(Vendor.Status.choices))

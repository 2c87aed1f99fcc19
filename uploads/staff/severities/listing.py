"""The page of severities: all kinds of problems with what counts, and below it everything that was ever said of them.

What has counted is never changed or deleted: something newer is said of the same code, vendor and category, and counts
from its date on. What doesn't count yet is deleted where it isn't meant any more: nothing was judged by it, and what is
newer and counts from today on wouldn't keep it from its day.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.models import ProductCategory
from catalog.rules.problems import KINDS, Code, label_of
from config.web.filters import ValueFilter, choice_filter
from config.web.links import link, page_url
from config.web.text import NOTHING, visible
from security.log import note
from security.models import Kind
from uploads.models import SeverityRule
from uploads.staff.severities import codes
from vendors import access
from vendors.tables import VendorFilter, VendorTableAdmin, vendor_link

if TYPE_CHECKING:
    SeverityModelForm = forms.ModelForm[SeverityRule]
else:
    SeverityModelForm = forms.ModelForm

LONGEST: Final = timedelta(days=366)  # from now on: what counts later is forgotten till then
SHOWN: Final = 5  # of what comes
CODES: Final = [(code.value, code.label) for code in sorted(KINDS, key=lambda one: one.label)]


def _in_words(rule: SeverityRule) -> str:
    since = f"{rule.counts_from:%Y-%m-%d %H:%M} UTC"
    return f"{label_of(rule.code)}: {codes.said_words(rule)} for {codes.whom(rule)}, from {since}"


class CategoryFilter(ValueFilter):
    title, parameter_name, column = "category", "category", "category"


class SeverityForm(SeverityModelForm):
    """Something new that is said of a kind of problem."""

    code = forms.ChoiceField(label="Kind of problem", choices=CODES)
    severity = forms.ChoiceField(label="Is", choices=SeverityRule.Severity.choices, required=False)
    category = forms.ChoiceField(required=False, help_text="Leave it empty for all categories.")
    counts_from = forms.SplitDateTimeField(
        widget=AdminSplitDateTime(), required=False, help_text="Rows that are checked from then on. Empty: at once."
    )

    class Meta:
        model = SeverityRule
        fields = ["code", "severity", "threshold", "vendor", "category", "counts_from", "note"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ProductCategory.objects.order_by("category_name").values_list("category_name", flat=True)
        if isinstance(self.fields.get("category"), forms.ChoiceField):
            self.fields["category"].choices = [("", "all categories"), *((name, visible(name)) for name in names)]  # type: ignore[attr-defined] # it is one

    def clean_counts_from(self) -> Any:
        asked, now = self.cleaned_data["counts_from"], timezone.now()
        if asked and asked < now - timedelta(minutes=1):
            raise forms.ValidationError(
                "This is past, and what was checked stays as it was judged. Leave it empty for now."
            )
        if asked and asked > now + LONGEST:
            raise forms.ValidationError("Say it within a year of the day from which it counts.")
        return asked

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        code, severity = cleaned.get("code", ""), cleaned.get("severity", "")
        if not code:
            return cleaned
        kind = KINDS[Code(code)]
        if severity == SeverityRule.Severity.WARNING and kind.never:
            self.add_error("severity", f"“{label_of(code)}” can't be a warning. {kind.never}")
        if cleaned.get("threshold") is not None and kind.threshold is None:
            self.add_error("threshold", f"“{label_of(code)}” has no bound.")
        if cleaned.get("threshold") is not None and not severity:
            self.add_error("threshold", "What is taken back has no bound of its own.")
        return cleaned


class SeverityRuleAdmin(VendorTableAdmin):
    """What staff said; added to, and never changed."""

    form = SeverityForm
    autocomplete_fields = ["vendor"]
    import_export_change_list_template = "uploads/staff/severities.html"
    empty_says = "Nothing was said so far: every kind of problem is what it is by default."
    list_display = ["kind_of_problem", "it_is", "vendor_link", "of_category", "counts_from", "shown_note", "said_by"]
    more_columns = ("created_at",)
    list_filter = [
        choice_filter("code", CODES), VendorFilter, CategoryFilter,
        choice_filter("severity", [("error", "Errors"), ("warning", "Warnings")]),
    ]  # fmt: skip
    list_select_related = ["vendor", "created_by"]
    readonly_fields = [
        "kind_of_problem", "it_is", "vendor_link", "of_category", "shown_note", "said_by", "created_at",
    ]  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return SeverityForm.Meta.fields
        return [*self.readonly_fields[:4], "counts_from", *self.readonly_fields[4:]]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Of what doesn't count yet, for those who could say it; never of many at once."""
        coming = isinstance(obj, SeverityRule) and obj.counts_from > timezone.now()
        return coming and self.has_add_permission(request)

    def delete_model(self, request: HttpRequest, obj: SeverityRule) -> None:
        """By the database's clock, as it is asked for when rows are judged."""
        said, vendor_id = _in_words(obj), obj.vendor_id or ""
        if not SeverityRule.objects.filter(pk=obj.pk, counts_from__gt=Now()).delete()[0]:
            raise PermissionDenied("It counts by now. Say something newer instead.")
        note(Kind.SETTING_CHANGED, vendor_id=vendor_id, about="severity", detail=f"Deleted before it counted: {said}")

    def peek_title(self, rule: SeverityRule) -> str:
        return label_of(rule.code)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """About vendors alone that who asks may see."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if "vendor" in form.base_fields:
            form.base_fields["vendor"].queryset = access.vendors_of(request.user)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """From now on by the database's clock, as it is asked for when rows are judged."""
        obj.created_by_id, obj.counts_from = request.user.pk, obj.counts_from or Now()
        obj.save()
        obj.refresh_from_db()
        note(Kind.SETTING_CHANGED, vendor_id=obj.vendor_id or "", about="severity", detail=_in_words(obj))
        same = SeverityRule.objects.filter(code=obj.code, vendor=obj.vendor_id, category=obj.category)
        for coming in same.filter(counts_from__gt=obj.counts_from, pk__lt=obj.pk).order_by("counts_from")[:SHOWN]:
            text = "This was said before and still comes: {}. Delete it there if it isn’t meant any more."
            way = link(page_url("uploads_severityrule", coming.pk), _in_words(coming))
            messages.warning(request, format_html(text, way))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With the table of all kinds of problems above the list."""
        vendor_id, may_add = request.GET.get("vendor", ""), self.has_add_permission(request)
        vendor = access.vendors_of(request.user).filter(pk=vendor_id).first() if vendor_id.isprintable() else None
        lines = codes.table(self.get_queryset(request), vendor_id=vendor.pk if vendor else "", may_add=may_add)
        only = request.GET.get("code", "")
        fixed = any(line.code.value == only and line.kind.never and not line.said for line in lines)
        shown = {"lines": lines, "about_vendor": vendor, "only_code": only, "only_code_is_fixed": fixed}
        return super().changelist_view(request, shown | (extra_context or {}))

    @admin.display(description="kind of problem", ordering="code")
    def kind_of_problem(self, rule: SeverityRule) -> str:
        return visible(label_of(rule.code))

    @admin.display(description="is")
    def it_is(self, rule: SeverityRule) -> str:
        return codes.said_words(rule)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, rule: SeverityRule) -> SafeString | str:
        return vendor_link(rule) if rule.vendor_id else "all vendors"

    @admin.display(description="category", ordering="category")
    def of_category(self, rule: SeverityRule) -> str:
        return visible(rule.category) or "all categories"

    @admin.display(description="note", empty_value=NOTHING)
    def shown_note(self, rule: SeverityRule) -> str | None:
        return visible(rule.note) or None

    @admin.display(description="said by")
    def said_by(self, rule: SeverityRule) -> str:
        return visible(str(rule.created_by)) if rule.created_by else NOTHING

"""What people taught the import about a vendor's files, in the admin: its columns, and values it keeps writing."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.rules.fields import FIELDS, LABELS
from config.web.filters import choice_filter
from config.web.text import visible
from uploads.models import ColumnRule, ValueRule
from vendors.tables import VendorFilter, VendorTableAdmin, vendor_link

if TYPE_CHECKING:
    ColumnRuleModelForm = forms.ModelForm[ColumnRule]
    ValueRuleModelForm = forms.ModelForm[ValueRule]
else:
    ColumnRuleModelForm = ValueRuleModelForm = forms.ModelForm

FIELD_CHOICES = [(field, LABELS[field]) for field in FIELDS]
BY_FIELD = choice_filter("field", FIELD_CHOICES)


class ColumnRuleForm(ColumnRuleModelForm):
    field = forms.ChoiceField(
        choices=[("", "don't import"), *FIELD_CHOICES], required=False, label="Read as",
        help_text="Applies to the files that come from now on.",
    )  # fmt: skip

    class Meta:
        model = ColumnRule
        fields = ["vendor", "header", "field"]


class ValueRuleForm(ValueRuleModelForm):
    field = forms.ChoiceField(choices=FIELD_CHOICES)

    class Meta:
        model = ValueRule
        fields = ["vendor", "field", "wrong_value", "right_value"]


class RuleAdmin(VendorTableAdmin):
    """Rules are added where the trouble shows; here they are looked at, corrected and taken away."""

    autocomplete_fields = ["vendor"]
    list_select_related = ["vendor"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A rule stays its vendor's."""
        return ["vendor", *self.readonly_fields] if obj else list(self.readonly_fields)

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, rule: Any) -> SafeString:
        return vendor_link(rule)


class ColumnRuleAdmin(RuleAdmin):
    """Which field a vendor's column is."""

    form = ColumnRuleForm
    list_display = ["shown_header", "read_as", "vendor_link", "created_at"]
    list_filter = [VendorFilter, BY_FIELD]
    search_fields = ["header"]
    search_help_text = "A part of the column's name"
    readonly_fields = ["created_at"]
    fields = ["vendor", "header", "field", "created_at"]

    @admin.display(description="column of the file", ordering="header")
    def shown_header(self, rule: ColumnRule) -> str:
        return visible(rule.header)

    @admin.display(description="read as", ordering="field")
    def read_as(self, rule: ColumnRule) -> str:
        return LABELS.get(rule.field, "not imported")


class ValueRuleAdmin(RuleAdmin):
    """What is read instead of a value that a vendor keeps writing."""

    form = ValueRuleForm
    list_display = ["wrong", "right", "field_name", "vendor_link", "created_by", "created_at"]
    list_filter = [VendorFilter, BY_FIELD]
    list_select_related = ["vendor", "created_by"]
    search_fields = ["wrong_value", "right_value"]
    search_help_text = "A part of either value"
    readonly_fields = ["created_by", "created_at"]
    fields = ["vendor", "field", "wrong_value", "right_value", "created_by", "created_at"]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change and isinstance(obj, ValueRule):
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    @admin.display(description="wrong value", ordering="wrong_value")
    def wrong(self, rule: ValueRule) -> str:
        return visible(rule.wrong_value)

    @admin.display(description="read as", ordering="right_value")
    def right(self, rule: ValueRule) -> str:
        return visible(rule.right_value)

    @admin.display(description="field", ordering="field")
    def field_name(self, rule: ValueRule) -> str:
        return LABELS.get(rule.field, rule.field)

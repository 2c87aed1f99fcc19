"""What people taught the import about a vendor's files, in the admin: its columns, and values it keeps writing."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.rules.fields import LABELS, READ
from config.web.filters import choice_filter
from config.web.links import pairs_table
from config.web.text import visible
from uploads.feed.columns import short
from uploads.models import RememberedReading, ValueRule
from uploads.pipeline import remembered
from vendors.tables import VendorFilter, VendorTableAdmin, vendor_link

if TYPE_CHECKING:
    ValueRuleModelForm = forms.ModelForm[ValueRule]
else:
    ValueRuleModelForm = forms.ModelForm

FIELD_CHOICES = [(field, LABELS[field]) for field in READ]
BY_FIELD = choice_filter("field", FIELD_CHOICES)


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
    def vendor_link(self, rule: Any) -> SafeString | str:
        return vendor_link(rule) if rule.vendor_id else "all vendors"


class RememberedReadingAdmin(VendorTableAdmin):
    """How a vendor's files with certain columns are read. It comes from a preview, and is taken away here."""

    empty_says = (
        "Nothing is remembered yet. What somebody answers in the preview of a file is kept here for the next files "
        "with the same columns."
    )
    list_display = ["shown_file", "read_as", "vendor_link", "created_by", "created_at"]
    list_filter = [VendorFilter]
    list_select_related = ["vendor", "created_by"]
    search_fields = ["file_name"]
    search_help_text = "A part of the file's name"
    readonly_fields = ["vendor_link", "shown_file", "created_by", "created_at", "read_as", "shown_answers",
                                "shown_headers"]  # fmt: skip

    fields = list(readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="vendor", ordering="vendor_id")
    def vendor_link(self, reading: RememberedReading) -> SafeString | str:
        return vendor_link(reading)

    @admin.display(description="chosen for", ordering="file_name")
    def shown_file(self, reading: RememberedReading) -> str:
        return visible(reading.file_name)

    @admin.display(description="read as")
    def read_as(self, reading: RememberedReading) -> SafeString:
        return pairs_table((LABELS[field], short(header)) for field, header in remembered.in_order(reading))

    @admin.display(description="other answers", empty_value="none")
    def shown_answers(self, reading: RememberedReading) -> SafeString | None:
        return pairs_table(reading.answers.items()) if reading.answers else None

    @admin.display(description="for files with the columns")
    def shown_headers(self, reading: RememberedReading) -> str:
        return visible(", ".join(reading.headers))


class ValueRuleAdmin(RuleAdmin):
    """What is read instead of a value that a vendor keeps writing."""

    form = ValueRuleForm
    empty_says = (
        "There are no rules yet. Correct a wrong value in all rows and keep it as a rule: the vendor's next files are "
        "read by it."
    )
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

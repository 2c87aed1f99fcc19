"""Products by hand: what a feed's row has to be, so does a product that staff enter."""

from typing import TYPE_CHECKING, Any

from django import forms

from catalog.category_tree import active_categories
from catalog.models import Product
from catalog.rules import currencies
from catalog.rules.fields import FIELDS
from catalog.rules.problems import Code, Problem
from catalog.rules.validator import Rules, validate
from vendors.models import Vendor

if TYPE_CHECKING:
    ProductModelForm = forms.ModelForm[Product]
else:
    ProductModelForm = forms.ModelForm


class ProductForm(ProductModelForm):
    """A product with the checks of a feed."""

    class Meta:
        model = Product
        fields = [
            "vendor", "vendor_product_id", "product_name", "category", "sku", "brand", "description", "price",
            "currency", "stock_quantity", "gtin", "image_url", "status",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "category" in self.fields:
            names = active_categories()
            current = self.instance.category
            if current and current not in names:
                names.append(current)
            self.fields["category"] = forms.ChoiceField(choices=[("", "---------"), *((name, name) for name in names)])
        if "status" in self.fields:
            self.fields["status"].required = False
        if "currency" in self.fields:
            choices = currency_choices(self.instance.currency)
            if not self.instance.currency:
                choices.insert(0, ("", "the vendor's"))
            self.fields["currency"] = forms.ChoiceField(choices=choices, required=False)

    def clean_vendor(self) -> Vendor:
        vendor: Vendor = self.cleaned_data["vendor"]
        if "vendor" in self.changed_data and not vendor.is_active:
            raise forms.ValidationError(f"{vendor} is {vendor.status}. Products are accepted from active vendors only.")
        return vendor

    def clean_status(self) -> str:
        return self.cleaned_data["status"] or self.instance.status or Product.Status.ACTIVE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "currency" in cleaned and "vendor" in cleaned:
            cleaned["currency"] = cleaned["currency"] or self.instance.currency or cleaned["vendor"].currency
        row = {field: None if value is None else str(value) for field, value in cleaned.items() if field in FIELDS}
        judged = validate(row, Rules.from_names([cleaned.get("category", "")]), _NUMBERS)
        for problem in judged.problems:
            if problem.code == Code.INVALID_IMAGE_URL:  # from a feed the product would come without it
                self.add_error("image_url", problem.message)
        if judged.draft:  # as a feed's row would be stored: without invisible characters at its ends
            stored = {field: value for field, value in judged.draft._asdict().items() if field in row}
            return cleaned | {field: None if value == "" else value for field, value in stored.items()}
        for problem in judged.problems:
            if problem.field in cleaned:  # else the form has found something wrong with it already
                self.add_error(problem.field, _sentence(problem))
        return cleaned


def currency_choices(current: str | None = None) -> list[tuple[str, str]]:
    """The codes of ISO 4217, and the one that stands there."""
    known = currencies.CURRENCIES
    return [(code, f"{code} – {known.get(code, 'not in ISO 4217')}") for code in sorted({*known, current or "USD"})]


def _sentence(problem: Problem) -> str:
    said = not problem.suggestion or problem.suggestion in problem.message
    return problem.message if said else f"{problem.message} Suggestion: {problem.suggestion}"


_NUMBERS = frozenset({"price", "stock_quantity"})

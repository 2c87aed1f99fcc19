"""The whitelist from a file and back: what an export wrote changes nothing when it is imported again.

A row is found by its category_name, so an import adds categories, moves them and turns them on and off, but renames
none. The chosen file travels from the preview to its confirmation inside the page, signed: nothing is left lying
about, and any web process can go on with it.
"""

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export.fields import Field
from import_export.formats import base_formats
from import_export.forms import ImportForm
from import_export.resources import Diff, ModelResource
from import_export.tmp_storages import BaseStorage
from import_export.widgets import Widget
from tablib import Dataset

from catalog.models import ProductCategory
from catalog.rules.cells import EDGES, unguard
from catalog.rules.money import quoted
from config.web.text import visible

COLUMNS = ("category_name", "parent_category", "is_active")
MAX_BYTES = 1024 * 1024
MAX_ROWS = 2000
MAX_COLUMNS = 50  # with rows filled up to the header's width, a megabyte could be a billion cells otherwise
HOURS = 24
TRUTH = {"true": True, "1": True, "yes": True, "": True, "false": False, "0": False, "no": False}


class FileRefused(Exception):
    """A file that can't be imported at all, in a sentence."""


def _text_of(value: object) -> str:
    """What a text was before an export made it harmless, whatever a spreadsheet took it for since."""
    return "" if value is None else unguard(str(value))


class TruthCell(Widget):  # type: ignore[misc] # import-export has no types
    """Yes or no, however a spreadsheet writes it; nothing means active, as it does in the table."""

    def clean(self, value: object, row: object = None, **kwargs: Any) -> bool:
        text = "" if value is None else str(value).strip()
        if text.lower() not in TRUTH:
            raise ValueError(f"{quoted(text)} is neither TRUE nor FALSE.")
        return TRUTH[text.lower()]


class MarkedDiff(Diff):  # type: ignore[misc] # import-export has no types
    """Before and after of each cell, marked by elements; import-export's own would bring inline styles."""

    def as_html(self) -> list[SafeString]:
        before = [""] * len(self.left) if self.new else self.left
        return [_marked(str(old), str(new)) for old, new in zip(before, self.right, strict=True)]


def _marked(old: str, new: str) -> SafeString:
    if old == new:
        return format_html("{}", visible(new))
    parts = [format_html(f"<{tag}>{{}}</{tag}>", visible(text)) for tag, text in (("del", old), ("ins", new)) if text]
    return SafeString(" ".join(parts))


class CategoryResource(ModelResource):  # type: ignore[misc] # import-export has no types
    """One row, one category."""

    category_name = Field("category_name", "category_name", Widget())
    parent_category = Field("parent_category", "parent_category", Widget())
    is_active = Field("is_active", "is_active", TruthCell())

    class Meta:
        model = ProductCategory
        fields = import_order = COLUMNS
        import_id_fields = ["category_name"]
        clean_model_instances = True
        report_skipped = True

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return MarkedDiff

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Reads the whole whitelist at once. Raises FileRefused, and then leaves no row to look at."""
        reason = _refusal(dataset)
        if reason:
            dataset.wipe()
            raise FileRefused(reason)
        self.stored = {category.category_name: category for category in ProductCategory.objects.all()}
        self.texts = {*self.stored, *(category.parent_category or "" for category in self.stored.values())}
        self.rows: dict[str, int] = {}

    def before_import_row(self, row: dict[str, object], row_number: int = 0, **kwargs: Any) -> None:
        """Trims the names as a feed's cells are, but for those that stand in the table with white space around them."""
        for column in {"category_name", "parent_category"} & row.keys():
            text = _text_of(row[column])
            if "\0" in text:
                raise ValidationError({column: "Null characters are not allowed."})
            row[column] = text if text in self.texts else text.strip(EDGES)
        name = str(row["category_name"])
        first = self.rows.setdefault(name, row_number)
        if first != row_number:
            raise ValidationError({"category_name": f"{quoted(name)} stands in row {first} of this file already."})

    def get_instance(self, instance_loader: object, row: dict[str, object]) -> ProductCategory | None:
        return self.stored.get(str(row["category_name"]))

    def skip_row(self, instance: Any, original: Any, row: object, import_validation_errors: object = None) -> bool:
        """What changes nothing isn't written: no parent and an empty parent are the same."""
        return not import_validation_errors and original.pk is not None and _plain(instance) == _plain(original)

    def before_save_instance(self, instance: ProductCategory, row: object, **kwargs: Any) -> None:
        instance.parent_category = instance.parent_category or None


def _refusal(dataset: Any) -> str:
    """Why the file can't be imported at all, or ""."""
    if "category_name" not in (dataset.headers or []):
        return f"The file has no column category_name. Its columns are {', '.join(COLUMNS)}."
    return ""


def _plain(category: ProductCategory) -> tuple[str, str, bool]:
    return category.category_name, category.parent_category or "", category.is_active


# --- reading ---------------------------------------------------------------------------------------------------


class CategoryCSV(base_formats.CSV):  # type: ignore[misc] # import-export has no types
    """CSV in UTF-8, of which no more is kept than may be imported."""

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> Dataset:
        text = in_stream.decode(self.encoding) if isinstance(in_stream, bytes) else in_stream
        return dataset_of(csv.reader(io.StringIO(text, newline="")))


def dataset_of(rows: Iterable[Sequence[str]]) -> Dataset:
    """The rows below the first as import-export takes them, filled up to the width of that one.

    Raises FileRefused for more than may be imported, and InvalidDimensions for a row that is wider than the first.
    """
    found = [list(row) for row in islice(filter(None, rows), MAX_ROWS + 2)]
    headers = found[0] if found else []
    if len(found) > MAX_ROWS + 1:
        raise FileRefused(f"The file has more than {MAX_ROWS:,} rows, which are all that can be imported at once.")
    if len(headers) > MAX_COLUMNS:
        raise FileRefused(f"The file has {len(headers):,} columns. A list of categories has {', '.join(COLUMNS)}.")
    dataset = Dataset()
    dataset.headers = headers
    for row in found[1:]:
        dataset.append(row + [""] * (len(headers) - len(row)))
    return dataset


# --- choosing and confirming -----------------------------------------------------------------------------------


class CategoryFileForm(ImportForm):  # type: ignore[misc] # import-export has no types
    """The choice of a file, which names its format by its ending."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB, which is more than a list of categories needs.")
        return file


class SignedFile(BaseStorage):  # type: ignore[misc] # import-export has no types
    """What import-export takes for the name of a temporary file is the file itself, signed."""

    def save(self, data: bytes) -> None:
        self.name = signing.dumps(base64.b64encode(data).decode(), salt=__name__, compress=True)

    def read(self) -> str | bytes:
        """Raises signing.BadSignature where the page isn't ours or too old, and UnicodeDecodeError."""
        data = base64.b64decode(signing.loads(self.name, salt=__name__, max_age=HOURS * 3600))
        return data if self.read_mode == "rb" else data.decode(self.encoding)

    def remove(self) -> None:
        """There is nothing to remove."""

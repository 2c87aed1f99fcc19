"""How an upload's file was read, or would be, and why: in sentences for people, and for programs."""

from typing import Any

from catalog.rules.fields import LABELS, READ
from uploads.feed.columns import short
from uploads.feed.parser import DELIMITERS, Layout, encoding_name
from uploads.feed.questions import Question
from uploads.feed.sheets.handed_out import OUR_COLUMNS
from uploads.models import UploadHistory


def layout_of(upload: UploadHistory) -> Layout | None:
    """None for records that other programs put into the table: no file was read."""
    return Layout.from_json(upload.layout) if upload.layout else None


def sentences(layout: Layout) -> list[str]:
    """The encoding and the delimiter, of a workbook its sheet, what each column is, what was remembered, and what was
    assumed. Vendors' text is in them."""
    delimiter = DELIMITERS.get(layout.delimiter, layout.delimiter)
    if layout.sheet:
        how = f"Read from the sheet “{layout.sheet}”."
    else:
        how = f"Read as {encoding_name(layout.encoding)}, with a {delimiter} between cells."
    return [how, _columns(layout), *([layout.remembered] if layout.remembered else []), *layout.notes]


def _columns(layout: Layout) -> str:
    """Which column each field is read from; the name only where it isn't the field's own."""
    fields = layout.mapping.fields
    read = [
        LABELS[field] if fields[field] == field else f"{LABELS[field]} from “{short(fields[field])}”"
        for field in READ
        if field in fields
    ]
    return f"Columns: {', '.join(read) or 'none'}."


def as_json(layout: Layout | None) -> dict[str, object]:
    """Empty values where no file was read."""
    return {
        "encoding": layout.encoding if layout else "",
        "encoding_reason": layout.encoding_reason if layout else "",
        "delimiter": layout.delimiter if layout else "",
        "notes": list(layout.notes) if layout else [],
    }


def whole(layout: Layout) -> dict[str, Any]:
    """All of it, for programs. `header_line` counts the file's lines, or the rows of a sheet, from 1; `format` names a
    shop's export, and `columns` has a list where several are looked at."""
    return {
        "format": layout.plan.format if layout.plan else "",
        **as_json(layout),
        "sheet": layout.sheet,
        "header_line": layout.first_row.line,
        "columns": _all_columns(layout),
        "ignored": [name for name in layout.mapping.ignored if name not in OUR_COLUMNS],
        "currency": layout.currency,
        "answers": dict(layout.answers),
        "remembered": layout.remembered,
    }


def _all_columns(layout: Layout) -> dict[str, str | list[str]]:
    read = layout.plan.read_from if layout.plan else {}
    by_plan = {field: list(found) if len(found) > 1 else found[0] for field, found in read.items() if found}
    return {**layout.mapping.fields, **by_plan}


def question_as_json(question: Question) -> dict[str, Any]:
    """For programs; `id` is what answers refer to it by."""
    return {
        "id": question.id,
        "kind": question.kind,
        "field": question.field,
        "text": question.text,
        "choices": [
            {"value": choice.value, "label": choice.label, "count": choice.count} for choice in question.choices
        ],
        "suggestion": question.suggestion,
        "rows": question.rows,
    }

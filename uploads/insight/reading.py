"""How an upload's file was read, and why: in sentences for people, and for programs."""

from uploads.feed.parser import DELIMITERS, Layout, encoding_name
from uploads.models import UploadHistory


def layout_of(upload: UploadHistory) -> Layout | None:
    """None for records that other programs put into the table: no file was read."""
    return Layout.from_json(upload.layout) if upload.layout else None


def sentences(layout: Layout) -> list[str]:
    """The encoding and the delimiter, of a workbook its sheet, and what was assumed. Vendors' text is in them."""
    delimiter = DELIMITERS.get(layout.delimiter, layout.delimiter)
    if layout.sheet:
        how = f"Read from the sheet “{layout.sheet}”."
    else:
        how = f"Read as {encoding_name(layout.encoding)}, with a {delimiter} between cells."
    return [how, *layout.notes]


def as_json(layout: Layout | None) -> dict[str, object]:
    """Empty values where no file was read."""
    return {
        "encoding": layout.encoding if layout else "",
        "encoding_reason": layout.encoding_reason if layout else "",
        "delimiter": layout.delimiter if layout else "",
        "notes": list(layout.notes) if layout else [],
    }

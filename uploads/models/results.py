"""What came of an upload, in a word for badges and a sentence for people: the same on every page, in mails, at the
command line and for programs. An upload in which nothing was right has not simply completed.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.utils.timezone import localtime

from config.web.text import counted


class Result(StrEnum):
    """The word. Programs get it from `import_feed --json`, so the values are kept."""

    PROCESSING = "processing"
    HELD = "held"  # it would change more than is usual: nothing of it is imported before somebody lets it through
    FAILED = "failed"
    CANCELLED = "cancelled"
    IMPORTED = "imported"  # no row waits for anybody, and at least one is in the catalog
    PARTLY = "partly_imported"  # some rows are, and others have errors
    NOTHING = "nothing_imported"  # there are errors, and no row is in the catalog
    LEFT_ALONE = "left_alone"  # all rows were right, and the upload was to leave them alone

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


class Counted(Protocol):
    """An upload, or what a view says of one."""

    status: str
    valid_records: int
    error_records: int
    ignored_records: int
    closed_records: int
    skipped_records: int

    @property
    def open_records(self) -> int:
        """Rows with errors that wait for somebody."""


class Sent(Counted, Protocol):
    """An upload itself."""

    mode: str
    layout: dict[str, Any] | None
    file_rows: int | None
    total_records: int
    absent_to: str
    absent_state: str
    absent_records: int
    absent_why: str


class Aged(Protocol):
    """An upload of which something may have been deleted by its age."""

    completed_at: datetime | None
    file_deleted_at: datetime | None
    archived_at: datetime | None


def in_catalog(upload: Counted) -> int:
    """Rows that the catalog follows: their product is as the row says, retired where it says so, or as a newer upload
    says."""
    return upload.valid_records - upload.skipped_records


def words(upload: Counted) -> str:
    """What became of the rows that need nobody: "1,190 right, 10 left alone, 3 ignored"; or ""."""
    counts = ((in_catalog(upload), "right"), (upload.skipped_records, "left alone"))
    return ", ".join(
        [*(f"{number:,} {word}" for number, word in counts if number), *filter(None, [settled_words(upload)])]
    )


def settled_words(upload: Counted) -> str:
    """What became of the other rows with errors: "3 ignored, 1 settled since"; or ""."""
    counts = ((upload.ignored_records, "ignored"), (upload.closed_records, "settled since"))
    return ", ".join(f"{number:,} {word}" for number, word in counts if number)


def result(upload: Counted) -> Result:
    """As it stands now: corrected rows count as right, and what is ignored or settled since doesn't wait any more."""
    if upload.status != "completed":
        return Result(upload.status)
    if in_catalog(upload):
        return Result.PARTLY if upload.open_records else Result.IMPORTED
    return Result.NOTHING if upload.error_records else Result.LEFT_ALONE


def leaves_out(upload: Sent) -> bool:
    """Whether the rows that were skipped are no products, rather than such as the upload's mode leaves alone."""
    return upload.mode == "upsert" and bool((upload.layout or {}).get("plan"))


def only_updates(upload: Sent) -> bool:
    """Whether its file can only change products that are in the catalog."""
    return ((upload.layout or {}).get("plan") or {}).get("mode") == "update"


def sentence(upload: Sent) -> str:
    """What came of the rows of an upload that completed, and of the products that a whole catalog lacks."""
    return " ".join(filter(None, (_of_rows(upload), absent_words(upload))))


def absent_words(upload: Sent) -> str:
    """What became of products that a whole catalog lacks, or why nothing did; "" where it lacks none, or is none."""
    if upload.absent_state == "refused":
        return upload.absent_why
    if not upload.absent_records:
        return ""
    if upload.absent_to == "zero_stock":
        products = counted(upload.absent_records, "{} product that it lacks", "{} products that it lacks")
        return f"The stock of {products} was set to 0."
    return (
        counted(upload.absent_records, "{} product that it lacks was", "{} products that it lacks were") + " retired."
    )


def replace_words(absent_to: str) -> str:
    """What a file does that is sent as the whole catalog, for who chooses that."""
    does = "those that it lacks are retired: shops don’t see them any more"
    if absent_to == "zero_stock":
        does = "the stock of those that it lacks is set to 0"
    back = "Nothing is deleted, and an undo brings them back."
    return f"For a file that has all products: after its last row {does}. {back}"


def absent_refused(upload: Sent) -> str:
    """Why nothing was retired by a file that was to be the whole catalog: what nobody may overlook; "" for all else."""
    return upload.absent_why if upload.absent_state == "refused" else ""


def absent_under_way(upload: Sent) -> str:
    """That the step is being done for products that a whole catalog lacks; "" while it isn't."""
    complete = upload.file_rows is not None and upload.total_records == upload.file_rows
    if upload.status != "processing" or upload.absent_state != "due" or not complete:
        return ""
    doing = "their stock is set to 0" if upload.absent_to == "zero_stock" else "they are retired"
    return (
        "All rows are checked. Now your products are looked for that the file lacks, and "
        f"{doing}: {upload.absent_records:,} so far."
    )


def _of_rows(upload: Sent) -> str:
    settled = settled_words(upload)
    needing = counted(upload.open_records, "{} row needs you", "{} rows need you") if upload.open_records else ""
    wrong = ", ".join(filter(None, (needing, settled)))
    if leaves_out(upload):
        alone = counted(upload.skipped_records, "{} row was left out", "{} rows were left out")
    else:
        alone = counted(upload.skipped_records, "{} row was left alone", "{} rows were left alone")
        alone += f" ({why_alone(upload.mode)})"
    right = counted(in_catalog(upload), "{} row was right", "{} rows were right")
    also = f", {alone}" if upload.skipped_records else ""
    match result(upload):
        case Result.IMPORTED:
            return f"Done. {right}{also}{f', {settled}' if settled else ''}."
        case Result.PARTLY:
            return f"{right}{also}, {wrong}."
        case Result.NOTHING:
            return f"Nothing was imported: {wrong}{also}."
    return f"Nothing was changed: {alone}."


def why_alone(mode: str) -> str:
    """What rows are that an upload, or a dry run, of this mode leaves alone."""
    return "in the catalog already" if mode == "add" else "not in the catalog"


def file_gone(upload: Aged) -> str:
    """That its file was deleted by its age, in a sentence; "" where it wasn't."""
    return f"The file was deleted {_when(upload, upload.file_deleted_at)}." if upload.file_deleted_at else ""


def aged(upload: Aged) -> list[str]:
    """All that its pages say of what is kept of it no more."""
    if upload.archived_at is None:
        return [gone] if (gone := file_gone(upload)) else []
    means = "Its rows can't be retried and it can't be undone; settled errors and warnings aren't kept."
    return [*filter(None, [file_gone(upload)]), f"{archived(upload)} {means}"]


def archived(upload: Aged) -> str:
    """That it is archived, in a sentence; "" where it isn't."""
    return f"The upload was archived {_when(upload, upload.archived_at)}." if upload.archived_at else ""


def _when(upload: Aged, moment: datetime) -> str:
    """`on 2027-12-31, 400 days after it ended`."""
    days = (moment - upload.completed_at).days if upload.completed_at else 0
    after = f", {counted(days, '{} day', '{} days')} after it ended" if days else ""
    return f"on {localtime(moment):%Y-%m-%d}{after}"

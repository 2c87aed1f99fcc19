"""What the commands show at a terminal: the progress of an upload, live, and its outcome."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from django.db import OperationalError, connection
from kombu.exceptions import OperationalError as BrokerDown
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from config.celery import app
from uploads.insight import progress, reading
from uploads.insight.progress import ErrorKind
from uploads.insight.progress import Progress as UploadProgress
from uploads.models import UploadHistory, results
from uploads.models.results import Result
from uploads.pipeline.guard import hold

POLL_SECONDS = 0.2
# After that long without anything moving, say what it may be waiting for.
STILL_SECONDS = 5.0
ABSENT = {"retired": "Products it lacks, retired", "zero_stock": "Products it lacks, stock set to 0"}
COLOURS = {Result.NOTHING: "red", Result.PARTLY: "yellow", Result.LEFT_ALONE: "yellow", Result.HELD: "yellow"}


def console(out: TextIO) -> Console:
    """A console on a command's own stream; without colour and movement where that is no terminal."""
    return Console(file=out, highlight=False, soft_wrap=not out.isatty())


def follow(upload_id: str, out: TextIO) -> UploadProgress:
    """Show the upload's progress until it has ended or is held; returns how it is then. A service that is away is
    waited for."""
    shown = console(out)
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(), console=shown, transient=True, disable=not shown.is_terminal,
    ) as bars:  # fmt: skip
        bar = bars.add_task("Waiting for a worker", total=1.0)
        return _watch(upload_id, shown, bars, bar)


@contextmanager
def counting(what: str, out: TextIO, done: str = "compared") -> Iterator[Callable[[int], None]]:
    """Gives a function that shows, at a terminal, how many records of an upload, say, were compared so far."""
    shown = console(out)
    with Progress(
        TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
        console=shown, transient=True, disable=not shown.is_terminal,
    ) as lines:  # fmt: skip
        line = lines.add_task(f"{what}: at the first records", total=None)
        yield lambda count: lines.update(line, description=f"{what}: {count:,} records {done}")


def _watch(upload_id: str, shown: Console, bars: Progress, bar: TaskID) -> UploadProgress:
    moved_at, before, told = time.monotonic(), (-1, -1), False
    while True:
        try:
            state = progress.of(upload_id)
        except OperationalError:
            connection.close()
            moved_at, told = _explain(shown, "PostgreSQL isn't reachable; the upload waits for it.", moved_at, told)
        else:
            bars.update(bar, completed=state.fraction, description=state.sentence)
            if state.ended:
                return state
            now = (state.upload.staged_rows, state.upload.total_records)
            if now != before:
                moved_at, before, told = time.monotonic(), now, False
            elif not told and time.monotonic() - moved_at > STILL_SECONDS:
                moved_at, told = _explain(shown, _what_is_missing(), moved_at, told)
        time.sleep(POLL_SECONDS)


def _explain(shown: Console, sentence: str, moved_at: float, told: bool) -> tuple[float, bool]:
    """Say it once per standstill."""
    if sentence and not told:
        shown.print(sentence)
    return moved_at, True


def _what_is_missing() -> str:
    try:
        if app.control.ping(timeout=1.0, limit=1):
            return ""
    except (BrokerDown, OSError):
        return "Redis isn't reachable; the upload waits for it."
    return "No worker answers; the upload waits for one. Start it with: make up"


def print_outcome(state: UploadProgress, out: TextIO, *, reading_told: bool = False) -> None:
    """The numbers of an upload that ended, and its errors and warnings by type with an example each; how its file was
    read, unless that was told before."""
    shown = console(out)
    upload = state.upload
    if upload.status == upload.Status.FAILED:
        shown.print(f"[red]{_plain(upload.file_name)} failed:[/] {_plain(upload.failure_reason)}", soft_wrap=True)
        return
    if upload.status == upload.Status.HELD:
        _print_held(state, shown)
        return
    shown.print(_numbers(state))
    if upload.status == upload.Status.COMPLETED:
        refused = results.absent_refused(upload)
        shown.print(
            _plain(state.sentence), style="red" if refused else COLOURS.get(state.result, "green"), soft_wrap=True
        )
    layout = None if reading_told else reading.layout_of(upload)
    for sentence in reading.sentences(layout) if layout else ():
        shown.print(_plain(sentence), soft_wrap=True)
    if state.errors:
        shown.print(_kinds(state.errors, "Errors by type, with an example each"))
    if state.warnings:
        shown.print(_kinds(state.warnings, "Warnings by type, with an example each: such rows were read all the same"))
    if upload.error_report_key:
        shown.print(
            f"Error report: {upload.error_report_key} in the bucket, or Uploads → {upload.upload_id} in the admin"
        )


def _print_held(state: UploadProgress, shown: Console) -> None:
    """What would change more than is usual, and the two ways out."""
    upload = state.upload
    shown.print(_plain(state.sentence), style="yellow", soft_wrap=True)
    for finding in hold.findings_of(upload):
        for line in finding.lines:
            shown.print(f"  {_plain(line)}", soft_wrap=True)
    shown.print(
        f"As it is meant: manage.py release_upload {upload.upload_id}. Otherwise: manage.py cancel_upload "
        f"{upload.upload_id}, and send the right file. Or Uploads → {upload.upload_id} in the admin.",
        soft_wrap=True,
    )


def _numbers(state: UploadProgress) -> Table:
    upload = state.upload
    table = Table(title=f"{upload.upload_id}: {upload.status}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for label, number in (
        ("Rows in the file", upload.file_rows),
        ("Inserted", upload.inserted_records),
        ("Updated", upload.updated_records),
        ("Retired", upload.retired_records or None),
        ("Unchanged", upload.unchanged_records),
        ("Superseded by a newer upload", upload.superseded_records or None),
        (_skipped(upload), upload.skipped_records or None),
        ("Rows with errors", upload.open_records),
        ("Ignored, with errors", upload.ignored_records or None),
        ("Settled since, with errors", upload.closed_records or None),
        ("Rows with warnings", state.warned or None),
        (ABSENT.get(upload.absent_to, ""), upload.absent_records if upload.absent_state == "done" else None),
    ):
        if number is not None:
            table.add_row(label, f"{number:,}")
    table.add_row("Seconds", f"{state.seconds:.1f}")
    return table


def _kinds(kinds: Iterable[ErrorKind], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Type", no_wrap=True)
    table.add_column("Count", justify="right")
    table.add_column("Where")
    table.add_column("Example")
    for kind in kinds:
        table.add_row(kind.code, f"{kind.count:,}", _plain(kind.place), _plain(kind.message))
    return table


def _plain(text: str) -> str:
    """Vendors' text, shown as it is: neither markup in square brackets nor a terminal's control sequences count."""
    return escape(printable(text).replace("\n", "�"))


def printable(text: str) -> str:
    """Text with vendors' text in it, for a terminal: control characters but the end of a line do nothing there."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def _skipped(upload: UploadHistory) -> str:
    """Why rows were skipped: by the upload's mode, or since they are no products."""
    return "Left out, no products" if results.leaves_out(upload) else "Skipped, as the upload was to do"

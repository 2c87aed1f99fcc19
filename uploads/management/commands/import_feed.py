"""Send a file through the pipeline from the command line, or see how it would be read."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.outages import explain
from uploads.aws.storage import StorageUnavailable
from uploads.feed.choices import in_mode
from uploads.feed.formats.model import CATEGORY_VALUES, EMPTY_SKU, LEAVE, NEGATIVE
from uploads.feed.parser import Layout, Reading
from uploads.feed.questions import Question
from uploads.insight import progress
from uploads.insight import reading as how_read
from uploads.management import asking, terminal
from uploads.models import UploadHistory
from uploads.pipeline import examine, receive, report
from uploads.pipeline.examine import FeedFile
from uploads.pipeline.understood import categories
from uploads.preview import explain as previewed

OPEN_QUESTIONS = 3
TOO_MANY_ERRORS = 4
HELD = 5
MOST_ROUNDS = 20  # of questions at a terminal


def _percent(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:
        raise argparse.ArgumentTypeError("expected a number from 0 to 100")
    return found


def _error_percent(upload: UploadHistory) -> float:
    """How many percent of the rows have errors; an upload that was cancelled has not all of them."""
    return 100 * upload.error_records / upload.total_records if upload.total_records else 0.0


class Command(BaseCommand):
    help = (
        "Import a vendor's feed. Exit status 0 when the upload completed, with or without row errors; 3 when the file "
        "leaves open what only a person can decide, and nothing was imported; 4 when more rows have errors than "
        "--fail-on-errors allows; 5 when it is held, since it would change more than is usual, and nothing was "
        "imported before somebody lets it through; 1 otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--vendor", required=True, help="the vendor's ID, like VEND001")
        parser.add_argument("--wait", action="store_true", help="stay until the upload has ended, with a progress bar")
        parser.add_argument(
            "--fail-on-errors", metavar="PERCENT", nargs="?", type=_percent, const=0.0, default=None,
            help="exit status 4 when more than so many percent of rows have errors, 0 if not said; waits for the end",
        )  # fmt: skip
        parser.add_argument("--report", metavar="FILE.csv", help="write the error report there; waits for the end")
        parser.add_argument("--json", action="store_true", help="print the outcome for programs")
        parser.add_argument("--yes", action="store_true", help="ask nothing, not even when the file was sent before")
        parser.add_argument("--explain", action="store_true", help="only print how the file would be read")
        parser.add_argument(
            "--mode", choices=UploadHistory.Mode.values, default=UploadHistory.Mode.UPSERT.value,
            help="update only changes products that are there; replace makes the file the whole catalog",
        )  # fmt: skip
        parser.add_argument(
            "--kind", choices=("full", "offer"), default="full",
            help="offer: each row has an identifier and what changes of the product",
        )  # fmt: skip
        parser.add_argument("--rows", type=int, help="how many rows it has: a whole catalog with fewer retires nothing")
        parser.add_argument("--answers", metavar="FILE.json", help='answers to its questions: {"price_from": "Net"}')

    def handle(self, *args: Any, **options: Any) -> None:
        path, vendor_id = Path(options["file"]), options["vendor"]
        self._mode, self._offers, self._rows = options["mode"], options["kind"] == "offer", options["rows"]
        answers = _answers(options["answers"])
        if options["explain"]:
            self._explain(path, vendor_id, self._reading(answers), as_json=options["json"])
            return
        upload = self._receive(path, vendor_id, answers, ask=not options["yes"], as_json=options["json"])
        if not options["json"]:
            self._print(how_read.sentences(Layout.from_json(upload.layout or {})))
        wait = options["wait"] or options["report"] or options["fail_on_errors"] is not None
        if wait:
            # Programs read standard output, so the progress goes beside it.
            state = terminal.follow(upload.upload_id, sys.stderr if options["json"] else sys.stdout)
        else:
            state = progress.of(upload.upload_id)
        if options["json"]:
            self.stdout.write(json.dumps(state.as_json()))
        elif wait:
            terminal.print_outcome(state, sys.stdout, reading_told=True)
        else:
            self.stdout.write(f"{upload.upload_id} is open; the workers go on with it.")
        if options["report"]:
            self._write_report(state.upload, Path(options["report"]))
        if state.upload.status == UploadHistory.Status.FAILED:
            sys.exit(1)
        if state.upload.status == UploadHistory.Status.HELD:
            sys.exit(HELD)
        if options["fail_on_errors"] is not None and _error_percent(state.upload) > options["fail_on_errors"]:
            sys.exit(TOO_MANY_ERRORS)

    def _write_report(self, upload: UploadHistory, path: Path) -> None:
        """Write the rows that are wrong now to a file; of an upload without any it has its header alone."""
        try:
            with path.open("w", encoding="utf-8-sig", newline="") as out:
                report.write_report(upload, out)
        except OSError as error:
            raise CommandError(f"The error report can't be written: {path}: {error.strerror}") from error

    def _reading(self, answers: Mapping[str, str]) -> Reading:
        return in_mode(Reading(answers=answers), self._mode, offers=self._offers)

    def _explain(self, path: Path, vendor_id: str, reading: Reading, *, as_json: bool) -> None:
        with _opened(path, vendor_id) as feed:
            layout, found = previewed.explained(feed, vendor_id, reading)
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        self._print(how_read.sentences(layout))
        self._print(line for one in found["questions"] for line in asking.lines(one))
        self._print(f"Not needed: {line}" for one in found["optional"] for line in asking.lines(one))

    def _receive(
        self, path: Path, vendor_id: str, answers: Mapping[str, str], *, ask: bool, as_json: bool
    ) -> UploadHistory:
        with _opened(path, vendor_id) as feed:
            self._recognise(feed.text, vendor_id, ask)
            for _ in range(MOST_ROUNDS):
                reading = self._reading(answers)
                wanted = receive.Options(self._mode, announced_rows=self._rows)
                try:
                    return receive.open_upload(
                        feed, path.name, vendor_id, reading=reading if reading.answers else None, options=wanted
                    )
                except examine.Refused as refused:
                    if not refused.questions:
                        raise
                    if not (ask and sys.stdin.isatty()) or as_json:
                        raise self._open_questions(path, refused, as_json=as_json) from refused
                    answers = {**answers, **self._ask(refused.questions[0])}
        raise CommandError("Nothing was imported: there are more questions than a file can have.")

    def _open_questions(self, path: Path, refused: examine.Refused, *, as_json: bool) -> CommandError:
        """Say them, with their choices; returns what ends the command."""
        asked = [how_read.question_as_json(question) for question in refused.questions]
        if as_json:
            self.stdout.write(json.dumps({"status": "question", "questions": asked}))
        lines = [line for one in asked for line in asking.lines(one)]
        hint = 'Answer with --answers FILE.json: {"' + asked[0]["id"] + '": …}'
        message = "\n".join([f"{path.name}: {refused}", *lines, hint])
        return CommandError(terminal.printable(message), returncode=OPEN_QUESTIONS)

    def _ask(self, question: Question) -> dict[str, str]:
        """One question at a terminal: question ID → answer. Raises CommandError for who gives none."""
        if question.kind == CATEGORY_VALUES:  # its cells come one by one
            self._print([question.text])
        else:
            self._print(asking.lines(how_read.question_as_json(question)))
        answer = asking.answer(question, categories.ours(), lambda line: self._print([line]))
        if answer is None:
            raise CommandError("Nothing was imported.", returncode=OPEN_QUESTIONS)
        return {question.id: answer}

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(terminal.printable(line))

    def _recognise(self, file: BinaryIO, vendor_id: str, ask: bool) -> None:
        """The same file again is asked about at a terminal, and mentioned in a script, where it changes nothing."""
        earlier = examine.sent_before(vendor_id, examine.examine(file).sha256)
        if earlier is None:
            return
        notice = f"This file was sent before, as {earlier.upload_id} on {earlier.created_at:%Y-%m-%d %H:%M} UTC."
        if not (ask and sys.stdin.isatty()):
            self.stderr.write(notice)
        elif input(f"{notice} Import it again? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was imported.")


@contextmanager
def _opened(path: Path, vendor_id: str) -> Iterator[FeedFile]:
    """The file as text, for an active vendor. Raises CommandError, with a sentence for whatever goes wrong with it."""
    try:
        with path.open("rb") as file:
            if not file.seekable():
                raise CommandError(f"{path} is a pipe. Write it to a file first, since a feed is read more than once.")
            receive.active_vendor(vendor_id)
            with examine.as_text(file, vendor_id) as feed:
                yield feed
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {path}.") from error
    except IsADirectoryError as error:
        raise CommandError(f"{path} is a folder, not a file.") from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error
    except examine.Refused as error:
        raise CommandError(f"{path.name}: {error}") from error
    except StorageUnavailable as error:
        raise CommandError(explain(error) or f"File storage refuses: {error}") from error


def _answers(name: str | None) -> Mapping[str, str]:
    """Question ID → answer, from a file of them. Raises CommandError."""
    if name is None:
        return {}
    try:
        found = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{name} can't be read as answers: it has to be a file of JSON.") from error
    if not isinstance(found, dict):
        raise CommandError(f'{name} has no answers. It has to be like {{"price_from": "Net price"}}.')
    return {question: _as_text(question, answer) for question, answer in found.items()}


def _as_text(question: str, answer: Any) -> str:
    """Answers are kept as text: lists and objects as JSON, and null for what is left as it is."""
    if answer is None:
        return LEAVE if question in (EMPTY_SKU, NEGATIVE) else ""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)

"""Send a file through the pipeline from the command line."""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.outages import explain
from uploads.aws.storage import StorageUnavailable
from uploads.insight import progress
from uploads.management import terminal
from uploads.models import UploadHistory
from uploads.pipeline import examine, receive


class Command(BaseCommand):
    help = "Import a vendor's feed. Exit status 0 when the upload completed, with or without row errors; 1 otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--vendor", required=True, help="the vendor's ID, like VEND001")
        parser.add_argument("--wait", action="store_true", help="stay until the upload has ended, with a progress bar")
        parser.add_argument("--json", action="store_true", help="print the outcome for programs")
        parser.add_argument("--yes", action="store_true", help="don't ask when the same file was sent before")

    def handle(self, *args: Any, **options: Any) -> None:
        upload = self._receive(Path(options["file"]), options["vendor"], ask=not options["yes"])
        if options["wait"]:
            # Programs read standard output, so the progress goes beside it.
            state = terminal.follow(upload.upload_id, sys.stderr if options["json"] else sys.stdout)
        else:
            state = progress.of(upload.upload_id)
        if options["json"]:
            self.stdout.write(json.dumps(state.as_json()))
        elif options["wait"]:
            terminal.print_outcome(state, sys.stdout)
        else:
            self.stdout.write(f"{upload.upload_id} is open; the workers go on with it.")
        if state.upload.status == UploadHistory.Status.FAILED:
            sys.exit(1)

    def _receive(self, path: Path, vendor_id: str, ask: bool) -> UploadHistory:
        try:
            with path.open("rb") as file:
                if not file.seekable():
                    raise CommandError(
                        f"{path} is a pipe. Write it to a file first, since a feed is read more than once."
                    )
                receive.active_vendor(vendor_id)
                with examine.as_text(file, vendor_id) as feed:
                    self._recognise(feed.text, vendor_id, ask)
                    return receive.open_upload(feed, path.name, vendor_id)
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

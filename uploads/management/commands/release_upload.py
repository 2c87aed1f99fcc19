"""Let a held upload through."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from uploads.management import terminal
from uploads.models import UploadHistory
from uploads.pipeline.guard import hold


class Command(BaseCommand):
    help = "Let an upload through that is held, since it would change more than is usual: it is imported as any other."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", help="the upload's ID")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            upload = UploadHistory.objects.get(pk=options["upload"])
            hold.release(upload, None)
        except UploadHistory.DoesNotExist as error:
            raise CommandError(f"There is no upload {options['upload']}.") from error
        except hold.NotReleased as error:
            raise CommandError(f"{options['upload']}: {error}") from error
        for finding in hold.findings_of(upload):
            self.stdout.write(terminal.printable(f"{finding.words}."))
        self.stdout.write(f"{upload.upload_id} is let through; the workers go on with it.")

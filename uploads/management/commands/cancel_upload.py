"""Stop an upload."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from uploads.models import UploadHistory
from uploads.pipeline import finish


class Command(BaseCommand):
    help = "Cancel an upload: what is committed stays, the rest is marked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", help="the upload's ID")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cancelled = finish.cancel(options["upload"])
        except UploadHistory.DoesNotExist as error:
            raise CommandError(f"There is no upload {options['upload']}.") from error
        upload = UploadHistory.objects.get(pk=options["upload"])
        if not cancelled:
            raise CommandError(f"{upload.upload_id} has ended already: {upload.status}.")
        self.stdout.write(
            f"{upload.upload_id} is cancelled. {upload.total_records:,} rows had an outcome, {upload.valid_records:,}"
            " of them are in the catalog and stay there."
        )

"""Hold file, table, ledger and catalog of uploads against each other, and set right what differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from uploads.aws import dynamo
from uploads.management.terminal import counting
from uploads.models import UploadHistory
from uploads.pipeline.reconcile import Standing, reconcile


class Command(BaseCommand):
    help = "Compare an upload's file, records, outcomes, statuses and products, and set right what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", nargs="?", help="an upload's ID; without one, all that are open")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        uploads = UploadHistory.objects.order_by("sequence")
        chosen = uploads.filter(pk=options["upload"]) if options["upload"] else uploads.filter(status="processing")
        ids = list(chosen.values_list("upload_id", flat=True))
        if options["upload"] and not ids:
            raise CommandError(f"There is no upload {options['upload']}.")
        if not ids:
            self.stdout.write("No upload is open: nothing to do.")
        for upload_id in ids:
            try:
                with counting(upload_id, sys.stdout) as tell:
                    standing = reconcile(upload_id, options["dry_run"], tell)
                self._tell(standing)
            except dynamo.TableMissing as error:
                raise CommandError(str(error)) from error

    def _tell(self, standing: Standing) -> None:
        upload = standing.upload
        rows = "not known yet" if upload.file_rows is None else f"{upload.file_rows:,}"
        self.stdout.write(
            f"{upload.upload_id}: {upload.status}\n"
            f"  file rows   {rows}\n"
            f"  staged      {upload.staged_rows:,}\n"
            f"  in table    {_listed(standing.in_table)}\n"
            f"  outcomes    {_listed(standing.ledger)}\n"
            f"  counted     {upload.valid_records:,} valid + {upload.error_records:,} errors"
            f" = {upload.total_records:,}\n"
            f"  products    {standing.products:,}\n"
            f"  => {'; '.join(standing.actions)}"
        )


def _listed(counts: dict[str, int]) -> str:
    parts = [f"{count:,} {name}" for name, count in sorted(counts.items())]
    return f"{sum(counts.values()):,}" + (f" ({', '.join(parts)})" if parts else "")

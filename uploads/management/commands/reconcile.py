"""Hold file, table, ledger and catalog of uploads against each other, and set right what differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.web.text import counted, visible
from uploads.aws import dynamo
from uploads.management.terminal import counting
from uploads.models import UploadHistory
from uploads.pipeline.reconcile import Standing, reconcile
from uploads.pipeline.settling import totals
from uploads.pipeline.table import scan
from vendors.models import Vendor

MOST_TOLD = 50  # counts that are named


class Command(BaseCommand):
    help = "Compare an upload's file, records, outcomes, statuses and products, and set right what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", nargs="?", help="an upload's ID; without one, all that are open")
        parser.add_argument("--table", action="store_true", help="read the whole table for records that still wait")
        parser.add_argument("--wrong-values", action="store_true", help="count the wrong values of each vendor anew")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["table"] and options["upload"]:
            raise CommandError("Name an upload or give --table, which reads the records of all.")
        if options["wrong_values"]:
            if options["table"] or options["upload"]:
                raise CommandError("--wrong-values is about the errors of all vendors: name nothing beside it.")
            self._count_values(options["dry_run"])
            return
        try:
            if options["table"]:
                self._read_table(options["dry_run"])
            else:
                self._reconcile(options["upload"], options["dry_run"])
        except dynamo.DynamoError as error:
            raise CommandError(str(error)) from error

    def _reconcile(self, chosen: str | None, dry_run: bool) -> None:
        uploads = UploadHistory.objects.filter(status="processing").order_by("sequence")
        ids = [chosen] if chosen else list(uploads.values_list("upload_id", flat=True))
        if not ids:
            self.stdout.write("No upload is open: nothing to do.")
        for upload_id in ids:
            try:
                with counting(upload_id, sys.stdout) as tell:
                    standing = reconcile(upload_id, dry_run, tell)
            except UploadHistory.DoesNotExist:
                raise CommandError(f"There is no upload {upload_id}, and the table has no record of it.") from None
            self._tell(standing)

    def _read_table(self, dry_run: bool) -> None:
        """All of the table, at the stated rate; where a worker is at it already, what it does is shown."""
        if dry_run:
            with counting("The table", sys.stdout, "looked at") as tell:
                examined, waiting = scan.count(tell)
            would = "they would be validated and committed" if waiting else "nothing to do"
            self.stdout.write(f"The table has {examined:,} records; {waiting:,} wait for an outcome: {would}.")
            return
        rate = scan.units_a_second()
        self.stdout.write(f"Reading the whole table, with at most {rate:,} read units a second (1 MB takes 256).")
        with counting("The table", sys.stdout, "looked at") as tell:
            stream = scan.by_hand(tell)
        self.stdout.write(
            f"{stream.scan_examined:,} records were looked at;"
            f" {stream.scan_found:,} had waited and have an outcome now."
        )
        if stream.doubted_at:
            self.stdout.write(f"It is to be read once more: {stream.doubt}")

    def _count_values(self, dry_run: bool) -> None:
        """A vendor at a time; nothing of it is committed while it is counted."""
        differing = 0
        for vendor_id in Vendor.objects.order_by("pk").values_list("pk", flat=True):
            for (_, field, value), (was, right) in totals.recount(vendor_id, dry_run=dry_run).items():
                differing += 1
                if differing <= MOST_TOLD:
                    shown = visible(value)[:80] or "empty cells"
                    self.stdout.write(f"{vendor_id} {field} {shown!r}: counted {was:,}, right is {right:,}")
        if not dry_run:
            totals.add_up()
        done = "would be set right" if dry_run else "set right"
        said = counted(differing, f"{{}} count {done}", f"{{}} counts {done}") if differing else "all counts are right"
        self.stdout.write(f"Wrong values: {said}.")

    def _tell(self, standing: Standing) -> None:
        upload = standing.upload
        rows = "not known yet" if upload.file_rows is None else f"{upload.file_rows:,}"
        self.stdout.write(
            f"{upload.upload_id}: {upload.status if standing.known else 'known to the table only'}\n"
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

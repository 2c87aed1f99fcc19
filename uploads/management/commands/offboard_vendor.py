"""A vendor leaves: its data is exported, then what must not be kept is deleted."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.outages import explain
from uploads.aws.dynamo import DynamoError
from uploads.aws.storage import StorageUnavailable
from uploads.keeping import export, offboarding
from vendors.models import Vendor


class Command(BaseCommand):
    help = (
        "Export all data of a vendor, then delete accounts, addresses, files, records in DynamoDB and failed rows. "
        "Products, uploads with their counters and the ledger stay. Stopped anywhere, it goes on when called again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor", help="the vendor's ID")
        parser.add_argument("--export", metavar="FILE.zip", help="where the data goes; a file that is there stays")
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted, and change nothing")
        parser.add_argument("--yes", action="store_true", help="don't ask")

    def handle(self, *args: Any, **options: Any) -> None:
        vendor = Vendor.objects.filter(pk=options["vendor"]).first()
        if vendor is None:
            raise CommandError(f"There is no vendor {options['vendor']}.")
        if why := offboarding.why_not(vendor):
            raise CommandError(f"Nothing was done: {why}")
        try:
            self._offboard(vendor, options)
        except (DynamoError, StorageUnavailable) as error:
            said = explain(error) or str(error)
            raise CommandError(f"{said} What was deleted until then is; call this again to go on.") from error

    def _offboard(self, vendor: Vendor, options: dict[str, Any]) -> None:
        self.stdout.write(f"{vendor.pk} {vendor.vendor_name}. To be deleted:")
        for says, count in offboarding.still_there(vendor).items():
            self.stdout.write(f"  {count:>9,}  {says}")
        self.stdout.write(f"Kept: {', '.join(offboarding.KEPT)}.")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed.")
            return
        if not options["export"]:
            raise CommandError("Nothing was done: name a file for the vendor's data with --export FILE.zip")
        if not options["yes"] and self._answer(vendor) != vendor.pk:
            raise CommandError("Nothing was deleted.")
        self._export(vendor, Path(options["export"]))
        offboarding.suspend(vendor)
        if why := offboarding.why_not(vendor):  # since it was asked for
            raise CommandError(f"Nothing was deleted, and nothing more is accepted: {why} Then call this again.")
        for part in offboarding.PARTS:
            self.stdout.write(f"Deleted {part.delete(vendor):,}: {part.says}.")
        self.stdout.write(self.style.SUCCESS(f"{vendor.pk} has left."))

    def _export(self, vendor: Vendor, path: Path) -> None:
        if path.exists():
            self.stdout.write(f"{path} is there and stays as it is.")
            return
        try:
            rows = export.write(vendor, path)
        except OSError as error:
            raise CommandError(f"Nothing was deleted: {path} can't be written ({error.strerror}).") from error
        self.stdout.write(f"{path}: {', '.join(f'{count:,} {name}' for name, count in rows.items())}.")

    def _answer(self, vendor: Vendor) -> str:
        """What the person types; nothing where nobody is there to ask."""
        try:
            return input(f"This can't be undone. Type {vendor.pk} to export and delete: ").strip()
        except EOFError:
            return ""

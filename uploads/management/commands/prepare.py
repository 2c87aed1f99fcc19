"""Bring a fresh set of services to where the platform can run."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.models import ProductCategory
from uploads.aws import dynamo, expiry, storage
from uploads.pipeline.table import continuity
from vendors import demo


class Command(BaseCommand):
    help = (
        "Migrate, seed the categories, and create the table and the bucket; locally, the demo vendors and logins too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="seed the demo vendors and logins in a database of one's own, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"] and settings.PRODUCTION:
            raise CommandError("Nothing was done: --demo isn't for a deployment. Set PRODUCTION=0 if this is none.")
        call_command("migrate", verbosity=0)
        if found := demo.wrong():
            raise CommandError(found)
        call_command("createcachetable", verbosity=0)
        if not ProductCategory.objects.exists():  # later, what staff renamed or removed stays as it is
            call_command("seed_categories", stdout=self.stdout)
        if options["demo"] or settings.EMBEDDED_DATABASE:
            call_command("seed_demo", stdout=self.stdout)
        created = _ensure_table()
        self.stdout.write(f"Table {settings.UPLOAD_RECORDS_TABLE} {'created' if created else 'is there'}.")
        created = storage.ensure_bucket()
        self.stdout.write(f"Bucket {settings.UPLOAD_BUCKET} {'created' if created else 'is there'}.")


def _ensure_table() -> bool:
    """Create the table where it doesn't exist; looking first, since the right to create one may be missing."""
    created = False
    try:
        dynamo.describe_table()
    except dynamo.TableMissing:
        dynamo.create_table("PAY_PER_REQUEST", 0)
        dynamo.await_table(lambda table: bool(table["TableStatus"] == "ACTIVE"))
        continuity.born()
        created = True
    if not expiry.is_on():  # one from before had no dates
        expiry.turn_on()
    return created

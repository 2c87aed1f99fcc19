"""See the platform work: a bundled feed through the real pipeline, and the same feed once more."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.embedded import processes
from uploads.aws import storage
from uploads.insight.progress import Progress
from uploads.management import terminal
from uploads.pipeline import receive
from vendors.management.commands.seed_demo import logins

FEEDS = Path(__file__).resolve().parents[2] / "fixtures"


class Command(BaseCommand):
    help = "Import the bundled feeds and show what became of them. Needs services and a worker: make demo starts them."

    def handle(self, *args: Any, **options: Any) -> None:
        self._import("A small feed of VEND002 comes first, so that a SKU can be taken.", "demo_vend002.csv", "VEND002")
        first = self._import("The feed of VEND001: 2,000 rows, about 5% of them wrong.", "demo_vend001.csv", "VEND001")
        self._keep_report(first)
        self._import("The same feed once more: nothing counts twice.", "demo_vend001.csv", "VEND001")
        self.stdout.write(f"\nTo look around, as staff or as a vendor: make run\nLogins: {logins()}")

    def _import(self, headline: str, name: str, vendor_id: str) -> Progress:
        self.stdout.write(self.style.MIGRATE_HEADING(f"\n{headline}"))
        with (FEEDS / name).open("rb") as file:
            upload = receive.receive(file, name, vendor_id)
        state = terminal.follow(upload.upload_id, sys.stdout)
        terminal.print_outcome(state, sys.stdout)
        if state.upload.status != upload.Status.COMPLETED:
            raise CommandError("The demo feed should have completed.")
        return state

    def _keep_report(self, state: Progress) -> None:
        """A copy of the error report where a person can open it at once."""
        if not state.upload.error_report_key:
            return
        path = processes.data_dir() / "demo-error-report.csv"
        with storage.opened(state.upload.error_report_key) as report:
            path.write_bytes(report.read())
        shown = path.relative_to(settings.BASE_DIR) if path.is_relative_to(settings.BASE_DIR) else path
        self.stdout.write(f"A copy of the error report: {shown}")

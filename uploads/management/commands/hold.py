"""Pause a vendor's feeds and resume them, and answer for records of its programs that wait."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from uploads.management import terminal
from uploads.pipeline.holding import answering, pausing
from vendors import approval, holds
from vendors.models import Vendor, VendorHold

ANSWERS: Final = {"let-through": VendorHold.Ended.CONFIRMED, "refuse": VendorHold.Ended.REFUSED}


class Command(BaseCommand):
    help = "Say which vendors are held back; pause one's feeds or resume them; let through or refuse records that wait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["list", "pause", "resume", *ANSWERS])
        parser.add_argument("vendor", nargs="?", default="", help="the vendor's ID")
        parser.add_argument("--reason", default="", help="why its feeds are paused: its people read it")

    def handle(self, *args: Any, **options: Any) -> None:
        what, vendor_id = options["what"], options["vendor"]
        if what == "list":
            for one in VendorHold.objects.filter(ended_at=None).order_by("vendor", "id"):
                self._say(f"{holds.said(one, f'The feeds of {one.vendor_id}')}. ({one.vendor_id})")
            return
        if not Vendor.objects.filter(pk=vendor_id).exists():
            raise CommandError(f"There is no vendor {vendor_id}." if vendor_id else "Say which vendor.")
        if what == "pause":
            self._pause(vendor_id, options["reason"])
        elif what == "resume":
            if pausing.resume(vendor_id, None) is None:
                raise CommandError(f"The feeds of {vendor_id} aren't paused.")
            self._say(f"The feeds of {vendor_id} go on, and what waited with them.")
        else:
            hold = answering.open_of(vendor_id)
            if hold is None or not answering.answer(vendor_id, hold.pk, ANSWERS[what], None):
                raise CommandError(f"No records of {vendor_id} wait for an answer.")
            self._say(f"{hold.reason}.")
            self._say("They go through now." if what == "let-through" else "They are cancelled.")

    def _pause(self, vendor_id: str, reason: str) -> None:
        if refused := approval.why_no_reason(reason):
            raise CommandError(f"--reason: {refused}")
        if pausing.pause(vendor_id, reason, None) is None:
            raise CommandError(f"The feeds of {vendor_id} are paused already.")
        self._say(f"The feeds of {vendor_id} are paused. What comes waits.")

    def _say(self, line: str) -> None:
        self.stdout.write(terminal.printable(line))

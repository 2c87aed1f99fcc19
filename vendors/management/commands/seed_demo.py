"""Three sample vendors, and logins to look around with."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded import processes
from vendors import demo
from vendors.demo import LOGINS, OWNERS, STAFF
from vendors.models import Vendor, VendorMember

VENDORS = [
    {
        "vendor_id": "VEND001", "vendor_name": "Northwind Traders", "email": "feeds@northwind.example",
        "business_name": "Northwind Traders LLC", "tax_id": "91-1144442", "phone": "+1 206 555 0100", "currency": "USD",
        "address": "410 Harbor Ave", "city": "Seattle", "state": "WA", "postal_code": "98101",
    },
    {
        "vendor_id": "VEND002", "vendor_name": "Kaufhaus Becker", "email": "katalog@becker.example",
        "business_name": "Becker Handels GmbH", "tax_id": "DE123456789", "phone": "+49 30 5550100", "currency": "USD",
        "address": "Torstraße 12", "city": "Berlin", "state": "BE", "country": "Germany", "postal_code": "10119",
    },
    {
        "vendor_id": "VEND003", "vendor_name": "Casa Moreno", "email": "productos@moreno.example",
        "business_name": "Moreno e Hijos S.L.", "tax_id": "B12345678", "phone": "+34 91 555 0100", "currency": "USD",
        "address": "Calle Mayor 5", "city": "Madrid", "state": "MD", "country": "Spain", "postal_code": "28013",
    },
]  # fmt: skip


class Command(BaseCommand):
    help = (
        "Add three sample vendors with a login each, and logins of staff: admin, and one of each group. "
        "What exists already stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--close", action="store_true", help="let no demo login sign in any more, and make none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["close"]:
            closed = demo.close()
            self.stdout.write(f"Closed: {', '.join(closed)}." if closed else "No demo login can sign in.")
            return
        if settings.PRODUCTION:
            raise CommandError(
                "Nothing was made: this is a deployment, and a superuser whose password stands in a file has no place "
                "in it. Make yours with manage.py createsuperuser; set PRODUCTION=0 where the database is for trying."
            )
        for vendor in VENDORS:
            Vendor.objects.get_or_create(vendor_id=vendor["vendor_id"], defaults=vendor)
        passwords = known_passwords()
        for username in LOGINS:
            if not User.objects.filter(username=username).exists():
                passwords[username] = secrets.token_urlsafe(9)
                _make(username, passwords[username])
        _keep(passwords)
        self.stdout.write(f"{Vendor.objects.count()} vendors. Logins: {logins()}")


def _make(username: str, password: str) -> None:
    if username == "admin":
        User.objects.create_superuser(username, demo.address(username), password)
        return
    user = User.objects.create_user(username, demo.address(username), password, is_staff=username in STAFF)
    if username in STAFF:
        user.groups.set(Group.objects.filter(name=STAFF[username]))
    else:
        VendorMember.objects.create(vendor_id=OWNERS[username], user=user, role=VendorMember.Role.OWNER)


def _file() -> Path:
    return processes.data_dir() / "demo-logins.json"


def known_passwords() -> dict[str, str]:
    """The demo logins made on this machine, by user name."""
    return dict(json.loads(_file().read_text())) if _file().exists() else {}


def _keep(passwords: dict[str, str]) -> None:
    processes.private(_file().parent)
    _file().touch(mode=0o600)
    _file().write_text(json.dumps(passwords))


def logins() -> str:
    """The demo logins in one line, as people type them."""
    return ", ".join(f"{name} / {password}" for name, password in known_passwords().items()) or "none made here"

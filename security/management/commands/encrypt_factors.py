"""Encrypts all that is kept encrypted anew, after SECRET_KEY was changed: second factors, and what other apps keep."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.web.text import counted
from security import at_rest, factors


class Command(BaseCommand):
    help = (
        "Encrypts the secrets of all second factors, and all else kept encrypted, with SECRET_KEY. Run it after "
        "SECRET_KEY was changed, while the key before is among SECRET_KEY_FALLBACKS; then that can go."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = factors.encrypt_all()
        self.stdout.write(f"{counted(done, '{} second factor', '{} second factors')} encrypted with SECRET_KEY.")
        others, closed = at_rest.encrypt_columns()
        self.stdout.write(f"{counted(others, '{} row', '{} rows')} of webhooks and sources encrypted with SECRET_KEY.")
        if closed:
            raise CommandError(
                f"{counted(closed, '{} row', '{} rows')} of webhooks and sources can't be read with SECRET_KEY or one "
                "of SECRET_KEY_FALLBACKS. Add the key that they were encrypted with and run this again; or have their "
                "owners type anew what is secret there."
            )
        if lost:
            raise CommandError(
                f"{counted(lost, '{} more was', '{} more were')} encrypted with a key that is neither SECRET_KEY nor "
                "one of SECRET_KEY_FALLBACKS. Add that key and run this again; or delete them under Authenticators in "
                "the admin: their owners set up new ones."
            )

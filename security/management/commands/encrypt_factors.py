"""Encrypts the secrets of second factors anew, after SECRET_KEY was changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.web.text import counted
from security import factors


class Command(BaseCommand):
    help = (
        "Encrypts the secrets of all second factors with SECRET_KEY. Run it after SECRET_KEY was changed, while the "
        "key before is among SECRET_KEY_FALLBACKS; then that can go."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = factors.encrypt_all()
        self.stdout.write(f"{counted(done, '{} second factor', '{} second factors')} encrypted with SECRET_KEY.")
        if lost:
            raise CommandError(
                f"{counted(lost, '{} more was', '{} more were')} encrypted with a key that is neither SECRET_KEY nor "
                "one of SECRET_KEY_FALLBACKS. Add that key and run this again; or delete them under Authenticators in "
                "the admin: their owners set up new ones."
            )

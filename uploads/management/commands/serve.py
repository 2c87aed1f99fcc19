"""Serve the platform on this machine."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.embedded import processes
from vendors.management.commands.seed_demo import logins


class Command(BaseCommand):
    help = "Serve the web application on loopback until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, **options: Any) -> None:
        port = processes.first_free(options["port"], 0)
        processes.remember("web", port=port)  # workers name it in mails
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # whitenoise warns where there is none
        self.stdout.write(
            f"\n  Staff    http://127.0.0.1:{port}/admin/\n  Vendors  http://127.0.0.1:{port}/\n"
            f"  Logins   {logins()}\n\nCtrl-C stops it.\n"
        )
        self.stdout.flush()
        # This process becomes the server, so that whoever started it stops that.
        os.execv(  # noqa: S606 - the arguments are ours
            sys.executable,
            [sys.executable, "-m", "gunicorn", "config.wsgi", f"--config={processes.ROOT / 'gunicorn.conf.py'}",
             f"--bind=127.0.0.1:{port}", "--workers=1", "--log-level=warning"],
        )  # fmt: skip

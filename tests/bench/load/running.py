"""The platform that is loaded: services of its own in a folder of its own, real processes, vendors with people."""

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.embedded import processes
from tests.bench import services

WEB_PROCESSES: Final = 2  # as gunicorn.conf.py has it
# Nobody sends as many files an hour as these do.
WITHOUT_QUOTA: Final = {"PREVIEWS_OF_PERSON": "1000000", "PREVIEWS_OF_VENDOR": "1000000"}


@dataclass(frozen=True)
class Site:
    """Where it answers, and the session of each vendor's uploader and of somebody of the staff."""

    port: int
    sessions: dict[str, str]
    staff: str


@contextmanager
def running(folder: Path, vendors: int) -> Iterator[Site]:
    """Services, web, workers and beat up, with so many vendors; all gone at the end."""
    with services.running(folder), services.workers():
        port = processes.first_free(0)
        Path(folder, "staticfiles").mkdir(exist_ok=True)
        try:
            processes.spawn("web", _gunicorn(port), {**WITHOUT_QUOTA, "WEB_CONCURRENCY": str(WEB_PROCESSES)}, port=port)
            processes.wait_until("web", lambda: _answers(port))
            yield Site(port, _vendors(vendors), _session(_staff()))
        finally:
            processes.stop_process("web")


def _gunicorn(port: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "config.wsgi", f"--config={processes.ROOT / 'gunicorn.conf.py'}",
        f"--bind=127.0.0.1:{port}", "--log-level=warning",
    ]  # fmt: skip


def _answers(port: int) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with suppress(OSError):
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    return False


def _vendors(many: int) -> dict[str, str]:
    """By vendor the session of its uploader. All prices move in their files: these are checked, and none is held."""
    from django.contrib.auth.models import User

    from uploads.models import GuardThreshold
    from vendors.models import Vendor, VendorMember

    for kind in GuardThreshold.Kind.values:
        GuardThreshold.objects.create(kind=kind, limit_percent=100, owner_percent=100)
    sessions = {}
    for number in range(1, many + 1):
        key = f"LOAD{number:03}"
        vendor = Vendor.objects.create(vendor_id=key, vendor_name=f"Vendor {number}", email=f"{key}@load.example")
        user = User.objects.create_user(key.lower(), f"{key}@load.example")
        VendorMember.objects.create(vendor=vendor, user=user, role=VendorMember.Role.UPLOADER)
        sessions[key] = _session(user)
    return sessions


def _staff() -> Any:
    from django.contrib.auth.models import User

    return User.objects.create_superuser("load")


def _session(user: Any) -> str:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)

"""A vendor whose person sends one file after the other: chooses it, confirms the preview, watches until it is done."""

import io
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from tests.bench.load.browsers import Browser, form_of
from uploads.feed.sample import write_feed

CHOSE: Final = "choosing a file, up to its preview"
CONFIRMED: Final = "confirming it"
WATCHED: Final = "progress that keeps itself up to date"
LOOKED_SECONDS: Final = 1.0  # at a preview, before it is confirmed
POLL_SECONDS: Final = 1.0  # as uploads/portal/upload_progress_part.html says
ERRORS: Final = 0.05  # of the rows
LONGEST_SECONDS: Final = 900.0  # for an upload, or whoever watches gives up


@dataclass(frozen=True)
class Sent:
    """A file whose upload was opened, as its sender was told."""

    upload_id: str
    vendor_id: str
    rows: int


@dataclass
class Plan:
    """What all senders go by: how large files are, how often one begins at most, and how many rows go in altogether."""

    rows: int
    every: float  # seconds from the beginning of a vendor's file to that of its next one, at least
    most_rows: int
    over: threading.Event = field(default_factory=threading.Event)
    sent: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # what a sender was told that wasn't taken
    begun_rows: int = 0
    last_began: float = 0.0  # time.monotonic()
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_rows(self) -> bool:
        """Whether one more file may be sent."""
        with self.lock:
            if self.begun_rows + self.rows > self.most_rows:
                return False
            self.begun_rows += self.rows
            self.last_began = time.monotonic()
            return True


def keep_sending(browser: Browser, vendor_id: str, plan: Plan, after: float) -> None:
    """File after file until it is over, the first `after` seconds; the one that is under way is sent to its end."""
    plan.over.wait(after)
    number = 1
    while not plan.over.is_set() and plan.take_rows():
        began = time.monotonic()
        send_one(browser, vendor_id, plan, number)
        number += 1
        plan.over.wait(max(0.0, plan.every - (time.monotonic() - began)))


def send_one(browser: Browser, vendor_id: str, plan: Plan, number: int) -> None:
    """The same products in each file, with other prices, and other rows wrong."""
    base, file = f"/vendor/{vendor_id}/", io.StringIO(newline="")
    write_feed(file, plan.rows, vendor_id, ERRORS, number)
    preview = browser.send_file(f"{base}upload/", CHOSE, f"feed-{number}.csv", file.getvalue().encode())
    form = form_of(preview.text, "preview-form")
    if "token" not in form:
        plan.refused.append(f"{vendor_id}: {preview.status} {_sentence(preview.text)}")
        return
    time.sleep(LOOKED_SECONDS)
    confirmed = browser.send(f"{base}upload/confirm/", CONFIRMED, form)
    found = re.search(r"/uploads/([^/]+)/$", confirmed.location)
    if not found:
        plan.refused.append(f"{vendor_id}: {confirmed.status} {_sentence(confirmed.text)}")
        return
    plan.sent.append(Sent(found[1], vendor_id, plan.rows))
    _watch(browser, confirmed.location)


def _watch(browser: Browser, page: str) -> None:
    browser.get(page, WATCHED)
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        if 'data-ended="yes"' in browser.get(f"{page}progress/", WATCHED, part=True).text:
            return


def _sentence(page: str) -> str:
    """What a page says was wrong."""
    said = re.search(r'class="message (?:error|warning)"[^>]*>(.*?)<', page, re.DOTALL)
    return " ".join((said[1] if said else page[:200]).split())

"""What a program waits for: 100 rows sent by the HTTP API, beside the vendors' own pages; and 100,000 rows read back.

Calls go through the whole web application in this process, so that what is measured is its own time and not a
network's. A program sends its file in one call; a person chooses it, sees its preview, and confirms it.
"""

import re
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.bench import feeds, journey
from tests.bench.journey import SMALL_ROWS, when
from tests.bench.measure import Figure, Pace, Target, figure, same, say
from tests.bench.pages import fill
from tests.bench.services import fresh_database, fresh_endpoint, workers
from uploads.models import UploadHistory
from vendors.models import ApiToken, VendorMember
from vendors.tokens import texts

GROUP = "Programs"
TEXT = texts.new()
READ_ROWS = 100_000
PAGE_ROWS = 500
PART = 20  # pages at either end that are compared
TOKEN = re.compile(rb'name="token" value="([^"]+)"')


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_endpoint()
    fresh_database()
    program = _program()
    with workers():
        sent = _sent(folder, program, _person(), pace)
    return [*sent, *_read_back(program, min(READ_ROWS, rows * 5))]


def _program() -> Client:
    ApiToken.objects.filter(vendor_id=feeds.VENDOR).delete()
    ApiToken.objects.create(
        vendor_id=feeds.VENDOR, name="bench", token_hash=texts.hashed(TEXT), scopes=ApiToken.Scope.values,
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return Client(headers={"Authorization": f"Bearer {TEXT}", "Host": "localhost"})


def _person() -> Client:
    user, _ = User.objects.get_or_create(username="bench", email="bench@example.com")
    VendorMember.objects.get_or_create(vendor_id=feeds.VENDOR, user=user, role=VendorMember.Role.OWNER)
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(user)
    return browser


# --- sending ---------------------------------------------------------------------------------------------------


def _sent(folder: Path, program: Client, person: Client, pace: Pace) -> list[Figure]:
    """How soon 100 rows are accepted and completed, by a program and by a person in turns."""
    data = feeds.clean(folder / "programs.csv", SMALL_ROWS).read_bytes()
    rounds = max(pace.rounds or 0, 3) + 2 if pace.rounds != 1 else 1
    times = [(*_times(_by_api, program, data), *_times(_by_page, person, data)) for _ in range(rounds)]
    accepted, completed, by_page, completed_by_page = zip(*times, strict=True)
    return [
        figure(
            GROUP, "100 rows, idle: POST → accepted", "s", accepted, against="choosing and confirming on a page",
            theirs=by_page, fewer_is_better=True, target=Target(most=0.1),
        ),
        figure(
            GROUP, "100 rows, idle: accepted → completed", "s", completed, against="the same on a page",
            theirs=completed_by_page, fewer_is_better=True, target=Target(most=2.0),
        ),
    ]  # fmt: skip


def _times(send: Any, client: Client, data: bytes) -> tuple[float, float]:
    """Seconds until the file is accepted, and from then until its upload is completed."""
    journey.idle()
    started = time.perf_counter()
    upload_id = send(client, data)
    accepted = time.perf_counter()
    ended = when(lambda: _completed(upload_id))
    same("products of 100 rows", UploadHistory.objects.get(pk=upload_id).inserted_records, SMALL_ROWS)
    say(f"  {send.__name__.removeprefix('_')}: {accepted - started:.3f} s, {ended - accepted:.2f} s")
    return accepted - started, ended - accepted


def _completed(upload_id: str) -> bool:
    return UploadHistory.objects.filter(pk=upload_id, status="completed").exists()


def _by_api(program: Client, data: bytes) -> str:
    answer = program.post("/api/v1/feeds", {"file": SimpleUploadedFile("feed.csv", data, "text/csv")})
    same("status of POST feeds", answer.status_code, 202)
    return str(answer.json()["id"])


def _by_page(person: Client, data: bytes) -> str:
    pages = f"/vendor/{feeds.VENDOR}/upload/"
    chosen = person.post(pages, {"file": SimpleUploadedFile("feed.csv", data, "text/csv")})
    found = TOKEN.search(chosen.content)
    assert found, f"no preview: {chosen.status_code}"
    confirmed = person.post(f"{pages}confirm/", {"token": found[1].decode()})
    same("status of a confirmed file", confirmed.status_code, 302)
    return str(UploadHistory.objects.latest("sequence").pk)


# --- reading ---------------------------------------------------------------------------------------------------


def _read_back(program: Client, rows: int) -> list[Figure]:
    """All that became of an upload's rows, a page at a time: the last pages against the first ones."""
    fresh_database()
    fill.fill(fill.Sizes(products=rows, uploads=1, rows=rows * 21 // 20, vendors=1))
    upload = UploadHistory.objects.get()
    same("the upload's vendor", upload.vendor_id, feeds.VENDOR)
    tracemalloc.start()
    seconds, memory, cursor, read = [], [], "", 0
    while cursor is not None:
        connection.queries_log.clear()  # which grows where DEBUG is on
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        started = time.perf_counter()
        asked: dict[str, Any] = {"limit": PAGE_ROWS, **({"cursor": cursor} if cursor else {})}
        answer = program.get(f"/api/v1/feeds/{upload.pk}/rows", asked)
        seconds.append(time.perf_counter() - started)
        same("status of a page of rows", answer.status_code, 200)
        page = answer.json()
        memory.append((tracemalloc.get_traced_memory()[1] - before) / 1e6)
        cursor, read = page["next_cursor"], read + len(page["rows"])
    tracemalloc.stop()
    same("rows that were read back", read, upload.total_records)
    say(f"  {read:,} rows in {len(seconds)} pages")
    part = min(PART, len(seconds) // 2)
    first, last = slice(1, 1 + part), slice(-1 - part, -1)
    return [
        figure(
            GROUP, f"{read:,} rows read back: a page of {PAGE_ROWS}, the last ones", "s", seconds[last],
            against="the first ones", theirs=seconds[first], fewer_is_better=True,
            target=Target(least=0.67, of_ratio=True),
        ),
        figure(
            GROUP, "its memory at most, the last ones", "MB", [median(memory[last])], against="the first ones",
            theirs=[median(memory[first])], fewer_is_better=True, target=Target(least=0.8, of_ratio=True),
        ),
    ]  # fmt: skip

"""How long every page and every call of the API takes on a full database: what `make pages` runs.

    EMBEDDED_DIR=/somewhere python -m tests.bench.pages --json pages.json

Asks for each page (addresses.py and vendor_addresses.py) in this process, as a superuser, a member or a program of
the largest vendor: once to warm up, then three times. The
time is the server's, without the network; the slowest query of the middle run is named. A page above the limit is
marked, and the exit status is 1. An empty database is filled first (tests/bench/fill.py); one that has something is
measured as it is.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.services import database

ROUNDS = 3
LIMIT_MS = 300
SHOWN = 90  # characters of a query


@dataclass(frozen=True)
class Measured:
    """A page's median time and number of queries; the slowest query of the run that took the median."""

    name: str
    url: str
    status: int
    ms: float
    cpu_ms: float  # of it, what this process computed; where it is far less, others kept the machine busy
    queries: int
    slowest_ms: float
    slowest: str

    @property
    def failed(self) -> bool:
        return self.status >= 500 or self.status == 404


def measure(client: Any, name: str, url: str) -> Measured:
    """Ask for one page until its time is known."""
    _once(client, url)
    runs = sorted((_once(client, url) for _ in range(ROUNDS)), key=lambda run: run[0])
    ms, cpu, status, captured = runs[ROUNDS // 2]
    slowest = max(captured, key=lambda query: float(query["time"]), default={"time": "0", "sql": ""})
    return Measured(
        name,
        url,
        status,
        round(ms, 1),
        round(cpu, 1),
        len(captured),
        round(float(slowest["time"]) * 1000, 1),
        slowest["sql"],
    )


def _once(client: Any, url: str) -> tuple[float, float, int, list[dict[str, str]]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    connection.queries_log.clear()  # it holds 9,000, and then says nothing of later ones
    with CaptureQueriesContext(connection) as captured:
        started, computed = time.perf_counter(), time.process_time()
        response = client.get(url)
        if response.streaming:
            list(response.streaming_content)
        taken, computed = (time.perf_counter() - started) * 1000, (time.process_time() - computed) * 1000
    return taken, computed, response.status_code, list(captured)


def superuser() -> Any:
    """Somebody who may see everything."""
    from django.contrib.auth.models import User

    known = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return known or User.objects.create_superuser("pages")


def line(page: Measured, limit: float) -> str:
    mark = "✗" if page.failed or page.ms > limit else " "
    cost = f"{page.ms:8.1f} ms ({page.cpu_ms:.0f} ours) {page.queries:3} queries, slowest {page.slowest_ms:.0f} ms"
    return f"{mark} {cost:54} {page.status}  {page.name}"


def run(only: str, limit: float) -> list[Measured]:
    """All pages whose name has `only` in it, each said as it comes."""
    found = []
    for client, address in _pages():
        if only in address.name:
            found.append(page := measure(client, *address))
            print(line(page, limit), flush=True)  # noqa: T201 - a command's output
            if page.ms > limit:
                print(f"      {page.url}\n      {' '.join(page.slowest.split())[:SHOWN]}", flush=True)  # noqa: T201
    return found


def _pages() -> Iterator[tuple[Any, Any]]:
    """Each page with the browser of somebody who may open it."""
    from django.test import Client

    from tests.bench.pages import addresses, api_calls, vendor_addresses

    user, member = superuser(), vendor_addresses.member()
    for one, pages in (
        (user, addresses.every_page(user)),
        (member.user, vendor_addresses.every_page(member.vendor_id)),
    ):
        client = Client(raise_request_exception=False)
        client.force_login(one)
        yield from ((client, page) for page in pages)
    vendor_id, text = api_calls.program()
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {text}"})
    yield from ((client, call) for call in api_calls.every_call(vendor_id))


def summary(pages: Sequence[Measured], limit: float) -> str:
    from tests.bench import table
    from tests.bench.pages import addresses, api_calls, vendor_addresses

    bad = [page for page in pages if page.failed or page.ms > limit]
    worst = max(pages, key=lambda page: page.ms)
    lines = [
        *(
            f"  not asked for: {name}: {reason}"
            for name, reason in (addresses.LEFT_OUT | vendor_addresses.LEFT_OUT | api_calls.LEFT_OUT).items()
        ),
        *(f"✗ no way to ask for: {name}" for name in addresses.left_over()),
        f"{len(pages)} pages, median {median(page.ms for page in pages):.0f} ms, "
        f"slowest {worst.ms:.0f} ms ({worst.name}), {len(bad)} above {limit:.0f} ms or failed.",
        table.machine(),
    ]
    return "\n".join(lines)


def main() -> int:
    options = _options()
    with database():
        from django.conf import settings

        from tests.bench.pages import addresses, fill

        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        settings.API_CALLS_A_SECOND = 0
        if not fill.has_anything():
            fill.fill(fill.sizes_of(options))
        pages = run(options.only, options.limit)
        if not pages:
            print(f"No page's name has “{options.only}” in it.", file=sys.stderr)  # noqa: T201
            return 2
        print(summary(pages, options.limit))  # noqa: T201
        if options.json:
            text = json.dumps([asdict(page) for page in pages], indent=1, ensure_ascii=False)
            options.json.write_text(f"{text}\n", encoding="utf-8")
        return int(any(page.failed or page.ms > options.limit for page in pages) or bool(addresses.left_over()))


def _options() -> argparse.Namespace:
    from tests.bench.pages import fill

    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well, for programs")
    parser.add_argument("--only", default="", metavar="TEXT", help="only pages with this in their name")
    parser.add_argument("--limit", type=float, default=LIMIT_MS, metavar="MS", help=f"default {LIMIT_MS}")
    fill.add_sizes(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

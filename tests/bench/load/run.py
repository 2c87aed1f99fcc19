"""A run: something to look at, then pages without uploads, then the same with them, then catching up."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.bench.load import lookers, senders, watching
from tests.bench.load.browsers import Asked, Browser, Requests
from tests.bench.load.running import Site
from tests.bench.load.watching import Watched
from tests.bench.measure import say

LOOKING_VENDORS: Final = 4  # with a person each who looks at pages
LOOKING_STAFF: Final = 2
QUIET_SHARE: Final = 0.2  # of the minutes, for the run without uploads
CATCH_UP_SECONDS: Final = 900.0


@dataclass(frozen=True)
class Seen:
    """All that a run has shown. Moments are of time.monotonic()."""

    first: list[Asked]  # while there came to be something to look at
    quiet: list[Asked]
    loaded: list[Asked]
    watched: Watched
    began: float
    ended: float  # when no file was begun any more
    caught_up: float | None  # None: not within CATCH_UP_SECONDS

    @property
    def failed(self) -> list[Asked]:
        return [one for one in (*self.first, *self.quiet, *self.loaded) if one.failed]


def run(site: Site, plan: senders.Plan, minutes: float) -> Seen:
    requests = Requests()
    people = {name: Browser(site.port, session, requests) for name, session in site.sessions.items()}
    say(f"{len(people)} vendors send a file each, so that there is something to look at ...")
    _at_once(people, lambda name: senders.send_one(people[name], name, plan, 0))
    _catch_up()
    first = requests.take()
    say("people look at pages, and nobody sends ...")
    with _looking(site, requests):
        time.sleep(minutes * 60 * QUIET_SHARE)
    quiet = requests.take()
    say(f"the same while {len(people)} vendors send, for {minutes:g} minutes ...")
    began = time.monotonic()
    over = threading.Timer(minutes * 60, plan.over.set)
    with watching.watching() as watched:
        with _looking(site, requests):
            over.start()
            # Nobody presses the button at the same second as forty-nine others.
            after = {name: plan.every * number / len(people) for number, name in enumerate(people)}
            _at_once(people, lambda name: senders.keep_sending(people[name], name, plan, after[name]))
        over.cancel()
        ended = plan.last_began
        caught_up = _catch_up()
    return Seen(first, quiet, requests.take(), watched, began, ended, caught_up)


def _at_once(names: Iterable[str], do: Callable[[str], None]) -> None:
    """For each of them in a thread of its own, to the end."""
    _together([threading.Thread(target=do, args=[name]) for name in names])


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _looking(site: Site, requests: Requests) -> Iterator[None]:
    """People at some of the vendors and among staff look at pages until the block ends."""
    over = threading.Event()
    some = list(site.sessions)[:LOOKING_VENDORS]
    people = [(site.sessions[name], lookers.pages_of(name, staff=False)) for name in some]
    people += [(site.staff, lookers.pages_of(some[0], staff=True)) for _ in range(LOOKING_STAFF)]
    browsers = [(Browser(site.port, session, requests), pages) for session, pages in people]
    lookings = [threading.Thread(target=lookers.keep_looking, args=[*one, over]) for one in browsers]
    together = threading.Thread(target=_together, args=[lookings])
    together.start()
    try:
        yield
    finally:
        over.set()
        together.join()


def _catch_up() -> float | None:
    """When no upload was on its way any more and no status was owed."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < deadline:
        now = watching.behind()
        if not now.open_uploads and not now.owed:
            return now.at
        time.sleep(0.5)
    return None

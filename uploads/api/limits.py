"""How many calls a token may make: counted in Redis, for all processes together.

Each limit is a bucket (the generic cell rate algorithm): a number of calls at once, and from then on so many a second.
A call that is refused counts for nothing. All limits of a call are asked in one script, so no two processes take the
same last place. Without Redis calls go on and nothing is counted: a night's feed matters more than a limit.

What is left is said as draft-ietf-httpapi-ratelimit-headers has it: RateLimit-Policy and RateLimit.
"""

import logging
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.web.text import counted
from security import here
from uploads.api.problems import Problem
from uploads.work import outages
from vendors.models import ApiToken

logger = logging.getLogger(__name__)

WAITED: Final = 0.5  # seconds, for Redis
LEFT_ALONE: Final = 5.0  # seconds for which a process doesn't ask a Redis that was away: no call waits for it meanwhile
FEEDS: Final = "/api/v1/feeds"
REFUSED_AT_ONCE: Final = 60  # wrong tokens from one address, and then one a second
KEYS_A_DAY: Final = 100_000  # of Idempotency-Key, of a vendor

# KEYS: one of each limit. ARGV: for each the microseconds between two calls, and how many may come at once. Returns for
# each how many are left, and the microseconds until all are and until the next one is. A key has the moment at which
# its bucket is full again, and goes then.
_TAKE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local found, refused = {}, false
for i, key in ipairs(KEYS) do
    local between, most = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local full = math.max(tonumber(redis.call('GET', key) or '0'), now)
    found[i] = {full = full, between = between, most = most}
    refused = refused or full + between - now > between * most
end
local said = {}
for i, key in ipairs(KEYS) do
    local one = found[i]
    if not refused then
        one.full = one.full + one.between
        redis.call('SET', key, string.format('%.0f', one.full), 'PX', math.ceil((one.full - now) / 1000))
    end
    local room = one.between * one.most - (one.full - now)
    said[#said + 1] = math.floor(room / one.between + 0.000001)
    said[#said + 1] = math.ceil(one.full - now)
    said[#said + 1] = math.ceil(math.max(0, one.between - room))
end
said[#said + 1] = refused and 1 or 0
return said
"""


@dataclass(frozen=True)
class Limit:
    """`most` calls at once; so many come back within `seconds`. `key` says whose they are."""

    name: str
    key: str
    most: int
    seconds: float
    says: str

    @property
    def between(self) -> int:
        """Microseconds between two calls of who makes them evenly."""
        return math.ceil(self.seconds * 1_000_000 / self.most)


@dataclass(frozen=True)
class Limits:
    """What is said of limits on the answer."""

    headers: dict[str, str] = field(default_factory=dict)


def take(token: ApiToken, request: HttpRequest) -> Limits:
    """Count this call. Raises Problem where there were too many."""
    return _take(of_token(token, request), "this token")


def take_refused(request: HttpRequest) -> None:
    """Count a wrong token of this address. Raises Problem where there were too many; a right one is never held up."""
    address = here.address(request) or "?"
    says = f"{REFUSED_AT_ONCE} wrong tokens a minute"
    _take([Limit("wrong-tokens", f"address:{address}", REFUSED_AT_ONCE, 60, says)], "this address")


def of_token(token: ApiToken, request: HttpRequest | None = None) -> list[Limit]:
    """The limits of this call; without one, all that the token is told of. Those that are 0 aren't there."""
    a_second, at_once, feeds = settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE, settings.API_FEEDS_A_MINUTE
    found = []
    if a_second:
        said = f"{counted(at_once, '{} call', '{} calls')} at once, and then {a_second} a second"
        found.append(Limit("calls", f"calls:{token.pk}", at_once, at_once / a_second, said))
    if feeds and (request is None or (request.method == "POST" and request.path.rstrip("/") == FEEDS)):
        said = f"{counted(feeds, '{} feed', '{} feeds')} a minute"
        found.append(Limit("feeds", f"feeds:{token.pk}", feeds, 60, said))
    if request is not None and "Idempotency-Key" in request.headers:
        said = f"{KEYS_A_DAY:,} calls with an Idempotency-Key a day"
        found.append(Limit("keys", f"keys:{token.vendor_id}", KEYS_A_DAY, 86_400, said))
    return found


def _take(limits: Sequence[Limit], whose: str) -> Limits:
    asked = _ask(limits) if limits else None
    if asked is None:
        return Limits()
    *figures, refused = asked
    left = [figures[3 * i : 3 * i + 3] for i in range(len(limits))]
    headers = {
        "RateLimit-Policy": ", ".join(f'"{one.name}";q={one.most};w={math.ceil(one.seconds)}' for one in limits),
        "RateLimit": ", ".join(
            f'"{one.name}";r={max(0, rest)};t={_seconds(full)}'
            for one, (rest, full, _) in zip(limits, left, strict=True)
        ),
    }
    if refused:
        wait, stopped = max((after, i) for i, (_, _, after) in enumerate(left))
        seconds = max(1, _seconds(wait))
        later = f"Ask again in {counted(seconds, '{} second', '{} seconds')}."
        raise Problem(
            "rate-limited",
            f"There may be {limits[stopped].says} of {whose}. {later}",
            headers={**headers, "Retry-After": str(seconds)},
        )
    return Limits(headers)


def _seconds(microseconds: int) -> int:
    return math.ceil(microseconds / 1_000_000)


# --- Redis -----------------------------------------------------------------------------------------------------

_away_until: dict[str, float] = {}  # by time.monotonic, of the Redis at an address


def _ask(limits: Sequence[Limit]) -> list[int] | None:
    """What the script says; None while Redis is away."""
    url = settings.REDIS_URL
    if time.monotonic() < _away_until.get(url, 0.0):
        return None
    figures = [figure for one in limits for figure in (one.between, one.most)]
    try:
        found = _script(os.getpid(), url)([f"api-limit:{one.key}" for one in limits], figures)
    except redis.RedisError as error:
        _away_until[url] = time.monotonic() + LEFT_ALONE
        outages.lost(outages.REDIS, error)
        return None
    outages.found(outages.REDIS)
    return [int(figure) for figure in found]


@cache
def _script(pid: int, url: str) -> Any:
    """The script over this process's connections to Redis; a forked child must not share its parent's.

    One more try, for a connection that was closed while nobody used it.
    """
    asked = redis.Redis.from_url(url, socket_connect_timeout=WAITED, socket_timeout=WAITED, retry=Retry(NoBackoff(), 1))
    return asked.register_script(_TAKE)

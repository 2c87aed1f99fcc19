"""What a deployment doesn't start with: settings by which anybody could come in, or listen, without anyone noticing.

config/settings.py asks, and names all that it found. What may be meant is warned of instead (security/apps.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

HERE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
# Of PostgreSQL's, those that encrypt and believe whoever answers; `verify-ca` takes its authority's word.
BELIEVING: Final = ("allow", "prefer", "require")
# Those of examples, here and elsewhere.
KNOWN: Final = frozenset(
    {"password", "postgres", "redis", "secret", "admin", "changeme", "change-me", "onboarding", "…"}
)
RANDOM: Final = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"


@dataclass(frozen=True)
class Deployment:
    """What is looked at; `database` is one of Django's DATABASES."""

    secret_key: str
    secret_key_fallbacks: Sequence[str] = ()
    metrics_token: str = ""
    debug: bool = False
    https: bool = True
    hosts: Sequence[str] = ()
    trusted_origins: Sequence[str] = ()
    site_url: str = ""
    database: Mapping[str, Any] = field(default_factory=dict)
    redis_url: str = ""


def unsafe(found: Deployment) -> list[str]:
    """A sentence or two for each: which setting, why, and what to do. No value of a secret is in them."""
    return [*_secrets(found), *_pages(found), *_passwords(found), *_connections(found)]


def _secrets(found: Deployment) -> Iterator[str]:
    if _guessable(found.secret_key):
        yield (
            "SECRET_KEY is too easy to guess: whoever has it signs in as anybody. Set it to a random text of at least "
            f"32 characters, for example from: {RANDOM}"
        )
    if any(map(_guessable, found.secret_key_fallbacks)):
        yield "SECRET_KEY_FALLBACKS has a key that is too easy to guess: it signs anybody in. Take it away."
    if found.metrics_token and len(found.metrics_token) < 16:
        yield (
            "METRICS_TOKEN is too easy to guess. Set it to a random text of at least 16 characters, "
            f"for example from: {RANDOM}"
        )


def _guessable(key: str) -> bool:
    return len(key) < 32 or len(set(key)) < 10 or key.startswith("django-insecure-")


def _pages(found: Deployment) -> Iterator[str]:
    if found.debug:
        yield "DEBUG is on: whoever makes a page fail reads the settings. Set DEBUG=0."
    if "*" in found.hosts:
        yield "ALLOWED_HOSTS has *: the site answers to any name. Name those that people open."
    if not found.https:
        return
    if found.site_url.startswith("http://"):
        yield "SITE_URL begins with http://, and HTTPS is on: links in mails lead past TLS. Begin it with https://."
    if any(origin.startswith("http://") for origin in found.trusted_origins):
        yield "CSRF_TRUSTED_ORIGINS has an origin with http://, and HTTPS is on: who is on the way could send forms."


def _passwords(found: Deployment) -> Iterator[str]:
    redis = urlsplit(found.redis_url)
    known = (
        ("DATABASE_URL", found.database.get("USER", ""), found.database.get("PASSWORD", "")),
        ("REDIS_URL", redis.username or "", redis.password or ""),
    )
    for name, user, password in known:
        if password and (password.lower() in KNOWN or password == user):
            yield f"{name} has a password that everybody tries first. Give the service another one, and write it there."


def _connections(found: Deployment) -> Iterator[str]:
    options = found.database.get("OPTIONS", {})
    if options.get("sslmode") in BELIEVING and not is_here(found.database):
        yield (
            f"DATABASE_URL has sslmode={options['sslmode']}, which believes anybody. Set sslmode=verify-full and "
            "sslrootcert to its authority's certificate; sslmode=disable where nobody else is on the way."
        )
    redis = urlsplit(found.redis_url)
    asked = parse_qs(redis.query).get("ssl_cert_reqs", ["required"])[-1]
    if redis.scheme == "rediss" and asked != "required" and redis.hostname not in HERE:
        yield (
            f"REDIS_URL has ssl_cert_reqs={asked}, which isn't required: whoever answers would be believed. "
            "Set ssl_cert_reqs=required and, for an authority of your own, ssl_ca_certs."
        )


def is_here(database: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL is on this machine."""
    host = str(database.get("HOST", ""))
    return host in HERE or host.startswith("/")

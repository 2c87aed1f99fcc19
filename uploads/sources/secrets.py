"""What proves us to a source's server: encrypted, and shown to nobody again."""

import json

from security import at_rest
from uploads.models import Source


def put(source: Source, **secrets: str) -> None:
    """Keep these and no others: `password`, `header` or `key`, as Source.auth is called. It isn't saved yet."""
    source.secret = at_rest.encrypt(json.dumps(secrets)) if secrets else ""


def of(source: Source) -> dict[str, str]:
    """Raises at_rest.Unreadable."""
    return dict(json.loads(at_rest.decrypt(source.secret))) if source.secret else {}

"""When each service last answered this process as it should: how the end of an outage is noticed, without a request."""

import time

DYNAMODB, STORAGE = "DynamoDB", "File storage"

_answered_at: dict[str, float] = {}  # by time.monotonic


def note(service: str) -> None:
    """The service has just answered."""
    _answered_at[service] = time.monotonic()


def since(service: str, moment: float) -> bool:
    """Whether the service has answered after this moment of time.monotonic."""
    return _answered_at.get(service, moment) > moment

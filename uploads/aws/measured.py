"""How long calls of AWS take, how they end, and how often they are tried: for /metrics, and a span for each in a trace.

botocore's events tell of a call when it begins, of each attempt, and when it has ended. Operations are those of the
API's own model, and results the ones below.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from config.watch import meters, traces

OK, THROTTLED, REFUSED, FAILED, UNREACHABLE = "ok", "throttled", "refused", "failed", "unreachable"
RESULTS: Final = (OK, THROTTLED, REFUSED, FAILED, UNREACHABLE)
_SAYS_THROTTLED: Final = ("Throttl", "SlowDown", "LimitExceeded", "TooManyRequests", "ThroughputExceeded")
_CALL: Final = "onboarding_call"  # in botocore's context of a call


@dataclass
class _Call:
    operation: str
    began: float  # by time.perf_counter
    attempts: int = 0


def watch(events: Any) -> None:
    """Measure all that clients of a session do, which are made after this; `events` are the session's of botocore."""
    events.register("before-call", _begins)
    events.register("request-created", _tried)
    events.register("after-call", _ended)
    events.register("after-call-error", _broke_off)


def note(operation: str, result: str, seconds: float, retries: int = 0) -> None:
    """A call has ended."""
    meters.took(meters.AWS, seconds, operation, result)
    traces.past(f"aws {operation}", seconds, result=result, retries=retries)
    if retries:
        retried(operation, retries)


def retried(operation: str, times: int = 1) -> None:
    """A call is tried once more, or was so often."""
    meters.add(meters.RETRIES, times, operation)


def result_of(status: int, code: str) -> str:
    """How a call ended, by the status of the answer and the code of the error in it."""
    if status < 400:
        return OK
    if any(part in code for part in _SAYS_THROTTLED):
        return THROTTLED
    return FAILED if status >= 500 else REFUSED


def _begins(model: Any, context: dict[str, Any], **_: Any) -> None:
    context[_CALL] = _Call(model.name, time.perf_counter())


def _tried(request: Any, **_: Any) -> None:
    if call := request.context.get(_CALL):
        call.attempts += 1


def _ended(http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
    said = parsed.get("Error") if isinstance(parsed, dict) else None
    code = said.get("Code") if isinstance(said, dict) else ""
    _note(result_of(http_response.status_code, str(code or "")), context)


def _broke_off(context: dict[str, Any], **_: Any) -> None:
    _note(UNREACHABLE, context)


def _note(result: str, context: dict[str, Any]) -> None:
    if call := context.pop(_CALL, None):
        note(call.operation, result, time.perf_counter() - call.began, max(0, call.attempts - 1))

"""What all calls have in common: whose token, limits, answers that are given twice, refusals."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseNotAllowed, RawPostDataException, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.log import log_response
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from uploads.api import idempotent, limits, problems
from uploads.api.problems import Problem
from uploads.aws.storage import StorageUnavailable
from uploads.work import outages
from vendors.models import ApiToken
from vendors.tokens import check

RETRY_SECONDS: Final = 10
DATABASE_AWAY: Final = Problem(
    "service-away", "The database doesn't answer at the moment. With an Idempotency-Key it is safe to ask again.",
    headers={"Retry-After": str(RETRY_SECONDS)},
)  # fmt: skip
CODES: Final = {"suspended": "vendor-suspended"}  # of check.Refused, where it isn't token-…

View = Callable[..., HttpResponseBase]


class Token(HttpBearer):
    """The scope that a call needs. Whose token it is was found out before (`guarded`)."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken:
        token = token_of(request)
        if self.scope and self.scope not in token.scopes:
            raise Problem("scope-missing", f"This call needs the scope {self.scope}; the token has not got it.")
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        raise NotImplementedError


api = NinjaAPI(
    title="Vendor onboarding",
    version="1",
    description="Feeds, what became of their rows, the catalog and webhooks of the vendor whose token is sent.",
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    auth=[Token()],
)


def token_of(request: HttpRequest) -> ApiToken:
    """The token of a call, as `guarded` found it."""
    token: ApiToken = request.token  # type: ignore[attr-defined] # set by guarded
    return token


def guarded(view: View) -> View:
    """A call, for who has a token, within its limits; whatever is refused is a problem document."""

    @wraps(view)
    def called(request: HttpRequest, *arguments: Any, **rest: Any) -> HttpResponseBase:
        token, said = None, limits.Limits()
        try:
            token = _token(request)
            request.token = token  # type: ignore[attr-defined] # for Token
            said = limits.take(token, request)
            answer = _done(request, token, lambda: view(request, *arguments, **rest))
        except Problem as problem:
            answer = problems.response(problem)
        except Exception as error:
            answer = _fault(request, error)
        if token:
            check.note_used(token)
        for name, value in said.headers.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    called.csrf_exempt = True  # type: ignore[attr-defined] # no cookie says who somebody is here
    return called


def _fault(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """A fault of our own: in the log and to whoever watches as Django's would be, and a problem without details.

    Where PostgreSQL is away, or had no time, it says so: programs come again by themselves after a 503.
    """
    got_request_exception.send(sender=None, request=request)
    passes = isinstance(error, OperationalError | InterfaceError) and outages.passes(error)
    answer = problems.response(DATABASE_AWAY if passes else Problem("internal"))
    log_response(
        "%s: %s", type(error).__name__, request.path, response=answer, request=request, exception=error,
    )  # fmt: skip
    return answer


def scopes_of(request: HttpRequest) -> list[str]:
    """Those of the token that the request carries; none where that doesn't work."""
    try:
        return _token(request).scopes
    except Problem:
        return []


def _done(request: HttpRequest, token: ApiToken, call: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What the call answers. Raises Problem, also for what Django would have a page."""

    def answered() -> HttpResponseBase:
        found = call()
        if isinstance(found, HttpResponseNotAllowed):  # before it is kept, to be given again
            raise Problem("method-not-allowed", headers={"Allow": found["Allow"]})
        return found

    try:
        return idempotent.once(request, token, answered)
    except RequestDataTooBig as error:
        raise Problem("too-large") from error
    except (TooManyFieldsSent, TooManyFilesSent, MultiPartParserError) as error:
        raise Problem("invalid", str(error)) from error
    except UnreadablePostError as error:
        raise Problem("invalid", "What was sent broke off before its end.") from error
    except RawPostDataException as error:  # a form, where the call takes JSON
        raise Problem("unsupported-media-type", "Send application/json.") from error


def _token(request: HttpRequest) -> ApiToken:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise Problem("token-missing")
    try:
        return check.token_of(text.strip())
    except check.Refused as refused:
        limits.take_refused(request)
        raise Problem(CODES.get(refused.code, f"token-{refused.code}"), str(refused)) from refused


def fields_of(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Each field with what is wrong with it, as people name it: without where in the request pydantic found it."""
    skipped = ("body", "query", "path", "form", "file", "data")
    found = []
    for error in errors:
        places = [str(place) for place in error["loc"]]
        while len(places) > 1 and places[0] in skipped:
            places.pop(0)
        found.append({"field": ".".join(places), "message": str(error["msg"])})
    return found


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponseBase:
    return problems.response(Problem("invalid", errors=fields_of(error.errors)))


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponseBase:
    return problems.response(error)


@api.exception_handler(AuthenticationError)
def _nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponseBase:
    return problems.response(Problem("token-missing"))


@api.exception_handler(HttpError)
def _not_json(request: HttpRequest, error: HttpError) -> HttpResponseBase:
    """What ninja itself refuses: a body that is no JSON."""
    return problems.response(Problem("invalid", str(error)))


@api.exception_handler(StorageUnavailable)
def _away(request: HttpRequest, error: StorageUnavailable) -> HttpResponseBase:
    return problems.response(Problem("service-away", str(error), headers={"Retry-After": str(RETRY_SECONDS)}))

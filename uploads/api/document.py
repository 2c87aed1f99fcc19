"""The API as OpenAPI 3.1 describes it: what ninja knows, and what holds for all calls."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from uploads.api.base import Token
from uploads.api.every_call import api
from uploads.api.problems import KINDS, TYPE
from vendors.models import ApiToken

PREFIX: Final = "/api/v1/"
PROBLEM: Final = "#/components/schemas/ProblemOut"
# What any call may be refused with, whatever it is about.
ALWAYS: Final = (401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503)
WRITING: Final = (409, 411)
HEADERS: Final = {
    "RateLimit-Policy": "How many calls there may be, and in how many seconds.",
    "RateLimit": "How many of them are left.",
}
METHODS: Final = ("get", "post", "patch", "put", "delete")
# By status, the types that a problem with it can have.
TYPES: Final = {
    status: ", ".join(code for code, kind in KINDS.items() if kind.status == status)
    for status in {kind.status for kind in KINDS.values()}
}
ABOUT: Final = """\
What a vendor's programs do: send feeds, learn what became of each row, mend rows, read the catalog, be told of it all.

A token means one vendor, so there is no vendor's ID in any address. Times are ISO 8601 in UTC, prices are texts. Long
lists have `next_cursor`: ask again with it as `cursor` until it is null. Refusals are problem documents (RFC 9457),
whose `type` is an address that says what the kind means. A POST with an `Idempotency-Key` may be sent again: it is done
once, and answered alike for a day.
"""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole of it, as JSON has it. It is the same for everybody, and for as long as the process lives."""
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    found["info"] = {**found["info"], "description": ABOUT}
    found["servers"] = [{"url": "/"}]
    schemas = found["components"]["schemas"]
    needed = _scopes()
    for path in found["paths"].values():
        for method in METHODS:
            if operation := path.get(method):
                operation["x-scope"] = needed[operation["operationId"]]
                _completed(operation, method, schemas)
    scheme = found["components"]["securitySchemes"]["Token"]
    scopes = "; ".join(f"{scope.value}: {scope.label}" for scope in ApiToken.Scope)
    scheme["description"] = f"A token of the vendor, as its owners make it. Scopes: {scopes}."
    return found


def _scopes() -> dict[str, str]:
    """By the operation's ID the scope that it needs; "" for what every token may ask."""
    found = {}
    for router in {id(one): one for _, one in api._routers}.values():
        for view in router.path_operations.values():
            for operation in view.operations:
                name = operation.operation_id or api.get_openapi_operation_id(operation)
                found[name] = next((one.scope for one in operation.auth_callbacks if isinstance(one, Token)), "")
    return found


def _completed(operation: dict[str, Any], method: str, schemas: dict[str, Any]) -> None:
    operation["description"] = " ".join(operation.get("description", "").split())
    if method in ("post", "patch"):
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "description": "Of your own, for this call: sent again with it, it is done once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
            }
        )  # fmt: skip
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    for status in (*ALWAYS, *(WRITING if method != "get" else ())):
        operation["responses"].setdefault(str(status), {"description": _refused(status)})
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            response["description"] = _refused(int(status))
            response["content"] = {TYPE: {"schema": {"$ref": PROBLEM}}}
        response["headers"] = _headers(int(status))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        _hoisted(media["schema"], schemas)


def _refused(status: int) -> str:
    """The status in words, and which types its problem can have."""
    return f"{HTTPStatus(status).phrase}: {TYPES[status]}"


def _headers(status: int) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    found: dict[str, Any] = {name: {**text, "description": about} for name, about in HEADERS.items()}
    if status in (429, 503):
        found["Retry-After"] = {"description": "Seconds until the next try.", "schema": {"type": "string"}}
    if status == 303:
        found["Location"] = {"description": "Where the file is, for five minutes.", **text}
    return found


def _hoisted(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A schema that was written into an operation names its parts like all others."""
    for name, part in schema.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    for value in schema.get("properties", {}).values():
        if str(value.get("$ref", "")).startswith("#/$defs/"):
            value["$ref"] = value["$ref"].replace("#/$defs/", "#/components/schemas/")

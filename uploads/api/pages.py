"""The API for people: its calls, what each problem means, and each code of a row. Nobody has to sign in for that."""

import json
import re
from typing import Any, Final

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from catalog.rules.explained import explained
from catalog.rules.problems import KINDS as KINDS_OF_ROWS
from catalog.rules.problems import Code
from config.web.links import list_for, site_url
from uploads.api.document import METHODS, document
from uploads.api.feed_out import STATES
from uploads.api.problems import KINDS
from vendors.models import ApiToken

FIELDS_DEEP: Final = 3  # levels of a body that are shown
# What somebody reads first comes first.
ORDER: Final = ("feeds", "rows", "products", "webhooks", "reference", "me")
BOUNDS: Final = {
    "minimum": "at least {:,}", "maximum": "at most {:,}", "maxLength": "at most {:,} characters",
    "minItems": "at least {:,}", "maxItems": "at most {:,}",
}  # fmt: skip


@require_safe
def openapi(request: HttpRequest) -> HttpResponseBase:
    """The document that programs read."""
    return JsonResponse(document())


@require_safe
def page(request: HttpRequest) -> HttpResponseBase:
    """The calls, by what they are about."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document()["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                shown.setdefault(operation["tags"][0], []).append(_call(path, method, operation))
    context = {
        "tags": dict(sorted(shown.items(), key=lambda one: (*ORDER, one[0]).index(one[0]))),
        "states": {state: _marked(about) for state, about in STATES.items()},
        "scopes": ApiToken.Scope.choices,
        "problems": [
            (code, kind, _marked(kind.explained))
            for code, kind in sorted(KINDS.items(), key=lambda one: (one[1].status, one[0]))
        ],
        "about": [_marked(part) for part in document()["info"]["description"].split("\n\n")],
    }
    return render(request, "uploads/api/document.html", context)


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponseBase:
    """What a kind of refusal means, at the address that is its `type`."""
    if code not in KINDS:
        raise Http404
    context = {"code": code, "kind": KINDS[code], "about": _marked(KINDS[code].explained)}
    return render(request, "uploads/api/problem.html", context)


@require_safe
def code(request: HttpRequest, code: str) -> HttpResponseBase:
    """What a code of a row means."""
    if code not in list(Code):
        raise Http404
    found, user = Code(code), request.user
    context = {
        "code": found, "text": explained(code), "may_warn": not KINDS_OF_ROWS[found].never,
        "severities_url": list_for(user, "uploads_severityrule", code=code) if user.is_staff else "",
    }  # fmt: skip
    return render(request, "uploads/api/code.html", context)


def _marked(text: str) -> SafeString:
    """A text of ours, with what stands between backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", one) if n % 2 else one,) for n, one in enumerate(parts))
    )


def _call(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", [])
    bodies = [
        (media, content["schema"]) for media, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "scope": operation["x-scope"],
        "summary": operation["summary"],
        "about": _marked(operation["description"]),
        "example": _example(path, method, bodies),
        "parameters": [_parameter(one) for one in parameters],
        "body": [(media, _about(schema), _fields(schema)) for media, schema in bodies],
        "answers": [
            (status, answer["description"], _about(_schema_of(answer)), _fields(_schema_of(answer)))
            for status, answer in sorted(operation["responses"].items()) if int(status) < 400
        ],
    }  # fmt: skip


def _example(path: str, method: str, bodies: list[tuple[str, dict[str, Any]]]) -> str:
    """The call with curl: what is the vendor's own is a variable of the shell."""
    address = re.sub(r"\{(\w+)\}", lambda name: f"${name[1].upper()}", path)
    lines = [f'curl -sS "{site_url(address)}"', '-H "Authorization: Bearer $TOKEN"']
    if method != "get":
        lines[0] = lines[0].replace("-sS", f"-sS -X {method.upper()}")
    media = [one for one, _ in bodies]
    if "multipart/form-data" in media:
        lines.append('-F "file=@feed.csv"')
    elif media:
        needed = _resolved(bodies[0][1]).get("required", [])
        body = ", ".join(f'"{name}": …' for name in needed)
        lines += [f'-H "Content-Type: {media[0]}"', f"-d '{{{body}}}'"]
    return " \\\n  ".join(lines)


def _parameter(one: dict[str, Any]) -> tuple[str, str, str, SafeString]:
    about = one.get("description") or one["schema"].get("description", "")
    needed = " (required)" if one.get("required") else ""
    return one["name"], one["in"] + needed, _kind(one["schema"]), _marked(about)


def _schema_of(answer: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {})
    return dict(next(iter(content.values()))["schema"]) if content else {}


def _about(schema: dict[str, Any]) -> SafeString:
    """What the shape as a whole says of itself."""
    return _marked(" ".join(_resolved(schema).get("description", "").split()))


def _fields(schema: dict[str, Any], deep: int = FIELDS_DEEP, before: str = "") -> list[tuple[str, str, SafeString]]:
    """Name, kind and description of the fields of an object, and of those within."""
    found: list[tuple[str, str, SafeString]] = []
    for name, field in _resolved(schema).get("properties", {}).items():
        inner = field.get("items", field)
        about = _marked(field["description"]) if field.get("description") else _about(inner)
        found.append((f"{before}{name}", _kind(field), about))
        if deep > 1 and _resolved(inner).get("properties"):
            found += _fields(inner, deep - 1, f"{before}{name}{'[]' if 'items' in field else ''}.")
    return found


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for one in schema.get("anyOf", []):
        if "$ref" in one:
            return _resolved(one)
    return schema


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    found = _resolved(schema)
    if "enum" in found:
        return " | ".join(json.dumps(one) for one in found["enum"])
    kind = str(found.get("format") or found.get("type") or "anything")
    return ", ".join([kind, *(text.format(found[name]) for name, text in BOUNDS.items() if found.get(name))])

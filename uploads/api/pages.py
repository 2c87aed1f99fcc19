"""The API for people: its calls, what each problem means, and each code of a row. Nobody has to sign in for that."""

import json
from typing import Any, Final

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from catalog.rules.explained import explained
from catalog.rules.problems import Code
from uploads.api.document import METHODS, document
from uploads.api.feed_out import STATES
from uploads.api.problems import KINDS
from vendors.models import ApiToken

FIELDS_DEEP: Final = 3  # levels of a body that are shown


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
        "tags": shown,
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
    return render(request, "uploads/api/problem.html", {"code": code, "kind": KINDS[code]})


@require_safe
def code(request: HttpRequest, code: str) -> HttpResponseBase:
    """What a code of a row means."""
    if code not in list(Code):
        raise Http404
    found = Code(code)
    return render(request, "uploads/api/code.html", {"code": found, "text": explained(code)})


def _marked(text: str) -> SafeString:
    """A text of ours, with what stands between backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", one) if n % 2 else one,) for n, one in enumerate(parts))
    )


def _call(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": operation["summary"],
        "about": _marked(operation["description"]),
        "parameters": [_parameter(one) for one in operation.get("parameters", [])],
        "body": [(media, _fields(content["schema"])) for media, content in _bodies(operation)],
        "answers": [
            (status, answer["description"], _fields(_schema_of(answer)))
            for status, answer in sorted(operation["responses"].items()) if int(status) < 400
        ],
    }  # fmt: skip


def _parameter(one: dict[str, Any]) -> tuple[str, str, str, str]:
    about = one.get("description") or one["schema"].get("description", "")
    return one["name"], one["in"], _marked(about), _kind(one["schema"])


def _bodies(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(operation.get("requestBody", {}).get("content", {}).items())


def _schema_of(answer: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {})
    return dict(next(iter(content.values()))["schema"]) if content else {}


def _fields(schema: dict[str, Any], deep: int = FIELDS_DEEP, before: str = "") -> list[tuple[str, str, str]]:
    """Name, kind and description of the fields of an object, and of those within."""
    found: list[tuple[str, str, str]] = []
    for name, field in _resolved(schema).get("properties", {}).items():
        found.append((f"{before}{name}", _kind(field), _marked(field.get("description", ""))))
        inner = field.get("items", field)
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
    return str(found.get("format") or found.get("type") or "anything")

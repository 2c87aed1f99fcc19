"""The documents, and what is code in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from config.embedded.processes import ROOT
from config.health import HEALTHZ, READYZ

README: Final = ROOT / "README.md"
DOCS: Final = sorted((ROOT / "docs").glob("*.md"))
PAGES: Final = [README, ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *DOCS]
FOLDERS: Final = ("config", "uploads", "catalog", "vendors", "security", "tests", "docs", "deploy", "requirements")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def spans(text: str) -> list[str]:
    """What stands between backticks in lines."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def code(text: str) -> str:
    """All that is code, in lines and blocks: what people copy."""
    return "\n".join([*re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL), *spans(text)])


def anchors(page: Path) -> set[str]:
    """What a link may name of a page, as code hosts make it of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _routes(patterns: Any, before: str = "/") -> Iterator[str]:
    for one in patterns:
        route = str(one.pattern)
        if isinstance(one.pattern, RegexPattern):
            route = simplify_regex(route)[1:].replace("\\", "") if route else ""
        own = before + re.sub(r"<\w+:(\w+)>", r"<\1>", route)
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, own)
        else:
            yield own


def addresses() -> set[str]:
    """Every address of the site, its arguments as <name>; those for machines, which no route has, too."""
    return {*_routes(get_resolver().url_patterns), HEALTHZ, READYZ, "/metrics"}

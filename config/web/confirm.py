"""The page between choosing an action and doing it: what it means, what it would change, and a button.

The page names what it would change by key, and only that is sent back: what was confirmed is what is done, whatever
happened to the list in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from config.web.text import counted

# Django takes a thousand fields of a form (DATA_UPLOAD_MAX_NUMBER_FIELDS), and nobody reads more lines than this.
MOST = 500


@dataclass(frozen=True)
class Question:
    """What the page says. `lines` are the key and the text of each object that the action would change.

    Where a line sums up several, its key is theirs, with commas between, and `about` is the key of any of them.
    """

    action: str
    title: str
    button: str
    meaning: Sequence[str]
    lines: Sequence[tuple[str, str]]
    nothing: str = "Nothing to do."
    about: str = ""
    test_url: str = ""  # where it can be tried first


def ask(model_admin: Any, request: HttpRequest, question: Question, back: str = "") -> HttpResponseBase | None:
    """The page; None, with a message on the list, where there is nothing to confirm or too much."""
    if not question.lines:
        messages.warning(request, question.nothing)
        return None
    if len(question.lines) > MOST:
        messages.error(request, f"At most {MOST} can be changed at once; you chose {len(question.lines):,}.")
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "question": question,
        "opts": model_admin.opts,
        "media": model_admin.media,
        "checkbox": ACTION_CHECKBOX_NAME,
        "back": back or request.get_full_path(),
    }
    return TemplateResponse(request, "config/web/confirm.html", context)


def was_confirmed(request: HttpRequest) -> bool:
    """Whether the request comes from the page."""
    return request.POST.get("confirmed") == "yes"


def chosen(request: HttpRequest) -> list[str]:
    """The keys that were confirmed, each once."""
    return list(dict.fromkeys(request.POST.getlist(ACTION_CHECKBOX_NAME)))[:MOST]


def chosen_in_lines(request: HttpRequest) -> list[str]:
    """The same where a line sums up several; of those that are keys at all."""
    keys = (key for line in request.POST.getlist("line")[:MOST] for key in line.split(","))
    return list(dict.fromkeys(keys))


def say(request: HttpRequest, verb: str, done: int, asked: int, one: str, many: str) -> None:
    """How many were changed, and for how many somebody else got there first."""
    if done:
        messages.success(request, f"{counted(done, one, many)} {verb}.")
    late = asked - done
    if late:
        messages.warning(request, f"{counted(late, one, many)} changed meanwhile: somebody got there first.")

"""The questions that a file leaves open, at a terminal: said with their choices, and answered one after another."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from config.web.text import counted
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.model import CATEGORY_VALUES, QUANTITY
from uploads.feed.questions import Choice, Question
from uploads.management.terminal import printable

MOST_CHOICES: Final = 40  # lines of one question; programs see all
LEFT_OUT: Final = "-"
Say = Callable[[str], object]


def lines(question: Mapping[str, Any]) -> Iterator[str]:
    """A question as JSON has it, for people."""
    yield f"{question['text']} ({question['id']})"
    for number, choice in enumerate(islice(question["choices"], MOST_CHOICES), 1):
        perhaps = ", perhaps" if choice["value"] == question["suggestion"] else ""
        yield f"  {number}. {choice['label']}{perhaps}"
    if (more := len(question["choices"]) - MOST_CHOICES) > 0:
        yield f"  … and {more:,} more: --explain --json has them all."


def answer(question: Question, ours: Categories, say: Say) -> str | None:
    """What somebody answers, whose question was said before; None for who stops there."""
    if question.kind == CATEGORY_VALUES:
        return _categories(question, ours, say)
    if question.kind == QUANTITY:
        given = _given("A whole number, or Enter to import nothing: ")
        return given if given.isdecimal() else None
    given = _given(f"1 to {len(question.choices)}, or Enter to import nothing: ")
    if not given.isdecimal() or not 1 <= int(given) <= len(question.choices):
        return None
    return question.choices[int(given) - 1].value


def _categories(question: Question, ours: Categories, say: Say) -> str | None:
    """A category for each cell, as JSON."""
    near = json.loads(question.suggestion) if question.suggestion else {}
    for number, name in enumerate(ours.names, 1):
        say(f"  {number}. {name}")
    say(f"For each the number or the name of one of ours, or {LEFT_OUT} to leave its rows out:")
    found: dict[str, str | None] = {}
    for choice in question.choices:
        taken = _category(choice, near.get(choice.value, ""), ours, say)
        if taken is None:
            return None
        found[choice.value] = None if taken == LEFT_OUT else taken
    return json.dumps(found, ensure_ascii=False)


def _category(choice: Choice, near: str, ours: Categories, say: Say) -> str | None:
    rows = counted(choice.count, "{} row", "{} rows")
    enter = f"Enter for {near}" if near else "Enter to import nothing"
    while True:
        given = _given(f"{choice.label}, {rows} ({enter}): ")
        if not given:
            return near or None
        if given == LEFT_OUT:
            return LEFT_OUT
        if given.isdecimal() and 1 <= int(given[:9]) <= len(ours.names):
            return ours.names[int(given) - 1]
        if name := ours.named(given):
            return name
        say(f"“{given}” is none of ours.")


def _given(prompt: str) -> str:
    """What is typed; "" where there is nobody any more."""
    try:
        return input(printable(prompt)).strip()
    except EOFError:
        return ""

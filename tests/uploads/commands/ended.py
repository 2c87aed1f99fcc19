"""How a command ended, and somebody who answers what it asks."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


def answers(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Somebody answers what is asked; returns the list that the questions go to."""
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("builtins.input", reply)
    return asked

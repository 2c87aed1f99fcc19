"""The Dockerfile, as tests follow it: its steps and what its roles are started with."""

import re
from typing import Final, NamedTuple

from config.embedded.processes import ROOT


class Step(NamedTuple):
    stage: str
    instruction: str
    said: str


def _steps() -> list[Step]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found, stage = [], ""
    for line in text.replace("\\\n", " ").splitlines():
        instruction, _, said = line.strip().partition(" ")
        if instruction == "FROM":
            stage = said.split(" AS ")[1]
        if instruction:
            found.append(Step(stage, instruction, re.sub(r"\s+", " ", said)))
    return found


STEPS: Final = _steps()


def commands(*stages: str) -> list[str]:
    """What a stage runs, in its order."""
    return [step.said for stage in stages for step in STEPS if step.stage == stage and step.instruction == "RUN"]


def environment(*stages: str) -> dict[str, str]:
    said = " ".join(step.said for step in STEPS if step.stage in stages and step.instruction == "ENV")
    return dict(pair.split("=", 1) for pair in said.split())


def taken_along() -> list[str]:
    """The files under git that .dockerignore lets into the build."""
    import subprocess

    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *kept],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return listed.stdout.splitlines()

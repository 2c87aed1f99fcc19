"""What a bench prints, and what it writes for programs."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Any

import psutil

from tests.bench.measure import Figure

HEADINGS = ("", "ours", "±", "against", "theirs", "±", "ratio", "±", "target", "")
LEFT = {0, 3}
WIDTH = 150


def render(figures: Sequence[Figure]) -> str:
    """The table: a block a group, a line a figure, and below it what is to be said about it."""
    rows = [_cells(known) for known in figures]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    lines = [_line(HEADINGS, widths)]
    group = ""
    for known, cells in zip(figures, rows, strict=True):
        if known.group != group:
            group = known.group
            lines += ["", group]
        lines.append(_line(cells, widths))
        lines += wrap(known.note, WIDTH, initial_indent="    ↳ ", subsequent_indent="      ") if known.note else []
    missed = sum(known.met is False for known in figures)
    targets = sum(known.target is not None for known in figures)
    lines += [
        "",
        f"{targets - missed} of {targets} targets met. Medians of the rounds; ± is (max - min) / median;"
        " a ratio is the median of the rounds' ratios, above 1 ours is better.",
        machine(),
    ]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.ljust(width) if index in LEFT else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def _cells(known: Figure) -> tuple[str, ...]:
    return (
        f"  {known.name}",
        f"{number(known.value)} {known.unit}",
        f"{known.spread:.0%}" if known.rounds > 1 else "",
        known.against,
        "" if known.theirs is None else f"{number(known.theirs)} {known.unit}",
        "" if known.theirs_spread is None else f"{known.theirs_spread:.0%}",
        "" if known.ratio is None else f"{known.ratio:.2f} ×",
        "" if known.ratio_spread is None else f"{known.ratio_spread:.0%}",
        "" if known.target is None else str(known.target),
        {True: "✓", False: "✗", None: ""}[known.met],
    )


def number(value: float) -> str:
    """Three digits that count, and thousands with a comma."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total / 1024**3
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, load {psutil.getloadavg()[0]:.1f}"
    )


def as_json(figures: Sequence[Figure], rows: int) -> dict[str, Any]:
    """The same for programs, with the values of all rounds."""
    return {
        "rows": rows,
        "machine": machine(),
        "figures": [
            asdict(known) | {"met": known.met, "target": known.target and str(known.target)} for known in figures
        ],
    }


def write_json(path: Path, figures: Sequence[Figure], rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(figures, rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

"""A file from its bytes to what its rows mean, and to products and errors: without a database, as the pipeline does it.

`tests/cases/shops` has files as shops export them, and what should come of each (expected.json).
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from catalog.management.commands.seed_categories import CATEGORIES
from catalog.rules.cells import identifier
from catalog.rules.clashes import duplicate_in_file
from catalog.rules.fields import REQUIRED
from catalog.rules.problems import Problem
from catalog.rules.validator import ProductDraft, Rules, validate
from uploads.feed import parser, workbook
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Heads
from uploads.feed.formats.meaning import Meaning, once, reader
from uploads.feed.formats.model import UPDATE, Plan
from uploads.feed.formats.plan import Planned, in_order, plan_for
from uploads.feed.formats.survey import Survey
from uploads.feed.parser import Layout, Reading, Row
from uploads.feed.questions import Question

CASES = Path(__file__).resolve().parents[3] / "cases" / "shops"
OURS = Categories(CATEGORIES)
RULES = Rules.from_names(CATEGORIES)


@dataclass
class Understood:
    """What came of a file."""

    layout: Layout
    rows: list[Row]
    planned: Planned
    meanings: dict[int, Meaning]
    survey: Survey
    drafts: dict[int, ProductDraft] = field(default_factory=dict)
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    warnings: dict[int, list[Problem]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return self.planned.plan

    @property
    def questions(self) -> tuple[Question, ...]:
        return in_order([*self.planned.questions, *self.survey.questions()])

    @property
    def left_out(self) -> dict[int, str]:
        return {row: one.left_out.reason for row, one in self.meanings.items() if one.left_out}

    @property
    def codes(self) -> list[tuple[int, str, str]]:
        return [(row, one.field, one.code.value) for row, found in self.problems.items() for one in found]


def understand(data: bytes, answers: Mapping[str, Any] | None = None, currency: str = "") -> Understood:
    file: BinaryIO = io.BytesIO(data)
    with workbook.as_csv(file, parser.DEFAULT_LIMITS, workbook.Size()) as sheet:
        if sheet:
            return _of_text(sheet.file, answers or {}, sheet.name, currency)
        return _of_text(file, answers or {}, "", currency)


def of_lines(*lines: str, answers: Mapping[str, Any] | None = None) -> Understood:
    return understand("".join(f"{line}\n" for line in lines).encode(), answers)


def _of_text(file: BinaryIO, answers: Mapping[str, Any], sheet: str, currency: str) -> Understood:
    layout = parser.inspect(file, reading=Reading(), sheet=sheet)
    rows = list(parser.rows(file, layout))
    planned = plan_for(layout.headers, [row.cells for row in rows[:200]], answers, layout.mapping)
    plan = Plan.from_json(json.loads(json.dumps(planned.plan.to_json())))  # as it comes back from storage
    assert plan == planned.plan
    heads = Heads(plan)
    for row in rows:
        if row.problem is None:
            heads.note(row.number, row.cells)
    meant, survey = reader(plan, OURS), Survey(plan, OURS)
    found = Understood(layout, rows, planned, {}, survey)
    for row in rows:
        if row.problem is not None:
            found.problems[row.number] = [row.problem]
            continue
        meaning = meant(row.cells, heads.of(row.number, row.cells), row.number, row.numeric)
        found.meanings[row.number] = meaning
        survey.note(meaning)
    _judge(found, currency)
    return found


def _judge(found: Understood, currency: str) -> None:
    first: dict[tuple[str, str], int] = {}
    plan = found.plan
    for number, meaning in found.meanings.items():
        if meaning.left_out:
            continue
        if meaning.problem:
            found.problems[number] = [meaning.problem]
            continue
        result = validate(meaning.values, RULES, meaning.numeric, currency)
        said = once(result.problems, plan)
        problems = [one for one in said if not one.is_warning]
        if plan.mode == UPDATE:  # what such a file has no column for isn't missing
            problems = [one for one in problems if one.field in meaning.values or one.field not in REQUIRED]
        problems = problems or _repeated(meaning.values, number, first, plan)
        if problems:
            found.problems[number] = problems
        else:
            if warnings := [one for one in said if one.is_warning]:
                found.warnings[number] = warnings
            found.drafts[number] = result.draft or _update(meaning.values)


def _repeated(
    values: Mapping[str, str | None], number: int, first: dict[tuple[str, str], int], plan: Plan
) -> list[Problem]:
    """What the committer finds: a product ID or a SKU that another row has."""
    keys = [(one, identifier(values.get(one) or "", one)) for one in ("vendor_product_id", "sku") if one in values]
    found = [duplicate_in_file(*key, f"row {first[key]}") for key in keys if key in first]
    for key in keys:
        first.setdefault(key, number)
    return once(found, plan)


def _update(values: Mapping[str, str | None]) -> ProductDraft:
    whole = {"vendor_product_id": "X", "product_name": "X", "category": "Books", "price": "1", **values}
    draft = validate({"sku": "X", "stock_quantity": "0", **whole}, RULES).draft
    assert draft
    return draft


def case(name: str) -> tuple[bytes, dict[str, Any]]:
    folder = next(CASES.glob(f"{name}*"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return next(folder.glob("feed.*")).read_bytes(), expected


def as_product(draft: ProductDraft) -> dict[str, Any]:
    found = draft._asdict()
    found.pop("currency")
    for later in ("gtin", "image_url", "status"):
        found.pop(later)
    return {**found, "price": str(draft.price)}


def asked(questions: Sequence[Question]) -> dict[str, Any]:
    """Kind → the cells that a question about categories has, else None."""
    return {
        one.kind: {choice.value for choice in one.choices} if one.kind == "category_values" else None
        for one in questions
    }  # fmt: skip

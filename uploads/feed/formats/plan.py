"""How one file is understood, by its headers, its first rows, and what a person answered.

`plan_for` gives the Plan, and the questions about its columns. What the rows themselves leave open is found by a look
at all of them (survey.py). An answer to a question that is gone counts for nothing, and neither does a column that the
file doesn't have. A category that isn't on the list any more is asked again.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

from uploads.feed.columns import ColumnMapping, ask, map_headers, name_headers, question_id, short
from uploads.feed.formats import lists
from uploads.feed.formats.detect import is_own_list, known_format, roles_of
from uploads.feed.formats.made import is_grouped, thousands_of
from uploads.feed.formats.model import (
    CATEGORY_FOR_ALL,
    CATEGORY_VALUES,
    EMPTY_SKU,
    LEAVE,
    NEGATIVE,
    QUANTITY,
    REPAIR,
    ROUND,
    UPDATE,
    Format,
    Plan,
    placed,
)
from uploads.feed.questions import Question

TAKEN: Final = "taken"  # the answer with reasons by which rows are taken all the same, with commas between
# The order in which questions are asked: what others depend on comes first.
ORDER: Final = (
    "column", "identifiers_from", EMPTY_SKU, CATEGORY_FOR_ALL, CATEGORY_VALUES, QUANTITY, NEGATIVE, "stock_from",
    "price_from", "currency", ROUND, REPAIR, "sheet", "encoding", "delimiter",
)  # fmt: skip
# Kinds on which it depends what any cell means: as long as one is open, nothing can be said of a single row.
ABOUT_COLUMNS: Final = frozenset(
    ("column", "identifiers_from", "stock_from", "price_from", "sheet", "encoding", "delimiter")
)
MOST_VALUES: Final = 5_000  # answers of one kind that are looked at

Answers = Mapping[str, Any]
Rows = Sequence[Mapping[str, str]]


class Planned(NamedTuple):
    """The plan, and what about its columns is to be decided first."""

    plan: Plan
    questions: tuple[Question, ...] = ()


def plan_for(
    headers: Sequence[str],
    samples: Rows,
    answers: Answers | None = None,
    mapping: ColumnMapping | None = None,
    *,
    chosen: bool = False,
) -> Planned:
    """The plan of a file with these headers and first rows. `answers` are id → value, where a list or a mapping may be
    JSON text; `mapping` is what the columns of a list of the vendor's own mean, as they show, or (`chosen`) as somebody
    said for each of them."""
    names = name_headers(headers)
    answers = {one: _unpacked(answer, names) for one, answer in (answers or {}).items()}
    columns = mapping or map_headers(headers, None, [list(row.values()) for row in samples])
    known = known_format(names, answers)
    if known:
        planned = _of_format(known, names, samples, answers)
    elif not is_own_list(names, answers):
        found = {meant: (header,) for meant, header in columns.fields.items()}
        return Planned(Plan(ours=True, columns=found))
    else:
        plan, questions = lists.plan_of_list(names, samples, columns, answers, chosen=chosen)
        planned = Planned(plan, questions)
    return planned._replace(plan=_with_thousands(answered(planned.plan, answers), samples))


def _with_thousands(plan: Plan, samples: Rows) -> Plan:
    """The plan with the sign that groups the digits of prices, where people wrote them and the file shows it."""
    if plan.machine_numbers:
        return plan
    cells = [cell for column in plan.columns.get("price", ()) for row in samples if (cell := row.get(column))]
    sign = thousands_of(cells)
    example = next((cell for cell in cells if is_grouped(cell, sign)), "") if sign else ""
    if not example:
        return plan
    said = f"“{sign}” groups the digits of prices, as all of them show: “{short(example)}” is a thousand or more."
    return replace(plan, thousands=sign, said=(*plan.said, said))


def _of_format(known: Format, names: Sequence[str], samples: Rows, answers: Answers) -> Planned:
    roles = roles_of(known, names)

    def headers_of(wanted: Any) -> tuple[str, ...]:
        return tuple(dict.fromkeys(header for role in wanted for header in roles.get(role, ())))

    plan = placed(known.template, headers_of, roles)
    plan = replace(plan, format=known.id, name=known.name)
    said = [f"The file is a {known.name}.", *known.said]
    if plan.barcodes:
        said.append(f"GTINs are read from {', '.join(plan.barcodes)}; what is none there is left out, with a warning.")
    for meant, could_be in known.prefers.items():
        if columns := headers_of(could_be)[:1]:
            plan = replace(plan, columns={**plan.columns, meant: columns})
    questions = []
    for meant, could_be in known.asks.items():
        candidates = headers_of(could_be)
        chosen = columns_in(answers.get(_id_of(meant)), names)
        if len(candidates) > 1 and not chosen:
            questions.append(_which(meant, candidates, names, samples, adds=plan.added))
        if chosen or candidates:
            columns = chosen or (candidates if plan.added and meant == "stock_quantity" else candidates[:1])
            plan = replace(plan, columns={**plan.columns, meant: columns})
    for meant in ("product_name", "price"):
        if meant not in plan.columns and plan.mode != UPDATE:
            chosen = columns_in(answers.get(question_id(meant)), names)
            if chosen:
                plan = replace(plan, columns={**plan.columns, meant: chosen[:1]})
            else:
                questions.append(ask(meant, names, names, [list(row.values()) for row in samples]))
    return Planned(replace(plan, said=tuple(said)), tuple(questions))


def _id_of(meant: str) -> str:
    return {"price": "price_from", "stock_quantity": "stock_from"}[meant]


def _which(meant: str, candidates: Sequence[str], names: Sequence[str], samples: Rows, *, adds: bool) -> Question:
    question = ask(meant, candidates, names, [list(row.values()) for row in samples])
    if not adds:
        return replace(question, suggestion=candidates[0])
    question = lists.or_all_added(question, candidates)
    return replace(question, suggestion=question.choices[-1].value)


def columns_in(answer: Any, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that an answer names: a header, or a list of headers."""
    if isinstance(answer, str):
        return (answer,) if answer in names else ()
    if not isinstance(answer, list | tuple):
        return ()
    return tuple(dict.fromkeys(one for one in answer if one in names))


def _unpacked(answer: Any, names: Sequence[str]) -> Any:
    """A list or a mapping that came as JSON text as what it is; a header may look like one."""
    if not isinstance(answer, str) or answer[:1] not in ("[", "{") or answer in names:
        return answer
    with suppress(ValueError):
        return json.loads(answer)
    return answer


def answered(plan: Plan, answers: Answers) -> Plan:
    """The plan with what was answered about its rows."""
    return replace(
        plan,
        category_for_all=_text(answers.get(CATEGORY_FOR_ALL)),
        category_values=_mapping(answers.get(CATEGORY_VALUES)),
        other_categories_left=answers.get(CATEGORY_VALUES) == LEAVE,
        quantity=_quantity(answers.get(QUANTITY)),
        negative_stock=_text(answers.get(NEGATIVE)),
        empty_sku=_text(answers.get(EMPTY_SKU)),
        round_prices=_yes_or_no(answers.get(ROUND)),
        repair_skus=_yes_or_no(answers.get(REPAIR)),
        taken=tuple(filter(None, _text(answers.get(TAKEN)).split(","))),
    )


def _text(answer: Any) -> str:
    return "" if answer is None or isinstance(answer, dict | list) else str(answer)


def _quantity(answer: Any) -> str:
    """A whole number from 0 on; anything else is no answer."""
    text = _text(answer).strip()
    return text if text.isascii() and text.isdigit() and len(text) < 10 else ""


def _yes_or_no(answer: Any) -> str:
    text = _text(answer).casefold()
    return text if text in ("true", "false") else ""


def _mapping(answer: Any) -> dict[str, str | None]:
    if not isinstance(answer, dict):
        return {}
    entries = list(answer.items())[:MOST_VALUES]
    return {cell: name for cell, name in entries if isinstance(cell, str) and (name is None or isinstance(name, str))}


def in_order(questions: Sequence[Question]) -> tuple[Question, ...]:
    """What others depend on first."""
    return tuple(sorted(questions, key=lambda one: ORDER.index(one.kind) if one.kind in ORDER else len(ORDER)))

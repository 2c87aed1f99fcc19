"""How a list of the vendor's own is understood."""

from collections.abc import Mapping, Sequence
from typing import Any

from uploads.feed.columns import ColumnMapping
from uploads.feed.formats.model import Plan
from uploads.feed.questions import Question


def plan_of_list(
    names: Sequence[str], samples: Sequence[Mapping[str, str]], mapping: ColumnMapping, answers: Mapping[str, Any]
) -> tuple[Plan, tuple[Question, ...]]:
    return Plan(columns={meant: (header,) for meant, header in mapping.fields.items()}, own_list=True), ()

"""A row that was judged twice: what would be different, and how that is added up by vendor.

What is added up is bounded, since it stands in the job's row and is written with every slice: so many vendors by name,
so many examples of each and in all. What doesn't fit is counted all the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from catalog.rules.fields import FIELDS
from catalog.rules.offers import OfferDraft
from catalog.rules.places import in_file
from catalog.rules.problems import Problem
from uploads.aws.records import storable
from uploads.pipeline.judge import Judged, cell_of

# What can become of a row: it fails and didn't, doesn't and did, has a warning that it hadn't, hasn't one that it had,
# or is read as something else. The first that is so counts, so a row counts once.
FAIL, PASS, WARN, UNWARN, OTHER = "fail", "pass", "warn", "unwarn", "other"
KINDS: Final = (FAIL, PASS, WARN, UNWARN, OTHER)
EXAMPLES: Final = 20  # of a vendor
MOST_EXAMPLES: Final = 1_000  # in all
MOST_VENDORS: Final = 1_000  # by name; the others are added up as one
TEXT: Final = 200  # characters of a text in an example
LEFT_OUT: Final = "(no product)"


def difference(now: Judged, then: Judged) -> str:
    """What would be different of a row; "" for nothing."""
    failed, fails = _fails(now), _fails(then)
    if failed != fails:
        return FAIL if fails else PASS
    if fails:
        return ""
    before, after = _codes(now), _codes(then)
    if after - before:
        return WARN
    if before - after:
        return UNWARN
    return OTHER if (now.draft, now.left_out) != (then.draft, then.left_out) else ""


def _fails(judged: Judged) -> bool:
    return judged.draft is None and not judged.left_out


def _codes(judged: Judged) -> Counter[tuple[str, str]]:
    return Counter((problem.field, problem.code) for problem in judged.problems)


def add(result: dict[str, Any], pairs: Iterable[tuple[Judged, Judged]]) -> None:
    """Add rows to what was found so far; `result` has `counts` in all, by vendor under `vendors`, and `others`."""
    for now, then in pairs:
        kind = difference(now, then)
        count(result, _vendor_id(now), kind, partial(_example, kind, now, then))


def count(result: dict[str, Any], vendor_id: str, kind: str, example: Callable[[], dict[str, Any]]) -> None:
    """Count one row of a vendor, and what would be different of it; "" is nothing."""
    vendor = _vendor(result, vendor_id)
    vendor["rows"] += 1
    if not kind:
        return
    result["counts"][kind] = result["counts"].get(kind, 0) + 1
    vendor[kind] = vendor.get(kind, 0) + 1
    examples = vendor.get("examples")
    if examples is not None and len(examples) < EXAMPLES and result["shown"] < MOST_EXAMPLES:
        examples.append(example())
        result["shown"] += 1


def _vendor(result: dict[str, Any], vendor_id: str) -> dict[str, Any]:
    vendors: dict[str, dict[str, Any]] = result["vendors"]
    if vendor_id not in vendors and len(vendors) >= MOST_VENDORS:
        others: dict[str, Any] = result["others"]
        return others
    return vendors.setdefault(vendor_id, {"rows": 0, "examples": []})


def empty() -> dict[str, Any]:
    """Before the first row."""
    return {"counts": {}, "vendors": {}, "others": {"rows": 0}, "shown": 0}


def _vendor_id(judged: Judged) -> str:
    return judged.upload.vendor_id if judged.upload else judged.record.vendor_id[:100]


def _example(kind: str, now: Judged, then: Judged) -> dict[str, Any]:
    field, message = "", ""
    if kind in (FAIL, PASS):
        more, less = (then, now) if kind == FAIL else (now, then)
        field, message = _said(_new(_errors(more), _errors(less)))
    elif kind in (WARN, UNWARN):
        more, less = (then, now) if kind == WARN else (now, then)
        field, message = _said(_new(more.problems, less.problems))
    else:
        field = next((name for name in FIELDS if _value(now, name) != _value(then, name)), "")
    record = now.record
    return {
        "kind": kind,
        "upload": record.upload_id,
        "record": record.record_id,
        "row": record.row_number,
        "in_file": in_file(record.line_number, now.upload.sheet if now.upload else ""),
        "sku": clipped(cell_of(now, "sku")),
        "field": field,
        "cell": clipped(cell_of(now, field)) if field else "",
        "before": clipped(_value(now, field)) if kind == OTHER else "",
        "after": clipped(_value(then, field)) if kind == OTHER else "",
        "message": clipped(message),
    }


def _errors(judged: Judged) -> list[Problem]:
    """What keeps it out, beside which there may be warnings."""
    return [problem for problem in judged.problems if not problem.is_warning]


def _new(found: Iterable[Problem], known: Iterable[Problem]) -> list[Problem]:
    """Those that weren't known; where all were, all of them."""
    before, problems = {(one.field, one.code) for one in known}, list(found)
    return [one for one in problems if (one.field, one.code) not in before] or problems


def _said(problems: list[Problem]) -> tuple[str, str]:
    return (problems[0].field, problems[0].message) if problems else ("", "")


def _value(judged: Judged, field: str) -> str:
    """What a right row would bring for a field, as text."""
    if judged.draft is None:
        return LEFT_OUT
    values: Mapping[str, Any] = judged.draft.values if isinstance(judged.draft, OfferDraft) else judged.draft._asdict()
    value = values.get(field)
    return "" if value is None else str(value)


def clipped(text: str) -> str:
    """A text as an example keeps it."""
    text = storable(text)
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"

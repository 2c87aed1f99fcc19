"""What would happen if a previewed file was sent now, in one sentence, and what the button says that sends it.

By the counts of the dry run, as far as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from catalog.rules.problems import ngettext
from config.web.text import counted
from uploads.feed.formats.model import REASONS
from uploads.feed.questions import Question
from uploads.models import Job, results
from uploads.pipeline import examine
from uploads.pipeline.examine import Contents
from uploads.preview import dry_run

OUTCOMES: Final = ("inserted", "updated", "retired", "unchanged", "error", "open", "skipped")
WAIT: Final = "The whole file is still being looked at ({} %). You can import it then."


@dataclass(frozen=True)
class Outlook:
    """`button` is what the button says that sends it, "" where it can't be sent now: `wait` says why, if it is only
    not yet. `gets_in`: something is known to get in, or to be retired."""

    sentence: str
    button: str = ""
    gets_in: bool = False
    wait: str = ""


def of(job: Job) -> Outlook:
    """By a dry run, which may be under way."""
    looked = dry_run.looked_at(job)
    questions = dry_run.questions(job)
    said = _sentence(job, len(questions))
    contents = job.parameters.get("contents")
    quick = contents is not None and examine.is_quick(Contents(**contents))
    if questions or (job.state == Job.State.FAILED and not (looked or quick)):
        return Outlook(said)
    if not (looked or quick):
        return Outlook(said, wait=WAIT.format(looking(job)))
    return Outlook(said, _button(job), gets_in=_does_something(job) and job.state == Job.State.DONE)


def missing(fields: list[str]) -> Outlook:
    """As long as it isn't known what has these required fields."""
    return Outlook(f"Nothing can be imported yet: we don’t know which column has the {', '.join(fields)}.")


def looking(job: Job) -> int:
    """How far the look at all rows is, in percent."""
    return 100 if dry_run.looked_at(job) else int(job.result.get("looking", 0))


def percent(job: Job) -> int:
    """How far all of it is; the look at all rows is one half. Lines are more than rows where cells have line breaks,
    so it may come to its end early."""
    if job.state == Job.State.DONE:
        return 100
    if not dry_run.looked_at(job):
        return looking(job) // 2
    return min(99, 50 + 50 * job.done // max(job.total, 1))


def weight(questions: tuple[Question, ...]) -> int:
    """How much is asked: more, if rows further down have something that the first ones don't."""
    return sum(max(1, len(question.choices)) for question in questions)


# --- the sentence ----------------------------------------------------------------------------------------------


def _sentence(job: Job, questions: int) -> str:
    result = job.result
    rows = sum(int(result.get(name, 0)) for name in OUTCOMES)
    asked = [counted(questions, "{} question is open", "{} questions are open")] if questions else []
    if not rows:
        begun = "The whole file couldn’t be tried" if job.state == Job.State.FAILED else "The whole file is being tried"
        return f"{'; '.join([begun, *asked])}."
    said = "; ".join([*_clauses(result, job.parameters.get("mode", "upsert")), *asked])
    ended = job.state == Job.State.DONE
    if not ended or result.get("cut_short"):
        first = counted(rows, "the first row", "the first {} rows")
        return f"Of {first}, {said}."
    if _does_something(job) or result.get("open"):
        return f"Of {counted(rows, '{} row', '{} rows')}, {said}."
    nothing = "nothing would change" if result.get("unchanged") else "nothing would be imported"
    return f"Of {counted(rows, '{} row', '{} rows')}, {nothing}: {said}."


def _clauses(result: Mapping[str, Any], mode: str) -> list[str]:
    left_out: Mapping[str, int] = result.get("left_out", {})
    alone = results.why_alone(mode)
    words = {
        "inserted": ("{} product would be added", "{} products would be added"),
        "updated": ("{} product would be updated", "{} products would be updated"),
        "retired": ("{} product would be retired", "{} products would be retired"),
        "unchanged": ("{} product stays as it is", "{} products stay as they are"),
        "error": ("{} row has errors", "{} rows have errors"),
        "open": ("{} row waits for an answer", "{} rows wait for an answer"),
        "skipped": (f"{{}} row is left alone ({alone})", f"{{}} rows are left alone ({alone})"),
    }
    counts = {name: int(result.get(name, 0)) for name in words}
    counts["skipped"] -= sum(left_out.values())
    said = [counted(counts[name], *words[name]) for name in words if counts[name]]
    absent = int(result.get("absent", 0))
    lacking = [counted(absent, "{} product isn’t in it", "{} products aren’t in it")] if absent else []
    if "absent_why" in result:
        lacking = [f"{lacking[0]} and nothing would be done to them" if absent > 1 else f"{lacking[0]} and stays"]
    return [*said, *([_left_out(left_out)] if left_out else []), *lacking]


def _left_out(left_out: Mapping[str, int]) -> str:
    each, rows = [ngettext(*REASONS[one], rows).format(rows) for one, rows in left_out.items()], sum(left_out.values())
    if len(each) == 1:
        return f"{each[0]} {'is' if rows == 1 else 'are'} left out"
    return f"{rows:,} rows are left out" + (f" ({' and '.join(each)})" if len(each) == 2 else "")


# --- the button ------------------------------------------------------------------------------------------------


def _does_something(job: Job) -> bool:
    """Whether something is known to change; a whole catalog may only retire what it lacks."""
    return _gets_in(job) > 0 or bool(_lacked(job) and job.result.get("unchanged"))


def _lacked(job: Job) -> int:
    """How many products would be retired, or their stock set to 0, since the file lacks them."""
    return 0 if "absent_why" in job.result else int(job.result.get("absent", 0))


def _gets_in(job: Job) -> int:
    return sum(int(job.result.get(name, 0)) for name in ("inserted", "updated", "retired"))


def _button(job: Job) -> str:
    """“Import 10 products, leave 30”: those that are right, and rows that could be products and aren't."""
    result = job.result
    if job.state != Job.State.DONE or result.get("cut_short"):
        return "Import all that is right"
    count = _gets_in(job)
    verb = "Import" if result.get("inserted") else "Update" if result.get("updated") else "Retire"
    said = f"{verb} {counted(count, '{} product', '{} products')}" if count else "Import nothing"
    if absent := _lacked(job):
        said = f"Replace the catalog, without {counted(absent, '{} product', '{} products')}"
    left = int(result.get("error", 0)) + int(result.get("skipped", 0)) - sum(result.get("left_out", {}).values())
    return f"{said}, leave {left:,}" if left else said

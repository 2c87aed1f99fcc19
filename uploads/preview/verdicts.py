"""What a file would do, before it is sent: how it is read, and a verdict on each of its first rows.

The same parser, validator and decision as the pipeline's, on a snapshot of the catalog; nothing is written. How the
file is read can be corrected: encoding, delimiter, and what each column means (`Reading`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from catalog import committer
from catalog.committer import Candidate
from catalog.rules.fields import LABELS, READ
from catalog.rules.offers import OfferDraft
from catalog.rules.places import in_file
from catalog.rules.problems import Problem
from catalog.rules.severity.severities import DEFAULTS, Severities
from catalog.rules.validator import ProductDraft, Rules
from catalog.snapshot import Snapshot
from config.web.text import visible
from uploads.feed import columns, shops
from uploads.feed.apart.reader import Look
from uploads.feed.formats.plan import ABOUT_COLUMNS
from uploads.feed.formats.ruled import ValueRules, replaced
from uploads.feed.parser import Layout, Reading, Row
from uploads.feed.questions import LASTING
from uploads.feed.sheets.handed_out import says_nothing
from uploads.models import UploadHistory
from uploads.pipeline import examine, judge, ledger, receive, remembered, staged_rows
from uploads.pipeline.examine import Contents, FeedFile
from uploads.pipeline.understood import derived, values
from uploads.pipeline.understood.values import Means
from uploads.preview.shown import Cell, Difference, Preview, PreviewRow, brief, columns_of

CELL_CHARS: Final = 80
ROWS: Final = 20
NOTHING: Final[Mapping[str, str]] = {}
BY_A_RULE: Final = "by a rule of yours"
# The upload would be the newest of all, so nothing that it brings is superseded.
NEWEST: Final = 2**63 - 1
PLAIN: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")  # a number that nobody could take for another one


def of(
    feed: FeedFile,
    vendor_id: str,
    reading: Reading | None = None,
    mode: str = "upsert",
    *,
    whole: bool = False,
    contents: Contents | None = None,
) -> Preview:
    """Preview a feed of this vendor, sent in this mode; it is left rewound. Raises Refused, as sending would.
    `whole`: all rows are looked at for what they leave open, not only the first. `contents`, if they are known.

    What a Reading can set right is no refusal: the preview says it.
    """
    vendor = receive.active_vendor(vendor_id)
    contents, reading, problem = contents or examine.examine(feed.text), reading or Reading(), ""
    try:
        look = examine.look(feed, contents, vendor_id, reading, ROWS, whole=whole)
    except examine.Refused as refused:
        if refused.code not in ("other_columns", "duplicate_column") or reading.columns is None:
            raise
        # With another delimiter there are other columns, and they are chosen from anew.
        problem = str(refused) if refused.code == "duplicate_column" else ""
        look = examine.look(feed, contents, vendor_id, replace(reading, columns=None), ROWS, whole=whole)
    layout, rows = look.layout, list(staged_rows.as_staged(look.rows, look.layout))
    mode = UploadHistory.Mode.UPDATE.value if layout.only_updates else mode
    judged = () if problem or not layout.mapping.complete else first_rows(look, vendor_id)
    shown = _fields(judged, layout)
    return Preview(
        layout=layout,
        reading=reading,
        contents=contents,
        sent_before=examine.sent_before(vendor_id, contents.sha256),
        rows=_decided(judged, shown, layout, vendor_id, mode),
        mapped=columns_of(layout, reading if problem else None, rows),
        problem=problem,
        changed=remembered.can_be(layout) and _changed(layout, reading, vendor_id),
        mode=mode,
        shown=shown,
        left_out=look.left_out,
        retries_by_itself=vendor.retries_by_itself,
    )


def _changed(layout: Layout, reading: Reading, vendor_id: str) -> bool:
    """Whether the next file with these columns would be read otherwise without anybody's word."""
    before = columns.recall(layout.headers, remembered.of(vendor_id))
    known = before.answers if before else {}
    lasting = LASTING if layout.of_format else LASTING - columns.QUESTION_IDS.keys()
    if any(known.get(name) != answer for name, answer in layout.answers.items() if name in lasting):
        return True
    if layout.of_format:
        return False
    if before and before.fields:
        return dict(before.fields) != remembered.chosen_fields(layout)
    return remembered.says_more(layout)


# --- verdicts --------------------------------------------------------------------------------------------------


class ValidatedRow(NamedTuple):
    """A row after validation: its values by field as the vendor's rules have them, all that was found in it, and a
    draft unless that keeps it out. Of a known format the values are what the row means, `derived` those that aren't
    simply a cell, `left_out` says why it is no product and `reason` which kind of reason that is, and `is_open` that it
    depends on a question without an answer. `why` says where derived values come from, in the first rows. `severities`
    are the vendor's, for what only the catalog shows.
    """

    row: Row
    values: Mapping[str, str | None]
    draft: ProductDraft | OfferDraft | None
    problems: list[Problem]
    derived: frozenset[str] = frozenset()
    left_out: str = ""
    reason: str = ""
    is_open: bool = False
    why: Mapping[str, str] = NOTHING
    severities: Severities = DEFAULTS


def validated(
    row: Row, layout: Layout, rules: Rules, own: ValueRules | None, means: Means | None = None
) -> ValidatedRow:
    """A row judged in itself, as the pipeline judges its record; of a known format by what it `means`."""
    said = rules.severities
    if row.problem is not None:
        return ValidatedRow(row, {}, None, [row.problem])
    if means and layout.plan:
        found = means(row)
        if found.left_out:
            return ValidatedRow(row, {}, None, [], left_out=found.left_out.said, reason=found.left_out.reason)
        if found.problem:
            return ValidatedRow(row, {}, None, [found.problem])
        in_rows = layout.currency_in_rows
        result = judge.validate_meaning(found, layout.plan, rules, layout.currency, in_rows=in_rows)
        is_open = any(question.kind == kind for kind, _ in found.open for question in layout.questions)
        return ValidatedRow(
            row, found.values, result.draft, result.problems, found.derived, is_open=is_open, severities=said
        )
    fields, shop = layout.mapping.fields, shops.shop_of(layout.headers)
    silent = says_nothing(layout.headers)
    cells = {field: cell for field, header in fields.items() if (cell := row.cells[header]) or field not in silent}
    read = replaced(cells, own)
    if variant := shops.variant_problem(read, fields, shop):
        return ValidatedRow(row, read, None, [variant])
    currency = judge.currency_of(read, layout.currency, in_rows=layout.currency_in_rows)
    numeric = judge.still_numbers(judge.numeric_fields(fields, row.numeric), cells, read)
    result = judge.validate_cells(shops.as_meant(read, shop), rules, numeric, currency)
    return ValidatedRow(row, read, result.draft, result.problems, severities=said)


def candidates(judged: Iterable[ValidatedRow], vendor_id: str, mode: str, layout: Layout) -> dict[int, Candidate]:
    """Row number → what wants into the catalog."""
    sheet, one_number = layout.sheet, layout.plan.one_number if layout.plan else ""
    return {
        one.row.number: Candidate(
            vendor_id,
            NEWEST,
            one.row.number,
            one.draft,
            mode,
            one.row.line,
            sheet,
            one_number,
            one.problems,
            one.severities,
        )
        for one in judged
        if one.draft is not None
    }


def first_rows(look: Look, vendor_id: str) -> list[ValidatedRow]:
    """The rows of a look, each judged in itself."""
    rules, own, layout = judge.rules_of(vendor_id), judge.value_rules([vendor_id]).get(vendor_id), look.layout
    means = values.means(layout.plan, lambda row: look.heads.get(row.number), own)
    rows = list(staged_rows.as_staged(look.rows, layout))
    understood = [row for row in rows if row.problem is None] if layout.plan else []
    data, found = [(row.number, row.cells) for row in understood], [look.heads.get(row.number) for row in understood]
    made = zip(understood, derived.of_rows("", layout, own, data, found), strict=True)
    why = {row.number: {one.field: one.why for one in made_of} for row, made_of in made}
    return [validated(row, layout, rules, own, means)._replace(why=why.get(row.number, NOTHING)) for row in rows]


def snapshot_for(wanting: Mapping[int, Candidate]) -> Snapshot:
    """The catalog as far as these candidates meet it."""
    return committer.read_snapshot(list(wanting.values()), ledger.origins)


def asks_of_columns(layout: Layout) -> bool:
    """Whether something is open on which it depends what any row says."""
    return any(question.kind in ABOUT_COLUMNS for question in layout.questions)


def _decided(
    judged: Sequence[ValidatedRow], shown: Sequence[str], layout: Layout, vendor_id: str, mode: str
) -> tuple[PreviewRow, ...]:
    """Decide row by row, as the pipeline would: each sees what those before it would have done."""
    wanting = candidates(judged, vendor_id, mode, layout)
    snapshot, asks_more = snapshot_for(wanting), asks_of_columns(layout)
    return tuple(
        _preview_row(one, shown, layout, wanting.get(one.row.number), snapshot, asks_more=asks_more) for one in judged
    )


def _preview_row(
    judged: ValidatedRow,
    shown: Sequence[str],
    layout: Layout,
    candidate: Candidate | None,
    snapshot: Snapshot,
    *,
    asks_more: bool,
) -> PreviewRow:
    row = judged.row
    errors, warnings = _apart(judged.problems)
    begun = PreviewRow(row.number, in_file(row.line, layout.sheet), "error", (), visible(row.raw), errors, warnings, ())
    if row.problem is not None:
        return begun
    if judged.left_out:
        cells = tuple(Cell(LABELS[one], _cell(_in_file(judged, one, layout))) for one in shown)
        return begun._replace(outcome="skipped", cells=cells, raw="", left_out=visible(judged.left_out))
    if judged.is_open or asks_more:
        return begun._replace(outcome="open", cells=_cells(judged, shown, layout, ()), raw="", problems=(), warnings=())
    begun = begun._replace(cells=_cells(judged, shown, layout, errors), raw="")
    if candidate is None:
        return begun
    verdict = committer.decide(candidate, snapshot)
    errors, warnings = _apart([*((verdict.problem,) if verdict.problem else ()), *verdict.warnings])
    return begun._replace(
        outcome=verdict.outcome,
        cells=_cells(judged, shown, layout, errors),
        problems=errors,
        warnings=warnings,
        changes=_changes((field, old, new) for field, (old, new) in (verdict.changes or {}).items()),
        left_out=visible(verdict.reason),
    )


def _apart(problems: Sequence[Problem]) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Errors, and warnings."""
    return tuple(one for one in problems if not one.is_warning), tuple(one for one in problems if one.is_warning)


# --- cells -----------------------------------------------------------------------------------------------------


def _fields(judged: Iterable[ValidatedRow], layout: Layout) -> tuple[str, ...]:
    """The fields that there is something to show of: those with a column, and those that are made of others."""
    made = {field for one in judged for field, value in one.values.items() if value}
    return tuple(field for field in READ if field in layout.mapping.fields or field in made)


def _cells(judged: ValidatedRow, shown: Sequence[str], layout: Layout, errors: Sequence[Problem]) -> tuple[Cell, ...]:
    return tuple(_shown(judged, one, layout, tuple(found for found in errors if found.field == one)) for one in shown)


def _shown(judged: ValidatedRow, field: str, layout: Layout, problems: tuple[Problem, ...]) -> Cell:
    said, understood = _in_file(judged, field, layout), judged.values.get(field) or ""
    values = stored(judged.draft)
    text = _as_text(values.get(field)) if values else understood
    is_other = " ".join(text.split()) != " ".join(said.split())
    how = ""
    if text and field in judged.derived:
        how = judged.why.get(field, "")
    elif is_other and not layout.of_format and understood.strip() != said.strip():
        how = BY_A_RULE
    if field == "price" and isinstance(price := values.get(field), Decimal):
        is_other = is_other and not (PLAIN.fullmatch(said) and Decimal(said) == price)
        text = f"{price:,.2f} {values.get('currency') or layout.currency}".rstrip()
    return Cell(LABELS[field], _cell(text), _cell(said) if is_other else "", how, problems)


def stored(draft: ProductDraft | OfferDraft | None) -> Mapping[str, Any]:
    """Field → value of a right row."""
    if draft is None:
        return {}
    return draft.values if isinstance(draft, OfferDraft) else draft._asdict()


def _in_file(judged: ValidatedRow, field: str, layout: Layout) -> str:
    """The cell that a field is read from: of several columns the first in which there is something."""
    read = layout.plan.columns.get(field, ()) if layout.plan else ()
    found = (judged.row.cells.get(header, "") for header in (*read, layout.mapping.fields.get(field, "")))
    return next((cell.strip() for cell in found if cell.strip()), "")


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _changes(pairs: Iterable[tuple[str, object, object]]) -> tuple[Difference, ...]:
    return tuple(Difference(LABELS[field], brief(old), brief(new)) for field, old, new in pairs if old != new)


def _cell(text: str) -> str:
    return visible(text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…")

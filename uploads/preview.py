"""What a file would do, before it is sent: how it is read, and a verdict on each of its first rows.

The same parser, validator and decision as the pipeline's, on a snapshot of the catalog; nothing is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, NamedTuple

from catalog import committer
from catalog.committer import Candidate, Snapshot
from uploads import judge, ledger, receive, stage
from uploads.feed import parser
from uploads.feed.columns import FIELDS
from uploads.feed.parser import Layout, Row
from uploads.feed.problems import Problem
from uploads.feed.validator import LABELS, ProductDraft, Rules, validate
from uploads.models import UploadHistory

BRIEF_CHARS = 40
ROWS = 20
# The upload would be the newest of all, so nothing that it brings is superseded.
NEWEST = 2**63 - 1


class PreviewRow(NamedTuple):
    """One row and what would become of it: inserted, updated, unchanged or error.

    `cells` are those of Preview.columns, none for a row that can't be read: `raw` has its text then. `changes` are
    sentences about what an update would change.
    """

    number: int
    outcome: str
    cells: tuple[str, ...]
    raw: str
    problems: tuple[Problem, ...]
    changes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The outcome as something that is still to come."""
        return {"inserted": "new", "updated": "update"}.get(self.outcome, self.outcome)


@dataclass(frozen=True)
class Preview:
    """How a file is read, and its first rows with their verdicts."""

    layout: Layout
    size: int
    sent_before: UploadHistory | None
    rows: tuple[PreviewRow, ...]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The fields that the file has, with the header that each is read from, in the order of FIELDS."""
        fields = self.layout.mapping.fields
        return [(LABELS[field], fields[field]) for field in FIELDS if field in fields]

    @property
    def delimiter(self) -> str:
        return parser.DELIMITERS.get(self.layout.delimiter, self.layout.delimiter)


def of(file: BinaryIO, vendor_id: str) -> Preview:
    """Preview a seekable file of this vendor; it is left rewound. Raises Refused, as sending it would."""
    receive.active_vendor(vendor_id)
    contents = receive.examine(file)
    layout = receive.inspect(file, contents)
    rows = _first_rows(file, layout)
    return Preview(
        layout, contents.size, receive.sent_before(vendor_id, contents.sha256), _judge(rows, layout, vendor_id)
    )


def _first_rows(file: BinaryIO, layout: Layout) -> list[Row]:
    rows = list(islice(stage.as_staged(parser.rows(file, layout, limits=receive.limits()), layout), ROWS))
    file.seek(0)
    return rows


def _judge(rows: Iterable[Row], layout: Layout, vendor_id: str) -> tuple[PreviewRow, ...]:
    """Decide row by row, as the pipeline would: each sees what those before it would have done."""
    rules = judge.category_rules()
    validated = [(row, _validate(row, layout, rules)) for row in rows]
    candidates = {
        row.number: Candidate(vendor_id, NEWEST, row.number, result)
        for row, result in validated
        if isinstance(result, ProductDraft)
    }
    snapshot = committer.read_snapshot(list(candidates.values()), ledger.origins)
    headers = [layout.mapping.fields[field] for field in FIELDS if field in layout.mapping.fields]
    return tuple(
        _preview_row(row, headers, result if isinstance(result, list) else [], candidates.get(row.number), snapshot)
        for row, result in validated
    )


def _validate(row: Row, layout: Layout, rules: Rules) -> ProductDraft | list[Problem]:
    if row.problem is not None:
        return [row.problem]
    return validate({field: row.cells[header] for field, header in layout.mapping.fields.items()}, rules)


def _preview_row(
    row: Row, headers: Sequence[str], problems: list[Problem], candidate: Candidate | None, snapshot: Snapshot
) -> PreviewRow:
    cells = tuple(row.cells[header] for header in headers) if row.cells else ()
    if candidate is None:
        return PreviewRow(row.number, "error", cells, row.raw, tuple(problems), ())
    entry = snapshot.by_key.get((candidate.vendor_id, candidate.draft.vendor_product_id))
    before = entry.values if entry else None
    verdict = committer.decide(candidate, snapshot)
    problems = [verdict.problem] if verdict.problem else []
    changes = _changes(before, committer.merged(candidate.draft, before)) if before else ()
    return PreviewRow(row.number, verdict.outcome, cells, row.raw, tuple(problems), changes)


def _changes(before: ProductDraft, after: ProductDraft) -> tuple[str, ...]:
    pairs = zip(FIELDS, before, after, strict=True)
    return tuple(f"{LABELS[field]}: {_brief(old)} → {_brief(new)}" for field, old, new in pairs if old != new)


def _brief(value: object) -> str:
    """A value as a list of changes has room for it: its beginning, on one line."""
    text = " ".join(str(value or "nothing").split())
    return text if len(text) <= BRIEF_CHARS else text[: BRIEF_CHARS - 1] + "…"
